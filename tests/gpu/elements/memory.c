/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device memory as elements and applications see it: what crosses the bus and
 * when, budgets, contexts, wrong links, devices that fail. */
#include "tests/elements/batches.h"
#include "tests/gpu/emulated/cuda_runtime_api.h"

#define N_ROWS 6
#define N_COLUMNS 5

static const gfloat dense[N_ROWS * N_COLUMNS] = { 0.5f, 0, 0, 1, 0, 0, 0, 0, 0,
  0, 0, 0.25f, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0.125f };

static GstHarness *
harness_new (const gchar *line, GstActLayout layout)
{
  GstHarness *h = gst_harness_new_parse (line);

  gst_harness_set_src_caps (
      h, test_component_caps (layout, 2, 3, "<a, b>", "<2, 3>"));
  return h;
}

static GstBuffer *
batch_new (GstActLayout layout, guint64 index)
{
  return test_batch (layout, index, index * 2, 2, 3, N_COLUMNS, dense);
}

static void
assert_on_device (GstBuffer *buffer, gboolean on_device)
{
  for (guint i = 0; i < gst_buffer_n_memory (buffer); i++)
    fail_unless (
        gst_memory_is_type (gst_buffer_peek_memory (buffer, i), "ActCUDAMemory")
        == on_device);
}

static void
assert_dense (GstHarness *h, GstBuffer *buffer)
{
  g_autoptr (GstActInfo) info = test_out_info (h);
  g_autofree gfloat *values = NULL;
  gsize n;

  values = test_components_to_dense (buffer, info, &n);
  fail_unless_equals_uint64 (n, G_N_ELEMENTS (dense));
  fail_unless (memcmp (values, dense, sizeof dense) == 0);
}

/* What came up is not brought down again to be read. */
GST_START_TEST (test_upload)
{
  GstActLayout layout = __i__ == 0 ? GST_ACT_LAYOUT_CSR : GST_ACT_LAYOUT_DENSE;
  GstHarness *h = harness_new ("cudaactupload", layout);
  g_autoptr (GstCaps) caps = NULL;
  ActEmulatedCounts counts;
  GstBuffer *out;

  act_emulated_reset_counts ();
  out = gst_harness_push_and_pull (h, batch_new (layout, 7));
  caps = gst_pad_get_current_caps (h->sinkpad);
  fail_unless (gst_caps_features_contains (
      gst_caps_get_features (caps, 0), GST_ACT_CAPS_FEATURE_MEMORY_CUDA));
  fail_unless_equals_uint64 (gst_act_batch_meta_get (out)->batch_index, 7);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (out), 14);
  assert_on_device (out, TRUE);
  assert_dense (h, out);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (
      counts.n_uploads, layout == GST_ACT_LAYOUT_CSR ? 4 : 2);
  /* tokens, and 8 bytes a row and one more, 8 bytes a value; or all values */
  fail_unless_equals_uint64 (counts.uploaded,
      layout == GST_ACT_LAYOUT_CSR ? 24 + 56 + 6 * 8 : 24 + sizeof dense);
  fail_unless_equals_uint64 (counts.n_downloads, 0);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_allocated, 0);
}
GST_END_TEST;

/* memory that the host never saw, as kernels leave it */
static GstMemory *
device_only (GstHarness *h, GstBuffer **batch)
{
  *batch = gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_DENSE, 0));
  return gst_memory_copy (gst_buffer_peek_memory (*batch,
                              (guint) gst_act_batch_meta_get (*batch)
                                  ->block[GST_ACT_BLOCK_COMPONENT_VALUES]),
      0, -1);
}

