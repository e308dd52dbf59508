/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "golden.h"
#include "store/drain.h"

/* A golden case into a store, and what a drain gives against what is expected
 * of it. */

typedef struct {
  guint n_released;
} StoreReleases;

/* of a batch's arrays */
typedef struct {
  StoreReleases *releases; /* or NULL */
  gint64 *indptr[2];
  gint32 *indices[2];
  float *values[2];
} StoreOwner;

void store_owner_release (gpointer owner);
/* by a loop of its own: every value, also zeros if asked for */
ActCsr store_owner_csr (StoreOwner *owner, guint which, const float *dense,
    gsize n_rows, gsize n_cols, gboolean keep_zeros);

typedef enum {
  STORE_FORM_CSR,
  STORE_FORM_CSR_WITH_ZEROS,
  STORE_FORM_DENSE,
} StoreForm;

/* releases, or NULL, counts when its owner goes */
ActStoreBatch store_golden_batch (const GoldenCase *golden, guint b,
    guint64 first_sample, StoreForm form, StoreReleases *releases);

/* keeps all in memory */
ActBatchStorage *store_memory_new (const ActStoreShape *shape);

/* all batches, in memory */
ActStore *store_golden_new (const GoldenCase *golden, StoreForm form,
    guint64 first_sample, StoreReleases *releases);

/* of one column */
typedef struct {
  GArray *samples; /* guint64 */
  GArray *rows;    /* float, dense */
  gint64 *coactivations;
  gint64 *members;
} StoreRows;

typedef struct {
  GArray *tokens;
  GArray *samples;
  GPtrArray *columns; /* StoreRows: each cluster, followed by its members */
} StoreDrained;

void store_drained_free (StoreDrained *drained);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreDrained, store_drained_free)

StoreDrained *store_golden_drain (
    ActStore *store, const GoldenCase *golden, ActDrainSettings settings);
void store_golden_check (const GoldenCase *golden, const StoreDrained *drained,
    gboolean component_rows, guint64 first_sample);
