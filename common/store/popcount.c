/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/coactivation.h"

#include "sparse/csr.h"

/* The plain one: adds bits in parallel within each word. */
static guint64
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

#if defined(__x86_64__)
__attribute__ ((target ("popcnt"))) static guint64
and_popcount_popcnt (const guint64 *a, const guint64 *b, gsize n_words)
{
  guint64 n = 0, m = 0;
  gsize i;

  for (i = 0; i + 2 <= n_words; i += 2) {
    n += __builtin_popcountll (a[i] & b[i]);
    m += __builtin_popcountll (a[i + 1] & b[i + 1]);
  }
  if (i < n_words)
    n += __builtin_popcountll (a[i] & b[i]);
  return n + m;
}
#endif

ActAndPopcount
act_and_popcount (void)
{
#if defined(__x86_64__)
  /* the sparse kernels' choice, so that one setting forces plain C in both */
  if (g_strcmp0 (act_csr_kernel_name (), "c") != 0
      && __builtin_cpu_supports ("popcnt"))
    return and_popcount_popcnt;
#endif
  return and_popcount_c;
}
