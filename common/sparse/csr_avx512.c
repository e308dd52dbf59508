/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of csr.h for AVX-512 (F, BW, VL): sixteen values a step, the
 * rest under a mask. */

#include <immintrin.h>
#include <math.h>

#include "sparse/kernels.h"

/* of ActGroups: sixteen columns */
#define GROUP_SHIFT 4
#define GROUP_COLUMNS ((gsize) 1 << GROUP_SHIFT)

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
 * at a few percent of nonzeros a branch would be guessed wrong too often. That
 * there are more than eight of them is guessed right nearly always, and half a
 * store less often crosses cache lines. */
static inline gsize
compress (__m512 v, gsize i, const guint8 *alive, __mmask16 lanes,
    gint32 *indices, float *values)
{
  const __m512i numbers =
      _mm512_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i column = _mm512_add_epi32 (numbers, _mm512_set1_epi32 ((gint32) i));
  __mmask16 mask = chosen (v, alive == NULL ? NULL : alive + i, lanes);
  gsize n = (gsize) __builtin_popcount (mask);

  column = _mm512_maskz_compress_epi32 (mask, column);
  v = _mm512_maskz_compress_ps (mask, v);
  if (n > 8) {
    _mm512_storeu_si512 (indices, column);
    _mm512_storeu_ps (values, v);
  } else {
    _mm256_storeu_si256 ((__m256i *) indices, _mm512_castsi512_si256 (column));
    _mm256_storeu_ps (values, _mm512_castps512_ps256 (v));
  }
  return n;
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

/* as in csr_c.c */
static guint
scan (const float *values, gsize n, gsize *n_nonzero)
{
  const __m512i unsign = _mm512_set1_epi32 (0x7fffffff);
  __m512i largest = _mm512_setzero_si512 (), least = largest, v, magnitude;
  gsize count = 0, i = 0;

  for (; i + 16 <= n; i += 16) {
    v = _mm512_loadu_si512 (values + i);
    magnitude = _mm512_and_si512 (v, unsign);
    largest = _mm512_max_epu32 (largest, magnitude);
    least = _mm512_min_epi32 (least, v);
    count += (gsize) __builtin_popcount (_mm512_test_epi32_mask (v, unsign));
  }
  v = _mm512_maskz_loadu_epi32 (first_lanes (n - i), values + i);
  magnitude = _mm512_and_si512 (v, unsign);
  largest = _mm512_max_epu32 (largest, magnitude);
  least = _mm512_min_epi32 (least, v);
  *n_nonzero =
      count + (gsize) __builtin_popcount (_mm512_test_epi32_mask (v, unsign));
  return (_mm512_reduce_max_epu32 (largest) >= 0x7f800000u ? ACT_SCAN_NOT_FINITE
                                                           : 0)
      | (_mm512_reduce_min_epi32 (least) == G_MININT32 ? ACT_SCAN_MINUS_ZERO
                                                       : 0);
}

static gsize
count_descents (const gint32 *indices, gsize n, gsize n_cols)
{
  const __m512i limit = _mm512_set1_epi32 ((gint32) (guint32) n_cols);
  __mmask16 outside = 0;
  gsize count = 0, i = 1;

  if (n == 0)
    return 0;
  if ((guint32) indices[0] >= n_cols)
    return G_MAXSIZE;
  for (; i + 16 <= n; i += 16) {
    __m512i before = _mm512_loadu_si512 (indices + i - 1);
    __m512i here = _mm512_loadu_si512 (indices + i);

    outside |= _mm512_cmpge_epu32_mask (here, limit);
    count +=
        (gsize) __builtin_popcount (_mm512_cmple_epi32_mask (here, before));
  }
  if (i < n) {
    __mmask16 lanes = first_lanes (n - i);
    __m512i before = _mm512_maskz_loadu_epi32 (lanes, indices + i - 1);
    __m512i here = _mm512_maskz_loadu_epi32 (lanes, indices + i);

    outside |= _mm512_mask_cmpge_epu32_mask (lanes, here, limit);
    count += (gsize) __builtin_popcount (
        _mm512_mask_cmple_epi32_mask (lanes, here, before));
  }
  return outside ? G_MAXSIZE : count;
}

static gsize
filter_row (const gint32 *indices, const float *values, gsize n,
    const guint8 *alive, gint32 *out_indices, float *out_values)
{
  const __m512i byte = _mm512_set1_epi32 (0xff);
  gsize count = 0;

  for (gsize i = 0; i < n; i += 16) {
    __mmask16 lanes = first_lanes (n - i), keep, front;
    __m512i columns = _mm512_maskz_loadu_epi32 (lanes, indices + i);
    __m512 v = _mm512_maskz_loadu_ps (lanes, values + i);
    __m512i marks = _mm512_mask_i32gather_epi32 (
        _mm512_setzero_si512 (), lanes, columns, alive, 1);

    keep = _mm512_mask_test_epi32_mask (lanes, marks, byte);
    keep = _mm512_mask_cmp_ps_mask (keep, v, _mm512_setzero_ps (), _CMP_NEQ_UQ);
    /* no more than stay: what comes behind may not have been read yet */
    front = first_lanes ((gsize) __builtin_popcount (keep));
    _mm512_mask_storeu_epi32 (out_indices + count, front,
        _mm512_maskz_compress_epi32 (keep, columns));
    _mm512_mask_storeu_ps (
        out_values + count, front, _mm512_maskz_compress_ps (keep, v));
    count += (gsize) __builtin_popcount (keep);
  }
  return count;
}

static gboolean
any_negative (const float *values, gsize n)
{
  __mmask16 found = 0;
  gsize i = 0;

  for (; i + 16 <= n; i += 16)
    found |= _mm512_cmp_ps_mask (
        _mm512_loadu_ps (values + i), _mm512_setzero_ps (), _CMP_LT_OQ);
  if (i < n)
    found |= _mm512_cmp_ps_mask (
        _mm512_maskz_loadu_ps (first_lanes (n - i), values + i),
        _mm512_setzero_ps (), _CMP_LT_OQ);
  return found != 0;
}

static gsize
take_groups (const ActGroups *groups, gint32 *indices, float *values)
{
  gsize count = 0;

  for (gsize word = 0; word < groups->n_words; word++) {
    guint64 marks = groups->marks[word];

    groups->marks[word] = 0;
    for (; marks != 0; marks &= marks - 1) {
      gsize first =
          (word * 64 + (gsize) __builtin_ctzll (marks)) * GROUP_COLUMNS;
      __m512 v = _mm512_loadu_ps (groups->row + first);

      _mm512_storeu_ps (groups->row + first, _mm512_setzero_ps ());
      if (groups->divisors != NULL)
        v = _mm512_div_ps (v, _mm512_loadu_ps (groups->divisors + first));
      count +=
          compress (v, first, NULL, 0xffff, indices + count, values + count);
    }
  }
  return count;
}

static gsize
take_signed_groups (const ActGroups *groups, gint32 *indices, float *values)
{
  gsize count = 0;

  for (gsize word = 0; word < groups->n_words; word++) {
    guint64 marks = groups->marks[word];

    groups->marks[word] = 0;
    for (; marks != 0; marks &= marks - 1) {
      gsize first =
          (word * 64 + (gsize) __builtin_ctzll (marks)) * GROUP_COLUMNS;
      __m512 v = _mm512_loadu_ps (groups->row + first);
      __m512i counts = _mm512_loadu_si512 (groups->counts + first);
      __mmask16 zero;

      zero = _mm512_cmplt_epi32_mask (
          counts, _mm512_loadu_si512 (groups->full + first));
      zero =
          _mm512_mask_cmp_ps_mask (zero, v, _mm512_setzero_ps (), _CMP_LT_OQ);
      v = _mm512_mask_mov_ps (v, zero, _mm512_setzero_ps ());
      _mm512_storeu_ps (groups->row + first, _mm512_set1_ps (-INFINITY));
      _mm512_storeu_si512 (groups->counts + first, _mm512_setzero_si512 ());
      count +=
          compress (v, first, NULL, 0xffff, indices + count, values + count);
    }
  }
  return count;
}

const ActCsrKernels act_csr_kernels_avx512 = {
  .name = "avx512",
  .count_row = count_row,
  .row_from_dense = row_from_dense,
  .max_row = max_row,
  .find_nonfinite = find_nonfinite,
  .scan = scan,
  .count_descents = count_descents,
  .filter_row = filter_row,
  .any_negative = any_negative,
  .group_shift = GROUP_SHIFT,
  .take_groups = take_groups,
  .take_signed_groups = take_signed_groups,
};