static void
assert_mapped (GstMemory *memory, const gfloat *expected, gsize size)
{
  GstMapInfo map;

  fail_unless (gst_memory_map (memory, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, size);
  fail_unless (memcmp (map.data, expected, size) == 0);
  gst_memory_unmap (memory, &map);
}

/* Read twice, in parts, by copies of a buffer: one download of what is used. */
GST_START_TEST (test_one_download)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBuffer *batch, *buffer = gst_buffer_new (), *copy;
  ActEmulatedCounts counts;
  GstMemory *memory, *part, *part_of_part;

  memory = device_only (h, &batch);
  act_emulated_reset_counts ();
  gst_buffer_append_memory (buffer, memory);
  copy = gst_buffer_copy (buffer);
  fail_unless (gst_buffer_peek_memory (copy, 0) == memory);
  assert_mapped (memory, dense, sizeof dense);
  assert_mapped (gst_buffer_peek_memory (copy, 0), dense, sizeof dense);
  part = gst_memory_share (memory, 20, -1);
  assert_mapped (part, dense + 5, sizeof dense - 20);
  part_of_part = gst_memory_share (part, 4, 8);
  assert_mapped (part_of_part, dense + 6, 8);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_downloads, 1);
  fail_unless_equals_uint64 (counts.downloaded, sizeof dense);
  fail_unless_equals_uint64 (counts.n_device_copies, 0);
  gst_memory_unref (part_of_part);
  gst_memory_unref (part);
  gst_buffer_unref (copy);
  gst_buffer_unref (buffer);
  gst_buffer_unref (batch);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* A deep copy stays on the device; what is written is uploaded. */
GST_START_TEST (test_write)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBuffer *batch;
  ActEmulatedCounts counts;
  GstMemory *memory, *copy;
  gfloat expected[G_N_ELEMENTS (dense)];
  GstMapInfo map;

  memory = device_only (h, &batch);
  memcpy (expected, dense, sizeof dense);
  expected[3] = 42.0f;
  fail_unless (gst_memory_map (memory, &map, GST_MAP_READWRITE));
  fail_unless (memcmp (map.data, dense, sizeof dense) == 0);
  ((gfloat *) map.data)[3] = 42.0f;
  gst_memory_unmap (memory, &map);
  act_emulated_reset_counts ();
  copy = gst_memory_copy (memory, 8, 16);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_downloads + counts.n_uploads, 0);
  fail_unless_equals_uint64 (counts.n_device_copies, 1);
  assert_mapped (copy, expected + 2, 16);
  assert_mapped (memory, expected, sizeof expected);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_downloads, 1);
  gst_memory_unref (copy);
  gst_memory_unref (memory);
  gst_buffer_unref (batch);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
write_first (GstMemory *memory, gfloat value)
{
  GstMapInfo map;

  fail_unless (gst_memory_map (memory, &map, GST_MAP_READWRITE));
  *(gfloat *) map.data = value;
  gst_memory_unmap (memory, &map);
}

/* What is on its way to the device is not written over. */
GST_START_TEST (test_write_twice)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBuffer *batch;
  GstMemory *memory = device_only (h, &batch), *copy;
  const gfloat first = 42.0f, second = 43.0f;

  write_first (memory, first);
  copy = gst_memory_copy (memory, 0, 4);
  write_first (memory, second);
  assert_mapped (copy, &first, 4);
  gst_memory_unref (copy);
  copy = gst_memory_copy (memory, 0, 4);
  assert_mapped (copy, &second, 4);
  gst_memory_unref (copy);
  gst_memory_unref (memory);
  gst_buffer_unref (batch);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Only what was mapped is uploaded, also where more was read meanwhile. */
GST_START_TEST (test_write_part)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBuffer *batch;
  GstMemory *memory = device_only (h, &batch), *copy;
  gfloat expected[G_N_ELEMENTS (dense)];
  ActEmulatedCounts counts;
  GstMapInfo part;

  memcpy (expected, dense, sizeof dense);
  expected[0] = 42.0f;
  gst_memory_resize (memory, 0, 16);
  fail_unless (gst_memory_map (memory, &part, GST_MAP_READWRITE));
  ((gfloat *) part.data)[0] = 42.0f;
  gst_memory_resize (memory, 0, sizeof dense);
  assert_mapped (memory, dense, sizeof dense);
  act_emulated_reset_counts ();
  gst_memory_unmap (memory, &part);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.uploaded, 16);
  assert_mapped (memory, expected, sizeof expected);
  copy = gst_memory_copy (memory, 0, -1);
  assert_mapped (copy, expected, sizeof expected);
  gst_memory_unref (copy);
  gst_memory_unref (memory);
  gst_buffer_unref (batch);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Plain memory that was made of a block is whose it is now. */
