/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"

#include <string.h>

const char *const *
golden_cases (void)
{
  static const char *const cases[] = {
    "basic",
    "batch_1",
    "batch_128",
    "dead_components",
    "dense_normal_sigmoid",
    "duplicate_texts",
    "empty_clusters",
    "leaky_negative",
    "many_values",
    "negative_and_zero",
    "negative_unfiltered",
    "ragged_last_batch",
    "single_cluster",
    "ties",
    NULL,
  };
  return cases;
}

/* .npy version 1.0: 10 bytes, a header of the length in bytes 8 and 9, data */
GoldenArray
golden_array_read (const GoldenCase *golden, const char *file)
{
  g_autofree char *path = g_build_filename (golden->folder, file, NULL);
  g_autofree char *data = NULL;
  g_autofree char *header = NULL;
  GError *error = NULL;
  GoldenArray array = { 0 };
  char **dims;
  gsize length, offset, size = 4;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (data, 6, "\x93NUMPY", 6);
  offset = 10 + (guint8) data[8] + 256 * (guint8) data[9];
  header = g_strndup (data + 10, offset - 10);
  g_assert_nonnull (strstr (header, "'fortran_order': False"));
  dims = g_strsplit (strchr (strstr (header, "'shape':"), '(') + 1, ",", -1);
  array.n_rows = g_ascii_strtoull (dims[0], NULL, 10);
  array.n_cols = 1;
  for (guint i = 1; dims[i] != NULL && g_ascii_isdigit (*g_strchug (dims[i]));
       i++)
    array.n_cols *= g_ascii_strtoull (dims[i], NULL, 10);
  g_strfreev (dims);
  size *= array.n_rows * array.n_cols;
  g_assert_cmpuint (length - offset, ==, size);
  array.data = g_memdup2 (data + offset, size);
  return array;
}

