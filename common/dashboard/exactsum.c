/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/exactsum.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The bins are those of R. M. Neal's large superaccumulator (arXiv:1505.05571).
 *
 * An integer of 384 bits, the lowest word first, in units of 2^-149: the
 * largest bin is shifted by 253 and has 64 bits, so no sum runs over. */
#define N_WORDS 6
#define UNIT_EXPONENT (-149)
#define N_EXPONENTS 256

typedef struct {
  guint64 words[N_WORDS];
} Wide;

void
act_exact_sum_init (ActExactSum *sum)
{
  memset (sum, 0, sizeof *sum);
}

static void
add_word (Wide *wide, guint at, guint64 word)
{
  while (word != 0 && at < N_WORDS) {
    wide->words[at] += word;
    word = wide->words[at] < word;
    at++;
  }
}

/* adds the bins of one sign: from `first` on */
static void
add_bins (Wide *wide, const ActExactSum *sum, guint first)
{
  for (guint e = 0; e < N_EXPONENTS; e++) {
    /* exponents 0 (no hidden bit) and 1 have the same unit */
    guint shift = MAX (e, 1) - 1;
    guint64 bin = sum->bins[0][first + e] + sum->bins[1][first + e];

    if (bin == 0)
      continue;
    add_word (wide, shift / 64, bin << (shift % 64));
    if (shift % 64 != 0)
      add_word (wide, shift / 64 + 1, bin >> (64 - shift % 64));
  }
}

/* a >= b */
static void
subtract (Wide *a, const Wide *b)
{
  guint64 borrow = 0;

  for (guint i = 0; i < N_WORDS; i++) {
    guint64 before = a->words[i], rest = before - b->words[i];

    a->words[i] = rest - borrow;
    borrow = before < b->words[i] || rest < borrow;
  }
}

static int
compare (const Wide *a, const Wide *b)
{
  for (guint i = N_WORDS; i-- > 0;)
    if (a->words[i] != b->words[i])
      return a->words[i] < b->words[i] ? -1 : 1;
  return 0;
}

/* 64 bits from bit `at` on */
static guint64
bits_from (const Wide *wide, guint at)
{
  guint i = at / 64, shift = at % 64;
  guint64 bits = wide->words[i] >> shift;

  if (shift != 0 && i + 1 < N_WORDS)
    bits |= wide->words[i + 1] << (64 - shift);
  return bits;
}

static gboolean
any_below (const Wide *wide, guint at)
{
  for (guint i = 0; i < at / 64; i++)
    if (wide->words[i] != 0)
      return TRUE;
  return at % 64 != 0 && wide->words[at / 64] << (64 - at % 64) != 0;
}

static double
round_to_double (const Wide *wide)
{
  guint top = N_WORDS, n_bits, drop;
  guint64 mantissa;

  while (top > 0 && wide->words[top - 1] == 0)
    top--;
  if (top == 0)
    return 0.0;
  n_bits = 64 * top - __builtin_clzll (wide->words[top - 1]);
  if (n_bits <= DBL_MANT_DIG)
    return ldexp ((double) wide->words[0], UNIT_EXPONENT);
  drop = n_bits - DBL_MANT_DIG;
  mantissa = bits_from (wide, drop) & ((G_GUINT64_CONSTANT (1) << 53) - 1);
  /* the first bit dropped is half of the last one kept */
  if ((bits_from (wide, drop - 1) & 1)
      && (any_below (wide, drop - 1) || (mantissa & 1)))
    mantissa++;
  return ldexp ((double) mantissa, (int) drop + UNIT_EXPONENT);
}

double
act_exact_sum_get (const ActExactSum *sum)
{
  Wide above = { { 0 } }, below = { { 0 } };

  add_bins (&above, sum, 0);
  add_bins (&below, sum, N_EXPONENTS);
  if (compare (&above, &below) >= 0) {
    subtract (&above, &below);
    return round_to_double (&above);
  }
  subtract (&below, &above);
  return -round_to_double (&below);
}

double
act_exact_sum_get_absolute (const ActExactSum *sum)
{
  Wide wide = { { 0 } };

  add_bins (&wide, sum, 0);
  add_bins (&wide, sum, N_EXPONENTS);
  return round_to_double (&wide);
}