GST_START_TEST (test_write_behind_download)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstHarness *down = gst_harness_new ("cudaactdownload");
  GstBuffer *batch, *out;
  GstMemory *memory = device_only (h, &batch);
  gfloat changed = 42.0f;

  batch = gst_buffer_make_writable (batch);
  fail_unless (gst_act_buffer_set_block (
      batch, GST_ACT_BLOCK_COMPONENT_VALUES, gst_memory_ref (memory), NULL));
  gst_harness_set_src_caps (down, gst_pad_get_current_caps (h->sinkpad));
  out = gst_harness_push_and_pull (down, batch);
  write_first (memory, changed);
  assert_dense (down, out);
  gst_memory_resize (memory, 0, 4);
  assert_mapped (memory, &changed, 4);
  gst_buffer_unref (out);
  gst_memory_unref (memory);
  gst_harness_teardown (down);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
push_three (GstHarness *h)
{
  for (guint i = 0; i < 3; i++)
    gst_buffer_unref (
        gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_DENSE, i)));
}

/* Pinned memory that is still on its way is left alone while there is other;
 * it is used again once it has arrived, or where there is no more. */
GST_START_TEST (test_pinned)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  ActEmulatedCounts counts;

  push_three (h);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.pinned, 6 * 4096);
  push_three (h);
  act_emulated_set_pinned (6 * 4096);
  push_three (h);
  act_emulated_set_pinned (0);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.pinned, 6 * 4096);
  gst_harness_teardown (h);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.pinned, 0);
}
GST_END_TEST;

/* says how much of which memory, and not that it were the device's */
GST_START_TEST (test_out_of_pinned)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBus *bus = test_watch (h);

  act_emulated_set_pinned (1);
  fail_unless_equals_int (
      gst_harness_push (h, batch_new (GST_ACT_LAYOUT_DENSE, 0)),
      GST_FLOW_ERROR);
  act_emulated_set_pinned (0);
  test_assert_error (bus,
      "kB of pinned memory, for a copy from or to 'emulated device 0', cannot "
      "be had: out of memory; smaller batches ('batch-size') need less",
      "batch 0 (2 samples of 3 positions): ");
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_download)
{
  GstHarness *h =
      harness_new ("cudaactupload ! cudaactdownload", GST_ACT_LAYOUT_CSR);
  g_autoptr (GstCaps) caps = NULL;
  ActEmulatedCounts counts;
  GstBuffer *out;

  act_emulated_reset_counts ();
  out = gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_CSR, 0));
  caps = gst_pad_get_current_caps (h->sinkpad);
  fail_unless (gst_caps_features_is_equal (
      gst_caps_get_features (caps, 0), GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
  assert_on_device (out, FALSE);
  assert_dense (h, out);
  /* nothing of the device is kept for it */
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_allocated, 0);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* each goes through the element that has nothing to do */
GST_START_TEST (test_passthrough)
{
  GstHarness *h = harness_new (
      "cudaactdownload ! cudaactupload ! cudaactupload", GST_ACT_LAYOUT_DENSE);
  ActEmulatedCounts counts;
  GstBuffer *out;

  act_emulated_reset_counts ();
  out = gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_DENSE, 0));
  assert_on_device (out, TRUE);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_uploads, 2);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

static gpointer
push (gpointer data)
{
  GstHarness *h = data;

  return GINT_TO_POINTER (
      gst_harness_push (h, batch_new (GST_ACT_LAYOUT_DENSE, 1)));
}

/* A batch waits while the one before it is there, and goes on when it is gone;
 * when flushing, it is given up. */
