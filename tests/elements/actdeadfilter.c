/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "tests/elements/batches.h"

#define CSR GST_ACT_LAYOUT_CSR
#define DENSE GST_ACT_LAYOUT_DENSE

/* one sample of two positions, five columns; by column: above, at the
 * threshold, just below it, far negative, zeros of both signs */
static const gfloat values[] = {
  0.5f, 0.01f, 0.0f, -9.0f, 0.0f,        /* */
  0.0f, 0.0f, 0.00999999f, -8.0f, -0.0f, /* */
};

static GstHarness *
harness (const gchar *properties, GstActLayout layout)
{
  g_autofree gchar *line = g_strdup_printf ("actdeadfilter %s", properties);
  GstHarness *h = gst_harness_new_parse (line);

  gst_harness_set_src_caps (
      h, test_component_caps (layout, 4, 2, "<m, n>", "<2, 3>"));
  return h;
}

static void
assert_alive (GstBuffer *buffer, const gchar *expected)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  gsize n;
  const guint8 *alive;

  if (expected == NULL) {
    fail_unless (meta->alive == NULL);
    return;
  }
  fail_unless (meta->alive != NULL);
  alive = g_bytes_get_data (meta->alive, &n);
  fail_unless_equals_int (n, strlen (expected));
  for (gsize i = 0; i < n; i++)
    fail_unless_equals_int (alive[i] != 0, expected[i] == '1');
}

/* pushes the batch, checks what comes out, gives the output */
static GstBuffer *
filter (GstHarness *h, GstBuffer *in, GstActLayout out_layout,
    const gfloat *expected, const gchar *alive)
{
  GstBuffer *out = gst_harness_push_and_pull (h, in);
  g_autoptr (GstActInfo) info = test_out_info (h);
  g_autofree gfloat *dense = NULL;
  gsize n;

  fail_unless (out != NULL);
  fail_unless_equals_int (info->layout, out_layout);
  dense = test_components_to_dense (out, info, &n);
  fail_unless_equals_int (n, 10);
  for (guint i = 0; i < 10; i++) {
    fail_unless_equals_float (dense[i], expected[i]);
    fail_if (signbit (dense[i]) && dense[i] == 0.0f);
  }
  assert_alive (out, alive);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (out), 6);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (out), 7);
  fail_unless_equals_uint64 (gst_act_batch_meta_get (out)->batch_index, 3);
  return out;
}

static GstBuffer *
batch (GstActLayout layout)
{
  return test_batch (layout, 3, 6, 1, 2, 5, values);
}

static const gfloat kept[] = { 0.5f, 0.01f, 0, 0, 0, /* */ 0, 0, 0, 0, 0 };
static const gfloat all[] = { 0.5f, 0.01f, 0, -9, 0, /* */ 0, 0, 0.00999999f,
  -8, 0 };

GST_START_TEST (test_by_hand)
{
  static const GstActLayout layouts[] = { CSR, DENSE };

  for (guint in = 0; in < 2; in++) {
    for (guint out = 0; out < 2; out++) {
      g_autofree gchar *layout = g_strdup_printf (
          "layout=%s", gst_act_layout_to_string (layouts[out]));
      g_autofree gchar *both = g_strdup_printf ("%s threshold=0.01", layout);
      GstHarness *h = harness (both, layouts[in]);

      gst_buffer_unref (
          filter (h, batch (layouts[in]), layouts[out], kept, "11000"));
      gst_harness_teardown (h);

      h = harness (layout, layouts[in]);
      gst_buffer_unref (
          filter (h, batch (layouts[in]), layouts[out], all, NULL));
      gst_harness_teardown (h);
    }
  }
}
GST_END_TEST;

