/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of csr.h for AVX2: eight values a step, the rest one by one. */

#include <immintrin.h>
#include <math.h>

#include "sparse/kernels.h"

/* COMPACT(mask): bytes that name the set bits of mask, lowest first, so that
 * a permutation by them moves the chosen values to the front. */
#define BIT(mask, bit)                                                         \
  (((mask) >> (bit) &1) == 0 ? 0                                               \
                             : (guint64) (bit)                                 \
              << (8 * __builtin_popcount ((mask) & ((1u << (bit)) - 1))))
#define COMPACT(m)                                                             \
  (BIT (m, 0) | BIT (m, 1) | BIT (m, 2) | BIT (m, 3) | BIT (m, 4) | BIT (m, 5) \
      | BIT (m, 6) | BIT (m, 7))
#define COMPACT_4(m)                                                           \
  COMPACT ((m) + 0u), COMPACT ((m) + 1u), COMPACT ((m) + 2u), COMPACT ((m) + 3u)
#define COMPACT_16(m)                                                          \
  COMPACT_4 ((m) + 0u), COMPACT_4 ((m) + 4u), COMPACT_4 ((m) + 8u),            \
      COMPACT_4 ((m) + 12u)
#define COMPACT_64(m)                                                          \
  COMPACT_16 ((m) + 0u), COMPACT_16 ((m) + 16u), COMPACT_16 ((m) + 32u),       \
      COMPACT_16 ((m) + 48u)

static const guint64 compact[256] = {
  COMPACT_64 (0u),
  COMPACT_64 (64u),
  COMPACT_64 (128u),
  COMPACT_64 (192u),
};

/* a bit for each of eight values that is not zero and alive */
static inline guint
chosen (__m256 v, const guint8 *alive)
{
  __m256 keep = _mm256_cmp_ps (v, _mm256_setzero_ps (), _CMP_NEQ_UQ);
  guint mask = (guint) _mm256_movemask_ps (keep);

  if (alive != NULL) {
    __m128i bytes = _mm_loadl_epi64 ((const __m128i *) alive);
    __m128i dead = _mm_cmpeq_epi8 (bytes, _mm_setzero_si128 ());

    mask &= ~(guint) _mm_movemask_epi8 (dead);
  }
  return mask;
}

static gsize
count_row (const float *row, gsize n, const guint8 *alive)
{
  gsize count = 0, i = 0;

  for (; i + 8 <= n; i += 8) {
    __m256 v = _mm256_loadu_ps (row + i);

    count += (gsize) __builtin_popcount (
        chosen (v, alive == NULL ? NULL : alive + i));
  }
  for (; i < n; i++)
    count += (row[i] != 0.0f) & (alive == NULL || alive[i] != 0);
  return count;
}

static gsize
row_from_dense (const float *row, gsize n, const guint8 *alive, gint32 *indices,
    float *values)
{
  __m256i lanes = _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7);
  gsize count = 0, i = 0;

  /* stored also where nothing was chosen: at a few percent of nonzeros a
   * branch would be guessed wrong a third of the time */
  for (; i + 8 <= n; i += 8) {
    __m256 v = _mm256_loadu_ps (row + i);
    guint mask = chosen (v, alive == NULL ? NULL : alive + i);
    __m256i order, column;

    order = _mm256_cvtepu8_epi32 (_mm_cvtsi64_si128 ((gint64) compact[mask]));
    column = _mm256_add_epi32 (lanes, _mm256_set1_epi32 ((gint32) i));
    _mm256_storeu_si256 ((__m256i *) (indices + count),
        _mm256_permutevar8x32_epi32 (column, order));
    _mm256_storeu_ps (values + count, _mm256_permutevar8x32_ps (v, order));
    count += (gsize) __builtin_popcount (mask);
  }
  for (; i < n; i++) {
    indices[count] = (gint32) i;
    values[count] = row[i];
    count += (row[i] != 0.0f) & (alive == NULL || alive[i] != 0);
  }
  return count;
}

static void
max_row (const float *row, gsize n, float *max)
{
  gsize i = 0;

  /* vmaxps: the first if it is greater, else the second, as in C */
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps (max + i,
        _mm256_max_ps (_mm256_loadu_ps (row + i), _mm256_loadu_ps (max + i)));
  for (; i < n; i++)
    max[i] = row[i] > max[i] ? row[i] : max[i];
}

static gssize
find_nonfinite (const float *values, gsize n)
{
  const __m256i exponent = _mm256_set1_epi32 (0x7f800000);
  gsize i = 0;

  for (; i + 32 <= n; i += 32) {
    __m256i wrong = _mm256_setzero_si256 ();

    for (guint j = 0; j < 32; j += 8) {
      __m256i v = _mm256_loadu_si256 ((const __m256i *) (values + i + j));

      v = _mm256_cmpeq_epi32 (_mm256_and_si256 (v, exponent), exponent);
      wrong = _mm256_or_si256 (wrong, v);
    }
    if (!_mm256_testz_si256 (wrong, wrong))
      break;
  }
  for (; i < n; i++) {
    if (!isfinite (values[i]))
      return (gssize) i;
  }
  return -1;
}

static gboolean
ascending (const gint32 *indices, gsize n)
{
  gsize i = 1;
  guint wrong = 0;

  for (; i + 8 <= n; i += 8) {
    __m256i before = _mm256_loadu_si256 ((const __m256i *) (indices + i - 1));
    __m256i here = _mm256_loadu_si256 ((const __m256i *) (indices + i));

    if (_mm256_movemask_epi8 (_mm256_cmpgt_epi32 (here, before)) != -1)
      return FALSE;
  }
  for (; i < n; i++)
    wrong |= indices[i - 1] >= indices[i];
  return wrong == 0;
}

const ActCsrKernels act_csr_kernels_avx2 = {
  .name = "avx2",
  .count_row = count_row,
  .row_from_dense = row_from_dense,
  .max_row = max_row,
  .find_nonfinite = find_nonfinite,
  .ascending = ascending,
};
