/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/coactivation.h"

#include "sparse/csr.h"

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

__attribute__ ((target ("avx512f,avx512vpopcntdq"))) static void
and_popcounts_avx512 (const guint64 *set, const guint64 *sets, gsize n_sets,
    gsize stride, gsize n_words, guint32 *counts)
{
  const gsize n_whole = n_words - n_words % 8;
  const __mmask8 rest = (__mmask8) ((1u << n_words % 8) - 1);

  for (gsize j = 0; j < n_sets; j++, sets += stride) {
    __m512i n = _mm512_setzero_si512 (), m = n, a, b;

    for (gsize i = 0; i < n_whole; i += 8) {
      a = _mm512_loadu_si512 (set + i);
      b = _mm512_loadu_si512 (sets + i);
      n = _mm512_add_epi64 (n, _mm512_popcnt_epi64 (_mm512_and_si512 (a, b)));
    }
    if (rest != 0) {
      a = _mm512_maskz_loadu_epi64 (rest, set + n_whole);
      b = _mm512_maskz_loadu_epi64 (rest, sets + n_whole);
      m = _mm512_popcnt_epi64 (_mm512_and_si512 (a, b));
    }
    counts[j] = (guint32) _mm512_reduce_add_epi64 (_mm512_add_epi64 (n, m));
  }
}
#endif

ActAndPopcounts
act_and_popcounts (void)
{
#if defined(__x86_64__)
  /* the sparse kernels' choice, so that one setting forces it in both */
  const char *name = act_csr_kernel_name ();

  if (g_str_equal (name, "avx512")
      && __builtin_cpu_supports ("avx512vpopcntdq"))
    return and_popcounts_avx512;
  if (!g_str_equal (name, "c") && __builtin_cpu_supports ("popcnt"))
    return and_popcounts_popcnt;
#endif
  return and_popcounts_c;
}
