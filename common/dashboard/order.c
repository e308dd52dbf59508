/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/order.h"

#include "dashboard/kernels.h"

#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define N_DIGITS (1 << DIGIT_BITS)

/* unsigned integers in the order of the floats */
static inline guint32
key_of (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits ^ (bits >> 31 ? 0xffffffffu : 0x80000000u);
}

static inline float
value_of (guint32 key)
{
  guint32 bits = key ^ (key >> 31 ? 0x80000000u : 0xffffffffu);
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* The k-th smallest of n values, from 0: the key's digits are found one after
 * another from the highest, each by counting. No bad case, no copy. */
static float
select_f32 (const float *values, gsize n, gsize k)
{
  gsize count[N_DIGITS];
  guint32 prefix = 0, mask = 0, digit;

  for (int shift = 32 - DIGIT_BITS; mask != 0xffffffffu;
       shift = MAX (0, shift - DIGIT_BITS)) {
    memset (count, 0, sizeof count);
    for (gsize i = 0; i < n; i++) {
      guint32 key = key_of (values[i]);
      if ((key & mask) == prefix)
        count[(key >> shift) & (N_DIGITS - 1)]++;
    }
    for (digit = 0; k >= count[digit]; digit++)
      k -= count[digit];
    prefix |= digit << shift;
    mask |= (guint32) (N_DIGITS - 1) << shift;
  }
  return value_of (prefix);
}

/* few values: sorted by insertion, which beats counting */
static float
select_few_f32 (const float *values, gsize n, gsize k)
{
  float sorted[64] = { 0 };

  for (gsize i = 0; i < n; i++) {
    gsize j = i;
    for (; j > 0 && sorted[j - 1] > values[i]; j--)
      sorted[j] = sorted[j - 1];
    sorted[j] = values[i];
  }
  return sorted[k];
}

/* the k-th smallest of the values and the zeros */
static float
select_with_zeros (const float *values, gsize n_values, gsize n_negative,
    guint64 n_zeros, guint64 k)
{
  if (k >= n_negative) {
    if (k - n_negative < n_zeros)
      return 0.0f;
    k -= n_zeros;
  }
  return n_values <= 64 ? select_few_f32 (values, n_values, k)
                        : select_f32 (values, n_values, k);
}

float
act_median_f32 (const float *values, gsize n_values, guint64 n_zeros)
{
  guint64 n = n_values + n_zeros;
  const float zero = 0.0f;
  guint64 n_positive = 0, n_negative;
  float low, high;

  act_dashboard_kernels ()->count_at_least (
      values, n_values, &zero, 1, &n_positive);
  n_negative = n_values - n_positive;
  high = select_with_zeros (values, n_values, n_negative, n_zeros, n / 2);
  if (n % 2 == 1)
    return high;
  low = select_with_zeros (values, n_values, n_negative, n_zeros, n / 2 - 1);
  return (low + high) / 2.0f;
}

typedef struct {
  double value;
  gsize index;
} Entry;

static int
compare_entries (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  if (x->value != y->value)
    return x->value < y->value ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* Keeps up to 2 n_top candidates and throws away the worse half when they are
 * full, so memory follows n_top and time n log n_top; after that, what is no
 * better than the worst of n_top is not even a candidate (among equals the
 * earlier one is better). A descending order is the ascending one of the
 * negated values. */
gsize
act_top_f64 (
    const double *values, gsize n, gboolean descending, gsize n_top, gsize *top)
{
  gsize room, n_entries = 0;
  gboolean have_worst = FALSE; /* entries[n_top - 1] */
  g_autofree Entry *entries = NULL;

  n_top = MIN (n_top, n);
  if (n_top == 0)
    return 0;
  room = n_top <= n / 2 ? 2 * n_top : n;
  entries = g_new (Entry, room);
  for (gsize i = 0; i < n; i++) {
    double value = descending ? -values[i] : values[i];

    if (have_worst && value >= entries[n_top - 1].value)
      continue;
    if (n_entries == room) {
      qsort (entries, n_entries, sizeof *entries, compare_entries);
      n_entries = n_top;
      have_worst = TRUE;
    }
    entries[n_entries++] = (Entry){ value, i };
  }
  qsort (entries, n_entries, sizeof *entries, compare_entries);
  for (gsize i = 0; i < n_top; i++)
    top[i] = entries[i].index;
  return n_top;
}
