/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of csr.h in plain C: reference and fallback. */

#include <math.h>

#include "sparse/kernels.h"

static gsize
count_row (const float *row, gsize n, const guint8 *alive)
{
  gsize count = 0;

  /* NaN counts as a value; -0.0 does not */
  if (alive == NULL) {
    for (gsize i = 0; i < n; i++)
      count += row[i] != 0.0f;
  } else {
    for (gsize i = 0; i < n; i++)
      count += (row[i] != 0.0f) & (alive[i] != 0);
  }
  return count;
}

static gsize
row_from_dense (const float *row, gsize n, const guint8 *alive, gint32 *indices,
    float *values)
{
  gsize count = 0;

  /* written always, kept only if it counts: no branch to guess wrong */
  for (gsize i = 0; i < n; i++) {
    indices[count] = (gint32) i;
    values[count] = row[i];
    count += (row[i] != 0.0f) & (alive == NULL || alive[i] != 0);
  }
  return count;
}

static void
max_row (const float *row, gsize n, float *max)
{
  for (gsize i = 0; i < n; i++)
    max[i] = row[i] > max[i] ? row[i] : max[i];
}

static gssize
find_nonfinite (const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (values[i]))
      return (gssize) i;
  }
  return -1;
}

static gboolean
ascending (const gint32 *indices, gsize n)
{
  guint wrong = 0;

  for (gsize i = 1; i < n; i++)
    wrong |= indices[i - 1] >= indices[i];
  return wrong == 0;
}

const ActCsrKernels act_csr_kernels_c = {
  .name = "c",
  .count_row = count_row,
  .row_from_dense = row_from_dense,
  .max_row = max_row,
  .find_nonfinite = find_nonfinite,
  .ascending = ascending,
};
