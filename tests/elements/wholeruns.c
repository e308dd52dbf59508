/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From token ids to a dashboard in one process: pauses, flushing seeks, stops
 * in the middle and pipelines that run again all end in the same files, or in
 * none. */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <string.h>

#include "../core/testfile.h"

#define N_CTX 16
#define BATCH 2
#define N_SAMPLES 24

/* Stops the streaming thread behind the clusters of one batch, so that what
 * the test does happens in mid-run. */
typedef struct {
  GMutex lock;
  GCond cond;
  guint64 stop_at; /* batch index */
  gboolean reached;
  gboolean go_on;
} Gate;

typedef struct {
  GstElement *pipeline;
  GstBus *bus;
  gchar *output;
  Gate gate;
} Run;

static GstPadProbeReturn
gate_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Gate *gate = data;
  const GstActBatchMeta *meta =
      gst_act_batch_meta_get (GST_PAD_PROBE_INFO_BUFFER (info));

  g_mutex_lock (&gate->lock);
  if (meta->batch_index == gate->stop_at) {
    gate->reached = TRUE;
    g_cond_broadcast (&gate->cond);
    while (!gate->go_on)
      g_cond_wait (&gate->cond, &gate->lock);
    gate->stop_at = G_MAXUINT64;
  }
  g_mutex_unlock (&gate->lock);
  return GST_PAD_PROBE_OK;
}

static void
gate_wait (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  while (!gate->reached)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static gpointer
gate_open (gpointer data)
{
  Gate *gate = data;

  g_mutex_lock (&gate->lock);
  gate->go_on = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
  return NULL;
}

static void
gate_close (Gate *gate, guint64 batch)
{
  gate->stop_at = batch;
  gate->reached = gate->go_on = FALSE;
}

/* tokens of all samples, all different */
static void
write_tokens (void)
{
  gint32 tokens[N_SAMPLES * N_CTX];
  g_autofree char *path = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (tokens); i++)
    tokens[i] = (gint32) (i * 37 % 1000);
  path = test_write ("tokens", tokens, sizeof tokens);
}

/* queue: between elements, "! queue" or nothing */
static Run *
run_new (const gchar *output, const gchar *source_settings, const gchar *queue)
{
  const gchar *sample = g_getenv ("ACT_TEST_SAMPLE");
  g_autofree char *tokens = test_path ("tokens");
  g_autofree gchar *line = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) clusters = NULL;
  g_autoptr (GstPad) pad = NULL;
  Run *run = g_new0 (Run, 1);

  run->output = test_path (output);
  line = g_strdup_printf (
      "acttokensrc name=src location=\"%s\" n-ctx=%d batch-size=%d %s"
      " vocabulary=\"%s/tokenizer.json\" %s ! actforward model=\"%s\" %s"
      " ! actdeadfilter %s ! actclustermax name=c"
      " clusters=\"%s/clusters.json\" %s ! actstore name=s %s"
      " ! actdashboardsink name=d overwrite=true location=\"%s\"",
      tokens, N_CTX, BATCH, source_settings, sample, queue, sample, queue,
      queue, sample, queue, queue, run->output);
  run->pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_assert_no_error (error);
  run->bus = gst_element_get_bus (run->pipeline);
  run->gate.stop_at = G_MAXUINT64;
  clusters = gst_bin_get_by_name (GST_BIN (run->pipeline), "c");
  pad = gst_element_get_static_pad (clusters, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, gate_probe, &run->gate, NULL);
  return run;
}

static void
run_free (Run *run)
{
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  gst_object_unref (run->bus);
  gst_object_unref (run->pipeline);
  g_free (run->output);
  g_free (run);
}

static void
run_to_end (Run *run)
{
  GstMessage *message;

  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (run->bus, 60 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  fail_unless (message != NULL);
  fail_unless_equals_string (GST_MESSAGE_TYPE_NAME (message), "eos");
  gst_message_unref (message);
}

static void
run_seek (Run *run, guint64 sample)
{
  fail_unless (gst_element_seek (run->pipeline, 1.0, GST_FORMAT_DEFAULT,
      GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, (gint64) sample,
      GST_SEEK_TYPE_NONE, -1));
}

/* what a run without events in its middle writes, in the folder "plain" */
static gchar *
plain_run (const gchar *source_settings)
{
  Run *run = run_new ("plain", source_settings, "");

  run_to_end (run);
  run_free (run);
  return test_path ("plain");
}

static void
assert_same (const gchar *folder, const gchar *expected)
{
  static const gchar *const names[] = { "activations.npz",
    "activations_map.json", "cluster_facts.jsonl", "clusters.jsonl",
    "coactivations.npz", "component_activations.npz", "model_info.json",
    "samples.npz", "text_samples.jsonl", "index.html", "data/clusters-000.js",
    "data/heat.js", "data/index-000.js", "data/run.js", "data/search-000.js",
    "data/texts-000.js", "data/vocabulary-000.js" };

  fail_unless_equals_int (test_count_entries (folder), 13);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *a = g_build_filename (folder, names[i], NULL);
    g_autofree gchar *b = g_build_filename (expected, names[i], NULL);
    g_autofree gchar *x = NULL, *y = NULL;
    gsize n, m;

    fail_unless (g_file_get_contents (a, &x, &n, NULL));
    fail_unless (g_file_get_contents (b, &y, &m, NULL));
    fail_unless (n == m && memcmp (x, y, n) == 0, "%s differs", a);
  }
  /* tokens, plain and folder: nothing that is half-written */
  fail_unless_equals_int (test_count_entries (test_folder), 3);
}

