/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* actclustermax, -mean and -sum: values by hand, files, caps, events. */

#include <math.h>

#include <glib/gstdio.h>

#include "formats/zip.h"
#include "formats/npy.h"
#include "tests/elements/batches.h"

#define CSR GST_ACT_LAYOUT_CSR
#define DENSE GST_ACT_LAYOUT_DENSE

static gchar *folder;

/* Writes a file in the test's folder; (transfer full) its name. */
static gchar *
file_with (const gchar *name, const gchar *content)
{
  gchar *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static GstCaps *
component_caps (GstActLayout layout)
{
  return test_component_caps (layout, 4, 2, "<m, n>", "<2, 3>");
}

static GstHarness *
harness (const gchar *element, const gchar *json, const gchar *properties)
{
  g_autofree gchar *path = file_with ("clusters.json", json);
  g_autofree gchar *line =
      g_strdup_printf ("%s clusters=\"%s\" %s", element, path, properties);

  return gst_harness_new_parse (line);
}

/* cluster 3 = m:0, m:1, n:1; cluster 12 = n:0; n:2 is in none. The order in
 * the file is not that of the ids. */
#define TWO "{\"12\": [\"n:0\"], \"3\": [\"n:1\", \"m:0\", \"m:1\"]}"

static const gfloat values[] = {
  /* sample 0 */
  -1.0f, -2.0f, 0.5f, -4.0f, 9.0f, /* all members of 3 negative */
  -1.0f, 0.0f, -0.5f, -4.0f, 9.0f, /* a zero among them */
  /* sample 1 */
  0.25f, 0.5f, -0.0f, 1e-30f, 0.0f,     /* */
  16777216.0f, 1.0f, 0.0f, 1.0f, -9.0f, /* rounding of the sum */
};

static GstBuffer *
batch (GstActLayout layout, const guint8 *alive)
{
  GstBuffer *buffer = test_batch (layout, 3, 6, 2, 2, 5, values);

  if (alive != NULL) {
    g_autoptr (GBytes) bytes = g_bytes_new (alive, 5);

    gst_act_batch_meta_set_alive (gst_act_batch_meta_get (buffer), bytes);
  }
  return buffer;
}

static void
check_values (const gchar *element, const guint8 *alive, const gfloat *expected)
{
  static const GstActLayout layouts[] = { CSR, DENSE };

  for (guint i = 0; i < 2; i++) {
    GstHarness *h = harness (element, TWO, "");
    g_autoptr (GstActInfo) info = NULL;
    g_autofree gfloat *dense = NULL;
    GstBuffer *out;
    gsize n;

    gst_harness_set_src_caps (h, component_caps (layouts[i]));
    out = gst_harness_push_and_pull (h, batch (layouts[i], alive));
    fail_unless (out != NULL);
    info = test_out_info (h);
    fail_unless_equals_int (info->layout, layouts[i]);
    fail_unless_equals_int (info->n_clusters, 2);
    dense = test_clusters_to_dense (out, info, &n);
    fail_unless_equals_int (n, 8);
    for (guint j = 0; j < 8; j++)
      fail_unless (dense[j] == expected[j], "%s: %u: %g, expected %g", element,
          j, dense[j], expected[j]);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
}

GST_START_TEST (test_by_hand)
{
  static const gfloat max[] = { -1, 0.5f, 0, -0.5f, 0.5f, 0, 16777216, 0 };
  static const gfloat sum[] = { -7, 0.5f, -5, -0.5f, 0.75f, 0, 16777216, 0 };
  static const gfloat mean[] = { -7.0f / 3, 0.5f, -5.0f / 3, -0.5f, 0.25f, 0,
    16777216.0f / 3, 0 };
  static const guint8 some[] = { 1, 0, 0, 1, 1 };
  static const gfloat some_max[] = { -1, 0, -1, 0, 0.25f, 0, 16777216, 0 };
  static const gfloat some_mean[] = { -5.0f / 3, 0, -5.0f / 3, 0, 0.25f / 3, 0,
    16777216.0f / 3, 0 };
  static const guint8 none[] = { 0, 0, 0, 0, 0 };
  static const gfloat zeros[8] = { 0 };

  check_values ("actclustermax", NULL, max);
  check_values ("actclustersum", NULL, sum);
  check_values ("actclustermean", NULL, mean);
  check_values ("actclustermax", some, some_max);
  check_values ("actclustermean", some, some_mean);
  check_values ("actclustermax", none, zeros);
  check_values ("actclustersum", none, zeros);
}
GST_END_TEST;

/* what the filter before said is known behind the clusters too */
GST_START_TEST (test_threshold_stays)
{
  static const gchar *const elements[] = { "actclustermax", "actclustermean",
    "actclustersum" };

  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    GstHarness *h = harness (elements[i], TWO, "");
    GstCaps *caps = component_caps (CSR);
    g_autoptr (GstActInfo) info = NULL;

    gst_caps_set_simple (caps, "threshold", G_TYPE_DOUBLE, 0.1, NULL);
    gst_harness_set_src_caps (h, caps);
    gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR, NULL)));
    info = test_out_info (h);
    fail_unless (info->threshold == 0.1);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

