/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of tiles.h for AVX-512 (F): the sixteen rows of a column in
 * one register. */

#include <immintrin.h>

#include "sparse/tiles.h"

/* Four registers of 4 x 4 numbers each, turned round within every quarter;
 * the other way as well. */
static inline void
turn_quarters (__m512 v[4])
{
  __m512d a = _mm512_castps_pd (_mm512_unpacklo_ps (v[0], v[1]));
  __m512d b = _mm512_castps_pd (_mm512_unpackhi_ps (v[0], v[1]));
  __m512d c = _mm512_castps_pd (_mm512_unpacklo_ps (v[2], v[3]));
  __m512d d = _mm512_castps_pd (_mm512_unpackhi_ps (v[2], v[3]));

  v[0] = _mm512_castpd_ps (_mm512_unpacklo_pd (a, c));
  v[1] = _mm512_castpd_ps (_mm512_unpackhi_pd (a, c));
  v[2] = _mm512_castpd_ps (_mm512_unpacklo_pd (b, d));
  v[3] = _mm512_castpd_ps (_mm512_unpackhi_pd (b, d));
}

/* four numbers of the rows 0, 4, 8 and 12 behind this one */
static inline __m512
load_quarters (const float *row, gsize n_cols)
{
  __m512 v = _mm512_castps128_ps512 (_mm_loadu_ps (row));

  v = _mm512_insertf32x4 (v, _mm_loadu_ps (row + 4 * n_cols), 1);
  v = _mm512_insertf32x4 (v, _mm_loadu_ps (row + 8 * n_cols), 2);
  return _mm512_insertf32x4 (v, _mm_loadu_ps (row + 12 * n_cols), 3);
}

static inline void
store_quarters (__m512 v, float *row, gsize n_cols)
{
  _mm_storeu_ps (row, _mm512_castps512_ps128 (v));
  _mm_storeu_ps (row + 4 * n_cols, _mm512_extractf32x4_ps (v, 1));
  _mm_storeu_ps (row + 8 * n_cols, _mm512_extractf32x4_ps (v, 2));
  _mm_storeu_ps (row + 12 * n_cols, _mm512_extractf32x4_ps (v, 3));
}

/* of the values without their signs, as integers; see tiles_c.c */
static inline __m512i
larger (__m512i largest, __m512 v)
{
  return _mm512_max_epu32 (largest,
      _mm512_and_si512 (
          _mm512_castps_si512 (v), _mm512_set1_epi32 (0x7fffffff)));
}

static gboolean
from_rows (const float *rows, gsize n_cols, float *tile)
{
  __m512i largest = _mm512_setzero_si512 ();
  gsize i = 0;

  for (; i + 4 <= n_cols; i += 4) {
    __m512 v[4];

    act_tile_ask_behind (rows, n_cols, i);
    for (guint k = 0; k < 4; k++) {
      v[k] = load_quarters (rows + k * n_cols + i, n_cols);
      largest = larger (largest, v[k]);
    }
    turn_quarters (v);
    for (guint k = 0; k < 4; k++)
      _mm512_storeu_ps (tile + (i + k) * ACT_TILE_ROWS, v[k]);
  }
  for (; i < n_cols; i++) {
    for (gsize r = 0; r < ACT_TILE_ROWS; r++)
      tile[i * ACT_TILE_ROWS + r] = rows[r * n_cols + i];
    largest = larger (largest, _mm512_loadu_ps (tile + i * ACT_TILE_ROWS));
  }
  return _mm512_reduce_max_epu32 (largest) < 0x7f800000u;
}

static void
to_rows (const float *tile, gsize n_cols, float *rows)
{
  gsize i = 0;

  for (; i + 4 <= n_cols; i += 4) {
    __m512 v[4];

    for (guint k = 0; k < 4; k++)
      v[k] = _mm512_loadu_ps (tile + (i + k) * ACT_TILE_ROWS);
    turn_quarters (v);
    for (guint k = 0; k < 4; k++)
      store_quarters (v[k], rows + k * n_cols + i, n_cols);
  }
  for (; i < n_cols; i++)
    for (gsize r = 0; r < ACT_TILE_ROWS; r++)
      rows[r * n_cols + i] = tile[i * ACT_TILE_ROWS + r];
}

static inline __m512
member (const float *tile, const ActTileMembers *m, gint32 i)
{
  return _mm512_loadu_ps (tile + (gsize) m->columns[i] * ACT_TILE_ROWS);
}

static void
max (const float *tile, const ActTileMembers *m, float *out)
{
  for (gsize c = 0; c < m->n_clusters; c++) {
    gint32 i = m->starts[c], end = m->starts[c + 1];
    __m512 result = _mm512_setzero_ps ();

    if (i < end)
      result = member (tile, m, i);
    /* vmaxps: the first if it is greater, else the second, as in C */
    while (++i < end)
      result = _mm512_max_ps (member (tile, m, i), result);
    _mm512_storeu_ps (out + c * ACT_TILE_ROWS, result);
  }
}

static void
sum (const float *tile, const ActTileMembers *m, const float *divisors,
    float *out)
{
  for (gsize c = 0; c < m->n_clusters; c++) {
    __m512 result = _mm512_setzero_ps ();

    for (gint32 i = m->starts[c]; i < m->starts[c + 1]; i++)
      result = _mm512_add_ps (result, member (tile, m, i));
    if (divisors != NULL)
      result = _mm512_div_ps (result, _mm512_set1_ps (divisors[c]));
    _mm512_storeu_ps (out + c * ACT_TILE_ROWS, result);
  }
}

const ActTileKernels act_tile_kernels_avx512 = {
  .from_rows = from_rows,
  .to_rows = to_rows,
  .max = max,
  .sum = sum,
};
