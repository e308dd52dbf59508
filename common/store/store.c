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
  GArray *batches; /* ActBatchRange */
  guint64 next_index;
  guint64 n_samples;
  guint64 n_component_values;
  guint64 n_cluster_values;
};

ActStore *
act_store_new (const ActStoreShape *shape, ActBatchStorage *storage)
{
  ActStore *store = g_new0 (ActStore, 1);

  store->shape = *shape;
  store->storage = storage != NULL ? storage : act_memory_storage_new ();
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
check_place (const ActStore *store, const ActStoreBatch *batch, GError **error)
{
  const ActBatchRange *last;
  guint64 expected;
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
  if (store->batches->len == 0)
    return TRUE;

  last =
      &g_array_index (store->batches, ActBatchRange, store->batches->len - 1);
  expected = last->first_sample + last->n_samples;
  if (batch->first_sample != expected || batch->index != store->next_index) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "batch %" G_GUINT64_FORMAT " beginning with sample %" G_GUINT64_FORMAT
        " came; batch %" G_GUINT64_FORMAT " beginning with sample "
        "%" G_GUINT64_FORMAT " was expected: batches %s",
        batch->index, batch->first_sample, store->next_index, expected,
        batch->first_sample < expected       ? "overlap"
            : batch->first_sample > expected ? "are missing"
                                             : "are numbered wrongly");
    return FALSE;
  }
  return TRUE;
}

/* Whether each value is finite and not 0, in one test: without the sign, 0
 * wraps round to the largest integer and what is not finite is above. */
static gboolean
values_are_plain (const float *values, gsize n)
{
  guint32 odd = 0;
  gsize i;

  for (i = 0; i < n; i++) {
    guint32 bits;
    memcpy (&bits, &values[i], sizeof bits);
    odd |= (bits & 0x7fffffffu) - 1u >= 0x7f7fffffu;
  }
  return odd == 0;
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

  if (values_are_plain (csr->values, csr->n_values))
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

gboolean
act_store_add (ActStore *store, const ActStoreBatch *batch, GError **error)
{
  ActStoredBatch stored = {
    .index = batch->index,
    .first_sample = batch->first_sample,
    .n_samples = batch->n_samples,
    .tokens = batch->tokens,
    .alive = batch->alive,
    .components = batch->components,
    .clusters = batch->clusters,
    .owner = batch->owner,
    .release_owner = batch->release_owner,
  };
  ActBatchRange range = { batch->first_sample, batch->n_samples };
  gpointer dense = NULL;
  gsize n_rows;

  if (!check_place (store, batch, error))
    return FALSE;
  n_rows = (gsize) batch->n_samples * batch->n_ctx;

  if (batch->component_dense != NULL)
    dense = csr_from_dense (store, batch, n_rows, &stored.components);
  stored.converted[0] = dense;
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

  g_array_append_val (store->batches, range);
  store->next_index = batch->index + 1;
  store->n_samples += batch->n_samples;
  store->n_component_values += stored.components.n_values;
  store->n_cluster_values += stored.clusters.n_values;
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
