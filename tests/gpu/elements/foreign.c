/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches on the device that no element of ours has made or looked at: memory
 * of our allocator can be filled by whoever maps it. */
#include "tests/elements/batches.h"
#include "tests/gpu/emulated/cuda_runtime_api.h"

#define N_COLUMNS 5

/* rows of 2, 0, 1, 1, 1 and 1 values */
static const gfloat dense[6 * N_COLUMNS] = { 0.5f, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
  0.25f, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0.125f };

/* what is written where, into copies of a batch's blocks */
typedef struct {
  GstActBlock block;
  gsize at;
  gint64 value;       /* as many bytes of it as the block's elements have */
  const gchar *error; /* NULL: none is written, and nothing is wrong */
} Case;

/* infinity: 0x7f800000 */
static const Case cases[] = {
  { 0, 0, 0, NULL },
  { GST_ACT_BLOCK_COMPONENT_INDICES, 4, N_COLUMNS, "components: " },
  { GST_ACT_BLOCK_COMPONENT_INDICES, 0, -1, "components: " },
  { GST_ACT_BLOCK_COMPONENT_INDICES, 0, 3, "components: " },
  { GST_ACT_BLOCK_COMPONENT_INDPTR, 2, 1, "components: " },
  { GST_ACT_BLOCK_COMPONENT_INDPTR, 6, 1 << 20, "components: " },
  { GST_ACT_BLOCK_COMPONENT_VALUES, 3, 0x7f800000,
      "the activation of component 'b:2' is inf" },
};

static void
replace (GstBuffer *buffer, GstActBlock block, const Case *c)
{
  gint index = gst_act_batch_meta_get (buffer)->block[block];
  GstMemory *memory =
      gst_memory_copy (gst_buffer_peek_memory (buffer, (guint) index), 0, -1);
  gsize size = block == GST_ACT_BLOCK_COMPONENT_INDPTR ? 8 : 4;
  GstMapInfo map;

  if (c->error != NULL && c->block == block) {
    fail_unless (gst_memory_map (memory, &map, GST_MAP_READWRITE));
    memcpy (map.data + c->at * size, &c->value, size);
    gst_memory_unmap (memory, &map);
  }
  fail_unless (gst_act_buffer_set_block (buffer, block, memory, NULL));
}

static GstPadProbeReturn
make_foreign (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = gst_buffer_make_writable (info->data);

  for (guint i = 0; i < 3; i++)
    replace (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR + i, data);
  info->data = buffer;
  act_emulated_reset_counts ();
  return GST_PAD_PROBE_OK;
}

static GstHarness *
harness_new (const gchar *filters, const Case *c)
{
  g_autofree gchar *line =
      g_strdup_printf ("cudaactupload name=up ! %s", filters);
  GstHarness *h = gst_harness_new_parse (line);
  g_autoptr (GstElement) up = gst_bin_get_by_name (GST_BIN (h->element), "up");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (up, "src");

  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, make_foreign, (gpointer) c, NULL);
  gst_harness_set_src_caps (
      h, test_component_caps (GST_ACT_LAYOUT_CSR, 2, 3, "<a, b>", "<2, 3>"));
  return h;
}

static GstBuffer *
batch_new (void)
{
  return test_batch (GST_ACT_LAYOUT_CSR, 0, 0, 2, 3, N_COLUMNS, dense);
}

/* It is brought to the CPU and looked at once, whoever reads it later; each
 * filter reads its own few numbers besides. */
GST_START_TEST (test_right)
{
  GstHarness *h =
      harness_new ("cudaactdeadfilter ! cudaactdeadfilter", &cases[0]);
  g_autofree gfloat *values = NULL;
  g_autoptr (GstActInfo) info = NULL;
  ActEmulatedCounts counts;
  GstBuffer *out = gst_harness_push_and_pull (h, batch_new ());
  gsize n;

  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_downloads, 3 + 2);
  info = test_out_info (h);
  values = test_components_to_dense (out, info, &n);
  fail_unless_equals_uint64 (n, G_N_ELEMENTS (dense));
  fail_unless (memcmp (values, dense, sizeof dense) == 0);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_wrong)
{
  const Case *c = &cases[__i__];
  GstHarness *h = harness_new ("cudaactdeadfilter", c);
  GstBus *bus = test_watch (h);
  ActEmulatedCounts counts;

  fail_unless_equals_int (gst_harness_push (h, batch_new ()), GST_FLOW_ERROR);
  test_assert_error (bus, c->error, "batch 0");
  act_emulated_get_counts (&counts);
  fail_unless_equals_uint64 (counts.n_launches, 0);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
foreign_suite (void)
{
  Suite *suite = suite_create ("cuda-foreign");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_right);
  tcase_add_loop_test (tc, test_wrong, 1, G_N_ELEMENTS (cases));
  return suite;
}

GST_CHECK_MAIN (foreign);
