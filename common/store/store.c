/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/store.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"

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

/* values are counted in 32 bits when they are transposed */
static gboolean
check_n_values (guint64 index, gsize n, GError **error)
{
  if (n <= G_MAXINT32)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "batch %" G_GUINT64_FORMAT " has more than %d activations other than "
      "zero; smaller batches were expected",
      index, G_MAXINT32);
  return FALSE;
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
  return check_n_values (batch->index, batch->components.n_values, error)
      && check_n_values (batch->index, batch->clusters.n_values, error);
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

/* which of a CSR's values is not finite */
static void
explain_not_finite (const ActStoreBatch *batch, const char *what, gsize n_rows,
    const ActCsr *csr, GError **error)
{
  gsize i = (gsize) act_find_nonfinite (csr->values, csr->n_values), row = 0;

  while (row + 1 < n_rows && csr->indptr[row + 1] <= (gint64) i)
    row++;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "the activation of %s %d in batch %" G_GUINT64_FORMAT ", position "
      "%" G_GSIZE_FORMAT " is %s; a finite number was expected",
      what, csr->indices[i], batch->index, row,
      isnan (csr->values[i]) ? "NaN" : "infinite");
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
  gsize n;

  if (csr->indptr == NULL)
    return TRUE;
  if (!act_csr_check_dense (csr->values, 1, csr->n_values, NULL, &n)) {
    explain_not_finite (batch, what, n_rows, csr, error);
    return FALSE;
  }
  if (n == csr->n_values)
    return TRUE;
  *data = csr_alloc (n_rows, csr->n_values, &indptr, &indices, &values);
  indptr[0] = 0;
  n = 0;
  for (gsize row = 0; row < n_rows; row++) {
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

/* Counts what is not 0 in the columns that are alive. */
static gboolean
check_dense (const ActStoreBatch *batch, gsize n_rows, gsize n_cols, gsize *n,
    GError **error)
{
  const float *dense = batch->component_dense;
  gssize bad;

  if (act_csr_check_dense (dense, n_rows, n_cols, batch->alive, n))
    return TRUE;
  bad = act_find_nonfinite (dense, n_rows * n_cols);
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "the activation of component %" G_GSIZE_FORMAT " in batch "
      "%" G_GUINT64_FORMAT ", position %" G_GSIZE_FORMAT
      " is %s; a finite number was expected",
      (gsize) bad % n_cols, batch->index, (gsize) bad / n_cols,
      isnan (dense[bad]) ? "NaN" : "infinite");
  return FALSE;
}

/* As it is, if it may stay and its CSR would be larger; else as CSR. */
static gboolean
take_dense (const ActStore *store, const ActStoreBatch *batch, gsize n_rows,
    ActStoredBatch *stored, GError **error)
{
  gsize n_cols = store->shape.n_components, n;
  gint64 *indptr;
  gint32 *indices;
  float *values;

  if (!check_dense (batch, n_rows, n_cols, &n, error)
      || !check_n_values (batch->index, n, error))
    return FALSE;
  if (batch->dense_stays && n > n_rows * n_cols / 2) {
    stored->dense = batch->component_dense;
    stored->components.n_values = n;
    return TRUE;
  }
  stored->converted[0] = csr_alloc (n_rows, n, &indptr, &indices, &values);
  act_csr_from_dense (batch->component_dense, n_rows, n_cols, batch->alive,
      indptr, indices, values);
  stored->components = (ActCsr){ indptr, indices, values, n };
  stored->size += n * 8 + (n_rows + 1) * 8;
  return TRUE;
}

/* Components and clusters of the batch as they are kept. */
static gboolean
take_activations (const ActStore *store, const ActStoreBatch *batch,
    gsize n_rows, ActStoredBatch *stored, GError **error)
{
  if (batch->component_dense != NULL) {
    if (!take_dense (store, batch, n_rows, stored, error))
      return FALSE;
  } else if (!csr_settle (batch, "component", n_rows, &stored->components,
                 &stored->converted[0], error)) {
    return FALSE;
  }
  return csr_settle (batch, "cluster", n_rows, &stored->clusters,
      &stored->converted[1], error);
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

  if (!take_activations (store, batch, n_rows, &stored, error)
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
