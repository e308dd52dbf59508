/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shards of a run, and batches that are left out because a store has them, of
 * each element that makes batches. A probe at the sink stands for the store. */
#include "collect.h"

#include "../core/testfile.h"
#include "formats/npy.h"
#include "formats/tokens.h"

#define N_CTX 4
#define N_SAMPLES 22
#define BATCH_SIZE 4

/* the sources, their common properties, and what may come behind */
static char *
tokens_line (const char *more, const char *behind)
{
  g_autofree char *path = test_path ("t.npy");

  return g_strdup_printf (
      "acttokensrc name=src location=%s batch-size=%d vocab-size=100 %s ! %s "
      "fakesink name=sink",
      path, BATCH_SIZE, more, behind);
}

static char *
dump_line (const char *more, const char *behind)
{
  return g_strdup_printf (
      "actdumpsrc name=src location=%s/golden/ragged_last_batch %s ! %s "
      "fakesink name=sink",
      g_getenv ("ACT_TEST_DATA"), more, behind);
}

static char *
text_line (const char *more, const char *behind)
{
  const char *sample = g_getenv ("ACT_TEST_SAMPLE");

  return g_strdup_printf (
      "acttextsrc location=%s/README.md format=lines ! acttokenize name=src "
      "tokenizer=%s/tokenizer.json n-ctx=16 batch-size=8 %s ! %s fakesink "
      "name=sink",
      sample, sample, more, behind);
}

typedef char *(*Line) (const char *more, const char *behind);
static const Line lines[] = { tokens_line, dump_line, text_line };

static void
setup (void)
{
  gint32 ids[N_SAMPLES * N_CTX];
  ActTensor tensor = { .name = "ids",
    .dtype = ACT_DTYPE_I32,
    .n_dims = 2,
    .shape = { N_SAMPLES, N_CTX } };
  g_autofree char *path = NULL;

  test_folder_make ();
  path = test_path ("t.npy");
  for (guint i = 0; i < N_SAMPLES * N_CTX; i++)
    ids[i] = (gint32) i;
  act_tensor_set_sizes (&tensor, NULL);
  tensor.data = (const guint8 *) ids;
  fail_unless (act_npy_write (path, &tensor, NULL));
}

static void
teardown (void)
{
  test_folder_remove ();
}

static Collected *
run (Line line, const char *more)
{
  g_autofree char *description = line (more, "");

  return collect (description, NULL);
}

/* the same index, samples and content of the first block, the tokens */
static void
assert_same_batch (GstBuffer *a, GstBuffer *b)
{
  GstActBatchMeta *x = gst_act_batch_meta_get (a);
  GstActBatchMeta *y = gst_act_batch_meta_get (b);
  gsize size = (gsize) x->n_samples * x->sequence_length * sizeof (gint32);
  GstMapInfo p, q;

  fail_unless_equals_uint64 (x->batch_index, y->batch_index);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (a), GST_BUFFER_OFFSET (b));
  fail_unless_equals_uint64 (
      GST_BUFFER_OFFSET_END (a), GST_BUFFER_OFFSET_END (b));
  fail_unless_equals_int (x->n_samples, y->n_samples);
  fail_unless_equals_int (gst_buffer_n_memory (a), gst_buffer_n_memory (b));
  gst_memory_map (gst_buffer_peek_memory (a, 0), &p, GST_MAP_READ);
  gst_memory_map (gst_buffer_peek_memory (b, 0), &q, GST_MAP_READ);
  fail_unless (p.size >= size && q.size >= size);
  g_assert_cmpmem (p.data, size, q.data, size);
  gst_memory_unmap (p.memory, &p);
  gst_memory_unmap (q.memory, &q);
}

static GstBuffer *
batch_of (const Collected *c, guint i)
{
  return g_ptr_array_index (c->buffers, i);
}