static GstActAssignment *
pull_assignment (GstHarness *h)
{
  GstActAssignment *assignment = NULL;
  gboolean segment = FALSE;

  while (assignment == NULL) {
    g_autoptr (GstEvent) event = gst_harness_try_pull_event (h);

    fail_unless (event != NULL, "no act-assignment event");
    segment |= GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT;
    gst_act_event_parse_assignment (event, &assignment);
  }
  fail_unless (segment, "the assignment came before the segment");
  return assignment;
}

GST_START_TEST (test_assignment_event)
{
  static const gchar *run = "a \"strange\" run-7/\xc3\xbc #!";
  GstHarness *h = harness ("actclustermax", TWO, "");
  g_autoptr (GstActAssignment) assignment = NULL;
  g_autoptr (GstActInfo) info = NULL;
  const guint *members;
  g_autofree gchar *name = g_strdup_printf ("%s-0-12", run);
  guint n;

  {
    GstElement *e = gst_harness_find_element (h, "actclustermax");
    gint iteration;

    /* only from READY down: the harness has it playing already */
    gst_element_set_state (h->element, GST_STATE_NULL);
    g_object_set (e, "run", run, NULL);
    g_object_get (e, "iteration", &iteration, NULL);
    fail_unless_equals_int (iteration, -1);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    gst_object_unref (e);
  }
  gst_harness_push_event (h, gst_event_new_stream_start ("s"));
  gst_harness_set_src_caps (h, component_caps (CSR));
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR, NULL)));
  assignment = pull_assignment (h);
  fail_unless_equals_int (gst_act_assignment_get_n_clusters (assignment), 2);
  fail_unless_equals_int (gst_act_assignment_get_id (assignment, 0), 3);
  fail_unless_equals_int (gst_act_assignment_get_id (assignment, 1), 12);
  fail_unless_equals_string (gst_act_assignment_get_name (assignment, 1), name);
  fail_unless_equals_string (gst_act_assignment_get_run (assignment), run);
  fail_unless_equals_int (gst_act_assignment_get_iteration (assignment), 0);
  members = gst_act_assignment_get_members (assignment, 0, &n);
  fail_unless_equals_int (n, 3);
  fail_unless_equals_int (members[0], 3); /* in the order of the file */
  fail_unless_equals_int (members[1], 0);
  fail_unless_equals_int (members[2], 1);
  info = test_out_info (h);
  fail_unless_equals_string (
      info->assignment, gst_act_assignment_get_fingerprint (assignment));
  fail_unless_equals_int (strlen (info->assignment), 64);
  fail_unless_equals_string (info->reduction, "max");

  /* once is enough */
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR, NULL)));
  fail_unless (gst_harness_try_pull_event (h) == NULL);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* the earlier blocks travel on, uncopied; another branch's batch stays */
