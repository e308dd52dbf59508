/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>

#define CSR_CAPS                                                               \
  "application/x-act-components, format=F32LE, layout=csr, batch-size=2, "     \
  "sequence-length=3, vocab-size=10, modules=(string)<\"a b\", h.0.c>, "       \
  "components=(int)<2, 3>"

static GstActInfo *
info_of (const gchar *caps_string)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_string);
  GError *error = NULL;
  GstActInfo *info = gst_act_info_new_from_caps (caps, &error);

  g_assert_no_error (error);
  return info;
}

static void
assert_bad_caps (const gchar *caps_string, const gchar *field)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_string);
  g_autoptr (GError) error = NULL;

  fail_unless (gst_act_info_new_from_caps (caps, &error) == NULL);
  fail_unless (g_error_matches (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT));
  fail_unless (strstr (error->message, field) != NULL, "%s", error->message);
}

static GstMemory *
block (gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);

  memcpy (to, data, size);
  return memory;
}

#define BLOCK(array) block (array, sizeof (array))

/* one sample of three positions, two nonzeros in the middle one */
static GstBuffer *
csr_batch (const gint64 *indptr, const gint32 *indices, const gfloat *values)
{
  static const gint32 tokens[] = { 1, 2, 9 };
  GstBuffer *buffer = gst_buffer_new ();
  GstActBatchMeta *meta = gst_act_batch_meta_add (buffer, 7, 14, 1, 3);

  meta->n_component_values = 2;
  gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_TOKENS, BLOCK (tokens), NULL);
  gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
      block (indptr, 4 * sizeof *indptr), NULL);
  gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_COMPONENT_INDICES,
      block (indices, 2 * sizeof *indices), NULL);
  gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_COMPONENT_VALUES,
      block (values, 2 * sizeof *values), NULL);
  return buffer;
}

static const gint64 good_indptr[] = { 0, 0, 2, 2 };
static const gint32 good_indices[] = { 1, 4 };
static const gfloat good_values[] = { 0.5f, -1.f };

GST_START_TEST (test_info)
{
  g_autoptr (GstActInfo) info = info_of (CSR_CAPS);
  g_autofree gchar *label = gst_act_info_dup_label (info, 4);
  g_autofree gchar *beyond = gst_act_info_dup_label (info, 5);

  fail_unless_equals_int (info->batch_size, 2);
  fail_unless_equals_int (info->sequence_length, 3);
  fail_unless_equals_int (info->vocab_size, 10);
  fail_unless_equals_int (info->n_modules, 2);
  fail_unless_equals_int (info->n_components, 5);
  fail_unless_equals_int (info->first_columns[1], 2);
  fail_unless_equals_string (info->modules[0], "a b");
  fail_unless_equals_string (label, "h.0.c:2");
  fail_unless_equals_string (beyond, "?");
  fail_unless_equals_int (gst_act_info_find_label (info, "a b:1", NULL), 1);
  fail_unless_equals_int (gst_act_info_find_label (info, "h.0.c:0", NULL), 2);
}
GST_END_TEST;

GST_START_TEST (test_unknown_labels)
{
  static const gchar *const labels[] = { "a b:2", "c:0", "a b",
    "a b:", "a b:-1", "a b:1x", ":0", "" };
  g_autoptr (GstActInfo) info = info_of (CSR_CAPS);

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *quoted = g_strdup_printf ("'%s'", labels[i]);

    fail_unless_equals_int (
        gst_act_info_find_label (info, labels[i], &error), -1);
    fail_unless (strstr (error->message, quoted) != NULL);
  }
}
GST_END_TEST;

