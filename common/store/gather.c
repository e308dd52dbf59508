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

/* what is done with each batch of a pass */
typedef gboolean (*BatchFunc) (ActGather *gather, gsize n_positions,
    const ActStoredBatch *batch, GError **error);

static ActDrainResult
for_each_batch (ActGather *gather, BatchFunc func,
    const ActGatherSettings *settings, GError **error)
{
  ActBatchStorage *storage = act_store_get_storage (gather->store);
  const ActStoreShape *shape = act_store_get_shape (gather->store);
  const gsize n_batches = act_store_get_n_batches (gather->store);

  for (gsize b = 0; b < n_batches; b++) {
    const ActStoredBatch *batch;
    gboolean done;

    if (settings->cancelled != NULL
        && settings->cancelled (settings->user_data))
      return ACT_DRAIN_CANCELLED;
    batch = storage->funcs->acquire (storage, b, TRUE, error);
    if (batch == NULL)
      return ACT_DRAIN_ERROR;
    done = func (gather, (gsize) batch->n_samples * shape->n_ctx, batch, error);
    storage->funcs->release (storage, batch);
    if (!done)
      return ACT_DRAIN_ERROR;
  }
  return ACT_DRAIN_RUN;
}

static gboolean
count_batch (ActGather *gather, gsize n_positions, const ActStoredBatch *batch,
    GError **error)
{
  act_coactivation_add (&gather->coactivation, n_positions,
      batch->clusters.indptr, batch->clusters.indices, batch->clusters.values);
  return TRUE;
}

static gboolean
add_batch (ActGather *gather, gsize n_positions, const ActStoredBatch *batch,
    GError **error)
{
  const ActColumn *clusters;

  clusters = act_columns_add (gather->columns, n_positions, batch, error);
  if (clusters == NULL)
    return FALSE;
  act_member_counts_add (&gather->member_counts, n_positions, batch,
      gather->all_samples ? NULL : clusters);
  return count_batch (gather, n_positions, batch, error);
}

/* The matrix from row `first` on: as many rows as fit, one at least. */
static void
begin_coactivations (ActGather *gather, guint first, gsize max_memory)
{
  const guint n = act_store_get_shape (gather->store)->n_clusters;
  guint64 n_rows = max_memory / ((guint64) MAX (n, 1) * sizeof (gint64));

  act_coactivation_clear (&gather->coactivation);
  act_coactivation_init (
      &gather->coactivation, n, first, MIN (MAX (n_rows, 1), n - first));
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
  begin_coactivations (gather, 0, settings->max_memory);

  result = for_each_batch (gather, add_batch, settings, error);
  if (result == ACT_DRAIN_RUN) {
    act_coactivation_finish (&gather->coactivation);
    act_member_counts_finish (&gather->member_counts);
    gather->counted = TRUE;
  } else {
    act_gather_clear (gather);
  }
  return result;
}

ActDrainResult
act_gather_get_coactivations (ActGather *gather, guint cluster,
    const ActGatherSettings *settings, const gint64 **counts, GError **error)
{
  ActCoactivation *coactivation = &gather->coactivation;

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
  act_coactivation_clear (&gather->coactivation);
  act_member_counts_clear (&gather->member_counts);
  gather->counted = FALSE;
}