GST_START_TEST (test_blocks)
{
  GstHarness *h = harness ("actclustermax", TWO, "");
  GstBuffer *in = batch (CSR, NULL), *out;
  GstMemory *first = gst_buffer_peek_memory (in, 0);

  gst_harness_set_src_caps (h, component_caps (CSR));
  out = gst_harness_push_and_pull (h, gst_buffer_ref (in));
  fail_unless (out != in);
  fail_unless_equals_int (gst_buffer_n_memory (in), 4);
  fail_unless_equals_int (gst_buffer_n_memory (out), 7);
  fail_unless (gst_buffer_peek_memory (out, 0) == first);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (out), 6);
  gst_buffer_unref (out);
  /* alone it is the same buffer */
  out = gst_harness_push_and_pull (h, in);
  fail_unless (out == in);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
check_bad_start (const gchar *properties, const gchar *text, const gchar *and)
{
  g_autofree gchar *line = g_strdup_printf ("actclustermax %s", properties);
  g_autoptr (GstElement) element = gst_parse_launch (line, NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED)
          == GST_STATE_CHANGE_FAILURE,
      "%s: expected an error about '%s'", properties, text);
  test_assert_error (bus, text, and);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
check_bad_json (const gchar *json, const gchar *text, const gchar *and)
{
  g_autofree gchar *path = file_with ("bad.json", json);
  g_autofree gchar *properties = g_strdup_printf ("clusters=\"%s\"", path);

  check_bad_start (properties, text, and);
}

GST_START_TEST (test_bad_files)
{
  check_bad_start ("", "'clusters' is not set", NULL);
  check_bad_start ("clusters=/nonexistent/x.json", "/nonexistent/x.json", NULL);
  check_bad_json ("", "bad.json", NULL);
  check_bad_json ("{\"1\": [\"m:0\"]", "bad.json", NULL);
  check_bad_json ("[[\"m:0\"]]", "expected an object", NULL);
  check_bad_json ("{}", "has no clusters", NULL);
  check_bad_json ("{\"1\": \"m:0\"}", "cluster 1", "expected a list");
  check_bad_json ("{\"1\": [\"m:0\", 7]}", "cluster 1, item 1", NULL);
  check_bad_json ("{\"01\": [\"m:0\"]}", "\"01\"", "shortest form");
  check_bad_json ("{\"-0\": [\"m:0\"]}", "\"-0\"", NULL);
  check_bad_json ("{\" 1\": [\"m:0\"]}", "\" 1\"", NULL);
  check_bad_json ("{\"one\": [\"m:0\"]}", "\"one\"", "integer");
  check_bad_json ("{\"\": [\"m:0\"]}", "\"\"", NULL);
  check_bad_json ("{\"99999999999999999999\": [\"m:0\"]}",
      "\"99999999999999999999\"", NULL);
  check_bad_json ("{\"1\": [\"m:0\"], \"1\": [\"m:1\"]}", "\"1\"", NULL);
  check_bad_json ("{\"1\": [\"m:0\"], \"2\": []}", "cluster 2 is empty", NULL);
}
GST_END_TEST;