/* a shard's batches and what it says of itself; returns the batch after it */
static guint
assert_shard (
    const Collected *whole, const Collected *c, guint k, guint n, guint batch)
{
  guint64 n_samples = 0;
  guint n_batches = whole->buffers->len;

  fail_unless (c->error == NULL, "%s", c->error);
  fail_unless (c->caps != NULL && gst_caps_is_equal (c->caps, whole->caps));
  fail_unless_equals_int (batch, n_batches * k / n);
  fail_unless_equals_int (c->buffers->len, n_batches * (k + 1) / n - batch);
  for (guint i = 0; i < c->buffers->len; i++) {
    assert_same_batch (batch_of (c, i), batch_of (whole, batch + i));
    n_samples += gst_act_batch_meta_get (batch_of (c, i))->n_samples;
  }
  fail_unless_equals_int64 (c->complete, (gint64) n_samples);
  if (c->buffers->len > 0)
    fail_unless_equals_int (c->buffers_before, c->buffers->len - 1);
  fail_unless_equals_int (c->shard_index, k);
  fail_unless_equals_int (c->shard_count, n);
  fail_unless_equals_uint64 (c->first_batch, batch);
  fail_unless_equals_uint64 (c->run_batches, n_batches);
  fail_unless_equals_uint64 (c->run_samples, (guint64) whole->complete);
  fail_unless_equals_uint64 (c->samples_done, n_samples);
  fail_unless_equals_uint64 (c->samples_total, n_samples);
  return batch + c->buffers->len;
}

/* one after the other they are the run, also where there are more than
 * batches */
GST_START_TEST (test_shards)
{
  static const guint counts[] = { 1, 2, 3, 7, 100 };
  g_autoptr (Collected) whole = run (lines[__i__], "");

  fail_unless (whole->error == NULL, "%s", whole->error);
  fail_unless (whole->buffers->len > 2 && whole->buffers->len < 100);
  fail_unless_equals_int (whole->shard_count, 1);
  fail_unless_equals_uint64 (whole->run_batches, whole->buffers->len);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    guint batch = 0;

    for (guint k = 0; k < counts[i]; k++) {
      g_autofree char *more =
          g_strdup_printf ("shard-index=%u shard-count=%u", k, counts[i]);
      g_autoptr (Collected) c = run (lines[__i__], more);

      batch = assert_shard (whole, c, k, counts[i], batch);
    }
    fail_unless_equals_int (batch, whole->buffers->len);
  }
}
GST_END_TEST;

/* the last of very many, and one that does not exist */
GST_START_TEST (test_shard_numbers)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  g_autoptr (Collected) last =
      run (lines[__i__], "shard-index=4294967294 shard-count=4294967295");
  g_autoptr (Collected) bad = run (lines[__i__], "shard-index=3 shard-count=3");

  fail_unless_equals_int (last->buffers->len, 1);
  assert_same_batch (
      batch_of (last, 0), batch_of (whole, whole->buffers->len - 1));
  fail_unless (
      bad->error != NULL && strstr (bad->error, "shard-index is 3") != NULL);
}
GST_END_TEST;

/* first-sample and n-samples name the run; its outer batches are cut */
GST_START_TEST (test_shards_of_range)
{
  g_autoptr (Collected) whole = run (tokens_line, "first-sample=6 n-samples=9");
  guint batch = 0;

  fail_unless_equals_int (whole->buffers->len, 3);
  for (guint k = 0; k < 2; k++) {
    g_autofree char *more = g_strdup_printf (
        "first-sample=6 n-samples=9 shard-index=%u shard-count=2", k);
    g_autoptr (Collected) c = run (tokens_line, more);

    fail_unless_equals_uint64 (c->first_batch, 1 + batch);
    fail_unless_equals_uint64 (c->run_batches, 3);
    fail_unless_equals_uint64 (c->run_samples, 9);
    for (guint i = 0; i < c->buffers->len; i++)
      assert_same_batch (batch_of (c, i), batch_of (whole, batch++));
  }
  fail_unless_equals_int (batch, 3);
}
GST_END_TEST;

/* ---- what is stored ---- */

typedef struct {
  GstActBatchRange ranges[8];
  guint n_ranges;
  guint64 digests[64]; /* of each batch in the ranges */
  guint n_digests;     /* 0: the store does not say */
  const char *refusal;
  guint n_asked;
  gboolean had_caps; /* at a sink without a queue in between */
} Store;

static GstPadProbeReturn
answer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  Store *store = data;

  if (!gst_act_query_is_stored (query))
    return GST_PAD_PROBE_OK;
  store->n_asked++;
  store->had_caps = gst_pad_has_current_caps (pad);
  gst_act_query_set_stored (query, store->ranges, store->n_ranges);
  if (store->n_digests > 0)
    gst_act_query_set_digests (
        query, "the-store", store->digests, store->n_digests);
  if (store->refusal != NULL)
    gst_act_query_set_refusal (query, store->refusal);
  return GST_PAD_PROBE_HANDLED;
}