GST_START_TEST (test_budget)
{
  GstHarness *h =
      harness_new ("cudaactupload memory-budget=256", GST_ACT_LAYOUT_DENSE);
  ActEmulatedCounts counts;
  GThread *thread;
  GstBuffer *first;

  act_emulated_reset_counts ();
  first = gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_DENSE, 0));
  thread = g_thread_new ("push", push, h);
  if (__i__ == 0) {
    gst_buffer_unref (first);
    fail_unless_equals_int (
        GPOINTER_TO_INT (g_thread_join (thread)), GST_FLOW_OK);
    act_emulated_get_counts (&counts);
    fail_unless_equals_uint64 (counts.n_uploads, 4);
  } else {
    gst_harness_push_event (h, gst_event_new_flush_start ());
    fail_unless_equals_int (
        GPOINTER_TO_INT (g_thread_join (thread)), GST_FLOW_FLUSHING);
    act_emulated_get_counts (&counts);
    fail_unless_equals_uint64 (counts.n_uploads, 2);
    gst_buffer_unref (first);
    gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* to stop does not wait for room */
GST_START_TEST (test_budget_stop)
{
  GstHarness *h =
      harness_new ("cudaactupload memory-budget=1", GST_ACT_LAYOUT_DENSE);
  GstBuffer *first =
      gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_DENSE, 0));
  GThread *thread = g_thread_new ("push", push, h);

  fail_unless_equals_int (gst_element_set_state (h->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), GST_FLOW_FLUSHING);
  gst_buffer_unref (first);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* names the batch's size, what is needed and what there is */
GST_START_TEST (test_out_of_memory)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBus *bus = test_watch (h);

  act_emulated_set_memory (256);
  fail_unless_equals_int (
      gst_harness_push (h, batch_new (GST_ACT_LAYOUT_DENSE, 3)),
      GST_FLOW_ERROR);
  act_emulated_set_memory (0);
  test_assert_error (bus,
      "batch 3 (2 samples of 3 positions): 256 bytes more of the memory of "
      "'emulated device 0' are needed, 0 bytes of its 256 bytes are free",
      "batch-size");
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* A kernel that fails is found out by whoever waits for it. */
GST_START_TEST (test_device_fails)
{
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBuffer *batch;
  GstMemory *memory = device_only (h, &batch);
  GstHarness *down = gst_harness_new ("cudaactdownload");
  GstBus *bus = test_watch (down);
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);

  batch = gst_buffer_make_writable (batch);
  fail_unless (gst_act_buffer_set_block (
      batch, GST_ACT_BLOCK_COMPONENT_VALUES, memory, NULL));
  gst_harness_set_src_caps (down, caps);
  act_emulated_fail_waits (cudaErrorLaunchFailure);
  fail_unless_equals_int (gst_harness_push (down, batch), GST_FLOW_ERROR);
  act_emulated_fail_waits (cudaSuccess);
  test_assert_error (bus,
      "batch 0 (2 samples of 3 positions): "
      "the CUDA device failed in",
      "unspecified launch failure");

  gst_object_unref (bus);
  gst_harness_teardown (down);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* an element's first error when it goes to READY, and no second one */
static void
assert_not_ready (const gchar *line, const gchar *text)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);
  GstBus *bus = gst_element_get_bus (pipeline);

  g_assert_no_error (error);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (bus, text, NULL);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

GST_START_TEST (test_no_device)
{
  assert_not_ready ("cudaactupload cuda-device-id=1 ! fakesink",
      "there is no CUDA device 1, expected property 'cuda-device-id' to be "
      "below 1");
  act_emulated_set_n_devices (0);
  assert_not_ready ("cudaactupload ! cudaactdownload ! fakesink",
      "there is no CUDA device to run on (no CUDA-capable device is detected)");
  act_emulated_set_n_devices (1);
}
GST_END_TEST;

/* A device is there, and not all that is needed with it. */
GST_START_TEST (test_missing)
{
  ActEmulatedCounts counts;
  GstHarness *h;

  act_emulated_set_missing ("kernels");
  assert_not_ready ("cudaactupload ! fakesink",
      "'emulated device 0' does not run a kernel of this build: no kernel "
      "image is available for execution on the device");
  act_emulated_set_missing ("blas");
  assert_not_ready ("cudaactforward ! fakesink",
      "there are no matrix products on 'emulated device 0': cuBLAS cannot be "
      "loaded");
  /* what has no products does without */
  h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  gst_buffer_unref (
      gst_harness_push_and_pull (h, batch_new (GST_ACT_LAYOUT_DENSE, 0)));
  gst_harness_teardown (h);
  act_emulated_set_missing (NULL);
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_allocated, 0);
}
GST_END_TEST;

