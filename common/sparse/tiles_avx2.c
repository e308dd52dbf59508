/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of tiles.h for AVX2: the sixteen rows of a column in two
 * registers. */

#include <immintrin.h>

#include "sparse/tiles.h"

/* Four registers of 4 x 4 numbers each, turned round within each half; the
 * other way as well. */
static inline void
turn_halves (__m256 v[4])
{
  __m256d a = _mm256_castps_pd (_mm256_unpacklo_ps (v[0], v[1]));
  __m256d b = _mm256_castps_pd (_mm256_unpackhi_ps (v[0], v[1]));
  __m256d c = _mm256_castps_pd (_mm256_unpacklo_ps (v[2], v[3]));
  __m256d d = _mm256_castps_pd (_mm256_unpackhi_ps (v[2], v[3]));

  v[0] = _mm256_castpd_ps (_mm256_unpacklo_pd (a, c));
  v[1] = _mm256_castpd_ps (_mm256_unpackhi_pd (a, c));
  v[2] = _mm256_castpd_ps (_mm256_unpacklo_pd (b, d));
  v[3] = _mm256_castpd_ps (_mm256_unpackhi_pd (b, d));
}

/* of the values without their signs, as integers; see tiles_c.c */
static inline __m256i
larger (__m256i largest, __m256 v)
{
  return _mm256_max_epu32 (largest,
      _mm256_and_si256 (
          _mm256_castps_si256 (v), _mm256_set1_epi32 (0x7fffffff)));
}

/* four columns of eight rows; -> the larger of their values and largest */
static inline __m256i
turn_in (const float *rows, gsize n_cols, float *tile, __m256i largest)
{
  __m256 v[4];

  for (guint k = 0; k < 4; k++) {
    v[k] = _mm256_insertf128_ps (
        _mm256_castps128_ps256 (_mm_loadu_ps (rows + k * n_cols)),
        _mm_loadu_ps (rows + (k + 4) * n_cols), 1);
    largest = larger (largest, v[k]);
  }
  turn_halves (v);
  for (guint k = 0; k < 4; k++)
    _mm256_storeu_ps (tile + k * ACT_TILE_ROWS, v[k]);
  return largest;
}

static inline void
turn_out (const float *tile, gsize n_cols, float *rows)
{
  __m256 v[4];

  for (guint k = 0; k < 4; k++)
    v[k] = _mm256_loadu_ps (tile + k * ACT_TILE_ROWS);
  turn_halves (v);
  for (guint k = 0; k < 4; k++) {
    _mm_storeu_ps (rows + k * n_cols, _mm256_castps256_ps128 (v[k]));
    _mm_storeu_ps (rows + (k + 4) * n_cols, _mm256_extractf128_ps (v[k], 1));
  }
}

static gboolean
from_rows (const float *rows, gsize n_cols, float *tile)
{
  __m256i largest = _mm256_setzero_si256 ();
  guint32 lanes[8];
  gboolean finite = TRUE;
  gsize i = 0;

  for (; i + 4 <= n_cols; i += 4) {
    act_tile_ask_behind (rows, n_cols, i);
    for (gsize r = 0; r < ACT_TILE_ROWS; r += 8)
      largest = turn_in (
          rows + r * n_cols + i, n_cols, tile + i * ACT_TILE_ROWS + r, largest);
  }
  for (; i < n_cols; i++) {
    for (gsize r = 0; r < ACT_TILE_ROWS; r++)
      tile[i * ACT_TILE_ROWS + r] = rows[r * n_cols + i];
    largest = larger (largest, _mm256_loadu_ps (tile + i * ACT_TILE_ROWS));
    largest = larger (largest, _mm256_loadu_ps (tile + i * ACT_TILE_ROWS + 8));
  }
  _mm256_storeu_si256 ((__m256i *) lanes, largest);
  for (guint j = 0; j < 8; j++)
    finite &= lanes[j] < 0x7f800000u;
  return finite;
}

static void
to_rows (const float *tile, gsize n_cols, float *rows)
{
  gsize i = 0;

  for (; i + 4 <= n_cols; i += 4)
    for (gsize r = 0; r < ACT_TILE_ROWS; r += 8)
      turn_out (tile + i * ACT_TILE_ROWS + r, n_cols, rows + r * n_cols + i);
  for (; i < n_cols; i++)
    for (gsize r = 0; r < ACT_TILE_ROWS; r++)
      rows[r * n_cols + i] = tile[i * ACT_TILE_ROWS + r];
}

/* the first or the second eight rows of a member */
static inline __m256
member (const float *tile, const ActTileMembers *m, gint32 i, gsize half)
{
  return _mm256_loadu_ps (
      tile + (gsize) m->columns[i] * ACT_TILE_ROWS + 8 * half);
}

static void
max (const float *tile, const ActTileMembers *m, float *out)
{
  for (gsize c = 0; c < m->n_clusters; c++) {
    gint32 i = m->starts[c], end = m->starts[c + 1];
    __m256 a = _mm256_setzero_ps (), b = a;

    if (i < end) {
      a = member (tile, m, i, 0);
      b = member (tile, m, i, 1);
    }
    /* vmaxps: the first if it is greater, else the second, as in C */
    while (++i < end) {
      a = _mm256_max_ps (member (tile, m, i, 0), a);
      b = _mm256_max_ps (member (tile, m, i, 1), b);
    }
    _mm256_storeu_ps (out + c * ACT_TILE_ROWS, a);
    _mm256_storeu_ps (out + c * ACT_TILE_ROWS + 8, b);
  }
}

static void
sum (const float *tile, const ActTileMembers *m, const float *divisors,
    float *out)
{
  for (gsize c = 0; c < m->n_clusters; c++) {
    __m256 a = _mm256_setzero_ps (), b = a;

    for (gint32 i = m->starts[c]; i < m->starts[c + 1]; i++) {
      a = _mm256_add_ps (a, member (tile, m, i, 0));
      b = _mm256_add_ps (b, member (tile, m, i, 1));
    }
    if (divisors != NULL) {
      a = _mm256_div_ps (a, _mm256_set1_ps (divisors[c]));
      b = _mm256_div_ps (b, _mm256_set1_ps (divisors[c]));
    }
    _mm256_storeu_ps (out + c * ACT_TILE_ROWS, a);
    _mm256_storeu_ps (out + c * ACT_TILE_ROWS + 8, b);
  }
}

const ActTileKernels act_tile_kernels_avx2 = {
  .from_rows = from_rows,
  .to_rows = to_rows,
  .max = max,
  .sum = sum,
};
