/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The golden cases through actdeadfilter and actclustermax: which components
 * are dead, and every cluster activation, in both layouts. */

#include "formats/json.h"
#include "formats/npy.h"
#include "tests/elements/batches.h"

/* compiled a second time for the elements on a CUDA device */
#ifdef ACT_TEST_CUDA
#define UP "cudaactupload ! "
#define CUDA "cuda"
#else
#define UP
#define CUDA
#endif

typedef struct {
  gchar *folder;
  JsonNode *params;
  JsonNode *alive; /* component_filter.json */
  gchar **labels;
  guint n_labels;
  guint seq_len;
  guint batch_size;
} Golden;

static JsonNode *
read_json (const gchar *folder, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  GError *error = NULL;
  JsonNode *node = act_json_read_file (path, 1 << 26, &error);

  g_assert_no_error (error);
  return node;
}

static ActNpy *
read_npy (const gchar *folder, const gchar *format, guint batch)
{
  g_autofree gchar *name = g_strdup_printf (format, batch);
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  GError *error = NULL;
  ActNpy *npy = act_npy_open (path, &error);

  g_assert_no_error (error);
  return npy;
}

static gint64
param (const Golden *golden, const gchar *name)
{
  return json_object_get_int_member (
      json_node_get_object (golden->params), name);
}

static void
golden_open (Golden *golden, const gchar *name)
{
  g_autofree gchar *labels = NULL;
  g_autofree gchar *path = NULL;

  golden->folder =
      g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", name, NULL);
  golden->params = read_json (golden->folder, "params.json");
  golden->alive = read_json (golden->folder, "expected/component_filter.json");
  golden->seq_len = (guint) param (golden, "seq_len");
  golden->batch_size = (guint) param (golden, "batch_size");
  path = g_build_filename (golden->folder, "labels.txt", NULL);
  fail_unless (g_file_get_contents (path, &labels, NULL, NULL));
  golden->labels = g_strsplit (g_strchomp (labels), "\n", -1);
  golden->n_labels = g_strv_length (golden->labels);
}

static void
golden_close (Golden *golden)
{
  g_free (golden->folder);
  json_node_unref (golden->params);
  json_node_unref (golden->alive);
  g_strfreev (golden->labels);
}

/* The labels as modules and counts; in the golden data they are complete. */
static GstCaps *
golden_caps (const Golden *golden, GstActLayout layout)
{
  g_autoptr (GPtrArray) modules = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (guint));
  GstCaps *caps =
      gst_act_caps_new_tokens (golden->batch_size, golden->seq_len, 0);
  GstCaps *out = gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_COMPONENTS);

  gst_caps_unref (caps);
  for (guint i = 0; i < golden->n_labels; i++) {
    const gchar *colon = strrchr (golden->labels[i], ':');
    g_autofree gchar *module =
        g_strndup (golden->labels[i], (gsize) (colon - golden->labels[i]));
    guint one = 1;

    if (modules->len == 0
        || !g_str_equal (module, modules->pdata[modules->len - 1])) {
      g_ptr_array_add (modules, g_steal_pointer (&module));
      g_array_append_val (counts, one);
    } else {
      g_array_index (counts, guint, counts->len - 1)++;
    }
  }
  gst_caps_set_simple (
      out, "layout", G_TYPE_STRING, gst_act_layout_to_string (layout), NULL);
  gst_act_caps_set_modules (out, modules->len,
      (const gchar *const *) modules->pdata, (const guint *) counts->data);
  return out;
}

