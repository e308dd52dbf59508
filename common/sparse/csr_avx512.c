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
  gsize count = 0, i = 0;

  for (; i + 16 <= n; i += 16)
    count += (gsize) __builtin_popcount (chosen (
        _mm512_loadu_ps (row + i), alive == NULL ? NULL : alive + i, 0xffff));
  if (i < n) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 v = _mm512_maskz_loadu_ps (lanes, row + i);

    count += (gsize) __builtin_popcount (
        chosen (v, alive == NULL ? NULL : alive + i, lanes));
  }
  return count;
}

/* Sixteen values at column i to where count points; returns how many. They
 * are compressed in the register, then stored whole, since compressing stores
 * are slow on some processors; and stored also where nothing was chosen, since
 * at a few percent of nonzeros a branch would be guessed wrong too often. */
static inline gsize
compress (__m512 v, gsize i, const guint8 *alive, __mmask16 lanes,
    gint32 *indices, float *values)
{
  const __m512i numbers =
      _mm512_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i column = _mm512_add_epi32 (numbers, _mm512_set1_epi32 ((gint32) i));
  __mmask16 mask = chosen (v, alive == NULL ? NULL : alive + i, lanes);

  _mm512_storeu_si512 (indices, _mm512_maskz_compress_epi32 (mask, column));
  _mm512_storeu_ps (values, _mm512_maskz_compress_ps (mask, v));
  return (gsize) __builtin_popcount (mask);
}

static gsize
row_from_dense (const float *row, gsize n, const guint8 *alive, gint32 *indices,
    float *values)
{
  gsize count = 0, i = 0;

  for (; i + 16 <= n; i += 16)
    count += compress (_mm512_loadu_ps (row + i), i, alive, 0xffff,
        indices + count, values + count);
  if (i < n) {
    __mmask16 lanes = first_lanes (n - i);

    count += compress (_mm512_maskz_loadu_ps (lanes, row + i), i, alive, lanes,
        indices + count, values + count);
  }
  return count;
}

static void
max_row (const float *row, gsize n, float *max)
{
  gsize i = 0;

  /* vmaxps: the first if it is greater, else the second, as in C */
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps (max + i,
        _mm512_max_ps (_mm512_loadu_ps (row + i), _mm512_loadu_ps (max + i)));
  if (i < n) {
    __mmask16 lanes = first_lanes (n - i);
    __m512 a = _mm512_maskz_loadu_ps (lanes, row + i);
    __m512 b = _mm512_maskz_loadu_ps (lanes, max + i);

    _mm512_mask_storeu_ps (max + i, lanes, _mm512_max_ps (a, b));
  }
}

static gssize
find_nonfinite (const float *values, gsize n)
{
  const __m512i exponent = _mm512_set1_epi32 (0x7f800000);
  gsize i = 0;

  /* four at once; where one is wrong the loop below says which */
  for (; i + 64 <= n; i += 64) {
    __mmask16 wrong = 0;

    for (gsize j = i; j < i + 64; j += 16) {
      __m512i v = _mm512_loadu_si512 (values + j);

      wrong |=
          _mm512_cmpeq_epi32_mask (_mm512_and_si512 (v, exponent), exponent);
    }
    if (wrong != 0)
      break;
  }
  for (; i < n; i += 16) {
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
