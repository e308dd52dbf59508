/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gst/activations/gstactstored.h"

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
 *
 * What a source leaves out reaches nobody: behind a tee the other branches
 * miss it. Sources have a property `skip-stored` to switch it off. The number
 * of samples in act-complete is not changed by it.
 */

#define STORED "act-stored"
#define RANGES "ranges"
#define SHARD_INDEX "shard-index"
#define SHARD_COUNT "shard-count"

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
