/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dashboard's core against the golden data: what the reference stored of
 * each cluster goes in, in pieces of awkward sizes; the files must come out,
 * text byte for byte, arrays bit for bit but for the sign of a zero. So they
 * must where no byte may stay in memory, and all arrays are in files. */
#include "dashboard/dashboard.h"
#include "../goldenfiles.h"

#include <string.h>

static const char *const cases[] = { "basic", "batch_1", "batch_128",
  "dead_components", "dense_normal_sigmoid", "duplicate_texts",
  "empty_clusters", "leaky_negative", "many_values", "negative_and_zero",
  "negative_unfiltered", "ragged_last_batch", "single_cluster", "ties" };

typedef struct {
  char *folder; /* of the case */
  char *output;
  JsonObject *params;
  JsonNode *params_node;
  guint n_ctx;
  guint n_batches;
  gsize *batch_sizes;
  guint n_clusters;
  gint64 *ids;
  char **labels;
  ActDashboard *dashboard;
  GPtrArray *batches; /* ActNpy, the cluster activations */
} Golden;

static ActStrings *
read_vocabulary (const Golden *golden, guint *size)
{
  g_autoptr (JsonNode) node = golden_read_json (golden->folder, "vocab.json");
  JsonArray *array = json_node_get_array (node);
  ActStrings *strings = act_strings_new (json_array_get_length (array));

  *size = json_array_get_length (array);
  for (guint i = 0; i < *size; i++) {
    const char *string = json_array_get_string_element (array, i);
    g_assert_true (act_strings_set (strings, i, string, strlen (string), NULL));
  }
  return strings;
}

static void
golden_read_labels (Golden *golden)
{
  g_autofree char *path = golden_path (golden->folder, "labels.txt");
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  golden->labels = g_strsplit (g_strchomp (text), "\n", -1);
}

/* the labels' modules, in order */
static void
make_modules (const Golden *golden, GPtrArray *modules, GArray *components)
{
  for (guint i = 0; golden->labels[i] != NULL; i++) {
    const char *colon = strrchr (golden->labels[i], ':');
    g_autofree char *module =
        g_strndup (golden->labels[i], colon - golden->labels[i]);
    guint one = 1;

    if (modules->len == 0
        || strcmp (g_ptr_array_index (modules, modules->len - 1), module)
            != 0) {
      g_ptr_array_add (modules, g_steal_pointer (&module));
      g_array_append_val (components, one);
    } else {
      g_array_index (components, guint, components->len - 1)++;
    }
  }
}

static void
golden_open (Golden *golden, const char *name, gsize max_memory)
{
  g_autoptr (GPtrArray) modules = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) components = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree char *criteria = NULL;
  g_autoptr (JsonNode) ids = NULL;
  g_autoptr (GError) error = NULL;
  ActDashboardSettings settings;
  ActDashboardRun run;
  ActStrings *strings;
  JsonArray *list;

  *golden = (Golden){ NULL };
  golden->folder =
      g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", name, NULL);
  golden->output = g_dir_make_tmp ("act-dashboard-XXXXXX", NULL);
  golden->params_node = golden_read_json (golden->folder, "params.json");
  golden->params = json_node_get_object (golden->params_node);
  golden->n_ctx = json_object_get_int_member (golden->params, "seq_len");
  list = json_object_get_array_member (golden->params, "batch_sizes");
  golden->n_batches = json_array_get_length (list);
  golden->batch_sizes = g_new (gsize, golden->n_batches);
  for (guint i = 0; i < golden->n_batches; i++)
    golden->batch_sizes[i] = json_array_get_int_element (list, i);

  ids =
      golden_read_json (golden->folder, "expected/coactivation_clusters.json");
  list = json_node_get_array (ids);
  golden->n_clusters = json_array_get_length (list);
  golden->ids = g_new (gint64, golden->n_clusters);
  for (guint i = 0; i < golden->n_clusters; i++)
    golden->ids[i] = json_array_get_int_element (list, i);

  golden_read_labels (golden);
  make_modules (golden, modules, components);
  criteria = golden_criteria (golden->params);
  settings = (ActDashboardSettings){
    .n_samples = json_object_get_int_member (golden->params, "n_samples"),
    .criteria = criteria,
    .hist_bins = json_object_get_int_member (golden->params, "hist_bins"),
    .activation_threshold =
        json_object_get_double_member (golden->params, "activation_threshold"),
    .top_n_tokens = json_object_get_int_member (golden->params, "top_n_tokens"),
    .max_memory = max_memory,
  };
  run = (ActDashboardRun){
    .n_ctx = golden->n_ctx,
    .run = json_object_get_string_member (golden->params, "clustering_run"),
    .iteration = json_object_get_int_member (golden->params, "iteration"),
    .n_modules = modules->len,
    .modules = (const char *const *) modules->pdata,
    .components = (const guint *) components->data,
    .n_clusters = golden->n_clusters,
  };
  strings = read_vocabulary (golden, &run.vocab_size);
  golden->dashboard =
      act_dashboard_new (golden->output, &settings, &run, strings, &error);
  g_assert_no_error (error);

  golden->batches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) act_npy_free);
  for (guint i = 0; i < golden->n_batches; i++) {
    g_autofree char *file =
        g_strdup_printf ("expected/cluster_activations_%03u.npy", i);
    g_ptr_array_add (golden->batches, golden_read_npy (golden->folder, file));
  }
}

static void
golden_close (Golden *golden)
{
  act_dashboard_free (golden->dashboard);
  g_ptr_array_unref (golden->batches);
  g_free (golden->batch_sizes);
  g_free (golden->ids);
  g_strfreev (golden->labels);
  json_node_unref (golden->params_node);
  g_free (golden->folder);
  g_free (golden->output);
}

