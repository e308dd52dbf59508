/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which stream an element's kernels go into, and how often it waits. That they
 * come behind what they need is seen in all other tests of this folder: an
 * emulated stream does nothing before it is waited for. */
#include "tests/elements/batches.h"
#include "tests/gpu/emulated/cuda_runtime_api.h"

#define N_CTX 64
#define BATCH 2
#define N_COLUMNS 5
#define N_WIDE 2000

static const gfloat dense[6 * N_COLUMNS] = { 0.5f, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
  0.25f, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0.125f };

static GstBuffer *
csr_batch (guint64 index)
{
  return test_batch (
      GST_ACT_LAYOUT_CSR, index, index * 2, 2, 3, N_COLUMNS, dense);
}

static GstBuffer *
dense_batch (guint64 index)
{
  return test_batch (
      GST_ACT_LAYOUT_DENSE, index, index * 2, 2, 3, N_COLUMNS, dense);
}

static GstBuffer *
token_batch (guint64 index)
{
  GstBuffer *buffer = gst_buffer_new ();
  gint32 tokens[BATCH * N_CTX];

  for (guint i = 0; i < BATCH * N_CTX; i++)
    tokens[i] = (gint32) (i * 7 + (guint) index) % 1024;
  gst_act_batch_meta_add (buffer, index, index * BATCH, BATCH, N_CTX);
  test_set_block (buffer, GST_ACT_BLOCK_TOKENS, tokens, sizeof tokens);
  return buffer;
}

/* counts of the second batch: the first is not like the others */
static GstBuffer *
second (GstHarness *h, GstBuffer *(*make) (guint64), ActEmulatedCounts *counts)
{
  GstBuffer *out;

  gst_buffer_unref (gst_harness_push_and_pull (h, make (0)));
  act_emulated_reset_counts ();
  out = gst_harness_push_and_pull (h, make (1));
  act_emulated_get_counts (counts);
  fail_unless (counts->n_launches > 0);
  return out;
}

/* Numbers and marks come together, and before the next forward pass. */
GST_START_TEST (test_filter)
{
  const guint8 expected[N_COLUMNS] = { 1, 1, 0, 1, 1 };
  GstHarness *h =
      gst_harness_new_parse ("cudaactupload ! cudaactdeadfilter threshold=0.2");
  ActEmulatedCounts counts;
  GstBuffer *out;
  GBytes *alive;

  gst_harness_set_src_caps (h,
      test_component_caps (
          __i__ == 0 ? GST_ACT_LAYOUT_CSR : GST_ACT_LAYOUT_DENSE, 2, 3,
          "<a, b>", "<2, 3>"));
  out = second (h, __i__ == 0 ? csr_batch : dense_batch, &counts);
  fail_unless_equals_uint64 (counts.n_urgent, counts.n_launches);
  fail_unless_equals_uint64 (counts.n_downloads, 1);
  fail_unless_equals_uint64 (counts.n_waits, 1);
  alive = gst_act_batch_meta_get (out)->alive;
  fail_unless (alive != NULL && g_bytes_get_size (alive) == N_COLUMNS);
  fail_unless (
      memcmp (g_bytes_get_data (alive, NULL), expected, N_COLUMNS) == 0);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* no zeros at all */
static GstBuffer *
full_batch (guint64 index)
{
  g_autofree gfloat *values = g_new (gfloat, 6 * N_WIDE);

  for (guint i = 0; i < 6 * N_WIDE; i++)
    values[i] = (gfloat) (i + 1);
  return test_batch (
      GST_ACT_LAYOUT_DENSE, index, index * 2, 2, 3, N_WIDE, values);
}

/* A CSR that does not fit where it was expected to is made again, and the next
 * one fits. */
GST_START_TEST (test_no_room)
{
  GstHarness *h =
      gst_harness_new_parse ("cudaactupload ! cudaactdeadfilter threshold=0.2");
  g_autoptr (GstActInfo) info = NULL;
  g_autofree gfloat *values = NULL;
  ActEmulatedCounts counts;
  GstBuffer *out;
  gsize n;

  gst_harness_set_src_caps (h,
      test_component_caps (
          GST_ACT_LAYOUT_DENSE, 2, 3, "<a, b>", "<1000, 1000>"));
  act_emulated_reset_counts ();
  gst_buffer_unref (gst_harness_push_and_pull (h, full_batch (0)));
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_downloads, 2);
  out = second (h, full_batch, &counts);
  fail_unless_equals_uint64 (counts.n_downloads, 1);
  info = test_out_info (h);
  values = test_components_to_dense (out, info, &n);
  fail_unless_equals_uint64 (n, 6 * N_WIDE);
  for (gsize i = 0; i < n; i++)
    fail_unless (values[i] == (gfloat) (i + 1));
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_forward)
{
  g_autofree gchar *line =
      g_strdup_printf ("cudaactupload ! cudaactforward model=\"%s\"",
          g_getenv ("ACT_TEST_SAMPLE"));
  GstHarness *h = gst_harness_new_parse (line);
  ActEmulatedCounts counts;

  gst_harness_set_src_caps (h, gst_act_caps_new_tokens (BATCH, N_CTX, 1024));
  gst_buffer_unref (second (h, token_batch, &counts));
  fail_unless_equals_uint64 (counts.n_urgent, 0);
  fail_unless_equals_uint64 (counts.n_downloads, 1);
  fail_unless_equals_uint64 (counts.n_waits, 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
streams_suite (void)
{
  Suite *suite = suite_create ("cuda-streams");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_filter, 0, 2);
  tcase_add_test (tc, test_no_room);
  tcase_add_test (tc, test_forward);
  return suite;
}

GST_CHECK_MAIN (streams);