static void
check_bad_clusters (const gchar *json, const gchar *text, const gchar *and)
{
  GstHarness *h = harness ("actclustermax", json, "run=r");
  g_autoptr (GstBus) bus = test_watch (h);

  gst_harness_set_src_caps (h, component_caps (CSR));
  fail_unless_equals_int (
      gst_harness_push (h, batch (CSR, NULL)), GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (bus, text, and);
  /* the caps are offered more than once, the reason is given once */
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_harness_teardown (h);
}

GST_START_TEST (test_bad_clusters)
{
  check_bad_clusters (
      "{\"1\": [\"m:0\"], \"7\": [\"m:0\"]}", "'m:0'", "r-0-1 and r-0-7");
  check_bad_clusters (
      "{\"1\": [\"m:0\", \"m:0\"]}", "'m:0' comes twice", "r-0-1");
  check_bad_clusters ("{\"5\": [\"m:2\"]}", "cluster 5", "'m:2' is unknown");
  check_bad_clusters ("{\"5\": [\"k:0\"]}", "cluster 5", "'k:0' is unknown");
  check_bad_clusters ("{\"5\": [\"m\"]}", "cluster 5", "module:index");
  check_bad_clusters ("{\"5\": [\"m:-1\"]}", "cluster 5", "module:index");
}
GST_END_TEST;

GST_START_TEST (test_changes_in_mid_run)
{
  GstHarness *h = harness ("actclustermax", TWO, "");
  g_autoptr (GstBus) bus = test_watch (h);

  gst_harness_set_src_caps (h, component_caps (CSR));
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR, NULL)));
  /* another layout or batch size is no other run */
  gst_harness_set_src_caps (
      h, test_component_caps (DENSE, 2, 2, "<m, n>", "<2, 3>"));
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (DENSE, NULL)));
  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 4, "<m, n>", "<2, 3>"));
  fail_unless_equals_int (
      gst_harness_push (h, batch (CSR, NULL)), GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (bus, "sequence length changes from 2 to 4", NULL);

  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 2, "<m, n, o>", "<2, 3, 1>"));
  fail_unless_equals_int (
      gst_harness_push (h, batch (CSR, NULL)), GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (bus, "in the middle of a run", NULL);

  /* READY begins a new one */
  gst_element_set_state (h->element, GST_STATE_READY);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  gst_harness_push_event (h, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 1, "<m, n>", "<2, 3>"));
  gst_buffer_unref (
      gst_harness_push_and_pull (h, test_batch (CSR, 0, 0, 4, 1, 5, values)));
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  GstHarness *h = harness ("actclustermax", TWO, "");
  GstSegment segment;

  gst_harness_set_src_caps (h, component_caps (CSR));
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR, NULL)));
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR, NULL)));
  gst_harness_push_event (h, gst_event_new_eos ());
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
check_bad_buffer (
    GstActLayout layout, GstBuffer *buffer, const gchar *text, const gchar *and)
{
  GstHarness *h = harness ("actclustersum", TWO, "");
  g_autoptr (GstBus) bus = test_watch (h);

  gst_harness_set_src_caps (h, component_caps (layout));
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_ERROR);
  test_assert_error (bus, text, and);
  gst_harness_teardown (h);
}

GST_START_TEST (test_bad_batches)
{
  gfloat bad[20];

  memcpy (bad, values, sizeof bad);
  bad[11] = NAN;
  check_bad_buffer (DENSE, test_batch (DENSE, 3, 6, 2, 2, 5, bad),
      "batch 3, sample 7, position 0", "'m:1' is ");
  bad[11] = -INFINITY;
  check_bad_buffer (CSR, test_batch (CSR, 3, 6, 2, 2, 5, bad),
      "batch 3, sample 7, position 0", "'m:1' is -inf");
  /* finite members, but their sum is not */
  memcpy (bad, values, sizeof bad);
  bad[5] = bad[6] = 3e38f;
  check_bad_buffer (CSR, test_batch (CSR, 3, 6, 2, 2, 5, bad),
      "batch 3: ", "position 1: cluster 0 is inf");
  check_bad_buffer (CSR, gst_buffer_new (), "GstActBatchMeta", NULL);
  check_bad_buffer (CSR, batch (DENSE, NULL), "component indptr", NULL);
}
GST_END_TEST;

/* ---- merge histories ---- */

static void
zip_add (ActZipWriter *zip, const gchar *member, gconstpointer data, gsize size)
{
  GError *error = NULL;

  act_zip_writer_begin (zip, member, size, &error);
  g_assert_no_error (error);
  act_zip_writer_append (zip, data, size, &error);
  g_assert_no_error (error);
  act_zip_writer_end (zip, &error);
  g_assert_no_error (error);
}

static void
zip_add_array (ActZipWriter *zip, const gchar *member, ActDtype dtype,
    guint n_dims, const guint64 *shape, gconstpointer data)
{
  g_autoptr (GBytes) header = act_npy_header (dtype, n_dims, shape);
  gsize n = act_dtype_size (dtype), header_size;
  g_autoptr (GByteArray) whole = g_byte_array_new ();

  for (guint i = 0; i < n_dims; i++)
    n *= shape[i];
  header_size = g_bytes_get_size (header);
  g_byte_array_append (
      whole, g_bytes_get_data (header, NULL), (guint) header_size);
  g_byte_array_append (whole, data, (guint) n);
  zip_add (zip, member, whole->data, whole->len);
}

