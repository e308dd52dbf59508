/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gst/activations/gstactstored.h"

#include "formats/tokens.h"

/**
 * SECTION:gstactstored
 * @short_description: which batches a store holds already
 *
 * A run that is started again need not compute what is stored. Before its
 * first batch a source asks downstream with an `act-stored` query
 * (gst_pad_peer_query() on its source pad, once its caps are out), and leaves
 * out the batches that come back. A store answers in the query function of its
 * sink pad:
 *
 * |[<!-- language="C" -->
 * if (gst_act_query_is_stored (query)) {
 *   gst_act_query_set_stored (query, ranges, n_ranges);
 *   return TRUE;
 * }
 * ]|
 *
 * Elements between pass the query on, which is what pads and base classes do
 * with queries that they do not know. It is not serialized: behind a queue it
 * reaches the store before the caps that went ahead of it may have. So a store
 * answers from what it found when it opened its folder, and compares caps when
 * they come.
 *
 * A source whose run is cut into shards says which one it gives
 * (gst_act_query_set_shard()), so that a store can refuse batches of another.
 * It says what its caps are (gst_act_query_set_stream()), and the store refuses
 * to answer (gst_act_query_set_refusal()) where they are of another run.
 *
 * A store says with the ranges by which digests the tokens of its batches are
 * told from others (gst_act_query_set_digests()). A source compares those of
 * batches that it leaves out with gst_act_tokens_digest() of its own: as many
 * as it can have without losing what leaving out gains.
 *
 * What a source leaves out reaches nobody: behind a tee the other branches
 * miss it. Sources have a property `skip-stored` to switch it off. The number
 * of samples in act-complete is not changed by it.
 */

#define STORED "act-stored"
#define RANGES "ranges"
#define SHARD_INDEX "shard-index"
#define SHARD_COUNT "shard-count"
#define STREAM "stream"
#define REFUSAL "refusal"
#define STORE "store"
#define DIGESTS "digests"

/* sorted and disjoint, none empty, nothing beyond 64 bits */
static gboolean
ranges_are_valid (const GstActBatchRange *ranges, gsize n_ranges)
{
  guint64 batch = 0, sample = 0;

  for (gsize i = 0; i < n_ranges; i++) {
    const GstActBatchRange *range = &ranges[i];

    if (range->n_batches == 0 || range->n_samples < range->n_batches
        || range->first_batch < batch || range->first_sample < sample
        || !g_uint64_checked_add (&batch, range->first_batch, range->n_batches)
        || !g_uint64_checked_add (
            &sample, range->first_sample, range->n_samples))
      return FALSE;
  }
  return TRUE;
}

/**
 * gst_act_query_new_stored:
 *
 * A custom query that asks which batches of the run are stored downstream.
 *
 * Returns: (transfer full): the query
 */
GstQuery *
gst_act_query_new_stored (void)
{
  return gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new_empty (STORED));
}

/**
 * gst_act_query_is_stored:
 * @query: a query
 *
 * Returns: whether @query is an act-stored query
 */
gboolean
gst_act_query_is_stored (GstQuery *query)
{
  const GstStructure *s;

  g_return_val_if_fail (GST_IS_QUERY (query), FALSE);

  if (GST_QUERY_TYPE (query) != GST_QUERY_CUSTOM)
    return FALSE;
  s = gst_query_get_structure (query);
  return s != NULL && gst_structure_has_name (s, STORED);
}

/**
 * gst_act_query_set_shard:
 * @query: an act-stored query
 * @shard_index: which shard of the run asks, from 0
 * @shard_count: of how many; 1: the whole run
 *
 * Says who asks.
 */
void
gst_act_query_set_shard (GstQuery *query, guint shard_index, guint shard_count)
{
  g_return_if_fail (gst_act_query_is_stored (query));
  g_return_if_fail (shard_index < shard_count);

  gst_structure_set (gst_query_writable_structure (query), SHARD_INDEX,
      G_TYPE_UINT, shard_index, SHARD_COUNT, G_TYPE_UINT, shard_count, NULL);
}

/**
 * gst_act_query_parse_shard:
 * @query: a query
 * @shard_index: (out): which shard of the run asks, from 0
 * @shard_count: (out): of how many
 *
 * The results are only set if the query says it.
 *
 * Returns: whether @query is an act-stored query that says who asks
 */