static GstElement *
with_store (const char *description, Store *store)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch_full (
      description, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstPad) pad = NULL;

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer, store, NULL);
  return pipeline;
}

/* a bit a batch */
static void
store_batches (Store *store, const Collected *whole, guint64 mask)
{
  memset (store, 0, sizeof *store);
  for (guint i = 0; i < whole->buffers->len; i++) {
    GstBuffer *buffer = batch_of (whole, i);
    GstActBatchRange *range = &store->ranges[store->n_ranges];

    if (!(mask >> i & 1))
      continue;
    g_assert_cmpuint (store->n_ranges, <, G_N_ELEMENTS (store->ranges));
    if (range->n_batches == 0) {
      range->first_batch = i;
      range->first_sample = GST_BUFFER_OFFSET (buffer);
    }
    range->n_batches++;
    range->n_samples += gst_act_batch_meta_get (buffer)->n_samples;
    if (i + 1 == whole->buffers->len || !(mask >> (i + 1) & 1))
      store->n_ranges++;
  }
}

static guint64
digest_of (GstBuffer *buffer)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  guint64 digest;
  GstMapInfo map;

  gst_memory_map (gst_buffer_peek_memory (buffer, 0), &map, GST_MAP_READ);
  digest = gst_act_tokens_digest ((const gint32 *) (gpointer) map.data,
      (gsize) meta->n_samples * meta->sequence_length);
  gst_memory_unmap (map.memory, &map);
  return digest;
}

static void
store_digests (Store *store, const Collected *whole, guint64 mask)
{
  for (guint i = 0; i < whole->buffers->len; i++)
    if (mask >> i & 1)
      store->digests[store->n_digests++] = digest_of (batch_of (whole, i));
}

/* only the others come, from first to before end, and the total is that of
 * all */
static void
assert_others (const Collected *whole, const Collected *c, guint64 mask,
    guint first, guint end)
{
  guint64 n_samples = 0;
  guint next = 0;

  fail_unless (c->error == NULL, "%s", c->error);
  fail_unless (c->caps != NULL);
  fail_unless (c->segment_format_is_default);
  for (guint i = first; i < end; i++) {
    n_samples += gst_act_batch_meta_get (batch_of (whole, i))->n_samples;
    if (mask >> i & 1)
      continue;
    fail_unless (next < c->buffers->len);
    assert_same_batch (batch_of (c, next++), batch_of (whole, i));
  }
  fail_unless_equals_int (next, c->buffers->len);
  fail_unless_equals_int64 (c->complete, (gint64) n_samples);
  /* before the last one; but text that is tokenized as it goes out may end
   * with batches that are stored, which nobody knew */
  fail_unless (c->buffers_before == MAX (next, 1) - 1
      || (c->buffers_before == next && mask >> (end - 1) & 1));
  fail_unless_equals_uint64 (c->samples_done, n_samples);
  fail_unless_equals_uint64 (c->samples_total, n_samples);
}

/* nothing, the start, the middle, the end, holes, everything; twice each */
static const guint64 masks[] = { 0, 0x3, 0x6, 0x5, G_MAXUINT64,
  G_MAXUINT64 << 2, G_MAXUINT64 ^ 0x4 };

GST_START_TEST (test_skip)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  g_autofree char *description = lines[__i__]("", "");
  Store store;

  for (guint i = 0; i < G_N_ELEMENTS (masks); i++) {
    g_autoptr (GstElement) pipeline = with_store (description, &store);

    store_batches (&store, whole, masks[i]);
    for (guint k = 1; k <= 2; k++) {
      g_autoptr (Collected) c = collect_pipeline (pipeline, NULL);

      assert_others (whole, c, masks[i], 0, whole->buffers->len);
      fail_unless_equals_int (store.n_asked, k);
      fail_unless (store.had_caps);
    }
  }
}
GST_END_TEST;