GST_START_TEST (test_bad_caps)
{
  assert_bad_caps ("video/x-raw", "video/x-raw");
  assert_bad_caps ("application/x-act-tokens, format=S32LE, batch-size=0, "
                   "sequence-length=3",
      "batch-size");
  assert_bad_caps ("application/x-act-tokens, format=S32LE, batch-size=1",
      "sequence-length");
  assert_bad_caps ("application/x-act-components, batch-size=1, "
                   "sequence-length=3, layout=csr, modules=(string)<a, b>, "
                   "components=(int)<1>",
      "modules");
  assert_bad_caps ("application/x-act-components, batch-size=1, "
                   "sequence-length=3, layout=csr, modules=(string)<a, b>, "
                   "components=(int)<1, 0>",
      "module 1");
  assert_bad_caps ("application/x-act-components, batch-size=1, "
                   "sequence-length=3, layout=csr, modules=(string)<a, b>, "
                   "components=(int)<2147483647, 1>",
      "more than");
  assert_bad_caps ("application/x-act-components, batch-size=1, "
                   "sequence-length=3, layout=odd, modules=(string)<a>, "
                   "components=(int)<1>",
      "odd");
}
GST_END_TEST;

GST_START_TEST (test_threshold)
{
  static const gchar *const bad[] = { "(double)-0.5", "(int)1", "(string)0.5",
    "(double)nan", "(double)inf" };
  g_autoptr (GstActInfo) without = info_of (CSR_CAPS);
  g_autoptr (GstActInfo) zero = info_of (CSR_CAPS ", threshold=(double)0.0");
  g_autoptr (GstActInfo) some = info_of (CSR_CAPS ", threshold=(double)0.01");
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (CSR_CAPS ", threshold=(double)0.01");
  g_autoptr (GstCaps) clusters =
      gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_CLUSTERS);
  g_autoptr (GstCaps) records =
      gst_act_caps_rename (clusters, GST_ACT_MEDIA_TYPE_RECORDS);
  g_autoptr (GstCaps) back =
      gst_act_caps_rename (clusters, GST_ACT_MEDIA_TYPE_COMPONENTS);
  g_autoptr (GstCaps) tokens =
      gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_TOKENS);
  g_autoptr (GstActInfo) of_tokens = NULL;
  g_autoptr (GstActInfo) of_records = NULL;

  fail_unless (without->threshold == -1.0);
  fail_unless (zero->threshold == 0.0);
  fail_unless (some->threshold == 0.01);
  /* kept on the way down and back to components, not to tokens */
  gst_check_caps_equal (back, caps);
  gst_caps_set_simple (records, "clusters", G_TYPE_INT, 2, NULL);
  of_records = gst_act_info_new_from_caps (records, NULL);
  fail_unless (of_records != NULL && of_records->threshold == 0.01);
  fail_if (gst_structure_has_field (
      gst_caps_get_structure (tokens, 0), "threshold"));
  of_tokens = gst_act_info_new_from_caps (tokens, NULL);
  fail_unless (of_tokens != NULL && of_tokens->threshold == -1.0);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *text =
        g_strdup_printf ("%s, threshold=%s", CSR_CAPS, bad[i]);

    assert_bad_caps (text, "threshold");
  }
}
GST_END_TEST;

GST_START_TEST (test_rename)
{
  g_autoptr (GstCaps) caps =
      gst_caps_from_string ("application/x-act-components(memory:X), "
                            "format=F32LE, layout=csr, batch-size=2, "
                            "sequence-length=3, modules=(string)<a>, "
                            "components=(int)<1>");
  g_autoptr (GstCaps) tokens =
      gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_TOKENS);
  g_autoptr (GstCaps) records =
      gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_RECORDS);
  g_autoptr (GstCaps) expected_tokens =
      gst_caps_from_string ("application/x-act-tokens(memory:X), "
                            "format=S32LE, batch-size=2, sequence-length=3");
  g_autoptr (GstCaps) expected_records =
      gst_caps_from_string ("application/x-act-records(memory:X), "
                            "sequence-length=3, modules=(string)<a>, "
                            "components=(int)<1>");

  gst_check_caps_equal (tokens, expected_tokens);
  gst_check_caps_equal (records, expected_records);
}
GST_END_TEST;

