/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of csr.h for AVX2: eight values a step, the rest one by one. */

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "sparse/kernels.h"

/* of ActGroups: sixteen columns */
#define GROUP_SHIFT 4
#define GROUP_COLUMNS ((gsize) 1 << GROUP_SHIFT)

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

/* as in csr_c.c: a bit for each of eight values that is not zero */
static inline guint
scan_step (__m256i v, __m256i *largest, __m256i *least)
{
  __m256i magnitude = _mm256_and_si256 (v, _mm256_set1_epi32 (0x7fffffff));
  __m256i zero = _mm256_cmpeq_epi32 (magnitude, _mm256_setzero_si256 ());

  *largest = _mm256_max_epu32 (*largest, magnitude);
  *least = _mm256_min_epi32 (*least, v);
  return ~(guint) _mm256_movemask_ps (_mm256_castsi256_ps (zero)) & 0xff;
}

static guint
scan (const float *values, gsize n, gsize *n_nonzero)
{
  __m256i largest = _mm256_setzero_si256 (), least = largest;
  guint32 rest[8] = { 0 }, high[8];
  gint32 low[8];
  gsize count = 0, i = 0;
  guint found = 0;

  for (; i + 8 <= n; i += 8)
    count += (gsize) __builtin_popcount (scan_step (
        _mm256_loadu_si256 ((const __m256i *) (values + i)), &largest, &least));
  for (gsize j = 0; i + j < n; j++)
    memcpy (&rest[j], &values[i + j], sizeof rest[j]);
  count += (gsize) __builtin_popcount (scan_step (
      _mm256_loadu_si256 ((const __m256i *) rest), &largest, &least));
  _mm256_storeu_si256 ((__m256i *) high, largest);
  _mm256_storeu_si256 ((__m256i *) low, least);
  for (guint j = 0; j < 8; j++)
    found |= (high[j] >= 0x7f800000u ? ACT_SCAN_NOT_FINITE : 0)
        | (low[j] == G_MININT32 ? ACT_SCAN_MINUS_ZERO : 0);
  *n_nonzero = count;
  return found;
}

static gsize
count_descents (const gint32 *indices, gsize n, gsize n_cols)
{
  __m256i last = _mm256_set1_epi32 ((gint32) ((guint32) n_cols - 1));
  __m256i outside = _mm256_setzero_si256 ();
  gsize count = 0, i = 1;

  if (n == 0)
    return 0;
  if ((guint32) indices[0] >= n_cols)
    return G_MAXSIZE;
  for (; i + 8 <= n; i += 8) {
    __m256i before = _mm256_loadu_si256 ((const __m256i *) (indices + i - 1));
    __m256i here = _mm256_loadu_si256 ((const __m256i *) (indices + i));
    __m256i above = _mm256_cmpgt_epi32 (here, before);
    __m256i within = _mm256_cmpeq_epi32 (_mm256_max_epu32 (here, last), last);

    outside = _mm256_or_si256 (
        outside, _mm256_xor_si256 (within, _mm256_set1_epi32 (-1)));
    count += 8
        - (gsize) __builtin_popcount (
            (guint) _mm256_movemask_ps (_mm256_castsi256_ps (above)));
  }
  if (!_mm256_testz_si256 (outside, outside))
    return G_MAXSIZE;
  for (; i < n; i++) {
    if ((guint32) indices[i] >= n_cols)
      return G_MAXSIZE;
    count += indices[i - 1] >= indices[i];
  }
  return count;
}

/* Eight values, those in mask to the front. */
static inline void
compress (__m256i columns, __m256 v, guint mask, gint32 *indices, float *values)
{
  __m256i order =
      _mm256_cvtepu8_epi32 (_mm_cvtsi64_si128 ((gint64) compact[mask]));

  _mm256_storeu_si256 (
      (__m256i *) indices, _mm256_permutevar8x32_epi32 (columns, order));
  _mm256_storeu_ps (values, _mm256_permutevar8x32_ps (v, order));
}

