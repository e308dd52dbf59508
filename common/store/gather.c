/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/gather.h"

#include <string.h>

static guint
assign_columns (
    ActGather *gather, const ActStoreShape *shape, const ActMembers *members)
{
  const guint *member = members->members;
  guint n = shape->n_clusters;

  gather->column_of = g_new (gint32, shape->n_components);
  for (guint i = 0; i < shape->n_components; i++)
    gather->column_of[i] = -1;
  if (members->n_members == NULL)
    return n;
  for (guint c = 0; c < shape->n_clusters; member += members->n_members[c++]) {
    for (guint m = 0; m < members->n_members[c]; m++)
      if (gather->column_of[member[m]] < 0)
        gather->column_of[member[m]] = n++;
  }
  return n;
}

/* Counting a row at a time finds each pair twice, but with sums that stay in
 * the cache, and takes one pass over the stored batches, where the matrix takes
 * one for each part of it that fits in memory. It is given up when bit sets
 * cost less than pairs by a fourth. Measured with 6,000 clusters: of 400 at a
 * position 4.8 s in the matrix, where sets cost 0.44 of the pairs, against 10.5
 * s in rows; 600, 0.2 of them: 4.2 s against 12.0. With 20,000 clusters, and
 * 20 at a position, sets would cost 1,900 times the pairs. */
static gboolean
sets_are_worth_it (const ActGather *gather)
{
  return gather->pair_cost / 5 > gather->least_cost / 4;
}

/* what is done with each batch of a pass */
typedef ActDrainResult (*BatchFunc) (ActGather *gather, gsize n_positions,
    const ActStoredBatch *batch, const ActGatherSettings *settings,
    GError **error);

static gboolean
is_cancelled (const ActGatherSettings *settings)
{
  return settings->cancelled != NULL
      && settings->cancelled (settings->user_data);
}

static ActDrainResult
for_each_batch (ActGather *gather, BatchFunc func,
    const ActGatherSettings *settings, GError **error)
{
  ActBatchStorage *storage = act_store_get_storage (gather->store);
  const ActStoreShape *shape = act_store_get_shape (gather->store);
  const gsize n_batches = act_store_get_n_batches (gather->store);

  for (gsize b = 0; b < n_batches; b++) {
    const ActStoredBatch *batch;
    ActDrainResult result;

    if (is_cancelled (settings))
      return ACT_DRAIN_CANCELLED;
    batch = storage->funcs->acquire (storage, b, TRUE, error);
    if (batch == NULL)
      return ACT_DRAIN_ERROR;
    result = func (gather, (gsize) batch->n_samples * shape->n_ctx, batch,
        settings, error);
    storage->funcs->release (storage, batch);
    if (result != ACT_DRAIN_RUN)
      return result;
  }
  return ACT_DRAIN_RUN;
}

static ActDrainResult
count_batch (ActGather *gather, gsize n_positions, const ActStoredBatch *batch,
    const ActGatherSettings *settings, GError **error)
{
  act_coactivation_add (&gather->coactivation, n_positions,
      batch->clusters.indptr, batch->clusters.indices, batch->clusters.values);
  return ACT_DRAIN_RUN;
}

static ActDrainResult
spill_rows (
    ActGather *gather, const ActGatherSettings *settings, GError **error)
{
  const guint n_clusters = act_store_get_shape (gather->store)->n_clusters;

  act_columns_rewind (gather->columns);
  for (guint c = 0; c < n_clusters; c++) {
    if (is_cancelled (settings))
      return ACT_DRAIN_CANCELLED;
    if (!act_row_counts_spill (gather->row_counts, gather->columns, c, error))
      return ACT_DRAIN_ERROR;
  }
  act_row_counts_restart (gather->row_counts);
  act_columns_rewind (gather->columns);
  return ACT_DRAIN_RUN;
}

/* before the batch's columns are added: those of the lists are there */
static ActDrainResult
add_to_rows (ActGather *gather, gsize n_positions, const ActStoredBatch *batch,
    const ActGatherSettings *settings, GError **error)
{
  const ActCsr *csr = &batch->clusters;

  act_coactivation_estimate (act_store_get_shape (gather->store)->n_clusters,
      n_positions, csr->indptr, &gather->pair_cost, &gather->least_cost);
  if (sets_are_worth_it (gather)) {
    g_clear_pointer (&gather->row_counts, act_row_counts_free);
    return ACT_DRAIN_RUN;
  }
  if (act_row_counts_is_full (gather->row_counts, n_positions, csr->n_values)) {
    ActDrainResult result = spill_rows (gather, settings, error);

    if (result != ACT_DRAIN_RUN)
      return result;
  }
  act_row_counts_add (gather->row_counts, n_positions, csr);
  return ACT_DRAIN_RUN;
}