/* equal is alive: the threshold is compared as float32, 0.1 rounds up */
GST_START_TEST (test_threshold_is_float)
{
  static const gfloat tenth[] = { 0.1f, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  GstHarness *h = harness ("threshold=0.1", DENSE);

  gst_buffer_unref (filter (
      h, test_batch (DENSE, 3, 6, 1, 2, 5, tenth), CSR, tenth, "10000"));
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_alive_is_anded)
{
  static const guint8 before[] = { 1, 0, 1, 1, 0 };
  static const gfloat left[] = { 0.5f, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const gfloat without[] = { 0.5f, 0, 0, -9, 0, 0, 0, 0.00999999f, -8,
    0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (before, 5);
  GstHarness *h = harness ("threshold=0.01", DENSE);
  gfloat given[10];
  GstBuffer *in;

  /* columns given as dead hold no values */
  memcpy (given, values, sizeof given);
  given[1] = given[6] = 0;
  in = test_batch (DENSE, 3, 6, 1, 2, 5, given);
  gst_act_batch_meta_set_alive (gst_act_batch_meta_get (in), bytes);
  gst_buffer_unref (filter (h, in, CSR, left, "10000"));
  gst_harness_teardown (h);

  h = harness ("threshold=0", DENSE);
  in = test_batch (DENSE, 3, 6, 1, 2, 5, given);
  gst_act_batch_meta_set_alive (gst_act_batch_meta_get (in), bytes);
  gst_buffer_unref (filter (h, in, CSR, without, "10110"));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* the dense block goes when its CSR comes; nothing else is copied */
GST_START_TEST (test_blocks)
{
  GstHarness *h = harness ("threshold=0.01", DENSE);
  GstBuffer *in = batch (DENSE);
  GstMemory *tokens = gst_buffer_peek_memory (in, 0);
  GstMemory *dense = gst_memory_ref (gst_buffer_peek_memory (in, 1));
  GstBuffer *out = filter (h, in, CSR, kept, "11000");
  GstActBatchMeta *meta = gst_act_batch_meta_get (out);

  fail_unless_equals_int (gst_buffer_n_memory (out), 4);
  fail_unless (gst_buffer_peek_memory (out, meta->block[GST_ACT_BLOCK_TOKENS])
      == tokens);
  fail_unless_equals_int (GST_MINI_OBJECT_REFCOUNT_VALUE (dense), 1);
  gst_memory_unref (dense);
  gst_buffer_unref (out);
  gst_harness_teardown (h);

  /* nothing dead, layout kept: the same memories */
  h = harness ("threshold=0", CSR);
  in = batch (CSR);
  meta = gst_act_batch_meta_get (in);
  dense =
      gst_buffer_peek_memory (in, meta->block[GST_ACT_BLOCK_COMPONENT_VALUES]);
  out = filter (h, in, CSR, all, NULL);
  meta = gst_act_batch_meta_get (out);
  fail_unless (
      gst_buffer_peek_memory (out, meta->block[GST_ACT_BLOCK_COMPONENT_VALUES])
      == dense);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a batch that another branch has too stays as it was */
GST_START_TEST (test_shared_input)
{
  GstHarness *h = harness ("threshold=0.01", DENSE);
  GstBuffer *in = gst_buffer_ref (batch (DENSE));
  GstActBatchMeta *meta = gst_act_batch_meta_get (in);

  gst_buffer_unref (filter (h, in, CSR, kept, "11000"));
  fail_unless_equals_int (gst_buffer_n_memory (in), 2);
  fail_unless (meta->alive == NULL);
  fail_unless_equals_int (meta->block[GST_ACT_BLOCK_COMPONENT_INDPTR], -1);
  gst_buffer_unref (in);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* one value of nine is in a dead column */
static const gfloat most[] = { 0.5f, 0.5f, 0.5f, -9.0f, 0.5f, /* */
  0.5f, 0.25f, 0.5f, 0.0f, 0.5f };
static const gfloat most_kept[] = { 0.5f, 0.5f, 0.5f, 0, 0.5f, /* */
  0.5f, 0.25f, 0.5f, 0, 0.5f };

static GstMemory *
component_values (GstBuffer *buffer)
{
  return gst_buffer_peek_memory (buffer,
      gst_act_batch_meta_get (buffer)->block[GST_ACT_BLOCK_COMPONENT_VALUES]);
}

/* what is nobody else's is filtered where it is, unless much is left out */
GST_START_TEST (test_in_place)
{
  GstHarness *h = harness ("threshold=0.01", CSR);
  GstBuffer *in = test_batch (CSR, 3, 6, 1, 2, 5, most);
  GstMemory *memory = component_values (in);
  GstBuffer *out = filter (h, in, CSR, most_kept, "11101");

  fail_unless (component_values (out) == memory);
  fail_unless (gst_act_memory_is_exclusive (memory));
  fail_unless_equals_uint64 (
      gst_act_batch_meta_get (out)->n_component_values, 8);
  gst_buffer_unref (out);

  out = filter (h, batch (CSR), CSR, kept, "11000");
  fail_unless_equals_uint64 (
      gst_act_batch_meta_get (out)->n_component_values, 2);
  fail_unless (gst_act_memory_is_exclusive (component_values (out)));
  gst_buffer_unref (out);

  /* columns without values are dead too, but there is nothing to drop */
  in = test_batch (CSR, 3, 6, 1, 2, 5, kept);
  memory = component_values (in);
  out = filter (h, in, CSR, kept, "11000");
  fail_unless (component_values (out) == memory);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* the batch as it came in, also after somebody else's copy was filtered */
static void
assert_untouched (GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps =
      test_component_caps (CSR, 4, 2, "<m, n>", "<2, 3>");
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, NULL);
  g_autofree gfloat *dense = NULL;
  gsize n;

  assert_alive (buffer, NULL);
  fail_unless_equals_uint64 (
      gst_act_batch_meta_get (buffer)->n_component_values, 9);
  dense = test_components_to_dense (buffer, info, &n);
  fail_unless_equals_int (n, 10);
  for (guint i = 0; i < 10; i++)
    fail_unless_equals_float (dense[i], most[i]);
}

/* the buffer, its memories, one of them, or the parent of one is held */
GST_START_TEST (test_held_elsewhere)
{
  GstHarness *h = harness ("threshold=0.01", CSR);
  GstBuffer *in = test_batch (CSR, 3, 6, 1, 2, 5, most), *copy;
  GstMemory *memory;
  GstMapInfo map;

  gst_buffer_ref (in);
  gst_buffer_unref (filter (h, in, CSR, most_kept, "11101"));
  assert_untouched (in);

  copy = gst_buffer_copy (in);
  gst_buffer_unref (filter (h, in, CSR, most_kept, "11101"));
  assert_untouched (copy);

  memory = gst_memory_ref (component_values (copy));
  gst_buffer_unref (filter (h, copy, CSR, most_kept, "11101"));
  fail_unless_equals_int (GST_MINI_OBJECT_REFCOUNT_VALUE (memory), 1);
  gst_memory_map (memory, &map, GST_MAP_READ);
  fail_unless_equals_float (((gfloat *) map.data)[3], -9.0f);
  gst_memory_unmap (memory, &map);

  in = test_batch (CSR, 3, 6, 1, 2, 5, most);
  fail_unless (gst_act_buffer_set_block (in, GST_ACT_BLOCK_COMPONENT_VALUES,
      gst_memory_share (memory, 0, -1), NULL));
  gst_buffer_unref (filter (h, in, CSR, most_kept, "11101"));
  gst_memory_map (memory, &map, GST_MAP_READ);
  fail_unless_equals_float (((gfloat *) map.data)[3], -9.0f);
  gst_memory_unmap (memory, &map);
  gst_memory_unref (memory);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* memory that may be anybody's, or read-only without saying so */
GST_START_TEST (test_foreign_memory)
{
  GstHarness *h = harness ("threshold=0.01", CSR);
  GstBuffer *in = test_batch (CSR, 3, 6, 1, 2, 5, most);
  gfloat foreign[16] = { 0.5f, 0.5f, 0.5f, -9.0f, 0.5f, 0.5f, 0.25f, 0.5f,
    0.5f };

  fail_unless (gst_act_buffer_set_block (in, GST_ACT_BLOCK_COMPONENT_VALUES,
      gst_memory_new_wrapped (
          0, foreign, sizeof foreign, 0, sizeof foreign, NULL, NULL),
      NULL));
  gst_buffer_unref (filter (h, in, CSR, most_kept, "11101"));
  fail_unless_equals_float (foreign[3], -9.0f);
  fail_unless_equals_float (foreign[8], 0.5f);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* most of it is not 0, so it stays dense, and where it is; what is left out
 * and -0.0 are zeros there */
GST_START_TEST (test_stays_dense)
{
  GstHarness *h = harness ("threshold=0.01", DENSE);
  GstBuffer *in = test_batch (DENSE, 3, 6, 1, 2, 5, most);
  GstMemory *memory = component_values (in);
  GstBuffer *out = filter (h, in, DENSE, most_kept, "11101");
  gfloat given[10];

  fail_unless (component_values (out) == memory);
  fail_unless (gst_act_memory_is_exclusive (memory));
  fail_unless_equals_int (gst_buffer_n_memory (out), 2);
  gst_buffer_unref (out);
  gst_harness_teardown (h);

  h = harness ("", DENSE);
  in = test_batch (DENSE, 3, 6, 1, 2, 5, most);
  memory = component_values (in);
  out = filter (h, in, DENSE, most, NULL);
  fail_unless (component_values (out) == memory);
  gst_buffer_unref (out);
  memcpy (given, most, sizeof given);
  given[8] = -0.0f;
  out = filter (h, test_batch (DENSE, 3, 6, 1, 2, 5, given), DENSE, most, NULL);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* somebody else has the batch, or its memory, too */
GST_START_TEST (test_stays_dense_beside)
{
  GstHarness *h = harness ("threshold=0.01", DENSE);
  GstBuffer *in = test_batch (DENSE, 3, 6, 1, 2, 5, most), *out;
  GstMemory *memory = gst_memory_ref (component_values (in));
  GstMapInfo map;

  out = filter (h, gst_buffer_ref (in), DENSE, most_kept, "11101");
  fail_unless (component_values (out) != memory);
  fail_unless (component_values (in) == memory);
  assert_alive (in, NULL);
  gst_buffer_unref (out);
  out = filter (h, in, DENSE, most_kept, "11101");
  fail_unless (component_values (out) != memory);
  gst_buffer_unref (out);
  gst_memory_map (memory, &map, GST_MAP_READ);
  fail_unless (memcmp (map.data, most, sizeof most) == 0);
  gst_memory_unmap (memory, &map);
  gst_memory_unref (memory);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a letter for each batch: m has most values, f has few; and for each that
 * comes out, d or c */
static void
check_layouts (const gchar *properties, const gchar *takes,
    const gchar *batches, const gchar *expected)
{
  g_autofree gchar *line =
      g_strdup_printf ("actdeadfilter threshold=0.01 %s", properties);
  GstHarness *h = gst_harness_new_parse (line);

  if (takes != NULL)
    gst_harness_set_sink_caps_str (h, takes);
  gst_harness_set_src_caps (
      h, test_component_caps (DENSE, 4, 2, "<m, n>", "<2, 3>"));
  for (guint i = 0; batches[i] != 0; i++) {
    const gboolean many = batches[i] == 'm';

    gst_buffer_unref (
        filter (h, test_batch (DENSE, 3, 6, 1, 2, 5, many ? most : values),
            expected[i] == 'd' ? DENSE : CSR, many ? most_kept : kept,
            many ? "11101" : "11000"));
  }
  gst_harness_teardown (h);
}

/* the first batch decides, and then two in a row that are otherwise */
GST_START_TEST (test_layout_by_batch)
{
  check_layouts ("", NULL, "mfmffmfmmf", "ddddccccdd");
  check_layouts ("", NULL, "ffmfmmfmff", "cccccddddc");
  check_layouts ("", NULL, "fmfmfmfm", "cccccccc");
  check_layouts ("layout=csr", NULL, "mmff", "cccc");
  check_layouts ("layout=dense", NULL, "ffmm", "dddd");
  check_layouts (
      "", "application/x-act-components, layout=csr", "mmff", "cccc");
  check_layouts (
      "", "application/x-act-components, layout=dense", "ffmm", "dddd");
  check_layouts ("", "application/x-act-components, layout={dense, csr}",
      "fmmff", "ccddc");
}
GST_END_TEST;

/* the other branch of a tee has the batch as it was */
GST_START_TEST (test_behind_tee)
{
  GstHarness *h = gst_harness_new_parse (
      "tee name=t  t. ! fakesink name=other async=false  "
      "t. ! actdeadfilter threshold=0.01");
  g_autoptr (GstElement) other = gst_harness_find_element (h, "fakesink");
  g_autoptr (GstSample) sample = NULL;
  GstBuffer *out;

  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 2, "<m, n>", "<2, 3>"));
  out = filter (
      h, test_batch (CSR, 3, 6, 1, 2, 5, most), CSR, most_kept, "11101");
  g_object_get (other, "last-sample", &sample, NULL);
  fail_unless (sample != NULL);
  fail_unless (gst_sample_get_buffer (sample) != out);
  assert_untouched (gst_sample_get_buffer (sample));
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a CSR that stores zeros is given on without them */
GST_START_TEST (test_stored_zeros)
{
  static const gfloat one[] = { 0.5f, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const gint64 indptr[] = { 0, 2, 3 };
  static const gint32 indices[] = { 0, 2, 4 };
  static const gfloat stored[] = { 0.5f, -0.0f, 0.0f };
  GstHarness *h = harness ("threshold=0", CSR);
  GstBuffer *in = test_batch (CSR, 3, 6, 1, 2, 5, one);
  GstBuffer *out;

  test_set_block (in, GST_ACT_BLOCK_COMPONENT_INDPTR, indptr, sizeof indptr);
  test_set_block (in, GST_ACT_BLOCK_COMPONENT_INDICES, indices, sizeof indices);
  test_set_block (in, GST_ACT_BLOCK_COMPONENT_VALUES, stored, sizeof stored);
  gst_act_batch_meta_get (in)->n_component_values = 3;
  out = filter (h, in, CSR, one, NULL);
  fail_unless_equals_uint64 (
      gst_act_batch_meta_get (out)->n_component_values, 1);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
check_not_finite (GstActLayout layout, gfloat bad, const gchar *name)
{
  GstHarness *h = harness ("threshold=0.01", layout);
  g_autoptr (GstBus) bus = test_watch (h);
  gfloat given[20];

  for (guint i = 0; i < 20; i++)
    given[i] = 1.0f;
  given[13] = bad; /* row 2: sample 1, position 0; column 3 */
  fail_unless_equals_int (
      gst_harness_push (h, test_batch (layout, 5, 10, 2, 2, 5, given)),
      GST_FLOW_ERROR);
  test_assert_error (
      bus, "batch 5, sample 11, position 0", "component 'n:1' is ");
  gst_harness_teardown (h);
}

GST_START_TEST (test_not_finite)
{
  check_not_finite (DENSE, NAN, "nan"); /* where it stays dense */
  check_not_finite (DENSE, INFINITY, "inf");
  check_not_finite (CSR, -INFINITY, "-inf");
  check_not_finite (CSR, NAN, "nan");
}
GST_END_TEST;

static void
check_refused (GstBuffer *buffer, const gchar *text)
{
  GstHarness *h = harness ("threshold=0.01", CSR);
  g_autoptr (GstBus) bus = test_watch (h);

  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_ERROR);
  test_assert_error (bus, text, NULL);
  gst_harness_teardown (h);
}

GST_START_TEST (test_bad_batches)
{
  static const gint32 out_of_range[] = { 0, 1, 3, 2, 9, 9, 9, 9, 9, 9 };
  GstBuffer *buffer = batch (CSR);

  test_set_block (buffer, GST_ACT_BLOCK_COMPONENT_INDICES, out_of_range, 40);
  check_refused (buffer, "out of range");
  check_refused (gst_buffer_new (), "no GstActBatchMeta");
  check_refused (batch (DENSE), "component indptr");
  buffer = batch (CSR);
  gst_act_batch_meta_get (buffer)->sequence_length = 3;
  check_refused (buffer, "sequence length 3");
  buffer = batch (CSR);
  gst_act_batch_meta_get (buffer)->n_component_values = 1000;
  check_refused (buffer, "block 'component indices'");
}
GST_END_TEST;

GST_START_TEST (test_caps)
{
  GstHarness *h = gst_harness_new_parse ("actdeadfilter");
  g_autoptr (GstBus) bus = NULL;

  /* downstream that takes dense only gets dense */
  gst_harness_set_sink_caps_str (
      h, "application/x-act-components, layout=dense");
  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 2, "<m, n>", "<2, 3>"));
  gst_buffer_unref (filter (h, batch (CSR), DENSE, all, NULL));
  gst_harness_teardown (h);

  /* and is refused where CSR is forced */
  h = gst_harness_new_parse ("actdeadfilter layout=csr");
  gst_harness_set_sink_caps_str (
      h, "application/x-act-components, layout=dense");
  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 2, "<m, n>", "<2, 3>"));
  fail_unless_equals_int (
      gst_harness_push (h, batch (CSR)), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (h);

  h = gst_harness_new_parse ("actdeadfilter");
  bus = test_watch (h);
  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 4, 2, "<m, n>", "<5>"));
  fail_unless_equals_int (
      gst_harness_push (h, batch (CSR)), GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (bus, "'modules' and 'components'", NULL);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
check_threshold (const gchar *line, const gchar *before, gdouble expected)
{
  GstHarness *h = gst_harness_new_parse (line);
  GstCaps *caps = test_component_caps (CSR, 4, 2, "<m, n>", "<2, 3>");
  g_autoptr (GstActInfo) info = NULL;

  if (before != NULL)
    gst_caps_set_simple (
        caps, "threshold", G_TYPE_DOUBLE, g_ascii_strtod (before, NULL), NULL);
  gst_harness_set_src_caps (h, caps);
  gst_buffer_unref (gst_harness_push_and_pull (h, batch (CSR)));
  info = test_out_info (h);
  fail_unless (info->threshold == expected, "%s: %g, expected %g", line,
      info->threshold, expected);
  gst_harness_teardown (h);
}

/* the caps say what was left out, as it was set: not rounded to float32 */
GST_START_TEST (test_threshold_in_caps)
{
  check_threshold ("actdeadfilter", NULL, 0.0);
  check_threshold ("actdeadfilter threshold=0.1", NULL, 0.1);
  /* what a filter before left out stays out */
  check_threshold ("actdeadfilter", "0.3", 0.3);
  check_threshold ("actdeadfilter threshold=0.1", "0.05", 0.1);
  check_threshold (
      "actdeadfilter threshold=0.2 ! actdeadfilter threshold=0.1", NULL, 0.2);
}
GST_END_TEST;

/* set while it runs, it counts from the next start */
GST_START_TEST (test_threshold_while_running)
{
  GstHarness *h = harness ("threshold=0.01", CSR);
  g_autoptr (GstElement) element =
      gst_harness_find_element (h, "actdeadfilter");
  g_autoptr (GstActInfo) info = NULL;

  gst_buffer_unref (filter (h, batch (CSR), CSR, kept, "11000"));
  g_object_set (element, "threshold", 0.0, NULL);
  gst_harness_set_src_caps (
      h, test_component_caps (CSR, 5, 2, "<m, n>", "<2, 3>"));
  gst_buffer_unref (filter (h, batch (CSR), CSR, kept, "11000"));
  info = test_out_info (h);
  fail_unless_equals_int (info->batch_size, 5);
  fail_unless (info->threshold == 0.01);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_properties)
{
  GstElement *filter = gst_element_factory_make ("actdeadfilter", NULL);
  gdouble threshold;

  g_object_set (filter, "threshold", 0.25, NULL);
  g_object_get (filter, "threshold", &threshold, NULL);
  fail_unless (threshold == 0.25);
  ASSERT_WARNING (g_object_set (filter, "threshold", -0.5, NULL));
  gst_object_unref (filter);
}
GST_END_TEST;

/* the same element again after READY, with other components; flush between */
GST_START_TEST (test_reuse)
{
  GstHarness *h = harness ("threshold=0.01", DENSE);

  gst_buffer_unref (filter (h, batch (DENSE), CSR, kept, "11000"));
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_DEFAULT);
    gst_harness_push_event (h, gst_event_new_segment (&segment));
  }
  gst_buffer_unref (filter (h, batch (DENSE), CSR, kept, "11000"));
  gst_element_set_state (h->element, GST_STATE_READY);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  gst_harness_push_event (h, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps (h, test_component_caps (CSR, 4, 2, "<x>", "<5>"));
  gst_buffer_unref (filter (h, batch (CSR), CSR, kept, "11000"));
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
actdeadfilter_suite (void)
{
  Suite *suite = suite_create ("actdeadfilter");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_by_hand);
  tcase_add_test (tc, test_threshold_is_float);
  tcase_add_test (tc, test_alive_is_anded);
  tcase_add_test (tc, test_blocks);
  tcase_add_test (tc, test_shared_input);
  tcase_add_test (tc, test_in_place);
  tcase_add_test (tc, test_held_elsewhere);
  tcase_add_test (tc, test_foreign_memory);
  tcase_add_test (tc, test_stays_dense);
  tcase_add_test (tc, test_stays_dense_beside);
  tcase_add_test (tc, test_layout_by_batch);
  tcase_add_test (tc, test_behind_tee);
  tcase_add_test (tc, test_stored_zeros);
  tcase_add_test (tc, test_not_finite);
  tcase_add_test (tc, test_bad_batches);
  tcase_add_test (tc, test_caps);
  tcase_add_test (tc, test_threshold_in_caps);
  tcase_add_test (tc, test_threshold_while_running);
  tcase_add_test (tc, test_properties);
  tcase_add_test (tc, test_reuse);
  return suite;
}

GST_CHECK_MAIN (actdeadfilter);
