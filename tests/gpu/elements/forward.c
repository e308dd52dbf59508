/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cudaactforward against the CPU's forward pass, and what it says where the
 * device or the pipeline is not as it should be. */
#include "tests/elements/batches.h"
#include "tests/gpu/emulated/cuda_runtime_api.h"

#include <math.h>

#include "formats/npy.h"
#include "model/forward.h"

#define N_CTX 64
#define BATCH 2
#define N_COMPONENTS 1536
#define N_VALUES (BATCH * N_CTX * N_COMPONENTS)
/* what DESIGN allows for float32 on a device against float64, and the CPU has
 * an error of its own */
#define TOLERANCE 1e-4f

#define LINE "cudaactupload ! cudaactforward name=forward model=\"%s\" %s"

static const gchar *
sample (void)
{
  return g_getenv ("ACT_TEST_SAMPLE");
}

/* batch i of golden_forward's tokens [4, 4, 64], in halves */
static void
golden_tokens (guint i, gint32 *tokens)
{
  g_autofree gchar *filename = g_build_filename (
      g_getenv ("ACT_TEST_DATA"), "golden_forward", "tokens.npy", NULL);
  g_autoptr (ActNpy) npy = act_npy_open (filename, NULL);

  memcpy (tokens, (const gint32 *) act_npy_get (npy)->data + i * BATCH * N_CTX,
      BATCH * N_CTX * sizeof (gint32));
}

static GstBuffer *
token_batch (guint index)
{
  GstBuffer *buffer = gst_buffer_new ();
  gint32 tokens[BATCH * N_CTX];

  golden_tokens (index, tokens);
  gst_act_batch_meta_add (buffer, index, index * BATCH, BATCH, N_CTX);
  test_set_block (buffer, GST_ACT_BLOCK_TOKENS, tokens, sizeof tokens);
  return buffer;
}

static gfloat *
expected_values (guint index, const guint8 *selected)
{
  g_autoptr (ActModel) model = act_model_open (sample (), NULL);
  g_autoptr (ActForward) forward = act_forward_new (model, selected, 1, NULL);
  gfloat *values = g_new (gfloat, N_VALUES);
  gint32 tokens[BATCH * N_CTX];

  golden_tokens (index, tokens);
  fail_unless (
      act_forward_run_dense (forward, tokens, BATCH, N_CTX, values, NULL));
  return values;
}

static GstHarness *
harness_with (const gchar *settings, const gchar *caps)
{
  g_autofree gchar *line = g_strdup_printf (LINE, sample (), settings);
  GstHarness *h = gst_harness_new_parse (line);

  if (caps != NULL)
    gst_harness_set_sink_caps_str (h, caps);
  gst_harness_set_src_caps (h, gst_act_caps_new_tokens (BATCH, N_CTX, 1024));
  return h;
}

static GstHarness *
harness_new (const gchar *settings)
{
  return harness_with (settings, NULL);
}

static void
assert_near (GstHarness *h, GstBuffer *out, const gfloat *expected)
{
  g_autoptr (GstActInfo) info = test_out_info (h);
  g_autofree gfloat *values = NULL;
  guint n_active = 0;
  gsize n;

  values = test_components_to_dense (out, info, &n);
  fail_unless_equals_uint64 (n, N_VALUES);
  for (gsize i = 0; i < n; i++) {
    fail_unless (fabsf (values[i] - expected[i]) <= TOLERANCE,
        "value %u: %.9g, expected %.9g", (guint) i, values[i], expected[i]);
    n_active += values[i] > TOLERANCE;
  }
  fail_unless (n_active > 1000);
}

/* Both layouts; the first batch has more values than it is given room for. */
GST_START_TEST (test_values)
{
  GstHarness *h = harness_with ("",
      __i__ == 0
          ? NULL
          : "application/x-act-components(memory:ActCUDAMemory), layout=dense");
  ActEmulatedCounts counts;

  for (guint i = 0; i < 3; i++) {
    GstBuffer *out = gst_harness_push_and_pull (h, token_batch (i));
    g_autofree gfloat *expected = expected_values (i, NULL);

    fail_unless_equals_uint64 (gst_act_batch_meta_get (out)->batch_index, i);
    fail_unless (gst_act_batch_meta_get (out)->alive == NULL);
    for (guint k = 0; k < gst_buffer_n_memory (out); k++)
      fail_unless (gst_memory_is_type (
          gst_buffer_peek_memory (out, k), "ActCUDAMemory"));
    assert_near (h, out, expected);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_allocated, 0);
}
GST_END_TEST;

