/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/batchrows.h"

#include "sparse/csr.h"

void
act_batch_rows_init (ActBatchRows *rows, const ActStoredBatch *batch,
    gsize n_rows, gsize n_columns)
{
  *rows = (ActBatchRows){ batch, n_rows, n_columns };
  if (batch->dense == NULL)
    return;
  rows->indices = g_new (gint32, n_columns + ACT_CSR_SLACK);
  rows->values = g_new (float, n_columns + ACT_CSR_SLACK);
}

void
act_batch_rows_clear (ActBatchRows *rows)
{
  g_clear_pointer (&rows->indices, g_free);
  g_clear_pointer (&rows->values, g_free);
}

ActBatchRow
act_batch_rows_get (const ActBatchRows *rows, gsize row)
{
  const ActStoredBatch *batch = rows->batch;
  const ActCsr *csr = &batch->components;
  gint64 indptr[2];

  if (batch->dense == NULL)
    return (ActBatchRow){ csr->indices + csr->indptr[row],
      csr->values + csr->indptr[row],
      (gsize) (csr->indptr[row + 1] - csr->indptr[row]) };
  act_csr_from_dense (batch->dense + row * rows->n_columns, 1, rows->n_columns,
      batch->alive, indptr, rows->indices, rows->values);
  return (ActBatchRow){ rows->indices, rows->values, (gsize) indptr[1] };
}

gsize
act_batch_rows_count (const ActBatchRows *rows, gsize row)
{
  const ActStoredBatch *batch = rows->batch;
  const gint64 *indptr = batch->components.indptr;

  if (batch->dense == NULL)
    return (gsize) (indptr[row + 1] - indptr[row]);
  if (act_batch_rows_are_full (rows))
    return rows->n_columns;
  return act_csr_count_dense (
      batch->dense + row * rows->n_columns, 1, rows->n_columns, batch->alive);
}

gboolean
act_batch_rows_are_full (const ActBatchRows *rows)
{
  return rows->batch->dense != NULL
      && rows->batch->components.n_values == rows->n_rows * rows->n_columns;
}