/* three merges of the five components */
static const gint16 good_groups[] = {
  0, 1, 2, 3, 4, /* */
  0, 1, 1, 2, 3, /* */
  2, 1, 1, 0, 0, /* */
};
static const gint64 good_k[] = { 5, 4, 3 };
#define LABELS "m:0\nm:1\nn:0\nn:1\nn:2"

static gchar *
merge_history (const gchar *labels, ActDtype dtype, const gint16 *groups,
    guint64 n_columns, const gint64 *k, guint64 n_rows)
{
  gchar *path = g_build_filename (folder, "history.zip", NULL);
  GError *error = NULL;
  ActZipWriter *zip = act_zip_writer_new (path, &error);
  guint64 shape[2] = { 3, n_columns };

  g_assert_no_error (error);
  if (labels != NULL)
    zip_add (zip, "labels.txt", labels, strlen (labels));
  zip_add_array (zip, "merge.group_idxs.npy", dtype, 2, shape, groups);
  zip_add_array (zip, "merge.k_groups.npy", ACT_DTYPE_I64, 1, &n_rows, k);
  zip_add (zip, "metadata.json", "{}", 2);
  act_zip_writer_close (zip, &error);
  g_assert_no_error (error);
  return path;
}

static GstActAssignment *
assignment_of (const gchar *path, gint iteration, GError **error)
{
  g_autoptr (GstCaps) caps = component_caps (CSR);
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, NULL);

  return gst_act_assignment_new_from_file (info, "r", iteration, path, error);
}

GST_START_TEST (test_merge_history)
{
  g_autofree gchar *path =
      merge_history (LABELS, ACT_DTYPE_I16, good_groups, 5, good_k, 3);

  for (gint iteration = -3; iteration < 3; iteration++) {
    GError *error = NULL;
    g_autoptr (GstActAssignment) assignment =
        assignment_of (path, iteration, &error);
    gint row = iteration < 0 ? iteration + 3 : iteration;
    g_autofree gchar *name = g_strdup_printf ("r-%d-2", row);

    g_assert_no_error (error);
    fail_unless_equals_int (
        gst_act_assignment_get_n_clusters (assignment), good_k[row]);
    fail_unless_equals_int (gst_act_assignment_get_iteration (assignment), row);
    fail_unless_equals_string (
        gst_act_assignment_get_name (assignment, 2), name);
    if (row == 2) {
      guint n;
      const guint *members = gst_act_assignment_get_members (assignment, 0, &n);

      fail_unless_equals_int (n, 2);
      fail_unless_equals_int (members[0], 3);
      fail_unless_equals_int (members[1], 4);
    }
  }
}
GST_END_TEST;

static void
check_bad_history (gchar *path, gint iteration, const gchar *text)
{
  g_autoptr (GError) error = NULL;

  fail_unless (assignment_of (path, iteration, &error) == NULL);
  fail_unless (error != NULL);
  fail_unless (strstr (error->message, text) != NULL, "%s", error->message);
  fail_unless (strstr (error->message, "history.zip") != NULL);
  g_free (path);
}