static ActDrainResult
add_batch (ActGather *gather, gsize n_positions, const ActStoredBatch *batch,
    const ActGatherSettings *settings, GError **error)
{
  const ActColumn *clusters;

  if (gather->row_counts != NULL) {
    ActDrainResult result =
        add_to_rows (gather, n_positions, batch, settings, error);

    if (result != ACT_DRAIN_RUN)
      return result;
  }
  clusters = act_columns_add (gather->columns, n_positions, batch, error);
  if (clusters == NULL)
    return ACT_DRAIN_ERROR;
  act_member_counts_add (&gather->member_counts, n_positions, batch,
      gather->all_samples ? NULL : clusters);
  return gather->coactivation.counts != NULL
      ? count_batch (gather, n_positions, batch, settings, error)
      : ACT_DRAIN_RUN;
}

static guint
rows_that_fit (guint n_clusters, gsize max_memory)
{
  guint64 n = max_memory / ((guint64) MAX (n_clusters, 1) * sizeof (gint64));

  return MIN (n, n_clusters);
}

/* The matrix from row `first` on: as many rows as fit, one at least. */
static void
begin_coactivations (ActGather *gather, guint first, gsize max_memory)
{
  const guint n = act_store_get_shape (gather->store)->n_clusters;
  guint n_rows = MAX (rows_that_fit (n, max_memory), 1);

  act_coactivation_clear (&gather->coactivation);
  act_coactivation_init (
      &gather->coactivation, n, first, MIN (n_rows, n - first));
}

ActDrainResult
act_gather_init (ActGather *gather, ActStore *store,
    const ActGatherSettings *settings, GError **error)
{
  const ActStoreShape *shape = act_store_get_shape (store);
  ActColumnsSettings columns = {
    .n_clusters = shape->n_clusters,
    .n_components = shape->n_components,
    .max_memory = settings->max_memory,
    .folder = settings->folder,
  };
  ActDrainResult result;

  gather->store = store;
  gather->all_samples = settings->all_samples;
  columns.n_columns = assign_columns (gather, shape, &settings->members);
  columns.column_of = gather->column_of;
  gather->columns = act_columns_new (&columns);
  act_member_counts_init (&gather->member_counts, &settings->members,
      shape->n_clusters, shape->n_components);
  if (rows_that_fit (shape->n_clusters, settings->max_memory)
      == shape->n_clusters)
    begin_coactivations (gather, 0, settings->max_memory);
  else
    gather->row_counts = act_row_counts_new (
        shape->n_clusters, settings->max_memory, settings->folder);

  result = for_each_batch (gather, add_batch, settings, error);
  if (result != ACT_DRAIN_RUN) {
    act_gather_clear (gather);
    return result;
  }
  act_member_counts_finish (&gather->member_counts);
  gather->counted = gather->coactivation.counts != NULL;
  if (gather->counted)
    act_coactivation_finish (&gather->coactivation);
  return ACT_DRAIN_RUN;
}

ActDrainResult
act_gather_get_coactivations (ActGather *gather, guint cluster,
    const ActGatherSettings *settings, const gint64 **counts, GError **error)
{
  ActCoactivation *coactivation = &gather->coactivation;

  if (gather->row_counts != NULL) {
    *counts = act_row_counts_get (
        gather->row_counts, gather->columns, cluster, error);
    return *counts != NULL ? ACT_DRAIN_RUN : ACT_DRAIN_ERROR;
  }
  if (!gather->counted
      || cluster - coactivation->first >= coactivation->n_rows) {
    ActDrainResult result;

    gather->counted = FALSE;
    begin_coactivations (gather, cluster, settings->max_memory);
    result = for_each_batch (gather, count_batch, settings, error);
    if (result != ACT_DRAIN_RUN)
      return result;
    act_coactivation_finish (coactivation);
    gather->counted = TRUE;
  }
  *counts = coactivation->counts
      + (gsize) (cluster - coactivation->first) * coactivation->n_cols;
  return ACT_DRAIN_RUN;
}

void
act_gather_clear (ActGather *gather)
{
  g_clear_pointer (&gather->column_of, g_free);
  g_clear_pointer (&gather->columns, act_columns_free);
  g_clear_pointer (&gather->row_counts, act_row_counts_free);
  act_coactivation_clear (&gather->coactivation);
  act_member_counts_clear (&gather->member_counts);
  gather->counted = FALSE;
}