gboolean
gst_act_query_parse_shard (
    GstQuery *query, guint *shard_index, guint *shard_count)
{
  guint index, count;

  g_return_val_if_fail (shard_index != NULL && shard_count != NULL, FALSE);

  if (!gst_act_query_is_stored (query)
      || !gst_structure_get (gst_query_get_structure (query), SHARD_INDEX,
          G_TYPE_UINT, &index, SHARD_COUNT, G_TYPE_UINT, &count, NULL)
      || index >= count)
    return FALSE;
  *shard_index = index;
  *shard_count = count;
  return TRUE;
}

/**
 * gst_act_query_set_stored:
 * @query: an act-stored query
 * @ranges: (array length=n_ranges) (nullable): the batches that are stored,
 *   sorted and disjoint; those that touch may be given as one or as several
 * @n_ranges: how many ranges, 0 if nothing is stored
 *
 * Answers the query.
 */
void
gst_act_query_set_stored (
    GstQuery *query, const GstActBatchRange *ranges, guint n_ranges)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_if_fail (gst_act_query_is_stored (query));
  g_return_if_fail (ranges != NULL || n_ranges == 0);
  g_return_if_fail (ranges_are_valid (ranges, n_ranges));

  bytes = g_bytes_new (ranges, n_ranges * sizeof *ranges);
  gst_structure_set (
      gst_query_writable_structure (query), RANGES, G_TYPE_BYTES, bytes, NULL);
}

/**
 * gst_act_query_parse_stored:
 * @query: an act-stored query that came back
 * @ranges: (out) (transfer full) (element-type GstActBatchRange): the batches
 *   that are stored, sorted and disjoint
 *
 * Returns: whether @query was answered, with ranges that are in order
 */
gboolean
gst_act_query_parse_stored (GstQuery *query, GArray **ranges)
{
  g_autoptr (GBytes) bytes = NULL;
  gconstpointer data;
  gsize size, n;

  g_return_val_if_fail (ranges != NULL, FALSE);

  if (!gst_act_query_is_stored (query)
      || !gst_structure_get (
          gst_query_get_structure (query), RANGES, G_TYPE_BYTES, &bytes, NULL)
      || bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  n = size / sizeof (GstActBatchRange);
  if (size % sizeof (GstActBatchRange) != 0 || n > G_MAXUINT
      || !ranges_are_valid (data, n))
    return FALSE;
  *ranges = g_array_sized_new (
      FALSE, FALSE, sizeof (GstActBatchRange), MAX ((guint) n, 1));
  if (n > 0)
    g_array_append_vals (*ranges, data, (guint) n);
  return TRUE;
}

/**
 * gst_act_query_set_stream:
 * @query: an act-stored query
 * @caps: the caps of the source that asks
 *
 * Says of what stream the batches are.
 */
void
gst_act_query_set_stream (GstQuery *query, GstCaps *caps)
{
  g_return_if_fail (gst_act_query_is_stored (query));
  g_return_if_fail (GST_IS_CAPS (caps));

  gst_structure_set (
      gst_query_writable_structure (query), STREAM, GST_TYPE_CAPS, caps, NULL);
}

/**
 * gst_act_query_parse_stream:
 * @query: a query
 *
 * Returns: (transfer full) (nullable): the caps of the source that asks, %NULL
 *   if @query does not say
 */
GstCaps *
gst_act_query_parse_stream (GstQuery *query)
{
  GstCaps *caps = NULL;

  if (!gst_act_query_is_stored (query)
      || !gst_structure_get (
          gst_query_get_structure (query), STREAM, GST_TYPE_CAPS, &caps, NULL))
    return NULL;
  return caps;
}

/**
 * gst_act_query_set_refusal:
 * @query: an act-stored query
 * @reason: what is wrong, in a sentence
 *
 * Answers the query: the stream may not go on in what is stored. The source
 * ends with @reason as its error.
 */
void
gst_act_query_set_refusal (GstQuery *query, const gchar *reason)
{
  g_return_if_fail (gst_act_query_is_stored (query));
  g_return_if_fail (reason != NULL);

  gst_structure_set (gst_query_writable_structure (query), REFUSAL,
      G_TYPE_STRING, reason, NULL);
}

/**
 * gst_act_query_parse_refusal:
 * @query: an act-stored query that came back
 *
 * Returns: (transfer full) (nullable): why the stream may not go on, %NULL if
 *   it may
 */
gchar *
gst_act_query_parse_refusal (GstQuery *query)
{
  g_return_val_if_fail (gst_act_query_is_stored (query), NULL);

  return g_strdup (
      gst_structure_get_string (gst_query_get_structure (query), REFUSAL));
}

/**
 * gst_act_query_set_digests:
 * @query: an act-stored query
 * @store: what messages name the store by, its folder for instance
 * @digests: (array length=n_digests): gst_act_tokens_digest() of each batch of
 *   the answer's ranges, in their order
 * @n_digests: how many batches the ranges have
 *
 * Adds to an answer what text it is of.
 */
void
gst_act_query_set_digests (GstQuery *query, const gchar *store,
    const guint64 *digests, gsize n_digests)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_if_fail (gst_act_query_is_stored (query));
  g_return_if_fail (store != NULL);
  g_return_if_fail (digests != NULL || n_digests == 0);

  bytes = g_bytes_new (digests, n_digests * sizeof *digests);
  gst_structure_set (gst_query_writable_structure (query), STORE, G_TYPE_STRING,
      store, DIGESTS, G_TYPE_BYTES, bytes, NULL);
}

