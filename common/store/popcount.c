/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/coactivation.h"

#include "cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The plain one: adds bits in parallel within each word. */
static guint32
and_popcount_c (const guint64 *a, const guint64 *b, gsize n_words)
{
  const guint64 m1 = G_GUINT64_CONSTANT (0x5555555555555555);
  const guint64 m2 = G_GUINT64_CONSTANT (0x3333333333333333);
  const guint64 m4 = G_GUINT64_CONSTANT (0x0f0f0f0f0f0f0f0f);
  guint64 n = 0;

  for (gsize i = 0; i < n_words; i++) {
    guint64 w = a[i] & b[i];
    w -= (w >> 1) & m1;
    w = (w & m2) + ((w >> 2) & m2);
    w = (w + (w >> 4)) & m4;
    n += (w * G_GUINT64_CONSTANT (0x0101010101010101)) >> 56;
  }
  return n;
}

static void
and_popcounts_c (const guint64 *set, const guint64 *sets, gsize n_sets,
    gsize stride, gsize n_words, guint32 *counts)
{
  for (gsize j = 0; j < n_sets; j++)
    counts[j] = and_popcount_c (set, sets + j * stride, n_words);
}

#if defined(__x86_64__)
__attribute__ ((target ("popcnt"))) static void
and_popcounts_popcnt (const guint64 *set, const guint64 *sets, gsize n_sets,
    gsize stride, gsize n_words, guint32 *counts)
{
  for (gsize j = 0; j < n_sets; j++, sets += stride) {
    guint64 n = 0, m = 0;
    gsize i;

    for (i = 0; i + 2 <= n_words; i += 2) {
      n += __builtin_popcountll (set[i] & sets[i]);
      m += __builtin_popcountll (set[i + 1] & sets[i + 1]);
    }
    if (i < n_words)
      n += __builtin_popcountll (set[i] & sets[i]);
    counts[j] = n + m;
  }
}

#define AVX512 __attribute__ ((target ("avx512f,avx512dq,avx512vpopcntdq")))

/* the sums of eight vectors' elements, in order */
AVX512 static inline __m512i
sum_eight (const __m512i v[8])
{
  __m512i a[4], b[2];

  for (int i = 0; i < 4; i++)
    a[i] = _mm512_add_epi64 (_mm512_unpacklo_epi64 (v[2 * i], v[2 * i + 1]),
        _mm512_unpackhi_epi64 (v[2 * i], v[2 * i + 1]));
  /* of four lanes of 128 bits, each with two vectors' sums: two, then one */
  for (int i = 0; i < 2; i++)
    b[i] =
        _mm512_add_epi64 (_mm512_shuffle_i64x2 (a[2 * i], a[2 * i + 1], 0x88),
            _mm512_shuffle_i64x2 (a[2 * i], a[2 * i + 1], 0xdd));
  return _mm512_add_epi64 (_mm512_shuffle_i64x2 (b[0], b[1], 0x88),
      _mm512_shuffle_i64x2 (b[0], b[1], 0xdd));
}

/* one set, which stays in registers, with eight others; 64 words */
AVX512 static inline void
and_popcounts_eight (
    const __m512i set[8], const guint64 *sets, gsize stride, guint32 *counts)
{
  __m512i v[8];

  for (int j = 0; j < 8; j++, sets += stride) {
    __m512i n = _mm512_setzero_si512 ();

    for (int i = 0; i < 8; i++)
      n = _mm512_add_epi64 (n,
          _mm512_popcnt_epi64 (
              _mm512_and_si512 (set[i], _mm512_loadu_si512 (sets + 8 * i))));
    v[j] = n;
  }
  _mm256_storeu_si256 (
      (__m256i *) counts, _mm512_cvtepi64_epi32 (sum_eight (v)));
}

AVX512 static guint32
and_popcount_avx512 (const guint64 *set, const guint64 *other, gsize n_words)
{
  __m512i n = _mm512_setzero_si512 ();

  for (gsize i = 0; i < n_words; i += 8) {
    __mmask8 mask =
        n_words - i >= 8 ? 0xff : (__mmask8) ((1u << (n_words - i)) - 1);
    __m512i a = _mm512_maskz_loadu_epi64 (mask, set + i);
    __m512i b = _mm512_maskz_loadu_epi64 (mask, other + i);

    n = _mm512_add_epi64 (n, _mm512_popcnt_epi64 (_mm512_and_si512 (a, b)));
  }
  return (guint32) _mm512_reduce_add_epi64 (n);
}

AVX512 static void
and_popcounts_avx512 (const guint64 *set, const guint64 *sets, gsize n_sets,
    gsize stride, gsize n_words, guint32 *counts)
{
  gsize j = 0;

  if (n_words == 64 && n_sets >= 8) {
    __m512i whole[8];

    for (int i = 0; i < 8; i++)
      whole[i] = _mm512_loadu_si512 (set + 8 * i);
    for (; j + 8 <= n_sets; j += 8)
      and_popcounts_eight (whole, sets + j * stride, stride, counts + j);
  }
  for (; j < n_sets; j++)
    counts[j] = and_popcount_avx512 (set, sets + j * stride, n_words);
}
#endif

ActAndPopcounts
act_and_popcounts (void)
{
#if defined(__x86_64__)
  const ActCpu cpu = act_cpu_get ();

  if (cpu == ACT_CPU_AVX512 && __builtin_cpu_supports ("avx512vpopcntdq"))
    return and_popcounts_avx512;
  if (cpu >= ACT_CPU_AVX2)
    return and_popcounts_popcnt;
#endif
  return and_popcounts_c;
}

guint
act_and_popcounts_per_pair (void)
{
#if defined(__x86_64__)
  const ActAndPopcounts kernel = act_and_popcounts ();

  if (kernel == and_popcounts_avx512)
    return 8;
  if (kernel == and_popcounts_popcnt)
    return 2;
#endif
  return 1;
}
