/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/store.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"
#include "store/values.h"

struct _ActStore {
  ActStoreShape shape;
  ActBatchStorage *storage;
  GArray *batches; /* ActBatchRange, by index */
  guint64 n_samples;
  guint64 n_component_values;
  guint64 n_cluster_values;
};

void
act_stored_batch_clear (ActStoredBatch *batch)
{
  if (batch->release_owner != NULL)
    batch->release_owner (batch->owner);
  g_free (batch->converted[0]);
  g_free (batch->converted[1]);
  *batch = (ActStoredBatch){ 0 };
}

ActStore *
act_store_new (const ActStoreShape *shape, ActBatchStorage *storage)
{
  ActStore *store = g_new0 (ActStore, 1);

  store->shape = *shape;
  store->storage = storage;
  store->batches = g_array_new (FALSE, FALSE, sizeof (ActBatchRange));
  return store;
}

void
act_store_free (ActStore *store)
{
  if (store == NULL)
    return;
  act_batch_storage_free (store->storage);
  g_array_unref (store->batches);
  g_free (store);
}

static gboolean
check_size (const ActStore *store, const ActStoreBatch *batch, GError **error)
{
  gsize n_positions;

  if (batch->n_ctx != store->shape.n_ctx) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "batch %" G_GUINT64_FORMAT " has samples of %u positions; %u were "
        "expected",
        batch->index, batch->n_ctx, store->shape.n_ctx);
    return FALSE;
  }
  if (batch->n_samples == 0
      || !g_size_checked_mul (&n_positions, batch->n_samples, batch->n_ctx)
      || n_positions > G_MAXINT32
      || batch->first_sample > G_MAXUINT64 - batch->n_samples) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "batch %" G_GUINT64_FORMAT " has %u samples of %u positions; between "
        "1 and %d positions were expected",
        batch->index, batch->n_samples, batch->n_ctx, G_MAXINT32);
    return FALSE;
  }
  /* values are counted in 32 bits when they are transposed */
  if (batch->components.n_values > G_MAXINT32
      || batch->clusters.n_values > G_MAXINT32) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "batch %" G_GUINT64_FORMAT " has more than %d activations other than "
        "zero; smaller batches were expected",
        batch->index, G_MAXINT32);
    return FALSE;
  }
  return TRUE;
}

/* the place among the batches: the first that is not before this one */
static guint
find_place (const ActStore *store, guint64 index)
{
  const ActBatchRange *batches = act_store_get_batches (store);
  guint low = 0, high = store->batches->len;

  if (high == 0 || batches[high - 1].index < index)
    return high;
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (batches[middle].index < index)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The batch follows the one before its place. */
static gboolean
check_follows (const ActStore *store, const ActStoreBatch *batch,
    const ActBatchRange *last, GError **error)
{
  guint64 expected = last->first_sample + last->n_samples;

  if (batch->first_sample == expected && batch->index == last->index + 1)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "batch %" G_GUINT64_FORMAT " beginning with sample %" G_GUINT64_FORMAT
      " came; batch %" G_GUINT64_FORMAT " beginning with sample "
      "%" G_GUINT64_FORMAT " was expected: batches %s",
      batch->index, batch->first_sample, last->index + 1, expected,
      batch->first_sample < expected       ? "overlap"
          : batch->first_sample > expected ? "are missing"
                                           : "are numbered wrongly");
  return FALSE;
}

/* The batch ends where one that is stored, and comes after it, begins. */
static gboolean
check_precedes (
    const ActStoreBatch *batch, const ActBatchRange *next, GError **error)
{
  guint64 end = batch->first_sample + batch->n_samples;

  if (batch->index + 1 == next->index ? end == next->first_sample
                                      : end < next->first_sample)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "batch %" G_GUINT64_FORMAT " ends before sample %" G_GUINT64_FORMAT
      "; batch %" G_GUINT64_FORMAT ", which is stored, begins with sample "
      "%" G_GUINT64_FORMAT,
      batch->index, end, next->index, next->first_sample);
  return FALSE;
}

/* Where the batch goes; *stored: it is there. */
static gboolean
check_place (const ActStore *store, const ActStoreBatch *batch, guint *place,
    gboolean *stored, GError **error)
{
  const ActBatchRange *batches = act_store_get_batches (store);
  guint at = find_place (store, batch->index);

  *place = at;
  *stored = FALSE;
  if (!check_size (store, batch, error))
    return FALSE;
  if (at < store->batches->len && batches[at].index == batch->index
      && batches[at].stored) {
    *stored = TRUE;
    return TRUE;
  }
  if (at > 0 && !check_follows (store, batch, &batches[at - 1], error))
    return FALSE;
  return at == store->batches->len
      || check_precedes (batch, &batches[at], error);
}

static gboolean
check_finite (const ActStoreBatch *batch, const char *what, gsize n_rows,
    const ActCsr *csr, GError **error)
{
  gsize i, row = 0;

  for (i = 0; i < csr->n_values; i++)
    if (!isfinite (csr->values[i]))
      break;
  if (i == csr->n_values)
    return TRUE;
  while (row + 1 < n_rows && csr->indptr[row + 1] <= (gint64) i)
    row++;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "the activation of %s %d in batch %" G_GUINT64_FORMAT ", position "
      "%" G_GSIZE_FORMAT " is %s; a finite number was expected",
      what, csr->indices[i], batch->index, row,
      isnan (csr->values[i]) ? "NaN" : "infinite");
  return FALSE;
}