/* whoever cuts tokens asks, through what takes them to the device */
GST_START_TEST (test_sample_length)
{
  GstHarness *h = harness_new ("");
  GstQuery *query = gst_act_query_new_sample_length ();
  guint longest = 0;

  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (gst_act_query_parse_sample_length (query, &longest));
  fail_unless_equals_int (longest, 128);
  gst_query_unref (query);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_modules)
{
  GstHarness *h = harness_new ("modules=\"h.1.*\"");
  g_autoptr (ActModel) model = act_model_open (sample (), NULL);
  guint n = act_model_get_n_modules (model);
  g_autofree guint8 *selected = g_malloc (n);
  g_autofree gfloat *expected = NULL;
  const guint8 *alive;
  GstBuffer *out;

  fail_unless (act_model_select_modules (model, "h.1.*", selected, NULL));
  expected = expected_values (0, selected);
  out = gst_harness_push_and_pull (h, token_batch (0));
  assert_near (h, out, expected);
  alive = g_bytes_get_data (gst_act_batch_meta_get (out)->alive, NULL);
  for (guint i = 0; i < n; i++)
    fail_unless_equals_int (
        alive[act_model_get_module_first_column (model, i)], selected[i]);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

static gchar *
fingerprint_with (const gchar *settings)
{
  GstHarness *h = harness_new (settings);
  g_autoptr (GstActInfo) info = NULL;
  gchar *fingerprint;

  gst_buffer_unref (gst_harness_push_and_pull (h, token_batch (0)));
  info = test_out_info (h);
  fingerprint = g_strdup (info->model);
  gst_harness_teardown (h);
  return fingerprint;
}

/* the CPU's, if nothing is rounded */
GST_START_TEST (test_fingerprint)
{
  g_autofree gchar *cpu = act_model_fingerprint (sample (), NULL);
  g_autofree gchar *fp32 = fingerprint_with ("precision=fp32");
  g_autofree gchar *tf32 = fingerprint_with ("precision=tf32");
  g_autofree gchar *bf16 = fingerprint_with ("precision=bf16");

  fail_unless_equals_string (fp32, cpu);
  fail_unless (strcmp (tf32, cpu) != 0 && strcmp (bf16, cpu) != 0
      && strcmp (tf32, bf16) != 0);
}
GST_END_TEST;

static void
assert_fails (
    GstHarness *h, GstFlowReturn flow, const gchar *text, const gchar *and)
{
  GstBus *bus = test_watch (h);

  fail_unless_equals_int (gst_harness_push (h, token_batch (1)), flow);
  test_assert_error (bus, text, and);
  gst_object_unref (bus);
}

/* a launch that fails, with the batch; the next batch is another matter */
GST_START_TEST (test_launch_fails)
{
  GstHarness *h = harness_new ("");

  gst_buffer_unref (gst_harness_push_and_pull (h, token_batch (0)));
  act_emulated_fail_launch (3, cudaErrorLaunchFailure);
  assert_fails (h, GST_FLOW_ERROR,
      "batch 1 (2 samples of 64 positions): ", "unspecified launch failure");
  gst_buffer_unref (gst_harness_push_and_pull (h, token_batch (2)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* where weights fit and a batch does not */
GST_START_TEST (test_out_of_memory)
{
  GstHarness *h = harness_new ("");
  ActEmulatedCounts counts;

  act_emulated_get_counts (&counts);
  act_emulated_set_memory (counts.allocated + 4096);
  assert_fails (h, GST_FLOW_ERROR, "batch 1 (2 samples of 64 positions): ",
      "more of the memory of 'emulated device 0' are needed");
  act_emulated_set_memory (0);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* weights that do not fit: when the pipeline is about to start */
GST_START_TEST (test_weights_do_not_fit)
{
  g_autofree gchar *line = g_strdup_printf (LINE " ! fakesink", sample (), "");
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);

  /* cuBLAS has 32 MiB of its own */
  act_emulated_set_memory ((32 << 20) + 65536);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  act_emulated_set_memory (0);
  test_assert_error (bus, "the model's weights: ", "are needed");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* tokens in plain memory */
GST_START_TEST (test_wrong_link)
{
  g_autofree gchar *line =
      g_strdup_printf ("cudaactforward model=\"%s\"", sample ());
  GstHarness *h = gst_harness_new_parse (line);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps (h, gst_act_caps_new_tokens (BATCH, N_CTX, 1024));
  fail_unless_equals_int (
      gst_harness_push (h, token_batch (0)), GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (bus, "put 'cudaactupload' before this element", NULL);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
forward_suite (void)
{
  Suite *suite = suite_create ("cuda-forward");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_values, 0, 2);
  tcase_add_test (tc, test_sample_length);
  tcase_add_test (tc, test_modules);
  tcase_add_test (tc, test_fingerprint);
  tcase_add_test (tc, test_launch_fails);
  tcase_add_test (tc, test_out_of_memory);
  tcase_add_test (tc, test_weights_do_not_fit);
  tcase_add_test (tc, test_wrong_link);
  return suite;
}

GST_CHECK_MAIN (forward);
