/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sparse/filter.h"

#include <string.h>

#include "sparse/csr.h"
#include "sparse/kernels.h"

/* values a time that stay in the cache while they are looked at thrice */
#define TILE_VALUES 32768

gboolean
act_filter_scan_dense (
    const float *dense, gsize n_rows, gsize n_cols, float *max, gsize *n_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize tile = MAX (1, TILE_VALUES / MAX (n_cols, 1));

  *n_values = 0;
  if (max != NULL && n_rows > 0)
    memcpy (max, dense, n_cols * sizeof (float));
  else if (max != NULL)
    memset (max, 0, n_cols * sizeof (float));
  for (gsize row = 0; row < n_rows; row += tile) {
    gsize n = MIN (tile, n_rows - row);
    const float *values = dense + row * n_cols;

    if (k->find_nonfinite (values, n * n_cols) >= 0)
      return FALSE;
    *n_values += k->count_row (values, n * n_cols, NULL);
    for (gsize i = 0; max != NULL && i < n; i++)
      k->max_row (values + i * n_cols, n_cols, max);
  }
  return TRUE;
}

gsize
act_filter_mark (gsize n_cols, const float *max, float threshold,
    const guint8 *before, guint8 *alive)
{
  gsize n_dead = 0;

  for (gsize i = 0; i < n_cols; i++) {
    gboolean was = before == NULL || before[i] != 0;
    gboolean is = was && !(max[i] < threshold);

    n_dead += (gsize) (was && !is);
    alive[i] = (guint8) is;
  }
  return n_dead;
}

gboolean
act_filter_scan_csr (gsize n_values, gsize n_cols, const gint32 *indices,
    const float *values, float threshold, guint8 *seen, gsize *n_nonzero)
{
  const ActCsrKernels *k = act_csr_kernels ();

  *n_nonzero = 0;
  if (seen != NULL)
    memset (seen, 0, 2 * n_cols);
  for (gsize first = 0; first < n_values; first += TILE_VALUES / 4) {
    gsize n = MIN (TILE_VALUES / 4, n_values - first);

    if (k->find_nonfinite (values + first, n) >= 0)
      return FALSE;
    *n_nonzero += k->count_row (values + first, n, NULL);
    /* one of the two is set: no branch to guess wrong */
    for (gsize i = first; seen != NULL && i < first + n; i++)
      seen[(values[i] < threshold ? 0 : n_cols) + (gsize) indices[i]] = 1;
  }
  return TRUE;
}

gsize
act_filter_mark_seen (gsize n_cols, const guint8 *seen, const guint8 *before,
    guint8 *alive, gboolean *drops_values)
{
  const guint8 *below = seen, *reached = seen + n_cols;
  gsize n_dead = 0;
  guint drops = 0;

  for (gsize i = 0; i < n_cols; i++) {
    guint was = before == NULL || before[i] != 0;
    guint is = was & reached[i];

    n_dead += was ^ is;
    drops |= (is ^ 1) & (below[i] | reached[i]);
    alive[i] = (guint8) is;
  }
  *drops_values = drops != 0;
  return n_dead;
}

void
act_filter_dense (const float *dense, gsize n_rows, gsize n_cols,
    const guint8 *alive, float *out)
{
  for (gsize row = 0; row < n_rows; row++) {
    const float *from = dense + row * n_cols;
    float *to = out + row * n_cols;

    for (gsize i = 0; i < n_cols; i++)
      to[i] = alive == NULL || alive[i] != 0 ? from[i] + 0.0f : 0.0f;
  }
}

gboolean
act_has_minus_zero (const float *values, gsize n)
{
  guint found = 0;

  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, &values[i], sizeof bits);
    found |= bits == 0x80000000;
  }
  return found != 0;
}
