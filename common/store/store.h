/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/storage.h"

/* Batches of a run, in order, taken over without copying. What is derived
 * from them is made when they are drained (drain.h). Not thread-safe. */

typedef struct {
  guint n_ctx; /* positions a sample */
  guint n_components;
  guint n_clusters;
} ActStoreShape;

/* A batch as it arrives. Component activations are CSR, or dense when
 * component_dense is set: then they are only read, and kept as CSR; unless
 * dense_stays says that they are the owner's as well, who then keeps them. */
typedef struct {
  guint64 index;
  guint64 first_sample;
  guint n_samples;
  guint n_ctx;
  const gint32 *tokens;         /* [n_samples, n_ctx] */
  const guint8 *alive;          /* [n_components] or NULL */
  const float *component_dense; /* [n_samples * n_ctx, n_components] or NULL */
  gboolean dense_stays;
  ActCsr components;
  ActCsr clusters; /* without arrays where the storage derives them */
  gsize size;      /* bytes that owner holds */
  gpointer owner;
  GDestroyNotify release_owner;
} ActStoreBatch;

/* One batch's place in the run. */
typedef struct {
  guint64 index;
  guint64 first_sample;
  guint32 n_samples;
  guint32 stored; /* by an earlier run */
} ActBatchRange;

typedef struct _ActStore ActStore;

/* Takes over storage. */
ActStore *act_store_new (const ActStoreShape *shape, ActBatchStorage *storage);
void act_store_free (ActStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStore, act_store_free)

/* Batches that the storage has already, ascending, and their values. */
void act_store_set_stored (ActStore *store, const ActBatchRange *batches,
    gsize n_batches, guint64 n_component_values);

/* Takes over the batch's owner, whose arrays must stay as they are until it is
 * released; if it fails the owner is still the caller's and the store as it
 * was. Batches come in order: each begins at the sample, and has the index,
 * after the one before; one that is stored already is let go. The arrays'
 * indices must have been checked. */
gboolean act_store_add (
    ActStore *store, const ActStoreBatch *batch, GError **error);

/* No more comes: everything can be read (and is on disk, if it goes there). */
gboolean act_store_settle (ActStore *store, GError **error);

/* An error that says which batches are missing between the first and last. */
gboolean act_store_check_whole (const ActStore *store, GError **error);

const ActStoreShape *act_store_get_shape (const ActStore *store);
ActBatchStorage *act_store_get_storage (ActStore *store);
gsize act_store_get_n_batches (const ActStore *store);
const ActBatchRange *act_store_get_batches (const ActStore *store);
guint64 act_store_get_n_samples (const ActStore *store);
guint64 act_store_get_n_component_values (const ActStore *store);
guint64 act_store_get_n_cluster_values (const ActStore *store);