static GstAllocator *
allocator_of (GstElement *element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  g_autoptr (GstQuery) query = gst_query_new_context ("gst.act.CudaDevice");
  GstContext *context = NULL;
  const GValue *value;

  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_context (query, &context);
  value = gst_structure_get_value (
      gst_context_get_structure (context), "allocator");
  fail_unless (value != NULL);
  return g_value_dup_object (value);
}

static void
assert_shared (const gchar *line, gboolean shared)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstElement) a = gst_bin_get_by_name (GST_BIN (pipeline), "a");
  g_autoptr (GstElement) b = gst_bin_get_by_name (GST_BIN (pipeline), "b");
  GstAllocator *of_a, *of_b;

  g_assert_no_error (error);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  of_a = allocator_of (a);
  of_b = allocator_of (b);
  fail_unless ((of_a == of_b) == shared);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (of_a);
  gst_object_unref (of_b);
  gst_object_unref (pipeline);
}

/* One device and stream for all, also where elements are not neighbours. */
GST_START_TEST (test_context)
{
  act_emulated_set_n_devices (2);
  assert_shared (
      "cudaactupload name=a ! cudaactupload name=b ! fakesink", TRUE);
  assert_shared (
      "cudaactupload name=a ! fakesink cudaactupload name=b ! fakesink", TRUE);
  assert_shared ("cudaactupload name=a cuda-device-id=1 ! queue"
                 " ! cudaactdownload name=b cuda-device-id=1 ! fakesink",
      TRUE);
  assert_shared ("cudaactupload name=a cuda-device-id=0 ! fakesink"
                 " cudaactupload name=b cuda-device-id=1 ! fakesink",
      FALSE);
  act_emulated_set_n_devices (1);
}
GST_END_TEST;

static gpointer
to_ready (gpointer element)
{
  return GINT_TO_POINTER (gst_element_set_state (element, GST_STATE_READY));
}

/* An application that is asked for a context may bring others to READY before
 * it answers. */