static void
golden_add_samples (Golden *golden)
{
  g_autoptr (ActNpy) tokens = golden_read_npy (golden->folder, "tokens.npy");
  const ActTensor *tensor = act_npy_get (tokens);
  const gint32 *data = tensor->data;
  g_autoptr (GError) error = NULL;
  guint64 sample = 0;

  for (guint b = 0; b < golden->n_batches; b++)
    for (gsize i = 0; i < golden->batch_sizes[b]; i++, sample++) {
      act_dashboard_add_samples (golden->dashboard, &sample,
          data + (b * tensor->shape[1] + i) * golden->n_ctx, 1, &error);
      g_assert_no_error (error);
    }
  act_dashboard_end_samples (golden->dashboard, &error);
  g_assert_no_error (error);
}

/* One batch of one cluster as CSR rows; nothing if it is silent there. */
static void
golden_add_batch (
    Golden *golden, guint cluster, guint batch, guint64 first_sample)
{
  const float *data =
      act_npy_get (g_ptr_array_index (golden->batches, batch))->data;
  gsize n = golden->batch_sizes[batch], piece = 1 + batch % 3;
  g_autofree gint32 *positions = g_new (gint32, n * golden->n_ctx);
  g_autofree float *values = g_new (float, n * golden->n_ctx);
  g_autofree gint64 *indptr = g_new (gint64, n + 1);
  g_autofree guint64 *samples = g_new (guint64, n);
  g_autoptr (GError) error = NULL;
  gboolean active = FALSE;

  for (gsize i = 0; i < n * golden->n_ctx; i++)
    active |= data[i * golden->n_clusters + cluster] != 0.0f;
  for (gsize begin = 0; active && begin < n; begin += piece) {
    gsize n_rows = MIN (piece, n - begin), k = 0;

    for (gsize i = 0; i < n_rows; i++) {
      indptr[i] = k;
      samples[i] = first_sample + begin + i;
      for (guint p = 0; p < golden->n_ctx; p++) {
        gsize position = (begin + i) * golden->n_ctx + p;
        float value = data[position * golden->n_clusters + cluster];
        /* now and then a zero is there: it must not matter */
        if (value != 0.0f || position % 7 == 0) {
          positions[k] = p;
          values[k++] = value;
        }
      }
    }
    indptr[n_rows] = k;
    act_dashboard_add_rows (
        golden->dashboard, n_rows, samples, indptr, positions, values, &error);
    g_assert_no_error (error);
  }
}

static guint
column_of (const Golden *golden, const char *label)
{
  for (guint i = 0; golden->labels[i] != NULL; i++)
    if (strcmp (golden->labels[i], label) == 0)
      return i;
  g_assert_not_reached ();
}

static void
golden_add_cluster (Golden *golden, guint cluster, JsonObject *clusters,
    const float *coactivation)
{
  g_autofree char *id =
      g_strdup_printf ("%" G_GINT64_FORMAT, golden->ids[cluster]);
  g_autofree char *name = g_strdup_printf ("%s-%d-%s",
      json_object_get_string_member (golden->params, "clustering_run"),
      (gint) json_object_get_int_member (golden->params, "iteration"), id);
  JsonArray *labels = json_object_get_array_member (clusters, id);
  guint n = json_array_get_length (labels);
  g_autofree guint *members = g_new (guint, n);
  g_autofree gint64 *counts = g_new (gint64, golden->n_clusters);
  ActDashboardCluster description = { name, golden->ids[cluster], n, members };
  g_autoptr (GError) error = NULL;
  guint64 sample = 0;

  for (guint i = 0; i < n; i++)
    members[i] = column_of (golden, json_array_get_string_element (labels, i));
  for (guint i = 0; i < golden->n_clusters; i++)
    counts[i] = coactivation[cluster * golden->n_clusters + i];
  act_dashboard_begin_cluster (
      golden->dashboard, cluster, &description, &error);
  g_assert_no_error (error);
  for (guint b = 0; b < golden->n_batches; b++) {
    golden_add_batch (golden, cluster, b, sample);
    sample += golden->batch_sizes[b];
  }
  act_dashboard_end_cluster (golden->dashboard, counts, &error);
  g_assert_no_error (error);
}

static void
check_case (const char *name, gsize max_memory)
{
  Golden golden;
  g_autoptr (JsonNode) clusters = NULL;
  g_autoptr (ActNpy) coactivation = NULL;
  g_autoptr (GError) error = NULL;
  const float *counts;

  golden_open (&golden, name, max_memory);
  clusters = golden_read_json (golden.folder, "clusters.json");
  coactivation = golden_read_npy (golden.folder, "expected/coactivation.npy");
  counts = act_npy_get (coactivation)->data;
  golden_add_samples (&golden);
  for (guint i = 0; i < golden.n_clusters; i++)
    golden_add_cluster (&golden, i, json_node_get_object (clusters), counts);
  act_dashboard_finish (golden.dashboard, golden.ids, &error);
  g_assert_no_error (error);

  golden_compare (golden.folder, golden.output);
  golden_remove (golden.output, 6);
  golden_close (&golden);
}

static void
test_memory (gconstpointer name)
{
  check_case (name, 0);
}

static void
test_files (gconstpointer name)
{
  check_case (name, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/dashboard/golden/", cases[i], NULL);
    g_autofree char *in_files = g_strconcat (path, "/files", NULL);
    g_test_add_data_func (path, cases[i], test_memory);
    g_test_add_data_func (in_files, cases[i], test_files);
  }
  return g_test_run ();
}