static gsize
filter_row (const gint32 *indices, const float *values, gsize n,
    const guint8 *alive, gint32 *out_indices, float *out_values)
{
  __m256i byte = _mm256_set1_epi32 (0xff);
  gsize count = 0, i = 0;

  /* the output never passes the input: the eight stored were read before */
  for (; i + 8 <= n; i += 8) {
    __m256i columns = _mm256_loadu_si256 ((const __m256i *) (indices + i));
    __m256 v = _mm256_loadu_ps (values + i);
    __m256i marks = _mm256_i32gather_epi32 ((const gint32 *) alive, columns, 1);
    __m256i dead = _mm256_cmpeq_epi32 (
        _mm256_and_si256 (marks, byte), _mm256_setzero_si256 ());
    guint keep = chosen (v, NULL)
        & ~(guint) _mm256_movemask_ps (_mm256_castsi256_ps (dead));

    compress (columns, v, keep, out_indices + count, out_values + count);
    count += (gsize) __builtin_popcount (keep);
  }
  for (; i < n; i++) {
    gint32 column = indices[i];
    float value = values[i];

    out_indices[count] = column;
    out_values[count] = value;
    count += (alive[column] != 0) & (value != 0.0f);
  }
  return count;
}

static gboolean
any_negative (const float *values, gsize n)
{
  __m256 found = _mm256_setzero_ps ();
  gsize i = 0;
  guint rest = 0;

  for (; i + 8 <= n; i += 8)
    found = _mm256_or_ps (found,
        _mm256_cmp_ps (
            _mm256_loadu_ps (values + i), _mm256_setzero_ps (), _CMP_LT_OQ));
  for (; i < n; i++)
    rest |= values[i] < 0.0f;
  return (rest | (guint) _mm256_movemask_ps (found)) != 0;
}

/* Eight results from column first on to where count points; how many. */
static inline gsize
take (__m256 v, gsize first, gint32 *indices, float *values)
{
  __m256i lanes = _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7);
  guint mask = chosen (v, NULL);

  compress (_mm256_add_epi32 (lanes, _mm256_set1_epi32 ((gint32) first)), v,
      mask, indices, values);
  return (gsize) __builtin_popcount (mask);
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

      for (gsize i = first; i < first + GROUP_COLUMNS; i += 8) {
        __m256 v = _mm256_loadu_ps (groups->row + i);

        _mm256_storeu_ps (groups->row + i, _mm256_setzero_ps ());
        if (groups->divisors != NULL)
          v = _mm256_div_ps (v, _mm256_loadu_ps (groups->divisors + i));
        count += take (v, i, indices + count, values + count);
      }
    }
  }
  return count;
}

/* eight maxima, 0 where negative and not all members have a value */
static inline __m256
signed_maxima (const ActGroups *groups, gsize i)
{
  __m256 v = _mm256_loadu_ps (groups->row + i);
  __m256i counts = _mm256_loadu_si256 ((const __m256i *) (groups->counts + i));
  __m256i full = _mm256_loadu_si256 ((const __m256i *) (groups->full + i));
  __m256 fewer = _mm256_castsi256_ps (_mm256_cmpgt_epi32 (full, counts));
  __m256 below = _mm256_cmp_ps (v, _mm256_setzero_ps (), _CMP_LT_OQ);

  _mm256_storeu_ps (groups->row + i, _mm256_set1_ps (-INFINITY));
  _mm256_storeu_si256 (
      (__m256i *) (groups->counts + i), _mm256_setzero_si256 ());
  return _mm256_andnot_ps (_mm256_and_ps (fewer, below), v);
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

      for (gsize i = first; i < first + GROUP_COLUMNS; i += 8)
        count += take (
            signed_maxima (groups, i), i, indices + count, values + count);
    }
  }
  return count;
}

const ActCsrKernels act_csr_kernels_avx2 = {
  .name = "avx2",
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
