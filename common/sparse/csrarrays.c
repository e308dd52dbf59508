/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sparse/csrarrays.h"

#include <string.h>

#include "sparse/csr.h"
#include "sparse/kernels.h"

#define LOOK_AT_ROWS 64

/* The distance is odd: samples are mostly a power of two long, and the first
 * position of each would say little about the others. */
double
act_csr_estimate_density (const float *dense, gsize n_rows, gsize n_cols)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize step = (n_rows / LOOK_AT_ROWS) | 1;
  gsize n_nonzero = 0, n_seen = 0;

  for (gsize row = 0; row < n_rows; row += step) {
    n_nonzero += k->count_row (dense + row * n_cols, n_cols, NULL);
    n_seen += n_cols;
  }
  return (double) n_nonzero / (double) MAX (n_seen, 1);
}

gboolean
act_csr_is_sparse (const float *dense, gsize n_rows, gsize n_cols)
{
  return act_csr_estimate_density (dense, n_rows, n_cols)
      <= ACT_CSR_GOOD_DENSITY;
}

/* from what was lent into arrays that can grow */
static void
move_out (ActCsrArrays *arrays)
{
  if (!arrays->lent)
    return;
  arrays->lent = FALSE;
  arrays->indptr = g_memdup2 (
      arrays->indptr, arrays->n_rows_allocated * sizeof *arrays->indptr);
  arrays->indices = g_memdup2 (
      arrays->indices, arrays->n_allocated * sizeof *arrays->indices);
  arrays->values =
      g_memdup2 (arrays->values, arrays->n_allocated * sizeof *arrays->values);
}

static void
reserve_values (ActCsrArrays *arrays, gsize n)
{
  if (n <= arrays->n_allocated)
    return;
  move_out (arrays);
  arrays->n_allocated = MAX (n, arrays->n_allocated + arrays->n_allocated / 2);
  arrays->indices = g_renew (gint32, arrays->indices, arrays->n_allocated);
  arrays->values = g_renew (float, arrays->values, arrays->n_allocated);
}

static void
reserve_rows (ActCsrArrays *arrays, gsize n)
{
  if (n <= arrays->n_rows_allocated)
    return;
  move_out (arrays);
  arrays->n_rows_allocated =
      MAX (n, arrays->n_rows_allocated + arrays->n_rows_allocated / 2);
  arrays->indptr = g_renew (gint64, arrays->indptr, arrays->n_rows_allocated);
}

void
act_csr_arrays_lend (ActCsrArrays *arrays, gsize n_rows, gint64 *indptr,
    gsize n, gint32 *indices, float *values)
{
  act_csr_arrays_clear (arrays);
  *arrays = (ActCsrArrays){
    .indptr = indptr,
    .indices = indices,
    .values = values,
    .n_rows_allocated = n_rows + 1,
    .n_allocated = n,
    .lent = TRUE,
  };
}

void
act_csr_arrays_give_back (ActCsrArrays *arrays)
{
  if (arrays->lent)
    memset (arrays, 0, sizeof *arrays);
}

void
act_csr_arrays_begin (ActCsrArrays *arrays)
{
  reserve_rows (arrays, 1);
  reserve_values (arrays, ACT_CSR_SLACK);
  arrays->n_rows = arrays->n_values = 0;
  arrays->indptr[0] = 0;
}

void
act_csr_arrays_append (
    ActCsrArrays *arrays, const float *values, gsize n_cols, gsize first_column)
{
  gint32 *indices;
  gsize n;

  reserve_values (arrays, arrays->n_values + n_cols + ACT_CSR_SLACK);
  indices = arrays->indices + arrays->n_values;
  n = act_csr_kernels ()->row_from_dense (
      values, n_cols, NULL, indices, arrays->values + arrays->n_values);
  for (gsize i = 0; first_column > 0 && i < n; i++)
    indices[i] += (gint32) first_column;
  arrays->n_values += n;
}

void
act_csr_arrays_append_value (ActCsrArrays *arrays, gint32 column, float value)
{
  if (value == 0.0f)
    return;
  reserve_values (arrays, arrays->n_values + 1 + ACT_CSR_SLACK);
  arrays->indices[arrays->n_values] = column;
  arrays->values[arrays->n_values] = value;
  arrays->n_values++;
}

void
act_csr_arrays_end_row (ActCsrArrays *arrays)
{
  arrays->n_rows++;
  reserve_rows (arrays, arrays->n_rows + 1);
  arrays->indptr[arrays->n_rows] = (gint64) arrays->n_values;
}

void
act_csr_arrays_from_dense (
    ActCsrArrays *arrays, const float *dense, gsize n_rows, gsize n_cols)
{
  act_csr_arrays_begin (arrays);
  reserve_rows (arrays, n_rows + 1);
  for (gsize row = 0; row < n_rows; row++) {
    act_csr_arrays_append (arrays, dense + row * n_cols, n_cols, 0);
    act_csr_arrays_end_row (arrays);
  }
}

void
act_csr_arrays_clear (ActCsrArrays *arrays)
{
  act_csr_arrays_give_back (arrays);
  g_free (arrays->indptr);
  g_free (arrays->indices);
  g_free (arrays->values);
  memset (arrays, 0, sizeof *arrays);
}