JsonNode *
golden_json_read (const GoldenCase *golden, const char *file)
{
  g_autofree char *path = g_build_filename (golden->folder, file, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  GError *error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

guint
golden_find_label (const GoldenCase *golden, const char *label)
{
  for (guint i = 0; i < golden->n_components; i++)
    if (g_str_equal (golden->labels[i], label))
      return i;
  g_assert_not_reached ();
}

static void
read_batches (GoldenCase *golden)
{
  g_autoptr (JsonNode) filter =
      golden_json_read (golden, "expected/component_filter.json");
  g_autofree gint32 *tokens = NULL;
  GoldenArray all = golden_array_read (golden, "tokens.npy");
  gsize per_batch = all.n_cols;

  tokens = all.data;
  golden->tokens = g_new0 (gint32 *, golden->n_batches);
  golden->alive = g_new0 (guint8 *, golden->n_batches);
  golden->components = g_new0 (GoldenArray, golden->n_batches);
  golden->clusters = g_new0 (GoldenArray, golden->n_batches);
  for (guint b = 0; b < golden->n_batches; b++) {
    g_autofree char *in = g_strdup_printf ("activations_%03u.npy", b);
    g_autofree char *out =
        g_strdup_printf ("expected/cluster_activations_%03u.npy", b);
    JsonArray *alive = json_object_get_array_member (
        json_array_get_object_element (json_node_get_array (filter), b),
        "alive");
    float *values;

    golden->tokens[b] = g_memdup2 (tokens + b * per_batch,
        golden->batch_sizes[b] * golden->n_ctx * sizeof (gint32));
    golden->components[b] = golden_array_read (golden, in);
    golden->clusters[b] = golden_array_read (golden, out);
    golden->alive[b] = g_new0 (guint8, golden->n_components);
    for (guint i = 0; i < json_array_get_length (alive); i++)
      golden->alive[b][golden_find_label (
          golden, json_array_get_string_element (alive, i))] = 1;
    values = golden->components[b].data;
    for (gsize i = 0; i < golden->components[b].n_rows; i++)
      for (guint c = 0; c < golden->n_components; c++)
        if (!golden->alive[b][c])
          values[i * golden->n_components + c] = 0;
  }
}

static void
hash_texts (GoldenCase *golden)
{
  g_autoptr (JsonNode) node = golden_json_read (golden, "vocab.json");
  JsonArray *vocab = json_node_get_array (node);

  golden->hashes = g_new0 (char **, golden->n_batches);
  for (guint b = 0; b < golden->n_batches; b++) {
    golden->hashes[b] = g_new0 (char *, golden->batch_sizes[b] + 1);
    for (guint s = 0; s < golden->batch_sizes[b]; s++) {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autofree char *hash = NULL;

      for (guint i = 0; i < golden->n_ctx; i++) {
        gint32 token = golden->tokens[b][s * golden->n_ctx + i];
        if (i > 0)
          g_string_append_c (text, ' ');
        g_string_append (text, json_array_get_string_element (vocab, token));
      }
      hash = g_compute_checksum_for_string (
          G_CHECKSUM_SHA256, text->str, text->len);
      golden->hashes[b][s] = g_strndup (hash, 8);
    }
  }
}

static void
read_clusters (GoldenCase *golden, const char *run, gint64 iteration)
{
  g_autoptr (JsonNode) node = golden_json_read (golden, "clusters.json");
  g_autoptr (JsonNode) ids =
      golden_json_read (golden, "expected/coactivation_clusters.json");
  JsonArray *order = json_node_get_array (ids);
  GArray *members = g_array_new (FALSE, FALSE, sizeof (guint));

  golden->n_clusters = json_array_get_length (order);
  golden->names = g_new0 (char *, golden->n_clusters + 1);
  golden->n_members = g_new0 (guint, golden->n_clusters);
  for (guint c = 0; c < golden->n_clusters; c++) {
    gint64 id = json_array_get_int_element (order, c);
    g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT, id);
    JsonArray *labels =
        json_object_get_array_member (json_node_get_object (node), key);

    golden->names[c] = g_strdup_printf (
        "%s-%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, run, iteration, id);
    golden->n_members[c] = json_array_get_length (labels);
    for (guint m = 0; m < golden->n_members[c]; m++) {
      guint column =
          golden_find_label (golden, json_array_get_string_element (labels, m));
      g_array_append_val (members, column);
    }
  }
  golden->members = (guint *) g_array_free (members, FALSE);
}

GoldenCase *
golden_case_new (const char *name)
{
  GoldenCase *golden = g_new0 (GoldenCase, 1);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  JsonObject *params;
  JsonArray *sizes;
  GError *error = NULL;

  golden->folder =
      g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", name, NULL);
  node = golden_json_read (golden, "params.json");
  params = json_node_get_object (node);
  sizes = json_object_get_array_member (params, "batch_sizes");
  golden->n_batches = json_array_get_length (sizes);
  golden->n_ctx = json_object_get_int_member (params, "seq_len");
  golden->n_components = json_object_get_int_member (params, "n_components");
  golden->batch_sizes = g_new (guint, golden->n_batches);
  for (guint b = 0; b < golden->n_batches; b++)
    golden->batch_sizes[b] = json_array_get_int_element (sizes, b);
  path = g_build_filename (golden->folder, "labels.txt", NULL);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  golden->labels = g_strsplit (g_strchomp (text), "\n", -1);
  g_assert_cmpuint (g_strv_length (golden->labels), ==, golden->n_components);
  read_clusters (golden,
      json_object_get_string_member (params, "clustering_run"),
      json_object_get_int_member (params, "iteration"));
  read_batches (golden);
  hash_texts (golden);
  return golden;
}

void
golden_case_free (GoldenCase *golden)
{
  for (guint b = 0; b < golden->n_batches; b++) {
    g_free (golden->tokens[b]);
    g_free (golden->alive[b]);
    g_free (golden->components[b].data);
    g_free (golden->clusters[b].data);
    g_strfreev (golden->hashes[b]);
  }
  g_free (golden->tokens);
  g_free (golden->alive);
  g_free (golden->components);
  g_free (golden->clusters);
  g_free (golden->hashes);
  g_free (golden->batch_sizes);
  g_strfreev (golden->labels);
  g_strfreev (golden->names);
  g_free (golden->n_members);
  g_free (golden->members);
  g_free (golden->folder);
  g_free (golden);
}
