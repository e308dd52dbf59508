/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Sums of float32 values without rounding, until they are read: so the order
 * of the values, and how they are cut into pieces, does not matter. Mantissas
 * are added as integers, in a bin for each sign and exponent; a bin holds 2^39
 * of them. There are two sets of bins, for neighbours often have the same
 * exponent and would wait for each other. */

#define ACT_EXACT_SUM_BINS 512

typedef struct {
  guint64 bins[2][ACT_EXACT_SUM_BINS];
} ActExactSum;

void act_exact_sum_init (ActExactSum *sum);

/* value: finite; set: 0 or 1 */
static inline void
act_exact_sum_add (ActExactSum *sum, guint set, float value)
{
  union {
    float value;
    guint32 bits;
  } u = { value };
  guint32 hidden = (u.bits & 0x7f800000u) != 0 ? 0x800000u : 0;

  sum->bins[set][u.bits >> 23] += (u.bits & 0x7fffffu) | hidden;
}

/* The sum, and that of the absolute values; rounded once, to the nearest
 * double, ties to even. */
double act_exact_sum_get (const ActExactSum *sum);
double act_exact_sum_get_absolute (const ActExactSum *sum);