static void
setup (void)
{
  test_folder_make ();
  write_tokens ();
}

static void
teardown (void)
{
  test_folder_remove ();
}

/* again from READY, from NULL, with and without threads in between */
GST_START_TEST (test_reuse)
{
  static const gchar *const queues[] = { "", "! queue max-size-buffers=1" };
  g_autofree gchar *expected = plain_run ("");

  for (guint i = 0; i < 2; i++) {
    Run *run = run_new ("d", "", queues[i]);

    for (guint k = 0; k < 3; k++) {
      run_to_end (run);
      assert_same (run->output, expected);
      gst_element_set_state (
          run->pipeline, k == 0 ? GST_STATE_READY : GST_STATE_NULL);
      test_folder_remove_at (run->output);
    }
    run_free (run);
  }
}
GST_END_TEST;

/* state: what the pipeline goes to in mid-run, before it runs from the start */
GST_START_TEST (test_stopped)
{
  static const GstState states[] = { GST_STATE_READY, GST_STATE_NULL };
  g_autofree gchar *expected = plain_run ("");
  Run *run = run_new ("d", "", __i__ < 2 ? "" : "! queue");

  gate_close (&run->gate, 5);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  gate_wait (&run->gate);
  gate_open (&run->gate);
  gst_element_set_state (run->pipeline, states[__i__ % 2]);
  /* tokens and plain */
  fail_unless_equals_int (test_count_entries (test_folder), 2);
  gst_bus_set_flushing (run->bus, TRUE);
  gst_bus_set_flushing (run->bus, FALSE);
  run_to_end (run);
  assert_same (run->output, expected);
  run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_pause)
{
  g_autofree gchar *expected = plain_run ("");
  Run *run = run_new ("d", "", __i__ == 0 ? "" : "! queue");

  gate_close (&run->gate, 5);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  gate_wait (&run->gate);
  gst_element_set_state (run->pipeline, GST_STATE_PAUSED);
  gate_open (&run->gate);
  fail_unless_equals_int (
      gst_element_get_state (run->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_SUCCESS);
  run_to_end (run);
  assert_same (run->output, expected);
  run_free (run);
}
GST_END_TEST;

/* a flushing seek in mid-run: what came before it is forgotten */
GST_START_TEST (test_flush)
{
  static const guint64 positions[] = { 0, 8, N_SAMPLES - BATCH };
  guint64 position = positions[__i__ % 3];
  g_autofree gchar *settings =
      g_strdup_printf ("first-sample=%" G_GUINT64_FORMAT, position);
  g_autofree gchar *expected = plain_run (settings);
  Run *run = run_new ("d", "", __i__ < 3 ? "" : "! queue");
  GThread *thread;

  gate_close (&run->gate, 5);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  gate_wait (&run->gate);
  /* the seek waits for the streaming thread, which waits at the gate */
  thread = g_thread_new ("gate", gate_open, &run->gate);
  run_seek (run, position);
  g_thread_join (thread);
  run_to_end (run);
  assert_same (run->output, expected);
  run_free (run);
}
GST_END_TEST;

/* before anything ran */
GST_START_TEST (test_seek_in_paused)
{
  g_autofree gchar *expected = plain_run ("first-sample=10");
  Run *run = run_new ("d", "", "");

  gst_element_set_state (run->pipeline, GST_STATE_PAUSED);
  fail_unless (
      gst_element_get_state (run->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE)
      != GST_STATE_CHANGE_FAILURE);
  run_seek (run, 10);
  run_to_end (run);
  assert_same (run->output, expected);
  run_free (run);
}
GST_END_TEST;

/* after the end: it is published once more */
GST_START_TEST (test_seek_after_end)
{
  g_autofree gchar *expected = plain_run ("first-sample=4");
  Run *run = run_new ("d", "", "");

  run_to_end (run);
  run_seek (run, 4);
  run_to_end (run);
  assert_same (run->output, expected);
  run_free (run);
}
GST_END_TEST;

/* with all facts; max_memory: of the sink's, 0: as it comes */
static Run *
full_run (const gchar *output, guint64 max_memory)
{
  Run *run = run_new (output, "", "");
  g_autoptr (GstElement) store =
      gst_bin_get_by_name (GST_BIN (run->pipeline), "s");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (run->pipeline), "d");

  g_object_set (store, "component-records", TRUE, NULL);
  if (max_memory > 0)
    g_object_set (sink, "max-memory", max_memory, NULL);
  run_to_end (run);
  return run;
}

/* what grows with the run is in files: nothing of it may stay in memory */
GST_START_TEST (test_no_memory)
{
  Run *expected = full_run ("plain", 0);
  Run *run = full_run ("d", 1);

  assert_same (run->output, expected->output);
  run_free (run);
  run_free (expected);
}
GST_END_TEST;

static Suite *
wholeruns_suite (void)
{
  Suite *s = suite_create ("wholeruns");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_reuse);
  tcase_add_loop_test (tc, test_stopped, 0, 4);
  tcase_add_loop_test (tc, test_pause, 0, 2);
  tcase_add_loop_test (tc, test_flush, 0, 6);
  tcase_add_test (tc, test_seek_in_paused);
  tcase_add_test (tc, test_seek_after_end);
  tcase_add_test (tc, test_no_memory);
  return s;
}

GST_CHECK_MAIN (wholeruns);