GST_START_TEST (test_map)
{
  g_autoptr (GstActInfo) info = info_of (CSR_CAPS);
  GstBuffer *buffer = csr_batch (good_indptr, good_indices, good_values);
  GstActBatch batch;
  GError *error = NULL;

  gst_act_batch_map (&batch, buffer, info,
      GST_ACT_MAP_TOKENS | GST_ACT_MAP_COMPONENTS, &error);
  g_assert_no_error (error);
  fail_unless_equals_uint64 (batch.batch_index, 7);
  fail_unless_equals_uint64 (batch.first_sample, 14);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), 15);
  fail_unless_equals_int (batch.tokens[2], 9);
  fail_unless_equals_int (batch.n_component_values, 2);
  fail_unless_equals_int (batch.component_indices[1], 4);
  fail_unless (batch.component_values[1] == -1.f);
  fail_unless (batch.alive == NULL);
  gst_act_batch_unmap (&batch);

  fail_if (
      gst_act_batch_map (&batch, buffer, info, GST_ACT_MAP_CLUSTERS, &error));
  fail_unless (strstr (error->message, "cluster indptr") != NULL);
  g_clear_error (&error);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

static void
assert_bad_batch (GstBuffer *buffer, const gchar *caps, const gchar *what)
{
  g_autoptr (GstActInfo) info = info_of (caps);
  g_autoptr (GError) error = NULL;
  GstActBatch batch;

  fail_if (gst_act_batch_map (&batch, buffer, info,
      GST_ACT_MAP_TOKENS | GST_ACT_MAP_COMPONENTS, &error));
  fail_unless (strstr (error->message, what) != NULL, "%s", error->message);
  gst_buffer_unref (buffer);
}

/* a part of a memory that begins in the middle of a float */
static GstMemory *
unaligned_block (void)
{
  g_autoptr (GstMemory) whole = BLOCK (good_values);

  return gst_memory_share (whole, 1, -1);
}

GST_START_TEST (test_bad_batches)
{
  static const gint64 falling[] = { 0, 2, 1, 2 }, late[] = { 1, 1, 2, 2 };
  static const gint64 short_of[] = { 0, 0, 1, 1 };
  static const gint32 beyond[] = { 1, 5 }, negative[] = { -1, 4 };
  static const gint32 twice[] = { 4, 4 };
  GstBuffer *buffer;

  assert_bad_batch (gst_buffer_new (), CSR_CAPS, "GstActBatchMeta");
  assert_bad_batch (csr_batch (falling, good_indices, good_values), CSR_CAPS,
      "batch 7, components");
  assert_bad_batch (
      csr_batch (late, good_indices, good_values), CSR_CAPS, "components");
  assert_bad_batch (
      csr_batch (short_of, good_indices, good_values), CSR_CAPS, "components");
  assert_bad_batch (
      csr_batch (good_indptr, beyond, good_values), CSR_CAPS, "components");
  assert_bad_batch (
      csr_batch (good_indptr, negative, good_values), CSR_CAPS, "components");
  assert_bad_batch (
      csr_batch (good_indptr, twice, good_values), CSR_CAPS, "components");

  buffer = csr_batch (good_indptr, good_indices, good_values);
  gst_act_batch_meta_get (buffer)->sequence_length = 4;
  assert_bad_batch (buffer, CSR_CAPS, "sequence length 4, expected 3");
  buffer = csr_batch (good_indptr, good_indices, good_values);
  gst_act_batch_meta_get (buffer)->n_samples = 100;
  assert_bad_batch (buffer, CSR_CAPS, "100 samples");
  buffer = csr_batch (good_indptr, good_indices, good_values);
  gst_act_batch_meta_get (buffer)->n_component_values = G_MAXUINT64;
  assert_bad_batch (buffer, CSR_CAPS, "too many");
  buffer = csr_batch (good_indptr, good_indices, good_values);
  gst_act_batch_meta_get (buffer)->block[GST_ACT_BLOCK_TOKENS] = 5;
  assert_bad_batch (buffer, CSR_CAPS, "no block 'tokens'");
  buffer = csr_batch (good_indptr, good_indices, good_values);
  gst_act_buffer_set_block (
      buffer, GST_ACT_BLOCK_COMPONENT_VALUES, unaligned_block (), NULL);
  assert_bad_batch (buffer, CSR_CAPS, "'component values' is not aligned");

  /* 9 is no id of a vocabulary of 9 */
  assert_bad_batch (csr_batch (good_indptr, good_indices, good_values),
      "application/x-act-components, layout=csr, batch-size=2, "
      "sequence-length=3, vocab-size=9, modules=(string)<m>, "
      "components=(int)<5>",
      "sample 14, position 2: token id 9");
}
GST_END_TEST;

