/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cpu.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"
#include "sparse/kernels.h"

static const ActCsrKernels *const tables[] = {
  [ACT_CPU_C] = &act_csr_kernels_c,
#ifdef __x86_64__
  [ACT_CPU_AVX2] = &act_csr_kernels_avx2,
  [ACT_CPU_AVX512] = &act_csr_kernels_avx512,
#endif
};

const ActCsrKernels *
act_csr_kernels (void)
{
  return tables[act_cpu_get ()];
}

const char *
act_csr_kernel_name (void)
{
  return act_csr_kernels ()->name;
}

gsize
act_csr_count_dense (
    const float *dense, gsize n_rows, gsize n_cols, const guint8 *alive)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize count = 0;

  if (alive == NULL)
    return k->count_row (dense, n_rows * n_cols, NULL);
  for (gsize row = 0; row < n_rows; row++)
    count += k->count_row (dense + row * n_cols, n_cols, alive);
  return count;
}

gboolean
act_csr_check_dense (const float *dense, gsize n_rows, gsize n_cols,
    const guint8 *alive, gsize *n_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize n;

  if (alive == NULL)
    return (k->scan (dense, n_rows * n_cols, n_values) & ACT_SCAN_NOT_FINITE)
        == 0;
  *n_values = 0;
  for (gsize row = 0; row < n_rows; row++) {
    const float *values = dense + row * n_cols;

    if ((k->scan (values, n_cols, &n) & ACT_SCAN_NOT_FINITE) != 0)
      return FALSE;
    *n_values += k->count_row (values, n_cols, alive);
  }
  return TRUE;
}

gsize
act_csr_from_dense (const float *dense, gsize n_rows, gsize n_cols,
    const guint8 *alive, gint64 *indptr, gint32 *indices, float *values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize n = 0;

  indptr[0] = 0;
  for (gsize row = 0; row < n_rows; row++) {
    n += k->row_from_dense (
        dense + row * n_cols, n_cols, alive, indices + n, values + n);
    indptr[row + 1] = (gint64) n;
  }
  return n;
}

void
act_csr_to_dense (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, const float *values, float *dense)
{
  for (gsize row = 0; row < n_rows; row++) {
    float *out = dense + row * n_cols;

    memset (out, 0, n_cols * sizeof (float));
    /* + 0.0f turns -0.0 into 0.0 and leaves all else as it is */
    for (gint64 i = indptr[row]; i < indptr[row + 1]; i++)
      out[indices[i]] = values[i] + 0.0f;
  }
}

static void
drop_minus_zero (float *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    values[i] += 0.0f;
}

void
act_dense_column_max (
    const float *dense, gsize n_rows, gsize n_cols, float *max)
{
  const ActCsrKernels *k = act_csr_kernels ();

  if (n_rows == 0) {
    memset (max, 0, n_cols * sizeof (float));
    return;
  }
  memcpy (max, dense, n_cols * sizeof (float));
  for (gsize row = 1; row < n_rows; row++)
    k->max_row (dense + row * n_cols, n_cols, max);
  drop_minus_zero (max, n_cols);
}

void
act_csr_column_max (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, const float *values, float *max)
{
  g_autofree gsize *count = g_new0 (gsize, MAX (n_cols, 1));
  gsize n = (gsize) indptr[n_rows];

  for (gsize col = 0; col < n_cols; col++)
    max[col] = -INFINITY;
  for (gsize i = 0; i < n; i++) {
    gint32 col = indices[i];

    max[col] = values[i] > max[col] ? values[i] : max[col];
    count[col]++;
  }
  /* a column with fewer values than rows has a zero somewhere */
  for (gsize col = 0; col < n_cols; col++) {
    if (max[col] < 0.0f && (count[col] < n_rows || n_rows == 0))
      max[col] = 0.0f;
  }
  drop_minus_zero (max, n_cols);
}

gsize
act_csr_filter (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, const float *values, const guint8 *alive,
    gint64 *out_indptr, gint32 *out_indices, float *out_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  g_autofree guint8 *marks = g_malloc0 (n_cols + ACT_CSR_ALIVE_SLACK);
  gsize n = 0;
  gint64 first = 0;

  if (alive != NULL)
    memcpy (marks, alive, n_cols);
  else
    memset (marks, 1, n_cols);
  out_indptr[0] = 0;
  for (gsize row = 0; row < n_rows; row++) {
    /* read before the output, which may be the same, is written */
    gint64 end = indptr[row + 1];

    n += k->filter_row (indices + first, values + first, (gsize) (end - first),
        marks, out_indices + n, out_values + n);
    out_indptr[row + 1] = (gint64) n;
    first = end;
  }
  return n;
}

gssize
act_find_nonfinite (const float *values, gsize n)
{
  return act_csr_kernels ()->find_nonfinite (values, n);
}

static gboolean
check_indptr (
    gsize n_rows, gsize n_values, const gint64 *indptr, GError **error)
{
  if (indptr[0] != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "indptr begins with %" G_GINT64_FORMAT ", expected 0", indptr[0]);
    return FALSE;
  }
  for (gsize row = 0; row < n_rows; row++) {
    if (indptr[row] > indptr[row + 1]) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "indptr falls from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
          " at row %" G_GSIZE_FORMAT,
          indptr[row], indptr[row + 1], row);
      return FALSE;
    }
  }
  if ((guint64) indptr[n_rows] != n_values) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "indptr ends at %" G_GINT64_FORMAT
        ", expected the number of values, %" G_GSIZE_FORMAT,
        indptr[n_rows], n_values);
    return FALSE;
  }
  return TRUE;
}

/* Finds the row that is wrong. */
static void
explain_indices (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, GError **error)
{
  for (gsize row = 0; row < n_rows; row++) {
    for (gint64 i = indptr[row]; i < indptr[row + 1]; i++) {
      if (i > indptr[row] && indices[i] <= indices[i - 1]) {
        g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
            "indices of row %" G_GSIZE_FORMAT " do not ascend", row);
        return;
      }
      if (indices[i] < 0 || (gsize) indices[i] >= n_cols) {
        g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
            "index %d in row %" G_GSIZE_FORMAT
            " is out of range, expected 0 to below %" G_GSIZE_FORMAT,
            indices[i], row, n_cols);
        return;
      }
    }
  }
}

/* All rows at once: wherever an index is not above the one before, a row must
 * begin. */
gboolean
act_csr_validate (gsize n_rows, gsize n_cols, gsize n_values,
    const gint64 *indptr, const gint32 *indices, GError **error)
{
  gsize n_descents;

  if (!check_indptr (n_rows, n_values, indptr, error))
    return FALSE;
  n_descents = act_csr_kernels ()->count_descents (
      indices, n_values, MIN (n_cols, (gsize) G_MAXINT32 + 1));
  for (gsize row = 1; row < n_rows && n_descents != 0; row++) {
    gint64 first = indptr[row];

    /* an empty row has the same beginning as the next */
    n_descents -= first > 0 && first < indptr[row + 1]
        && indices[first] <= indices[first - 1];
  }
  if (n_descents == 0)
    return TRUE;
  explain_indices (n_rows, n_cols, indptr, indices, error);
  return FALSE;
}
