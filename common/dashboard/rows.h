/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The stored samples of one cluster: n_rows rows of n_ctx positions, sparse.
 * indptr [n_rows + 1] from 0; positions ascend within a row; values are
 * nonzero (what is not there is 0). Read only. */
typedef struct {
  guint n_ctx;
  gsize n_rows;
  const gsize *indptr;
  const gint32 *positions; /* [indptr[n_rows]] */
  const float *values;
  /* [n_full] rows that hold values, ascending. Of most clusters they are few:
   * what is the same for all others is done once. */
  const guint32 *full;
  gsize n_full;
} ActRows;

static inline guint64
act_rows_n_positions (const ActRows *rows)
{
  return (guint64) rows->n_rows * rows->n_ctx;
}

/* row alone, as rows of its own; indptr holds 2 elements and is filled */
static inline ActRows
act_rows_get (const ActRows *rows, gsize row, gsize *indptr)
{
  static const guint32 only = 0;
  gsize first = rows->indptr[row];

  indptr[0] = 0;
  indptr[1] = rows->indptr[row + 1] - first;
  return (ActRows){ rows->n_ctx, 1, indptr, rows->positions + first,
    rows->values + first, &only, indptr[1] > 0 };
}