static void
check_alive (const Golden *golden, guint batch, GstBuffer *out)
{
  JsonObject *expected = json_array_get_object_element (
      json_node_get_array (golden->alive), batch);
  GBytes *alive = gst_act_batch_meta_get (out)->alive;
  const guint8 *bytes = alive ? g_bytes_get_data (alive, NULL) : NULL;
  JsonArray *lists[2] = { json_object_get_array_member (expected, "dead"),
    json_object_get_array_member (expected, "alive") };
  guint next[2] = { 0, 0 };

  for (guint i = 0; i < golden->n_labels; i++) {
    guint is = bytes == NULL || bytes[i] != 0;

    fail_unless (next[is] < json_array_get_length (lists[is]));
    fail_unless_equals_string (
        json_array_get_string_element (lists[is], next[is]), golden->labels[i]);
    next[is]++;
  }
  fail_unless_equals_int (next[0], json_array_get_length (lists[0]));
  fail_unless_equals_int (next[1], json_array_get_length (lists[1]));
}

static void
check_batch (const Golden *golden, GstHarness *h, GstActLayout layout,
    guint batch, guint64 first_sample, guint n_samples)
{
  g_autoptr (ActNpy) in =
      read_npy (golden->folder, "activations_%03u.npy", batch);
  g_autoptr (ActNpy) want =
      read_npy (golden->folder, "expected/cluster_activations_%03u.npy", batch);
  const ActTensor *expected = act_npy_get (want);
  GstBuffer *out = gst_harness_push_and_pull (h,
      test_batch (layout, batch, first_sample, n_samples, golden->seq_len,
          golden->n_labels, act_npy_get (in)->data));
  g_autoptr (GstActInfo) info = test_out_info (h);
  g_autofree gfloat *dense = NULL;
  gsize n;

  fail_unless (out != NULL);
  check_alive (golden, batch, out);
  dense = test_clusters_to_dense (out, info, &n);
  fail_unless_equals_uint64 (n, expected->n_elements);
  for (gsize i = 0; i < n; i++)
    fail_unless (dense[i] == ((const gfloat *) expected->data)[i],
        "%s, batch %u, value %u: %.9g, expected %.9g", golden->folder, batch,
        (guint) i, dense[i], ((const gfloat *) expected->data)[i]);
  gst_buffer_unref (out);
}

static void
check_case (const gchar *name, GstActLayout layout, GstActLayout filtered)
{
  Golden golden;
  g_autofree gchar *line = NULL;
  JsonArray *sizes;
  guint64 first = 0;
  GstHarness *h;

  golden_open (&golden, name);
  line = g_strdup_printf (UP CUDA
      "actdeadfilter threshold=%.17g layout=%s ! " CUDA
      "actclustermax clusters=\"%s/clusters.json\" run=%s iteration=%d",
      json_object_get_double_member (
          json_node_get_object (golden.params), "filter_dead_threshold"),
      gst_act_layout_to_string (filtered), golden.folder,
      json_object_get_string_member (
          json_node_get_object (golden.params), "clustering_run"),
      (gint) param (&golden, "iteration"));
  h = gst_harness_new_parse (line);
  gst_harness_set_src_caps (h, golden_caps (&golden, layout));
  sizes = json_object_get_array_member (
      json_node_get_object (golden.params), "batch_sizes");
  for (guint i = 0; i < json_array_get_length (sizes); i++) {
    guint n = (guint) json_array_get_int_element (sizes, i);

    check_batch (&golden, h, layout, i, first, n);
    first += n;
  }
  gst_harness_teardown (h);
  golden_close (&golden);
}

GST_START_TEST (test_golden)
{
  g_autofree gchar *folder =
      g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n_cases = 0;

  fail_unless (dir != NULL);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    if (!g_file_test (path, G_FILE_TEST_IS_DIR))
      continue;
    n_cases++;
    for (guint i = 0; i < 4; i++)
      check_case (name, i % 2 == 0 ? GST_ACT_LAYOUT_CSR : GST_ACT_LAYOUT_DENSE,
          i / 2 == 0 ? GST_ACT_LAYOUT_CSR : GST_ACT_LAYOUT_DENSE);
  }
  fail_unless_equals_int (n_cases, 14);
}
GST_END_TEST;

static Suite *
goldenclusters_suite (void)
{
  Suite *suite = suite_create ("goldenclusters");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_golden);
  return suite;
}

GST_CHECK_MAIN (goldenclusters);