GST_START_TEST (test_skip_in_shards)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  guint n = whole->buffers->len;
  Store store;

  for (guint i = 0; i < G_N_ELEMENTS (masks); i++) {
    for (guint k = 0; k < 2; k++) {
      g_autofree char *more =
          g_strdup_printf ("shard-count=2 shard-index=%u", k);
      g_autofree char *description = lines[__i__](more, "");
      g_autoptr (GstElement) pipeline = with_store (description, &store);
      g_autoptr (Collected) c = NULL;

      store_batches (&store, whole, masks[i]);
      c = collect_pipeline (pipeline, NULL);
      assert_others (whole, c, masks[i], n * k / 2, n * (k + 1) / 2);
    }
  }
}
GST_END_TEST;

GST_START_TEST (test_no_skip)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  g_autofree char *description = lines[__i__]("skip-stored=false", "");
  Store store;
  g_autoptr (GstElement) pipeline = with_store (description, &store);
  g_autoptr (Collected) c = NULL;

  store_batches (&store, whole, 0x3);
  c = collect_pipeline (pipeline, NULL);
  assert_others (whole, c, 0, 0, whole->buffers->len);
  fail_unless_equals_int (store.n_asked, 0);
}
GST_END_TEST;

/* batches that are cut otherwise are those of another run */
GST_START_TEST (test_other_run)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  g_autofree char *description = lines[__i__]("", "");
  guint n = whole->buffers->len;

  for (guint i = 0; i < 3; i++) {
    Store store;
    g_autoptr (GstElement) pipeline = with_store (description, &store);
    g_autoptr (Collected) c = NULL;

    store_batches (&store, whole, i == 2 ? G_MAXUINT64 << (n - 1) : 0x2);
    if (i == 0)
      store.ranges[0].first_sample--;
    else /* the last batch may be short, but not anyhow */
      store.ranges[0].n_samples++;
    c = collect_pipeline (pipeline, NULL);
    fail_unless (
        c->error != NULL && strstr (c->error, "of another run") != NULL, "%s",
        c->error);
    fail_unless_equals_int64 (c->complete, -1);
  }
}
GST_END_TEST;

/* batches that have other tokens are those of another input; of files, whose
 * batches are not read to leave them out, the outer ones of a range count */
GST_START_TEST (test_other_tokens)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  g_autofree char *description = lines[__i__]("", "");
  const guint64 mask = 0x7;

  for (gint other = -1; other < 3; other++) {
    Store store;
    g_autoptr (GstElement) pipeline = with_store (description, &store);
    g_autoptr (Collected) c = NULL;

    store_batches (&store, whole, mask);
    store_digests (&store, whole, mask);
    if (other >= 0)
      store.digests[other] ^= 1;
    c = collect_pipeline (pipeline, NULL);
    if (other < 0 || (other == 1 && lines[__i__] != text_line)) {
      assert_others (whole, c, mask, 0, whole->buffers->len);
      continue;
    }
    fail_unless (c->error != NULL);
    fail_unless (strstr (c->error, "the store 'the-store'") != NULL);
    fail_unless (strstr (c->error, "has other tokens") != NULL);
    fail_unless_equals_int (c->buffers->len, 0);
    fail_unless_equals_int64 (c->complete, -1);
  }
}
GST_END_TEST;

/* the same of a shard, whose tokens wait in a file, and whose first batch is
 * not the run's */
GST_START_TEST (test_other_tokens_of_a_shard)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  guint n = whole->buffers->len, first = n / 2;
  g_autofree char *description =
      lines[__i__]("shard-count=2 shard-index=1", "");
  const guint64 mask = (guint64) 1 << first;

  for (guint other = 0; other < 2; other++) {
    Store store;
    g_autoptr (GstElement) pipeline = with_store (description, &store);
    g_autoptr (Collected) c = NULL;

    store_batches (&store, whole, mask);
    store_digests (&store, whole, mask);
    store.digests[0] ^= other;
    c = collect_pipeline (pipeline, NULL);
    if (other == 0)
      assert_others (whole, c, mask, first, n);
    else
      fail_unless (
          c->error != NULL && strstr (c->error, "has other tokens") != NULL);
  }
}
GST_END_TEST;