/**
 * gst_act_query_parse_digests:
 * @query: an act-stored query that came back
 * @store: (out) (transfer full): what messages name the store by
 * @digests: (out) (transfer full) (element-type guint64): the digests of the
 *   answer's batches
 *
 * The results are only set if there are any.
 *
 * Returns: whether @query was answered with digests, one for each batch
 */
gboolean
gst_act_query_parse_digests (GstQuery *query, gchar **store, GArray **digests)
{
  g_autoptr (GArray) ranges = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree gchar *name = NULL;
  guint64 n_batches = 0;
  gconstpointer data;
  gsize size;

  g_return_val_if_fail (store != NULL && digests != NULL, FALSE);

  if (!gst_act_query_parse_stored (query, &ranges)
      || !gst_structure_get (gst_query_get_structure (query), STORE,
          G_TYPE_STRING, &name, DIGESTS, G_TYPE_BYTES, &bytes, NULL)
      || name == NULL || bytes == NULL)
    return FALSE;
  for (guint i = 0; i < ranges->len; i++)
    n_batches += g_array_index (ranges, GstActBatchRange, i).n_batches;
  data = g_bytes_get_data (bytes, &size);
  if (n_batches > G_MAXUINT || size % sizeof (guint64) != 0
      || size / sizeof (guint64) != n_batches)
    return FALSE;
  *store = g_steal_pointer (&name);
  *digests = g_array_sized_new (
      FALSE, FALSE, sizeof (guint64), MAX ((guint) n_batches, 1));
  if (n_batches > 0)
    g_array_append_vals (*digests, data, (guint) n_batches);
  return TRUE;
}

/**
 * gst_act_tokens_digest:
 * @tokens: (array length=n_tokens): token ids of all samples of a batch
 * @n_tokens: how many
 *
 * Returns: by what a batch's tokens are told from others: the first 8 bytes of
 *   the SHA-256 of them, as little-endian 32-bit integers, read as a big-endian
 *   number
 */
guint64
gst_act_tokens_digest (const gint32 *tokens, gsize n_tokens)
{
  g_return_val_if_fail (tokens != NULL || n_tokens == 0, 0);

  return act_tokens_digest (tokens, n_tokens);
}

/**
 * gst_act_batch_ranges_skip:
 * @ranges: (element-type GstActBatchRange) (nullable): sorted and disjoint;
 *   %NULL is none
 * @batch: index of a batch in the whole run
 * @next_batch: (out) (optional): the first batch after @batch that is in no
 *   range
 * @next_sample: (out) (optional): the sample which that batch begins with, as
 *   the ranges have it
 *
 * Says whether a batch is in one of the ranges, and if so, where to go on. The
 * results are only set if it is.
 *
 * Returns: whether @batch is in one of the ranges
 */
gboolean
gst_act_batch_ranges_skip (
    GArray *ranges, guint64 batch, guint64 *next_batch, guint64 *next_sample)
{
  const GstActBatchRange *all, *range;
  guint low = 0, high, n;

  if (ranges == NULL)
    return FALSE;
  all = (const GstActBatchRange *) (gpointer) ranges->data;
  high = n = ranges->len;
  /* the first range that does not end before the batch */
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (all[middle].first_batch + all[middle].n_batches <= batch)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == n || all[low].first_batch > batch)
    return FALSE;
  for (range = &all[low]; range + 1 < all + n
       && range[1].first_batch == range->first_batch + range->n_batches;)
    range++;
  if (next_batch != NULL)
    *next_batch = range->first_batch + range->n_batches;
  if (next_sample != NULL)
    *next_sample = range->first_sample + range->n_samples;
  return TRUE;
}
