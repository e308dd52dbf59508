/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of csr.h for AVX-512 (F, BW, VL): sixteen values a step, the
 * rest under a mask. */

#include <immintrin.h>

#include "sparse/kernels.h"

/* the first n of sixteen lanes */
static inline __mmask16
first_lanes (gsize n)
{
  return n >= 16 ? 0xffff : (__mmask16) ((1u << n) - 1);
}

/* a bit for each value that is not zero and alive; lanes are those in range */
static inline __mmask16
chosen (__m512 v, const guint8 *alive, __mmask16 lanes)
{
  __mmask16 mask =
      _mm512_mask_cmp_ps_mask (lanes, v, _mm512_setzero_ps (), _CMP_NEQ_UQ);

  if (alive != NULL) {
    __m128i bytes = _mm_maskz_loadu_epi8 (lanes, alive);

    mask &= _mm_test_epi8_mask (bytes, bytes);
  }
  return mask;
}

static gsize
count_row (const float *row, gsize n, const guint8 *alive)
{
  gsize count = 0;

  for (gsize i = 0; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 v = _mm512_maskz_loadu_ps (lanes, row + i);

    count += (gsize) __builtin_popcount (
        chosen (v, alive == NULL ? NULL : alive + i, lanes));
  }
  return count;
}

static gsize
row_from_dense (const float *row, gsize n, const guint8 *alive, gint32 *indices,
    float *values)
{
  const __m512i numbers =
      _mm512_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  gsize count = 0;

  for (gsize i = 0; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 v = _mm512_maskz_loadu_ps (lanes, row + i);
    __mmask16 mask = chosen (v, alive == NULL ? NULL : alive + i, lanes);
    __m512i column;

    if (mask == 0)
      continue;
    /* compressed in the register, then stored whole: compressing stores are
     * slow on some processors */
    column = _mm512_add_epi32 (numbers, _mm512_set1_epi32 ((gint32) i));
    _mm512_storeu_si512 (
        indices + count, _mm512_maskz_compress_epi32 (mask, column));
    _mm512_storeu_ps (values + count, _mm512_maskz_compress_ps (mask, v));
    count += (gsize) __builtin_popcount (mask);
  }
  return count;
}

static void
max_row (const float *row, gsize n, float *max)
{
  for (gsize i = 0; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 a = _mm512_maskz_loadu_ps (lanes, row + i);
    __m512 b = _mm512_maskz_loadu_ps (lanes, max + i);

    /* vmaxps: the first if it is greater, else the second, as in C */
    _mm512_mask_storeu_ps (max + i, lanes, _mm512_max_ps (a, b));
  }
}

static gssize
find_nonfinite (const float *values, gsize n)
{
  const __m512i exponent = _mm512_set1_epi32 (0x7f800000);

  for (gsize i = 0; i < n; i += 16) {
    __m512i v = _mm512_maskz_loadu_epi32 (first_lanes (n - i), values + i);
    __mmask16 wrong =
        _mm512_cmpeq_epi32_mask (_mm512_and_si512 (v, exponent), exponent);

    if (wrong != 0)
      return (gssize) (i + (gsize) __builtin_ctz (wrong));
  }
  return -1;
}

static gboolean
ascending (const gint32 *indices, gsize n)
{
  for (gsize i = 1; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i);
    __m512i before = _mm512_maskz_loadu_epi32 (lanes, indices + i - 1);
    __m512i here = _mm512_maskz_loadu_epi32 (lanes, indices + i);

    if (_mm512_mask_cmple_epi32_mask (lanes, here, before) != 0)
      return FALSE;
  }
  return TRUE;
}

const ActCsrKernels act_csr_kernels_avx512 = {
  .name = "avx512",
  .count_row = count_row,
  .row_from_dense = row_from_dense,
  .max_row = max_row,
  .find_nonfinite = find_nonfinite,
  .ascending = ascending,
};