/* what a plan would have of a shard */
static guint64
plan_tokens (const Collected *whole, guint k, guint n)
{
  const guint n_batches = whole->buffers->len;
  const guint first = n_batches * k / n, end = n_batches * (k + 1) / n;
  guint64 digests[64];

  fail_unless (n_batches <= G_N_ELEMENTS (digests));
  for (guint i = first; i < end; i++)
    digests[i - first] = digest_of (batch_of (whole, i));
  return act_tokens_digest_shard (
      first, n_batches, (guint64) whole->complete, digests, end - first);
}

/* a shard is given if its tokens and the run's length are those of the plan */
GST_START_TEST (test_planned)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");

  for (guint n = 1; n < 4; n++) {
    for (guint k = 0; k < n; k++) {
      const guint64 tokens = plan_tokens (whole, k, n);

      for (guint other = 0; other < 2; other++) {
        g_autofree char *more = g_strdup_printf (
            "shard-index=%u shard-count=%u tokens-digest=%" G_GUINT64_FORMAT, k,
            n, tokens ^ other);
        g_autoptr (Collected) c = run (lines[__i__], more);

        if (other == 0) {
          assert_shard (whole, c, k, n, whole->buffers->len * k / n);
          continue;
        }
        fail_unless (c->error != NULL
            && strstr (c->error, "has changed since the run was planned")
                != NULL);
        fail_unless_equals_int (c->buffers->len, 0);
        fail_unless_equals_int64 (c->complete, -1);
      }
    }
  }
}
GST_END_TEST;

/* what somebody plans with is of the whole run, also of a shard without
 * batches */
GST_START_TEST (test_post_digests)
{
  static const char *const shards[] = { "", "shard-count=3 shard-index=1",
    "shard-count=4294967295" };
  g_autoptr (Collected) whole = run (lines[__i__], "");

  for (guint s = 0; s < G_N_ELEMENTS (shards); s++) {
    g_autofree char *more = g_strdup_printf ("post-digests=true %s", shards[s]);
    g_autofree char *description = lines[__i__](more, "");
    g_autoptr (Collected) c = collect (description, "act-digests");
    g_autoptr (GBytes) bytes = NULL;
    const guint64 *digests;
    gsize size;

    fail_unless (c->error == NULL, "%s", c->error);
    fail_unless (c->summary != NULL);
    fail_unless (
        gst_structure_get (c->summary, "digests", G_TYPE_BYTES, &bytes, NULL));
    digests = g_bytes_get_data (bytes, &size);
    fail_unless_equals_int (size / sizeof *digests, whole->buffers->len);
    for (guint i = 0; i < whole->buffers->len; i++)
      fail_unless_equals_uint64 (digests[i], digest_of (batch_of (whole, i)));
  }
}
GST_END_TEST;

/* a longer text, of which this one is the beginning */
GST_START_TEST (test_batches_behind_the_text)
{
  g_autoptr (Collected) whole = run (text_line, "");
  g_autofree char *description = text_line ("", "");
  Store store;
  g_autoptr (GstElement) pipeline = with_store (description, &store);
  g_autoptr (Collected) c = NULL;

  store_batches (&store, whole, G_MAXUINT64);
  store.ranges[0].n_batches++;
  store.ranges[0].n_samples += 8;
  c = collect_pipeline (pipeline, NULL);
  fail_unless (c->error != NULL && strstr (c->error, "ends before") != NULL);
  fail_unless_equals_int64 (c->complete, -1);
}
GST_END_TEST;

/* a store that does not take the stream says why */
GST_START_TEST (test_refused)
{
  g_autofree char *description = lines[__i__]("", "");
  Store store = { .refusal = "of another model" };
  g_autoptr (GstElement) pipeline = with_store (description, &store);
  g_autoptr (Collected) c = collect_pipeline (pipeline, NULL);

  fail_unless (
      c->error != NULL && strstr (c->error, "of another model") != NULL);
  fail_unless_equals_int (c->buffers->len, 0);
  fail_unless_equals_int64 (c->complete, -1);
}
GST_END_TEST;

