/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/storage.h"

/* Component activations of a stored batch row by row, whether it has them in
 * CSR or dense. What a dense row has in columns that are dead, and zeros of
 * either sign, is left out. */
typedef struct {
  const ActStoredBatch *batch;
  gsize n_rows, n_columns;

  /*< private >*/
  gint32 *indices; /* of a dense row */
  float *values;
} ActBatchRows;

typedef struct {
  const gint32 *indices;
  const float *values;
  gsize n;
} ActBatchRow;

/* n_rows: positions of the batch, whose arrays the rows are read from. Rows are
 * cleared in any case. */
void act_batch_rows_init (ActBatchRows *rows, const ActStoredBatch *batch,
    gsize n_rows, gsize n_columns);
void act_batch_rows_clear (ActBatchRows *rows);

/* valid until the next call */
ActBatchRow act_batch_rows_get (const ActBatchRows *rows, gsize row);
gsize act_batch_rows_count (const ActBatchRows *rows, gsize row);

/* Whether the batch is dense and nothing of it is left out, so that its matrix
 * is the values, and each row has all columns. */
gboolean act_batch_rows_are_full (const ActBatchRows *rows);