GST_START_TEST (test_exclusive)
{
  gpointer data;
  GstMemory *memory = gst_act_memory_new (100, &data), *part;
  GstMemory *foreign = gst_allocator_alloc (NULL, 100, NULL);
  GstMemory *copy = gst_memory_copy (memory, 0, -1);

  fail_unless (gst_act_memory_is_exclusive (memory));
  fail_if (gst_act_memory_is_exclusive (foreign));
  fail_if (gst_act_memory_is_exclusive (copy));
  gst_memory_ref (memory);
  fail_if (gst_act_memory_is_exclusive (memory));
  gst_memory_unref (memory);
  fail_unless (gst_act_memory_is_exclusive (memory));
  part = gst_memory_share (memory, 0, 50);
  fail_if (gst_act_memory_is_exclusive (memory));
  fail_if (gst_act_memory_is_exclusive (part));
  gst_memory_unref (part);
  gst_memory_unref (copy);
  gst_memory_unref (foreign);
  gst_memory_unref (memory);
}
GST_END_TEST;

/* Blocks of all sizes at once, each written whole, some freed in between:
 * none may lie in another. With a clustering element, freed ones come again. */
static void
check_blocks_apart (void)
{
  static const gsize sizes[] = { 1, 64, 65, 8128, 8192, 8193, 131071, 131072,
    131073, 140000, 1400000, 1399936, 1300000, 2097152, 2097153, 9000000 };
  GstMemory *memories[3][G_N_ELEMENTS (sizes)];
  guint8 *data[3][G_N_ELEMENTS (sizes)];

  for (guint round = 0; round < 5; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      guint set = round % 3;

      if (round >= 3)
        gst_memory_unref (memories[set][i]);
      memories[set][i] =
          gst_act_memory_new (sizes[i], (gpointer *) &data[set][i]);
      fail_unless_equals_uint64 ((gsize) data[set][i] % 64, 0);
      fail_unless (memories[set][i]->size >= sizes[i]);
      memset (data[set][i], (int) (set * 32 + i), sizes[i]);
    }
  }
  for (guint set = 0; set < 3; set++) {
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      fail_unless_equals_int (data[set][i][0], set * 32 + i);
      fail_unless (sizes[i] == 1
          || memcmp (data[set][i], data[set][i] + 1, sizes[i] - 1) == 0);
      gst_memory_unref (memories[set][i]);
    }
  }
}

#define N_MEMORIES 40

/* in a thread that ends before they are freed */
static gpointer
make_memories (gpointer user_data)
{
  GstMemory **memories = user_data;
  gpointer data;

  for (guint i = 0; i < N_MEMORIES; i++) {
    const gsize size = i % 2 == 0 ? 20000 : 300000;

    memories[i] = gst_act_memory_new (size, &data);
    memset (data, (int) i, size);
  }
  return NULL;
}

/* each thread has its own places for blocks; another one frees them */
static void
check_blocks_of_threads (void)
{
  GstMemory *memories[4][N_MEMORIES];
  GThread *threads[G_N_ELEMENTS (memories)];

  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    threads[t] = g_thread_new (NULL, make_memories, memories[t]);
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    g_thread_join (threads[t]);
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++) {
    for (guint i = 0; i < N_MEMORIES; i++) {
      GstMapInfo map;

      fail_unless (gst_memory_map (memories[t][i], &map, GST_MAP_READ));
      fail_unless_equals_int (map.data[0], i);
      fail_unless (memcmp (map.data, map.data + 1, map.size - 64) == 0);
      gst_memory_unmap (memories[t][i], &map);
      gst_memory_unref (memories[t][i]);
    }
  }
}

