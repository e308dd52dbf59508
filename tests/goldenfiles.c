/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "goldenfiles.h"

#include "formats/json.h"
#include "formats/zip.h"

#include <glib/gstdio.h>
#include <string.h>

char *
golden_path (const char *folder, const char *name)
{
  return g_build_filename (folder, name, NULL);
}

JsonNode *
golden_read_json (const char *folder, const char *name)
{
  g_autofree char *path = golden_path (folder, name);
  g_autoptr (GError) error = NULL;
  JsonNode *node = act_json_read_file (path, G_MAXINT32, &error);

  g_assert_no_error (error);
  return node;
}

ActNpy *
golden_read_npy (const char *folder, const char *name)
{
  g_autofree char *path = golden_path (folder, name);
  g_autoptr (GError) error = NULL;
  ActNpy *npy = act_npy_open (path, &error);

  g_assert_no_error (error);
  return npy;
}

ActNpy *
golden_read_member (const char *folder, const char *zip, const char *member)
{
  g_autofree char *path = golden_path (folder, zip);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      act_zip_read_member (path, member, G_MAXINT32, &error);
  ActNpy *npy;

  g_assert_no_error (error);
  npy = act_npy_new_from_bytes (bytes, member, &error);
  g_assert_no_error (error);
  return npy;
}

char *
golden_criteria (JsonObject *params)
{
  JsonArray *list = json_object_get_array_member (params, "criteria");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonObject *o = json_array_get_object_element (list, i);
    g_string_append_printf (text, "%s%s-%s", i > 0 ? "," : "",
        json_object_get_string_member (o, "property"),
        json_object_get_string_member (o, "direction"));
  }
  return g_string_free (text, FALSE);
}

static void
assert_same_file (const char *folder, const char *output, const char *name)
{
  g_autofree char *expected_path =
      g_build_filename (folder, "expected", name, NULL);
  g_autofree char *found_path = golden_path (output, name);
  g_autofree char *expected = NULL, *found = NULL;
  gsize n_expected, n_found;

  g_assert_true (
      g_file_get_contents (expected_path, &expected, &n_expected, NULL));
  g_assert_true (g_file_get_contents (found_path, &found, &n_found, NULL));
  for (gsize i = 0; i < MIN (n_expected, n_found); i++)
    if (expected[i] != found[i])
      g_error ("%s: expected '%.60s', found '%.60s'", name,
          expected + i - MIN (i, 40), found + i - MIN (i, 40));
  g_assert_cmpuint (n_found, ==, n_expected);
}

static void
assert_activations (const char *folder, const char *output)
{
  g_autoptr (ActNpy) found =
      golden_read_member (output, "activations.npz", "activations.npy");
  g_autoptr (ActNpy) expected =
      golden_read_npy (folder, "expected/activations_f16.npy");
  const ActTensor *a = act_npy_get (found), *b = act_npy_get (expected);
  const guint16 *x = a->data, *y = b->data;

  g_assert_cmpint (a->dtype, ==, ACT_DTYPE_F16);
  g_assert_cmpuint (a->n_dims, ==, 2);
  g_assert_cmpuint (a->shape[0], ==, b->shape[0]);
  g_assert_cmpuint (a->shape[1], ==, b->shape[1]);
  for (gsize i = 0; i < a->n_elements; i++)
    if ((x[i] & 0x7fff) != 0 || (y[i] & 0x7fff) != 0)
      g_assert_cmphex (x[i], ==, y[i]);
}

static void
assert_coactivations (const char *folder, const char *output)
{
  g_autoptr (ActNpy) found =
      golden_read_member (output, "coactivations.npz", "coactivations.npy");
  g_autoptr (ActNpy) indices =
      golden_read_member (output, "coactivations.npz", "cluster_indices.npy");
  g_autoptr (ActNpy) expected =
      golden_read_npy (folder, "expected/coactivation.npy");
  g_autoptr (JsonNode) ids =
      golden_read_json (folder, "expected/coactivation_clusters.json");
  JsonArray *list = json_node_get_array (ids);
  const ActTensor *a = act_npy_get (found), *b = act_npy_get (expected);
  const ActTensor *c = act_npy_get (indices);

  g_assert_cmpint (a->dtype, ==, ACT_DTYPE_I64);
  g_assert_cmpuint (a->n_dims, ==, 2);
  g_assert_cmpuint (a->shape[0], ==, b->shape[0]);
  g_assert_cmpuint (a->shape[1], ==, b->shape[1]);
  for (gsize i = 0; i < a->n_elements; i++)
    g_assert_cmpint (
        ((const gint64 *) a->data)[i], ==, ((const float *) b->data)[i]);
  g_assert_cmpuint (c->n_elements, ==, json_array_get_length (list));
  for (gsize i = 0; i < c->n_elements; i++)
    g_assert_cmpint (((const gint64 *) c->data)[i], ==,
        json_array_get_int_element (list, i));
}

void
golden_compare (const char *folder, const char *output)
{
  assert_same_file (folder, output, "text_samples.jsonl");
  assert_same_file (folder, output, "clusters.jsonl");
  assert_same_file (folder, output, "activations_map.json");
  assert_activations (folder, output);
  assert_coactivations (folder, output);
}

static guint
remove_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = golden_path (folder, name);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      remove_entries (path);
    g_assert_cmpint (g_remove (path), ==, 0);
    n++;
  }
  return n;
}

void
golden_remove (const char *folder, guint n_expected)
{
  guint n = remove_entries (folder);

  /* no temporary file is left */
  g_assert_cmpuint (n, ==, n_expected);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}
