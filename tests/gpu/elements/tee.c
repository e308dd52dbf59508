/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Behind a tee: batches are shared on the device, and each block comes down
 * once, whoever reads it. */
#include "tests/elements/collect.h"

#include "tests/gpu/emulated/cuda_runtime_api.h"

#define HEAD                                                                   \
  "actdumpsrc location=\"%s\" ! cudaactupload ! cudaactdeadfilter"             \
  " threshold=0.01 ! cudaactclustermax clusters=\"%s/clusters.json\" ! tee "   \
  "name=t  t. ! queue ! cudaactdownload ! fakesink name=sink"

static void
run (const gchar *others, ActEmulatedCounts *counts)
{
  g_autofree gchar *folder = g_build_filename (
      g_getenv ("ACT_TEST_DATA"), "golden", "dead_components", NULL);
  g_autofree gchar *head = g_strdup_printf (HEAD, folder, folder);
  g_autofree gchar *line = g_strconcat (head, others, NULL);
  Collected *collected;

  act_emulated_reset_counts ();
  collected = collect (line, NULL);
  g_assert_cmpstr (collected->error, ==, NULL);
  fail_unless (collected->buffers->len > 1);
  act_emulated_get_counts (counts);
  collected_free (collected);
}

GST_START_TEST (test_tee)
{
  ActEmulatedCounts one, three;

  run ("", &one);
  run ("  t. ! queue ! actstore  t. ! queue ! cudaactdownload ! fakesink"
       "  t. ! queue ! cudaactupload ! cudaactdownload ! actstore",
      &three);
  fail_unless (one.n_downloads > 0);
  fail_unless_equals_uint64 (three.n_downloads, one.n_downloads);
  fail_unless_equals_uint64 (three.downloaded, one.downloaded);
  fail_unless_equals_uint64 (three.n_uploads, one.n_uploads);
  fail_unless_equals_uint64 (one.n_device_copies, 0);
  fail_unless_equals_uint64 (three.n_device_copies, 0);
  /* nothing is left behind */
  fail_unless_equals_uint64 (three.n_allocated, 0);
}
GST_END_TEST;

static Suite *
tee_suite (void)
{
  Suite *suite = suite_create ("cuda-tee");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_tee);
  return suite;
}

GST_CHECK_MAIN (tee);