GST_START_TEST (test_memory)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *clusters = g_build_filename (
      g_getenv ("ACT_TEST_DATA"), "golden", "basic", "clusters.json", NULL);
  g_autofree gchar *line =
      g_strdup_printf ("actclustermax clusters=\"%s\"", clusters);
  GstElement *bin;

  check_blocks_apart ();
  check_blocks_of_threads ();
  bin = gst_parse_bin_from_description (line, FALSE, &error);
  g_assert_no_error (error);
  fail_unless_equals_int (
      gst_element_set_state (bin, GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
  check_blocks_apart ();
  check_blocks_of_threads ();
  check_blocks_apart ();
  check_blocks_of_threads ();
  gst_element_set_state (bin, GST_STATE_NULL);
  check_blocks_apart ();
  check_blocks_of_threads ();
  gst_object_unref (bin);
}
GST_END_TEST;

GST_START_TEST (test_copies)
{
  GstBuffer *buffer = csr_batch (good_indptr, good_indices, good_values);
  GstBuffer *shallow, *deep, *less;
  GBytes *alive = g_bytes_new_static ("\1\1\0\1\1", 5);
  GstActBatchMeta *meta;

  gst_act_batch_meta_set_alive (gst_act_batch_meta_get (buffer), alive);
  g_bytes_unref (alive);
  shallow = gst_buffer_copy (buffer);
  deep = gst_buffer_copy_deep (buffer);
  less = gst_act_buffer_copy_without (
      buffer, 1u << GST_ACT_BLOCK_COMPONENT_INDICES);

  fail_unless (gst_buffer_peek_memory (shallow, 3)
      == gst_buffer_peek_memory (buffer, 3));
  meta = gst_act_batch_meta_get (deep);
  fail_unless_equals_int (meta->block[GST_ACT_BLOCK_COMPONENT_VALUES], 3);
  fail_unless_equals_int (
      ((const guint8 *) g_bytes_get_data (meta->alive, NULL))[2], 0);
  meta = gst_act_batch_meta_get (less);
  fail_unless_equals_int (gst_buffer_n_memory (less), 3);
  fail_unless_equals_int (meta->block[GST_ACT_BLOCK_COMPONENT_INDICES], -1);
  fail_unless_equals_int (meta->block[GST_ACT_BLOCK_COMPONENT_VALUES], 2);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (less), 14);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (less), 15);
  fail_unless_equals_uint64 (meta->batch_index, 7);

  /* a table that names a memory which is not there */
  gst_buffer_unref (less);
  meta = gst_act_batch_meta_get (shallow);
  meta->block[GST_ACT_BLOCK_COMPONENT_VALUES] = 9;
  less = gst_act_buffer_copy_without (shallow, 0);
  fail_unless_equals_int (gst_buffer_n_memory (less), 3);

  /* a part of a batch is no batch */
  gst_buffer_unref (deep);
  deep = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 0, 4);
  fail_unless (gst_act_batch_meta_get (deep) == NULL);

  gst_buffer_unref (less);
  gst_buffer_unref (deep);
  gst_buffer_unref (shallow);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

