/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of kernels.h for AVX-512 F: sixteen values a step, the rest
 * under a mask. */

#include <immintrin.h>

#include "dashboard/kernels.h"

#define EDGES_AT_ONCE 9 /* of the usual ten bins */

/* the first n of sixteen lanes */
static inline __mmask16
first_lanes (gsize n)
{
  return n >= 16 ? 0xffff : (__mmask16) ((1u << n) - 1);
}

/* the first values fill the lanes that the last ones leave */
static inline __m512
load_or_first (const float *values, gsize i, gsize n, __m512 first)
{
  return _mm512_mask_loadu_ps (first, first_lanes (n - i), values + i);
}

static void
extremes (const float *values, gsize n, float *max, float *min, gsize *place)
{
  __m512 first = _mm512_set1_ps (values[0]), high = first, low = first;
  __m512 sought;
  gsize i;

  for (i = 0; i < n; i += 16) {
    __m512 v = load_or_first (values, i, n, first);

    high = _mm512_max_ps (high, v);
    low = _mm512_min_ps (low, v);
  }
  *max = _mm512_reduce_max_ps (high);
  *min = _mm512_reduce_min_ps (low);
  sought = _mm512_set1_ps (*max);
  for (i = 0;; i += 16) {
    __m512 v = load_or_first (values, i, n, first);
    __mmask16 found = _mm512_cmp_ps_mask (v, sought, _CMP_EQ_OQ);

    if (found != 0) {
      *place = i + (gsize) __builtin_ctz (found);
      return;
    }
  }
}

static inline __m512i
count_lanes (__m512i count, __mmask16 lanes)
{
  return _mm512_mask_sub_epi32 (count, lanes, count, _mm512_set1_epi32 (-1));
}

/* so many edges that their counts stay in registers; n_edges is a constant */
static inline __attribute__ ((always_inline)) void
count_some (const float *values, gsize n, const float *edges,
    const guint n_edges, guint64 *at_least)
{
  __m512 edge[EDGES_AT_ONCE];
  __m512i count[EDGES_AT_ONCE];

  for (guint e = 0; e < n_edges; e++) {
    edge[e] = _mm512_set1_ps (edges[e]);
    count[e] = _mm512_setzero_si512 ();
  }
  for (gsize i = 0; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 v = _mm512_maskz_loadu_ps (lanes, values + i);

    for (guint e = 0; e < n_edges; e++)
      count[e] = count_lanes (
          count[e], _mm512_mask_cmp_ps_mask (lanes, v, edge[e], _CMP_GE_OQ));
  }
  for (guint e = 0; e < n_edges; e++)
    at_least[e] += (guint32) _mm512_reduce_add_epi32 (count[e]);
}

static void
count_at_least (const float *values, gsize n, const float *edges, guint n_edges,
    guint64 *at_least)
{
  guint e = 0;

  for (; e + EDGES_AT_ONCE <= n_edges; e += EDGES_AT_ONCE)
    count_some (values, n, edges + e, EDGES_AT_ONCE, at_least + e);
  for (; e + 3 <= n_edges; e += 3)
    count_some (values, n, edges + e, 3, at_least + e);
  for (; e < n_edges; e++)
    count_some (values, n, edges + e, 1, at_least + e);
}

static gsize
pick_above (const float *values, const gint32 *positions, gsize n,
    float threshold, gint32 *picked)
{
  __m512 least = _mm512_set1_ps (threshold);
  gsize count = 0;

  for (gsize i = 0; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 v = _mm512_maskz_loadu_ps (lanes, values + i);
    __m512i p = _mm512_maskz_loadu_epi32 (lanes, positions + i);
    __mmask16 above = _mm512_mask_cmp_ps_mask (lanes, v, least, _CMP_GT_OQ);

    /* in the register, then stored whole: compressing stores are slow */
    _mm512_storeu_si512 (
        picked + count, _mm512_maskz_compress_epi32 (above, p));
    count += (gsize) __builtin_popcount (above);
  }
  return count;
}

const ActDashboardKernels act_dashboard_kernels_avx512 = {
  .name = "avx512",
  .extremes = extremes,
  .count_at_least = count_at_least,
  .pick_above = pick_above,
};