/* what comes between passes the question on */
GST_START_TEST (test_elements_between)
{
  const char *sample = g_getenv ("ACT_TEST_SAMPLE");
  g_autofree char *behind = g_strdup_printf (
      "queue ! actforward model=%s ! queue ! actdeadfilter ! queue ! "
      "actclustermax clusters=%s/clusters.json ! queue !",
      sample, sample);
  g_autofree char *description = text_line ("", behind);
  Store store;
  g_autoptr (GstElement) pipeline = with_store (description, &store);
  g_autoptr (Collected) whole = NULL, c = NULL;
  const guint64 mask = 0x15;

  memset (&store, 0, sizeof store);
  whole = collect_pipeline (pipeline, NULL);
  store_batches (&store, whole, mask);
  c = collect_pipeline (pipeline, NULL);
  assert_others (whole, c, mask, 0, whole->buffers->len);
  fail_unless_equals_int (store.n_asked, 1);
}
GST_END_TEST;

static void
wait_state (GstElement *pipeline)
{
  fail_unless_equals_int (
      gst_element_get_state (pipeline, NULL, NULL, 60 * GST_SECOND),
      GST_STATE_CHANGE_SUCCESS);
}

/* each segment asks anew; position and duration stay global */
GST_START_TEST (test_seek)
{
  g_autoptr (Collected) whole = run (tokens_line, "");
  g_autofree char *description =
      tokens_line ("shard-count=2 shard-index=1", "");
  Store store;
  g_autoptr (GstElement) pipeline = with_store (description, &store);
  g_autoptr (Collected) c = NULL;
  gint64 position, duration;

  /* the shard has batches 3 to 5, of which 4 is stored */
  store_batches (&store, whole, 0x10);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  wait_state (pipeline);
  fail_unless (
      gst_element_query_duration (pipeline, GST_FORMAT_DEFAULT, &duration));
  fail_unless_equals_int64 (duration, N_SAMPLES);
  fail_unless (
      gst_element_query_position (pipeline, GST_FORMAT_DEFAULT, &position));
  fail_unless (position >= 12 && position <= 16);
  /* before the shard there is nothing: it begins where the shard does */
  fail_unless (gst_element_seek (pipeline, 1.0, GST_FORMAT_DEFAULT,
      GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0));
  wait_state (pipeline);
  fail_unless_equals_int (store.n_asked, 2);
  c = collect_pipeline (pipeline, NULL);
  fail_unless_equals_int64 (c->complete, 10);
  fail_unless_equals_int (c->buffers->len, 1);
  assert_same_batch (batch_of (c, 0), batch_of (whole, 5));
}
GST_END_TEST;

/* stopped in the middle, with batches waiting, and run again */
GST_START_TEST (test_reuse)
{
  g_autoptr (Collected) whole = run (lines[__i__], "");
  g_autofree char *description =
      lines[__i__]("shard-count=2 shard-index=1", "");
  Store store = { 0 };
  g_autoptr (GstElement) pipeline = with_store (description, &store);
  guint n = whole->buffers->len;

  for (guint i = 0; i < 3; i++) {
    g_autoptr (Collected) c = NULL;

    gst_element_set_state (pipeline, GST_STATE_PAUSED);
    wait_state (pipeline);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    c = collect_pipeline (pipeline, NULL);
    assert_others (whole, c, 0, n / 2, n);
  }
}
GST_END_TEST;

static Suite *
shards_suite (void)
{
  Suite *suite = suite_create ("shards");
  TCase *tc = tcase_create ("general");
  const int n = G_N_ELEMENTS (lines);

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc, test_shards, 0, n);
  tcase_add_loop_test (tc, test_shard_numbers, 0, n);
  tcase_add_test (tc, test_shards_of_range);
  tcase_add_loop_test (tc, test_skip, 0, n);
  tcase_add_loop_test (tc, test_skip_in_shards, 0, n);
  tcase_add_loop_test (tc, test_no_skip, 0, n);
  tcase_add_loop_test (tc, test_other_run, 0, n);
  tcase_add_loop_test (tc, test_other_tokens, 0, n);
  tcase_add_loop_test (tc, test_other_tokens_of_a_shard, 0, n);
  tcase_add_loop_test (tc, test_planned, 0, n);
  tcase_add_loop_test (tc, test_post_digests, 0, n);
  tcase_add_test (tc, test_batches_behind_the_text);
  tcase_add_loop_test (tc, test_refused, 0, n);
  tcase_add_test (tc, test_elements_between);
  tcase_add_test (tc, test_seek);
  tcase_add_loop_test (tc, test_reuse, 0, n);
  return suite;
}

GST_CHECK_MAIN (shards);