GST_START_TEST (test_too_many_blocks)
{
  GstBuffer *buffer = csr_batch (good_indptr, good_indices, good_values);
  GError *error = NULL;

  while (gst_buffer_n_memory (buffer) < gst_buffer_get_max_memory ())
    gst_buffer_append_memory (buffer, BLOCK (good_indptr));
  fail_if (gst_act_buffer_set_block (
      buffer, GST_ACT_BLOCK_CLUSTER_VALUES, BLOCK (good_values), &error));
  fail_unless (error != NULL);
  fail_unless_equals_int (
      gst_buffer_n_memory (buffer), gst_buffer_get_max_memory ());
  g_clear_error (&error);
  /* the memories of the three are given up, whichever did not fit */
  fail_if (gst_act_buffer_set_csr (buffer, GST_ACT_BLOCK_CLUSTER_INDPTR,
      BLOCK (good_indptr), BLOCK (good_indices), BLOCK (good_values), 2,
      &error));
  g_clear_error (&error);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

GST_START_TEST (test_record)
{
  static const guint64 samples[] = { 3, 9 };
  static const gint64 indptr[] = { 0, 1, 2 }, coactivations[] = { 5, 1 };
  static const gint32 positions[] = { 2, 0 };
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta =
      gst_act_record_meta_add (buffer, GST_ACT_RECORD_CLUSTER);
  GstActRecord record;
  GError *error = NULL;
  gfloat *rows;
  gsize n;

  meta->cluster = 1;
  meta->n_rows = 2;
  meta->n_values = 2;
  gst_act_record_set_block (
      buffer, GST_ACT_RECORD_BLOCK_SAMPLES, BLOCK (samples), NULL);
  gst_act_record_set_block (
      buffer, GST_ACT_RECORD_BLOCK_INDPTR, BLOCK (indptr), NULL);
  gst_act_record_set_block (
      buffer, GST_ACT_RECORD_BLOCK_POSITIONS, BLOCK (positions), NULL);
  fail_if (gst_act_record_map (&record, buffer, 3, 2, &error));
  fail_unless (strstr (error->message, "'values'") != NULL);
  g_clear_error (&error);

  gst_act_record_set_block (
      buffer, GST_ACT_RECORD_BLOCK_VALUES, BLOCK (good_values), NULL);
  gst_act_record_set_block (
      buffer, GST_ACT_RECORD_BLOCK_COACTIVATIONS, BLOCK (coactivations), NULL);
  gst_act_record_map (&record, buffer, 3, 2, &error);
  g_assert_no_error (error);
  fail_unless_equals_uint64 (record.samples[1], 9);
  fail_unless_equals_int64 (record.coactivations[0], 5);
  fail_unless (record.member_coactivations == NULL);
  gst_act_record_unmap (&record);

  rows = gst_act_record_dup_rows (buffer, 3, &n);
  fail_unless_equals_int (n, 6);
  fail_unless (rows[2] == 0.5f && rows[3] == -1.f && rows[0] == 0.f);
  g_free (rows);

  fail_if (gst_act_record_map (&record, buffer, 2, 2, &error));
  g_clear_error (&error);
  fail_if (gst_act_record_map (&record, buffer, 3, 1, &error));
  fail_unless (strstr (error->message, "cluster 1") != NULL);
  g_clear_error (&error);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

static void
assert_skip (GArray *ranges, guint64 batch, gint64 expected_batch,
    guint64 expected_sample)
{
  guint64 next_batch = 77, next_sample = 77;
  gboolean stored =
      gst_act_batch_ranges_skip (ranges, batch, &next_batch, &next_sample);

  fail_unless_equals_int (stored, expected_batch >= 0);
  fail_unless_equals_uint64 (next_batch, stored ? expected_batch : 77);
  fail_unless_equals_uint64 (next_sample, stored ? expected_sample : 77);
}

/* batches of four samples; the last two ranges touch, and end at a batch of
 * three */
static const GstActBatchRange stored_ranges[] = { { 2, 1, 8, 4 },
  { 5, 3, 20, 12 }, { 8, 2, 32, 7 } };

GST_START_TEST (test_stored)
{
  GstQuery *query = gst_act_query_new_stored ();
  GArray *ranges = NULL;
  guint index, count;

  fail_unless_equals_int (GST_QUERY_TYPE (query), GST_QUERY_CUSTOM);
  fail_unless (gst_act_query_is_stored (query));
  fail_if (gst_act_query_parse_stored (query, &ranges));
  fail_if (gst_act_query_parse_shard (query, &index, &count));
  gst_act_query_set_shard (query, 2, 5);
  fail_unless (gst_act_query_parse_shard (query, &index, &count));
  fail_unless_equals_int (index, 2);
  fail_unless_equals_int (count, 5);
  gst_act_query_set_stored (query, stored_ranges, G_N_ELEMENTS (stored_ranges));
  fail_unless (gst_act_query_parse_stored (query, &ranges));
  fail_unless_equals_int (ranges->len, 3);
  fail_unless (memcmp (ranges->data, stored_ranges, sizeof stored_ranges) == 0);
  assert_skip (ranges, 0, -1, 0);
  assert_skip (ranges, 1, -1, 0);
  assert_skip (ranges, 2, 3, 12);
  assert_skip (ranges, 3, -1, 0);
  assert_skip (ranges, 4, -1, 0);
  for (guint batch = 5; batch < 10; batch++)
    assert_skip (ranges, batch, 10, 39);
  assert_skip (ranges, 10, -1, 0);
  assert_skip (NULL, 0, -1, 0);
  fail_unless (gst_act_batch_ranges_skip (ranges, 2, NULL, NULL));
  g_array_unref (ranges);

  /* nothing is an answer too */
  gst_act_query_set_stored (query, NULL, 0);
  fail_unless (gst_act_query_parse_stored (query, &ranges));
  fail_unless_equals_int (ranges->len, 0);
  assert_skip (ranges, 0, -1, 0);
  g_array_unref (ranges);
  gst_query_unref (query);

  query = gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new_empty ("another"));
  fail_if (gst_act_query_is_stored (query));
  fail_if (gst_act_query_parse_stored (query, &ranges));
  gst_query_unref (query);
}
GST_END_TEST;

GST_START_TEST (test_sample_length)
{
  GstQuery *query = gst_act_query_new_sample_length ();
  guint longest = 77;

  fail_unless_equals_int (GST_QUERY_TYPE (query), GST_QUERY_CUSTOM);
  fail_unless (gst_act_query_is_sample_length (query));
  fail_if (gst_act_query_is_stored (query));
  fail_if (gst_act_query_parse_sample_length (query, &longest));
  gst_structure_set (
      gst_query_writable_structure (query), "longest", G_TYPE_UINT, 0, NULL);
  fail_if (gst_act_query_parse_sample_length (query, &longest));
  fail_unless_equals_int (longest, 77);
  gst_act_query_set_sample_length (query, 48);
  fail_unless (gst_act_query_parse_sample_length (query, &longest));
  fail_unless_equals_int (longest, 48);
  gst_query_unref (query);

  query = gst_act_query_new_stored ();
  fail_if (gst_act_query_is_sample_length (query));
  fail_if (gst_act_query_parse_sample_length (query, &longest));
  gst_query_unref (query);
}
GST_END_TEST;

/* who asks, and what text the answer is of */
GST_START_TEST (test_stored_input)
{
  /* SHA-256 of 07 00 00 00 03 00 00 00 */
  static const gint32 tokens[] = { 7, 3 };
  const guint64 digest = G_GUINT64_CONSTANT (0x3710c2f4c2562d2f);
  guint64 digests[] = { digest, 1, 2, 3, 4, 5 };
  GstQuery *query = gst_act_query_new_stored ();
  g_autoptr (GstCaps) caps = gst_act_caps_new_tokens (8, 4, 100);
  g_autofree gchar *store = NULL, *refusal = NULL;
  GArray *parsed = NULL;
  GstCaps *stream;

  fail_unless_equals_uint64 (gst_act_tokens_digest (tokens, 2), digest);
  fail_unless (gst_act_query_parse_stream (query) == NULL);
  gst_act_query_set_stream (query, caps);
  stream = gst_act_query_parse_stream (query);
  fail_unless (gst_caps_is_equal (stream, caps));
  gst_caps_unref (stream);

  fail_if (gst_act_query_parse_digests (query, &store, &parsed));
  gst_act_query_set_digests (query, "here", digests, 6);
  fail_if (gst_act_query_parse_digests (query, &store, &parsed));
  gst_act_query_set_stored (query, stored_ranges, G_N_ELEMENTS (stored_ranges));
  fail_unless (gst_act_query_parse_digests (query, &store, &parsed));
  fail_unless_equals_string (store, "here");
  g_assert_cmpmem (
      parsed->data, parsed->len * sizeof (guint64), digests, sizeof digests);
  g_clear_pointer (&store, g_free);
  g_clear_pointer (&parsed, g_array_unref);
  /* one for each batch, or none */
  gst_act_query_set_digests (query, "here", digests, 5);
  fail_if (gst_act_query_parse_digests (query, &store, &parsed));
  fail_unless (store == NULL && parsed == NULL);

  fail_unless (gst_act_query_parse_refusal (query) == NULL);
  gst_act_query_set_refusal (query, "another");
  refusal = gst_act_query_parse_refusal (query);
  fail_unless_equals_string (refusal, "another");
  gst_query_unref (query);
}
GST_END_TEST;

/* an answer that came from anywhere */
GST_START_TEST (test_stored_bad)
{
  static const struct {
    GstActBatchRange ranges[2];
    gsize size;
  } bad[] = {
    { { { 0, 1, 0, 4 } }, sizeof (GstActBatchRange) - 1 },
    { { { 0, 0, 0, 4 } }, sizeof (GstActBatchRange) },
    { { { 0, 2, 0, 1 } }, sizeof (GstActBatchRange) },
    { { { 0, 2, 0, 8 }, { 1, 1, 8, 4 } }, 2 * sizeof (GstActBatchRange) },
    { { { 0, 2, 0, 8 }, { 2, 1, 7, 4 } }, 2 * sizeof (GstActBatchRange) },
    { { { 4, 2, 8, 8 }, { 0, 1, 0, 4 } }, 2 * sizeof (GstActBatchRange) },
    { { { G_MAXUINT64, 2, 0, 8 } }, sizeof (GstActBatchRange) },
    { { { 0, 2, G_MAXUINT64 - 1, 8 } }, sizeof (GstActBatchRange) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    GstQuery *query = gst_act_query_new_stored ();
    g_autoptr (GBytes) bytes = g_bytes_new (bad[i].ranges, bad[i].size);
    GArray *ranges = NULL;

    gst_structure_set (gst_query_writable_structure (query), "ranges",
        G_TYPE_BYTES, bytes, NULL);
    fail_if (gst_act_query_parse_stored (query, &ranges), "case %u", i);
    gst_query_unref (query);
  }
}
GST_END_TEST;

GST_START_TEST (test_complete)
{
  GstEvent *event = gst_act_event_new_complete (9);
  guint64 n, first_batch, batches, samples;
  guint index, count;

  fail_unless (gst_act_event_parse_complete_shard (
      event, &n, &index, &count, &first_batch, &batches, &samples));
  fail_unless_equals_uint64 (n, 9);
  fail_unless_equals_int (index, 0);
  fail_unless_equals_int (count, 1);
  fail_unless_equals_uint64 (first_batch, 0);
  fail_unless_equals_uint64 (batches, G_MAXUINT64);
  fail_unless_equals_uint64 (samples, 9);
  gst_event_unref (event);

  event = gst_act_event_new_complete_shard (9, 2, 3, 40, 60, 27);
  fail_unless (gst_act_event_parse_complete (event, &n));
  fail_unless_equals_uint64 (n, 9);
  fail_unless (gst_act_event_parse_complete_shard (
      event, &n, &index, &count, &first_batch, &batches, &samples));
  fail_unless_equals_uint64 (n, 9);
  fail_unless_equals_int (index, 2);
  fail_unless_equals_int (count, 3);
  fail_unless_equals_uint64 (first_batch, 40);
  fail_unless_equals_uint64 (batches, 60);
  fail_unless_equals_uint64 (samples, 27);
  fail_unless (gst_act_event_parse_complete_shard (
      event, NULL, NULL, NULL, NULL, NULL, NULL));
  gst_structure_set (gst_event_writable_structure (event), "shard-index",
      G_TYPE_UINT, 3, NULL);
  fail_if (gst_act_event_parse_complete_shard (
      event, &n, &index, &count, &first_batch, &batches, &samples));
  gst_event_unref (event);
}
GST_END_TEST;

static Suite *
library_suite (void)
{
  Suite *s = suite_create ("library");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_info);
  tcase_add_test (tc, test_unknown_labels);
  tcase_add_test (tc, test_bad_caps);
  tcase_add_test (tc, test_threshold);
  tcase_add_test (tc, test_rename);
  tcase_add_test (tc, test_map);
  tcase_add_test (tc, test_bad_batches);
  tcase_add_test (tc, test_exclusive);
  tcase_add_test (tc, test_memory);
  tcase_add_test (tc, test_copies);
  tcase_add_test (tc, test_too_many_blocks);
  tcase_add_test (tc, test_record);
  tcase_add_test (tc, test_stored);
  tcase_add_test (tc, test_sample_length);
  tcase_add_test (tc, test_stored_input);
  tcase_add_test (tc, test_stored_bad);
  tcase_add_test (tc, test_complete);
  return s;
}

GST_CHECK_MAIN (library);