GST_START_TEST (test_bad_merge_history)
{
  static const gint16 negative[15] = { 0, 1, 2, 3, -4 };
  static const gint16 gap[15] = { 0, 1, 2, 4, 4 };
  static const gint16 beyond[15] = { 0, 1, 2, 3, 5 };
  static const gint64 many[] = { 6, 4, 3 };
  static const gint64 none[] = { 0, 4, 3 };
  const ActDtype i16 = ACT_DTYPE_I16;
  g_autofree gchar *whole = NULL;
  g_autofree gchar *bytes = NULL;
  gsize size;

  check_bad_history (
      merge_history (LABELS, i16, good_groups, 5, good_k, 3), 3, "3 rows");
  check_bad_history (
      merge_history (LABELS, i16, good_groups, 5, good_k, 3), -4, "3 rows");
  check_bad_history (merge_history (LABELS, i16, good_groups, 5, good_k, 3),
      G_MININT, "3 rows");
  check_bad_history (merge_history (LABELS, i16, negative, 5, good_k, 3), 0,
      "'n:2' in group -4");
  check_bad_history (
      merge_history (LABELS, i16, beyond, 5, good_k, 3), 0, "'n:2' in group 5");
  check_bad_history (
      merge_history (LABELS, i16, gap, 5, good_k, 3), 0, "cluster 3 is empty");
  check_bad_history (
      merge_history (LABELS, i16, good_groups, 5, many, 3), 0, "6 groups");
  check_bad_history (
      merge_history (LABELS, i16, good_groups, 5, none, 3), 0, "0 groups");
  check_bad_history (
      merge_history (LABELS, i16, good_groups, 5, good_k, 2), 0, "[3, 5]");
  check_bad_history (
      merge_history (LABELS, i16, good_groups, 4, good_k, 3), 0, "[3, 4]");
  check_bad_history (
      merge_history (LABELS, ACT_DTYPE_F16, good_groups, 5, good_k, 3), 0,
      "F16");
  check_bad_history (
      merge_history (NULL, i16, good_groups, 5, good_k, 3), 0, "labels.txt");
  check_bad_history (
      merge_history ("", i16, good_groups, 5, good_k, 3), 0, "labels.txt");
  check_bad_history (
      merge_history ("m:0\n\nn:0\nn:1\nn:2", i16, good_groups, 5, good_k, 3), 0,
      "line 2 is empty");
  check_bad_history (
      merge_history ("m:0\nm:1\nn:0\nn:1\nk:9", i16, good_groups, 5, good_k, 3),
      0, "'k:9' is unknown");

  /* cut anywhere: an error, never a crash */
  whole = merge_history (LABELS, i16, good_groups, 5, good_k, 3);
  fail_unless (g_file_get_contents (whole, &bytes, &size, NULL));
  for (gsize cut = 2; cut < size; cut += 7) {
    g_autoptr (GError) error = NULL;

    fail_unless (g_file_set_contents (whole, bytes, (gssize) cut, NULL));
    if (assignment_of (whole, -1, &error) == NULL)
      fail_unless (error != NULL);
  }
}
GST_END_TEST;

/* the sample model's history and its clusters.json say the same */
GST_START_TEST (test_sample)
{
  const gchar *sample = g_getenv ("ACT_TEST_SAMPLE");
  g_autofree gchar *json = g_build_filename (sample, "clusters.json", NULL);
  g_autofree gchar *zip = g_build_filename (sample, "merge_history.zip", NULL);
  const gchar *modules = "<h.0.attn.q_proj, h.0.attn.k_proj, h.0.attn.v_proj, "
                         "h.0.attn.o_proj, h.0.mlp.c_fc, h.0.mlp.down_proj, "
                         "h.1.attn.q_proj, h.1.attn.k_proj, h.1.attn.v_proj, "
                         "h.1.attn.o_proj, h.1.mlp.c_fc, h.1.mlp.down_proj>";
  g_autoptr (GstCaps) caps = test_component_caps (CSR, 1, 1, modules,
      "<128, 96, 96, 128, 160, 160, 128, 96, 96, 128, 160, 160>");
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, NULL);
  GError *error = NULL;
  g_autoptr (GstActAssignment) a =
      gst_act_assignment_new_from_file (info, "s", -1, json, &error);
  g_autoptr (GstActAssignment) b = NULL;
  g_autofree gint32 *cluster_of = g_new (gint32, info->n_components);

  g_assert_no_error (error);
  b = gst_act_assignment_new_from_file (info, "s", -1, zip, &error);
  g_assert_no_error (error);
  fail_unless_equals_int (gst_act_assignment_get_n_clusters (a), 588);
  fail_unless_equals_string (gst_act_assignment_get_name (b, 587), "s-283-587");
  fail_unless_equals_string (gst_act_assignment_get_fingerprint (a),
      gst_act_assignment_get_fingerprint (b));
  fail_unless (gst_act_assignment_get_partition (b, cluster_of, NULL));
}
GST_END_TEST;