static GstBusSyncReply
ready_another (GstBus *bus, GstMessage *message, gpointer other)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_NEED_CONTEXT) {
    GThread *thread = g_thread_new ("other", to_ready, other);

    fail_unless_equals_int (
        GPOINTER_TO_INT (g_thread_join (thread)), GST_STATE_CHANGE_SUCCESS);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

GST_START_TEST (test_context_nested)
{
  GstElement *pipeline = gst_parse_launch ("cudaactupload ! fakesink", NULL);
  GstElement *other = gst_parse_launch ("cudaactupload ! fakesink", NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  gst_bus_set_sync_handler (bus, ready_another, other, NULL);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (other, GST_STATE_NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (other);
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* how many have asked for a context */
typedef struct {
  GMutex lock;
  GCond cond;
  guint n;
} Asked;

/* goes on when both have asked, and neither has a device yet */
static GstBusSyncReply
meet (GstBus *bus, GstMessage *message, gpointer data)
{
  Asked *asked = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_NEED_CONTEXT) {
    g_mutex_lock (&asked->lock);
    asked->n++;
    g_cond_broadcast (&asked->cond);
    while (asked->n < 2)
      g_cond_wait (&asked->cond, &asked->lock);
    g_mutex_unlock (&asked->lock);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* One device for a pipeline, also where two elements look for it at once. */
GST_START_TEST (test_context_at_once)
{
  GstElement *pipeline = gst_parse_launch (
      "cudaactupload name=a ! fakesink cudaactupload name=b ! fakesink", NULL);
  g_autoptr (GstElement) a = gst_bin_get_by_name (GST_BIN (pipeline), "a");
  g_autoptr (GstElement) b = gst_bin_get_by_name (GST_BIN (pipeline), "b");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstAllocator *of_a, *of_b;
  Asked asked = { 0 };
  GThread *thread;

  gst_bus_set_sync_handler (bus, meet, &asked, NULL);
  thread = g_thread_new ("a", to_ready, a);
  fail_unless_equals_int (
      GPOINTER_TO_INT (to_ready (b)), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), GST_STATE_CHANGE_SUCCESS);
  of_a = allocator_of (a);
  of_b = allocator_of (b);
  fail_unless (of_a == of_b);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (of_a);
  gst_object_unref (of_b);
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* what is on a device cannot go where only plain memory is taken */
GST_START_TEST (test_wrong_link)
{
  GstHarness *h = gst_harness_new_parse ("cudaactupload ! actdeadfilter");
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps (
      h, test_component_caps (GST_ACT_LAYOUT_CSR, 2, 3, "<a, b>", "<2, 3>"));
  fail_unless_equals_int (
      gst_harness_push (h, batch_new (GST_ACT_LAYOUT_CSR, 0)),
      GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (
      bus, "put 'cudaactdownload' behind this element", "'actdeadfilter");
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_bad_values)
{
  gfloat values[N_ROWS * N_COLUMNS] = { 0 };
  GstHarness *h = harness_new ("cudaactupload", GST_ACT_LAYOUT_DENSE);
  GstBus *bus = test_watch (h);

  values[7] = G_MAXFLOAT * 2.0f;
  fail_unless_equals_int (
      gst_harness_push (
          h, test_batch (GST_ACT_LAYOUT_DENSE, 0, 0, 2, 3, N_COLUMNS, values)),
      GST_FLOW_ERROR);
  test_assert_error (bus,
      "sample 0, position 1: the activation of component 'b:0' is inf", NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_allocation_query)
{
  GstHarness *h = harness_new ("cudaactdownload", GST_ACT_LAYOUT_DENSE);
  GstCaps *caps =
      test_component_caps (GST_ACT_LAYOUT_DENSE, 2, 3, "<a, b>", "<2, 3>");
  GstAllocator *allocator = NULL;
  GstQuery *query;

  gst_caps_set_features_simple (
      caps, gst_caps_features_new_single (GST_ACT_CAPS_FEATURE_MEMORY_CUDA));
  gst_harness_set_src_caps (h, gst_caps_ref (caps));
  query = gst_query_new_allocation (caps, FALSE);
  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (gst_query_find_allocation_meta (
      query, GST_ACT_BATCH_META_API_TYPE, NULL));
  fail_unless_equals_int (gst_query_get_n_allocation_pools (query), 0);
  fail_unless_equals_int (gst_query_get_n_allocation_params (query), 1);
  gst_query_parse_nth_allocation_param (query, 0, &allocator, NULL);
  fail_unless_equals_string (allocator->mem_type, "ActCUDAMemory");
  gst_object_unref (allocator);
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
memory_suite (void)
{
  Suite *suite = suite_create ("cuda-memory");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_upload, 0, 2);
  tcase_add_test (tc, test_one_download);
  tcase_add_test (tc, test_write);
  tcase_add_test (tc, test_write_twice);
  tcase_add_test (tc, test_write_part);
  tcase_add_test (tc, test_write_behind_download);
  tcase_add_test (tc, test_pinned);
  tcase_add_test (tc, test_out_of_pinned);
  tcase_add_test (tc, test_download);
  tcase_add_test (tc, test_passthrough);
  tcase_add_loop_test (tc, test_budget, 0, 2);
  tcase_add_test (tc, test_budget_stop);
  tcase_add_test (tc, test_out_of_memory);
  tcase_add_test (tc, test_device_fails);
  tcase_add_test (tc, test_no_device);
  tcase_add_test (tc, test_missing);
  tcase_add_test (tc, test_context);
  tcase_add_test (tc, test_context_nested);
  tcase_add_test (tc, test_context_at_once);
  tcase_add_test (tc, test_wrong_link);
  tcase_add_test (tc, test_bad_values);
  tcase_add_test (tc, test_allocation_query);
  return suite;
}

GST_CHECK_MAIN (memory);
