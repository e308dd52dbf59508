/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sparse/filter.h"

#include <string.h>

#include "sparse/csr.h"
#include "sparse/kernels.h"

/* values a time that stay in the cache while they are looked at twice */
#define TILE_VALUES 32768

gboolean
act_filter_scan_dense (const float *dense, gsize n_rows, gsize n_cols,
    float *max, gsize *n_values, gboolean *minus_zero)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize tile = MAX (1, TILE_VALUES / MAX (n_cols, 1));
  guint found = 0;

  *n_values = 0;
  if (max != NULL && n_rows > 0)
    memcpy (max, dense, n_cols * sizeof (float));
  else if (max != NULL)
    memset (max, 0, n_cols * sizeof (float));
  for (gsize row = 0; row < n_rows; row += tile) {
    gsize n = MIN (tile, n_rows - row), n_nonzero;
    const float *values = dense + row * n_cols;

    found |= k->scan (values, n * n_cols, &n_nonzero);
    if ((found & ACT_SCAN_NOT_FINITE) != 0)
      return FALSE;
    *n_values += n_nonzero;
    for (gsize i = 0; max != NULL && i < n; i++)
      k->max_row (values + i * n_cols, n_cols, max);
  }
  *minus_zero = (found & ACT_SCAN_MINUS_ZERO) != 0;
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
    gsize n = MIN (TILE_VALUES / 4, n_values - first), n_here;

    if ((k->scan (values + first, n, &n_here) & ACT_SCAN_NOT_FINITE) != 0)
      return FALSE;
    *n_nonzero += n_here;
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
  g_autofree guint32 *masks = g_new (guint32, n_cols + 1);

  for (gsize i = 0; i < n_cols; i++)
    masks[i] = alive == NULL || alive[i] != 0 ? G_MAXUINT32 : 0;
  for (gsize row = 0; row < n_rows; row++) {
    const float *from = dense + row * n_cols;
    float *to = out + row * n_cols;

    for (gsize i = 0; i < n_cols; i++) {
      float value = from[i] + 0.0f; /* which has no -0.0 */
      guint32 bits;

      memcpy (&bits, &value, sizeof bits);
      bits &= masks[i];
      memcpy (&to[i], &bits, sizeof bits);
    }
  }
}
