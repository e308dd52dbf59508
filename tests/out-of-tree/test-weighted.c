/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of actclusterweighted, from the installed headers alone. */

#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <glib/gstdio.h>
#include <string.h>

static void
set_block (GstBuffer *buffer, GstActBlock block, gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);

  memcpy (to, data, size);
  fail_unless (gst_act_buffer_set_block (buffer, block, memory, NULL));
}

/* one sample, two positions, three components of one module */
static GstBuffer *
dense_batch (void)
{
  static const gint32 tokens[] = { 1, 2 };
  static const gfloat values[] = { 1.0f, 0.5f, 0.0f, 0.0f, 3.0f, -2.0f };
  GstBuffer *buffer = gst_buffer_new ();

  gst_act_batch_meta_add (buffer, 0, 0, 1, 2);
  set_block (buffer, GST_ACT_BLOCK_TOKENS, tokens, sizeof tokens);
  set_block (buffer, GST_ACT_BLOCK_COMPONENT_VALUES, values, sizeof values);
  return buffer;
}

GST_START_TEST (test_values)
{
  /* component 1 is in all three clusters, component 0 in two */
  static const gchar json[] = "{\"1\": [\"m:0\", \"m:1\"], \"2\": [\"m:1\"], "
                              "\"10\": [\"m:2\", \"m:1\", \"m:0\"]}";
  const gfloat third = 0.5f / 3.0f;
  const gfloat expected[] = { 0.5f + third, third, 0.5f + third, /* */
    1.0f, 1.0f, -1.0f };
  g_autofree gchar *path = NULL;
  gint fd = g_file_open_tmp ("weighted-XXXXXX.json", &path, NULL);
  g_autofree gchar *line = NULL;
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstActInfo) info = NULL;
  GError *error = NULL;
  GstActBatch batch;
  GstBuffer *out;
  GstHarness *h;

  fail_unless (fd >= 0);
  g_close (fd, NULL);
  fail_unless (g_file_set_contents (path, json, -1, NULL));
  line = g_strdup_printf ("actclusterweighted clusters=\"%s\"", path);
  h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (h,
      "application/x-act-components, format=F32LE, layout=dense, "
      "batch-size=1, sequence-length=2, vocab-size=9, modules=(string)<m>, "
      "components=(int)<3>");
  out = gst_harness_push_and_pull (h, dense_batch ());
  fail_unless (out != NULL);

  caps = gst_pad_get_current_caps (h->sinkpad);
  info = gst_act_info_new_from_caps (caps, &error);
  g_assert_no_error (error);
  fail_unless_equals_string (info->reduction, "weighted");
  gst_act_batch_map (&batch, out, info, GST_ACT_MAP_CLUSTERS, &error);
  g_assert_no_error (error);
  fail_unless_equals_int (batch.n_clusters, 3);
  fail_unless_equals_int (batch.n_cluster_values, 6);
  for (guint i = 0; i < 6; i++) {
    fail_unless_equals_int (batch.cluster_indices[i], (gint) i % 3);
    fail_unless_equals_float (batch.cluster_values[i], expected[i]);
  }
  gst_act_batch_unmap (&batch);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
  g_unlink (path);
}
GST_END_TEST;

static Suite *
weighted_suite (void)
{
  Suite *suite = suite_create ("weighted");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_values);
  return suite;
}

GST_CHECK_MAIN (weighted);
