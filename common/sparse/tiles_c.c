/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of tiles.h in plain C: reference and fallback. */

#include <string.h>

#include "sparse/tiles.h"

/* What is not finite has an exponent of ones, and so without the sign is above
 * all else. */
static gboolean
from_rows (const float *rows, gsize n_cols, float *tile)
{
  guint32 largest = 0;

  for (gsize i = 0; i < n_cols; i++) {
    for (gsize r = 0; r < ACT_TILE_ROWS; r++) {
      const float value = rows[r * n_cols + i];
      guint32 bits;

      memcpy (&bits, &value, sizeof bits);
      largest = MAX (largest, bits & 0x7fffffffu);
      tile[i * ACT_TILE_ROWS + r] = value;
    }
  }
  return largest < 0x7f800000u;
}

static void
to_rows (const float *tile, gsize n_cols, float *rows)
{
  for (gsize r = 0; r < ACT_TILE_ROWS; r++)
    for (gsize i = 0; i < n_cols; i++)
      rows[r * n_cols + i] = tile[i * ACT_TILE_ROWS + r];
}

static void
max (const float *tile, const ActTileMembers *m, float *out)
{
  for (gsize c = 0; c < m->n_clusters; c++) {
    float result[ACT_TILE_ROWS] = { 0 };

    for (gint32 i = m->starts[c]; i < m->starts[c + 1]; i++) {
      const float *values = tile + (gsize) m->columns[i] * ACT_TILE_ROWS;
      const gboolean first = i == m->starts[c];

      for (guint r = 0; r < ACT_TILE_ROWS; r++)
        result[r] = first || values[r] > result[r] ? values[r] : result[r];
    }
    for (guint r = 0; r < ACT_TILE_ROWS; r++)
      out[c * ACT_TILE_ROWS + r] = result[r];
  }
}

static void
sum (const float *tile, const ActTileMembers *m, const float *divisors,
    float *out)
{
  for (gsize c = 0; c < m->n_clusters; c++) {
    const float divisor = divisors != NULL ? divisors[c] : 1.0f;
    float result[ACT_TILE_ROWS] = { 0 };

    for (gint32 i = m->starts[c]; i < m->starts[c + 1]; i++) {
      const float *values = tile + (gsize) m->columns[i] * ACT_TILE_ROWS;

      for (guint r = 0; r < ACT_TILE_ROWS; r++)
        result[r] += values[r];
    }
    for (guint r = 0; r < ACT_TILE_ROWS; r++)
      out[c * ACT_TILE_ROWS + r] = result[r] / divisor;
  }
}

const ActTileKernels act_tile_kernels_c = {
  .from_rows = from_rows,
  .to_rows = to_rows,
  .max = max,
  .sum = sum,
};