static GstMemory *
cluster_block (GstBuffer *buffer, GstActBlock block)
{
  return gst_buffer_peek_memory (
      buffer, (guint) gst_act_batch_meta_get (buffer)->block[block]);
}

/* pushes so many samples of 0.5, but for 0 in the first; -> what comes out */
static GstBuffer *
push_halves (GstHarness *h, guint n_samples, gboolean zero)
{
  g_autofree gfloat *halves = g_new (gfloat, n_samples * 10);
  g_autoptr (GstActInfo) info = NULL;
  g_autofree gfloat *dense = NULL;
  GstBuffer *out;
  gsize n;

  for (guint i = 0; i < n_samples * 10; i++)
    halves[i] = 0.5f;
  for (guint i = 0; i < 5; i++)
    halves[i] = zero ? 0.0f : 0.5f;
  out = gst_harness_push_and_pull (
      h, test_batch (DENSE, 3, 6, n_samples, 2, 5, halves));
  info = test_out_info (h);
  dense = test_clusters_to_dense (out, info, &n);
  fail_unless_equals_int (n, n_samples * 4);
  for (guint i = 0; i < n; i++)
    fail_unless (dense[i] == (zero && i < 2 ? 0.0f : 0.5f));
  return out;
}

/* Batches without a zero have the same indices, which are there once; those of
 * another length, or with one, have their own. */
GST_START_TEST (test_full_batches)
{
  static const struct {
    guint n_samples;
    gboolean zero;
    gint same_as; /* -1: as no other */
  } batches[] = { { 2, FALSE, -1 }, { 2, FALSE, 0 }, { 2, TRUE, -1 },
    { 2, FALSE, 0 }, { 1, FALSE, -1 }, { 1, FALSE, 4 }, { 2, FALSE, -1 } };
  GstBuffer *out[G_N_ELEMENTS (batches)];
  GstHarness *h = harness ("actclustermax", TWO, "");

  gst_harness_set_src_caps (h, component_caps (DENSE));
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++)
    out[i] = push_halves (h, batches[i].n_samples, batches[i].zero);
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++) {
    for (gint j = 0; j < (gint) i; j++) {
      gboolean same = batches[i].same_as >= 0
          && (j == batches[i].same_as
              || batches[j].same_as == batches[i].same_as);

      for (GstActBlock b = GST_ACT_BLOCK_CLUSTER_INDPTR;
           b <= GST_ACT_BLOCK_CLUSTER_VALUES; b++)
        fail_unless_equals_int (
            cluster_block (out[i], b) == cluster_block (out[j], b),
            same && b != GST_ACT_BLOCK_CLUSTER_VALUES);
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++)
    gst_buffer_unref (out[i]);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
actcluster_suite (void)
{
  Suite *suite = suite_create ("actcluster");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_by_hand);
  tcase_add_test (tc, test_threshold_stays);
  tcase_add_test (tc, test_assignment_event);
  tcase_add_test (tc, test_blocks);
  tcase_add_test (tc, test_full_batches);
  tcase_add_test (tc, test_bad_files);
  tcase_add_test (tc, test_bad_clusters);
  tcase_add_test (tc, test_changes_in_mid_run);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_bad_batches);
  tcase_add_test (tc, test_merge_history);
  tcase_add_test (tc, test_bad_merge_history);
  tcase_add_test (tc, test_sample);
  return suite;
}

int
main (int argc, char **argv)
{
  const gchar *names[] = { "clusters.json", "bad.json", "history.zip" };
  int failed;

  gst_check_init (&argc, &argv);
  folder = g_dir_make_tmp ("actcluster-XXXXXX", NULL);
  g_assert_nonnull (folder);
  failed = gst_check_run_suite (actcluster_suite (), "actcluster", __FILE__);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (folder, names[i], NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return failed;
}
