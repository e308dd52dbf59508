/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of kernels.h for AVX2: eight values a step, the rest under a
 * mask. */

#include <immintrin.h>

#include "dashboard/kernels.h"

#define EDGES_AT_ONCE 5

/* all bits in the first n of eight lanes */
static inline __m256i
first_lanes (gsize n)
{
  __m256i numbers = _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7);

  return _mm256_cmpgt_epi32 (_mm256_set1_epi32 ((gint32) MIN (n, 8)), numbers);
}

/* the first value fills the lanes that the last ones leave */
static inline __m256
load_or_first (const float *values, gsize i, gsize n, __m256 first)
{
  __m256i lanes;

  if (n - i >= 8)
    return _mm256_loadu_ps (values + i);
  lanes = first_lanes (n - i);
  return _mm256_blendv_ps (first, _mm256_maskload_ps (values + i, lanes),
      _mm256_castsi256_ps (lanes));
}

static inline float
largest (__m256 v)
{
  __m128 x =
      _mm_max_ps (_mm256_castps256_ps128 (v), _mm256_extractf128_ps (v, 1));

  x = _mm_max_ps (x, _mm_movehl_ps (x, x));
  return _mm_cvtss_f32 (_mm_max_ss (x, _mm_movehdup_ps (x)));
}

static inline float
smallest (__m256 v)
{
  __m128 x =
      _mm_min_ps (_mm256_castps256_ps128 (v), _mm256_extractf128_ps (v, 1));

  x = _mm_min_ps (x, _mm_movehl_ps (x, x));
  return _mm_cvtss_f32 (_mm_min_ss (x, _mm_movehdup_ps (x)));
}

static void
extremes (const float *values, gsize n, float *max, float *min, gsize *place)
{
  __m256 first = _mm256_set1_ps (values[0]), high = first, low = first;
  __m256 sought;
  gsize i;

  for (i = 0; i < n; i += 8) {
    __m256 v = load_or_first (values, i, n, first);

    high = _mm256_max_ps (high, v);
    low = _mm256_min_ps (low, v);
  }
  *max = largest (high);
  *min = smallest (low);
  sought = _mm256_set1_ps (*max);
  for (i = 0;; i += 8) {
    __m256 v = load_or_first (values, i, n, first);
    guint found =
        (guint) _mm256_movemask_ps (_mm256_cmp_ps (v, sought, _CMP_EQ_OQ));

    if (found != 0) {
      *place = i + (gsize) __builtin_ctz (found);
      return;
    }
  }
}

static inline guint32
add_lanes (__m256i v)
{
  __m128i x = _mm_add_epi32 (
      _mm256_castsi256_si128 (v), _mm256_extracti128_si256 (v, 1));

  x = _mm_add_epi32 (x, _mm_unpackhi_epi64 (x, x));
  return (guint32) _mm_cvtsi128_si32 (x) + (guint32) _mm_extract_epi32 (x, 1);
}

/* so many edges that their counts stay in registers; n_edges is a constant */
static inline __attribute__ ((always_inline)) void
count_some (const float *values, gsize n, const float *edges,
    const guint n_edges, guint64 *at_least)
{
  __m256 edge[EDGES_AT_ONCE];
  __m256i count[EDGES_AT_ONCE];
  gsize i;

  for (guint e = 0; e < n_edges; e++) {
    edge[e] = _mm256_set1_ps (edges[e]);
    count[e] = _mm256_setzero_si256 ();
  }
  for (i = 0; i + 8 <= n; i += 8) {
    __m256 v = _mm256_loadu_ps (values + i);

    /* what holds is -1 */
    for (guint e = 0; e < n_edges; e++)
      count[e] = _mm256_sub_epi32 (count[e],
          _mm256_castps_si256 (_mm256_cmp_ps (v, edge[e], _CMP_GE_OQ)));
  }
  for (guint e = 0; e < n_edges; e++) {
    at_least[e] += add_lanes (count[e]);
    for (gsize k = i; k < n; k++)
      at_least[e] += values[k] >= edges[e];
  }
}

static void
count_at_least (const float *values, gsize n, const float *edges, guint n_edges,
    guint64 *at_least)
{
  guint e = 0;

  for (; e + EDGES_AT_ONCE <= n_edges; e += EDGES_AT_ONCE)
    count_some (values, n, edges + e, EDGES_AT_ONCE, at_least + e);
  for (; e + 4 <= n_edges; e += 4)
    count_some (values, n, edges + e, 4, at_least + e);
  for (; e < n_edges; e++)
    count_some (values, n, edges + e, 1, at_least + e);
}

static gsize
pick_above (const float *values, const gint32 *positions, gsize n,
    float threshold, gint32 *picked)
{
  __m256 least = _mm256_set1_ps (threshold);
  gsize count = 0;

  for (gsize i = 0; i < n; i += 8) {
    __m256i lanes = first_lanes (n - i);
    __m256 v = _mm256_maskload_ps (values + i, lanes);
    guint above = (guint) _mm256_movemask_ps (_mm256_and_ps (
        _mm256_castsi256_ps (lanes), _mm256_cmp_ps (v, least, _CMP_GT_OQ)));

    for (; above != 0; above &= above - 1)
      picked[count++] = positions[i + (gsize) __builtin_ctz (above)];
  }
  return count;
}

const ActDashboardKernels act_dashboard_kernels_avx2 = {
  .name = "avx2",
  .extremes = extremes,
  .count_at_least = count_at_least,
  .pick_above = pick_above,
};
