/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/gather.h"

#include <string.h>
#include <sys/mman.h>

/* All columns are written at once, each at its own place. Dense columns are
 * equally long, often a multiple of 4 KiB: without a gap all those places
 * would share a few sets of the caches. */
#define COLUMN_GAP 9

/* of the kernel's small pages, for madvise () */
#define CELLS_ALIGNMENT 4096

static guint
assign_columns (ActGather *gather, const ActStoreShape *shape,
    const ActMembers *members, gboolean component_rows)
{
  guint n = gather->n_clusters;
  gsize at = 0;

  gather->column_of = g_new (gint32, shape->n_components);
  for (guint i = 0; i < shape->n_components; i++)
    gather->column_of[i] = -1;
  if (members->n_members == NULL)
    return n;
  for (guint c = 0; c < gather->first; c++)
    at += members->n_members[c];
  for (guint c = gather->first; c < gather->first + gather->n_clusters; c++) {
    guint n_members = members->n_members[c];

    if (ACT_GATHER_HAS_MEMBERS (n_members, component_rows)) {
      for (guint m = 0; m < n_members; m++) {
        guint component = members->members[at + m];
        if (gather->column_of[component] < 0)
          gather->column_of[component] = n++;
      }
    }
    at += n_members;
  }
  return n;
}

/* count [n_columns] is 0 and is left so */
static void
count_batch (ActGather *gather, const ActStoredBatch *batch, gsize b,
    guint n_components, guint32 *count)
{
  guint32 *n_values = gather->n_values + b;

  for (gsize k = 0; k < batch->clusters.n_values; k++) {
    guint c = batch->clusters.indices[k] - gather->first;
    if (c < gather->n_clusters)
      count[c]++;
  }
  if (gather->n_columns > gather->n_clusters) {
    for (gsize k = 0; k < batch->components.n_values; k++) {
      gint32 column = gather->column_of[batch->components.indices[k]];
      if (column >= 0)
        count[column]++;
    }
  }
  for (guint i = 0; i < gather->n_columns; i++) {
    n_values[(gsize) i * gather->n_batches] = count[i];
    count[i] = 0;
  }
  if (batch->alive == NULL || gather->n_columns == gather->n_clusters)
    return;
  for (guint i = 0; i < n_components; i++)
    if (!batch->alive[i] && gather->column_of[i] >= 0)
      n_values[(gsize) gather->column_of[i] * gather->n_batches] |=
          ACT_GATHER_DEAD;
}

static void
allocate_values (ActGather *gather)
{
  gsize n = 0;

  gather->start = g_new (gsize, gather->n_columns);
  for (guint i = 0; i < gather->n_columns; i++) {
    const guint32 *n_values = gather->n_values + (gsize) i * gather->n_batches;

    gather->start[i] = n;
    for (gsize b = 0; b < gather->n_batches; b++)
      n += ACT_GATHER_COUNT (n_values[b]);
    n += COLUMN_GAP;
  }
  gather->cells = g_aligned_alloc (n, sizeof (ActCell), CELLS_ALIGNMENT);
#ifdef MADV_HUGEPAGE
  /* only saves page faults; may fail */
  (void) madvise (gather->cells, n * sizeof (ActCell), MADV_HUGEPAGE);
#endif
}

/* next [n_columns]: where a column's next value goes. */
static void
fill_csr (ActGather *gather, const ActCsr *csr, gsize n_positions,
    const gint32 *column_of, gsize *next)
{
  for (gsize p = 0; p < n_positions; p++) {
    for (gint64 k = csr->indptr[p]; k < csr->indptr[p + 1]; k++) {
      gint32 column = column_of[csr->indices[k]];
      if (column >= 0) {
        gather->cells[next[column]++] = (ActCell){ p, csr->values[k] };
      }
    }
  }
}

static ActDrainResult
gather_pass (ActGather *gather, ActStore *store, gboolean fill,
    gboolean all_samples, gpointer scratch, const gint32 *cluster_column_of,
    ActCancelled cancelled, gpointer user_data, GError **error)
{
  ActBatchStorage *storage = act_store_get_storage (store);
  const ActStoreShape *shape = act_store_get_shape (store);

  for (gsize b = 0; b < gather->n_batches; b++) {
    const ActStoredBatch *batch;
    gsize n_positions;

    if (cancelled != NULL && cancelled (user_data))
      return ACT_DRAIN_CANCELLED;
    batch = storage->funcs->acquire (storage, b, error);
    if (batch == NULL)
      return ACT_DRAIN_ERROR;
    n_positions = (gsize) batch->n_samples * shape->n_ctx;
    if (!fill) {
      count_batch (gather, batch, b, shape->n_components, scratch);
    } else {
      fill_csr (
          gather, &batch->clusters, n_positions, cluster_column_of, scratch);
      if (gather->n_columns > gather->n_clusters)
        fill_csr (gather, &batch->components, n_positions, gather->column_of,
            scratch);
      act_coactivation_add (&gather->coactivation, n_positions,
          batch->clusters.indptr, batch->clusters.indices,
          batch->clusters.values);
      act_member_counts_add (&gather->member_counts, n_positions, batch,
          all_samples ? NULL : gather->n_values + b, gather->n_batches);
    }
    storage->funcs->release (storage, batch);
  }
  return ACT_DRAIN_RUN;
}

ActDrainResult
act_gather_init (ActGather *gather, ActStore *store, const ActMembers *members,
    gboolean component_rows, gboolean all_samples, guint first,
    guint n_clusters, ActCancelled cancelled, gpointer user_data,
    GError **error)
{
  const ActStoreShape *shape = act_store_get_shape (store);
  g_autofree gint32 *cluster_column_of = NULL;
  g_autofree guint32 *count = NULL;
  g_autofree gsize *next = NULL;
  ActDrainResult result;

  gather->first = first;
  gather->n_clusters = n_clusters;
  gather->n_batches = act_store_get_n_batches (store);
  gather->n_columns = assign_columns (gather, shape, members, component_rows);
  gather->n_values =
      g_new (guint32, (gsize) gather->n_columns * gather->n_batches);
  count = g_new0 (guint32, gather->n_columns);
  act_coactivation_init (
      &gather->coactivation, shape->n_clusters, first, n_clusters);
  act_member_counts_init (
      &gather->member_counts, members, first, n_clusters, shape->n_components);
  cluster_column_of = g_new (gint32, shape->n_clusters);
  for (guint c = 0; c < shape->n_clusters; c++)
    cluster_column_of[c] =
        c >= first && c - first < n_clusters ? (gint32) (c - first) : -1;

  result = gather_pass (gather, store, FALSE, all_samples, count, NULL,
      cancelled, user_data, error);
  if (result == ACT_DRAIN_RUN) {
    allocate_values (gather);
    next = g_memdup2 (gather->start, gather->n_columns * sizeof (gsize));
    result = gather_pass (gather, store, TRUE, all_samples, next,
        cluster_column_of, cancelled, user_data, error);
  }
  if (result == ACT_DRAIN_RUN) {
    act_coactivation_finish (&gather->coactivation);
    act_member_counts_finish (&gather->member_counts);
  } else {
    act_gather_clear (gather);
  }
  return result;
}

void
act_gather_clear (ActGather *gather)
{
  g_clear_pointer (&gather->column_of, g_free);
  g_clear_pointer (&gather->n_values, g_free);
  g_clear_pointer (&gather->start, g_free);
  g_clear_pointer (&gather->cells, g_aligned_free);
  act_coactivation_clear (&gather->coactivation);
  act_member_counts_clear (&gather->member_counts);
}