/* room for a CSR in one allocation: indptr, values, indices */
static gpointer
csr_alloc (gsize n_rows, gsize n_values, gint64 **indptr, gint32 **indices,
    float **values)
{
  gsize n = n_values + ACT_CSR_SLACK;
  gint64 *data = g_malloc (
      (n_rows + 1) * sizeof (gint64) + n * (sizeof (float) + sizeof (gint32)));

  *indptr = data;
  *values = (float *) (data + n_rows + 1);
  *indices = (gint32 *) (*values + n);
  return data;
}

/* Leaves csr without zeros: copied if there are any to drop. */
static gboolean
csr_settle (const ActStoreBatch *batch, const char *what, gsize n_rows,
    ActCsr *csr, gpointer *data, GError **error)
{
  gint64 *indptr;
  gint32 *indices;
  float *values;
  gsize row, n = 0;

  if (act_values_are_plain (csr->values, csr->n_values))
    return TRUE;
  if (!check_finite (batch, what, n_rows, csr, error))
    return FALSE;
  *data = csr_alloc (n_rows, csr->n_values, &indptr, &indices, &values);
  indptr[0] = 0;
  for (row = 0; row < n_rows; row++) {
    for (gint64 i = csr->indptr[row]; i < csr->indptr[row + 1]; i++) {
      if (csr->values[i] == 0)
        continue;
      indices[n] = csr->indices[i];
      values[n++] = csr->values[i];
    }
    indptr[row + 1] = n;
  }
  *csr = (ActCsr){ indptr, indices, values, n };
  return TRUE;
}

static gpointer
csr_from_dense (const ActStore *store, const ActStoreBatch *batch, gsize n_rows,
    ActCsr *csr)
{
  gsize n_cols = store->shape.n_components;
  gsize n = act_csr_count_dense (
      batch->component_dense, n_rows, n_cols, batch->alive);
  gint64 *indptr;
  gint32 *indices;
  float *values;
  gpointer data = csr_alloc (n_rows, n, &indptr, &indices, &values);

  n = act_csr_from_dense (batch->component_dense, n_rows, n_cols, batch->alive,
      indptr, indices, values);
  *csr = (ActCsr){ indptr, indices, values, n };
  return data;
}

static ActStoredBatch
stored_batch (const ActStoreBatch *batch)
{
  return (ActStoredBatch){
    .index = batch->index,
    .first_sample = batch->first_sample,
    .n_samples = batch->n_samples,
    .size = batch->size,
    .tokens = batch->tokens,
    .alive = batch->alive,
    .components = batch->components,
    .clusters = batch->clusters,
    .owner = batch->owner,
    .release_owner = batch->release_owner,
  };
}

gboolean
act_store_add (ActStore *store, const ActStoreBatch *batch, GError **error)
{
  ActStoredBatch stored = stored_batch (batch);
  ActBatchRange range = { batch->index, batch->first_sample, batch->n_samples };
  gboolean is_there;
  guint place;
  gsize n_rows;

  if (!check_place (store, batch, &place, &is_there, error))
    return FALSE;
  if (is_there) {
    act_stored_batch_clear (&stored);
    return TRUE;
  }
  n_rows = (gsize) batch->n_samples * batch->n_ctx;

  if (batch->component_dense != NULL) {
    stored.converted[0] =
        csr_from_dense (store, batch, n_rows, &stored.components);
    stored.size += stored.components.n_values * 8 + (n_rows + 1) * 8;
  }
  /* what came from a dense matrix has no zeros, so it is never copied again */
  if (!csr_settle (batch, "component", n_rows, &stored.components,
          &stored.converted[0], error)
      || !csr_settle (batch, "cluster", n_rows, &stored.clusters,
          &stored.converted[1], error)
      || !store->storage->funcs->append (store->storage, &stored, error)) {
    g_free (stored.converted[0]);
    g_free (stored.converted[1]);
    return FALSE;
  }

  g_array_insert_val (store->batches, place, range);
  store->n_samples += batch->n_samples;
  store->n_component_values += stored.components.n_values;
  store->n_cluster_values += stored.clusters.n_values;
  return TRUE;
}

void
act_store_set_stored (ActStore *store, const ActBatchRange *batches,
    gsize n_batches, guint64 n_component_values)
{
  for (gsize i = 0; i < n_batches; i++) {
    ActBatchRange range = batches[i];

    range.stored = TRUE;
    g_array_append_val (store->batches, range);
    store->n_samples += range.n_samples;
  }
  store->n_component_values += n_component_values;
}

gboolean
act_store_settle (ActStore *store, GError **error)
{
  return store->storage->funcs->settle (store->storage, error);
}

gboolean
act_store_check_whole (const ActStore *store, GError **error)
{
  const ActBatchRange *batches = act_store_get_batches (store);

  for (guint i = 1; i < store->batches->len; i++) {
    if (batches[i].index == batches[i - 1].index + 1)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "batches %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " are missing",
        batches[i - 1].index + 1, batches[i].index - 1);
    return FALSE;
  }
  return TRUE;
}

const ActStoreShape *
act_store_get_shape (const ActStore *store)
{
  return &store->shape;
}

ActBatchStorage *
act_store_get_storage (ActStore *store)
{
  return store->storage;
}

gsize
act_store_get_n_batches (const ActStore *store)
{
  return store->batches->len;
}

const ActBatchRange *
act_store_get_batches (const ActStore *store)
{
  return (const ActBatchRange *) store->batches->data;
}

guint64
act_store_get_n_samples (const ActStore *store)
{
  return store->n_samples;
}

guint64
act_store_get_n_component_values (const ActStore *store)
{
  return store->n_component_values;
}

guint64
act_store_get_n_cluster_values (const ActStore *store)
{
  return store->n_cluster_values;
}
