/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The seam between where batches are kept and how records are made of them.
 *
 * ActStore checks each batch and hands it to an ActBatchStorage; ActDrain
 * reads batches back, one at a time, in order, as often as it needs to, and
 * holds no pointer into a batch after its release. So a storage may have them
 * in memory or in segments that it maps (act_segment_storage_new does both):
 * nothing that makes records knows. */

/* Compressed sparse rows. Indices ascend in a row; no value is 0. */
typedef struct {
  const gint64 *indptr;  /* [n_rows + 1] */
  const gint32 *indices; /* [n_values] */
  const float *values;   /* [n_values] */
  gsize n_values;
} ActCsr;

typedef struct {
  guint64 index; /* of the batch, in the whole run */
  guint64 first_sample;
  guint n_samples;
  gsize size;           /* bytes that are held as long as the batch is */
  const gint32 *tokens; /* [n_samples, n_ctx] */
  const guint8 *alive;  /* [n_components], 0: dead here; NULL: all alive */
  ActCsr components;    /* rows are positions, n_samples * n_ctx */
  /* [positions, n_components] in place of the components' arrays, of which
   * only the number is set then (batchrows.h); or NULL */
  const float *dense;
  ActCsr clusters;

  /* what the arrays above belong to; the storage calls it when it lets go */
  gpointer owner;
  GDestroyNotify release_owner;
  gpointer converted[2]; /* arrays that the store made itself, g_free () */
} ActStoredBatch;

typedef struct _ActBatchStorage ActBatchStorage;

typedef struct {
  /* Takes over the batch's owner and arrays (not the struct) if it returns
   * TRUE; otherwise they stay the caller's. */
  gboolean (*append) (
      ActBatchStorage *self, const ActStoredBatch *batch, GError **error);
  /* No more comes for now: what was appended can be acquired. */
  gboolean (*settle) (ActBatchStorage *self, GError **error);
  /* The i-th batch in order of their indices, valid until released; NULL with
   * an error. Clusters that the storage would have to make are there only with
   * with_clusters. */
  const ActStoredBatch *(*acquire) (
      ActBatchStorage *self, gsize i, gboolean with_clusters, GError **error);
  void (*release) (ActBatchStorage *self, const ActStoredBatch *batch);
  void (*free) (ActBatchStorage *self);
} ActBatchStorageFuncs;

struct _ActBatchStorage {
  const ActBatchStorageFuncs *funcs;
};

/* lets go of what a batch's arrays belong to */
void act_stored_batch_clear (ActStoredBatch *batch);

static inline void
act_batch_storage_free (ActBatchStorage *storage)
{
  if (storage != NULL)
    storage->funcs->free (storage);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActBatchStorage, act_batch_storage_free)
