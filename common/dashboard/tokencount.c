/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/tokencount.h"

#include "dashboard/sums.h"

#include <math.h>

/* Only what was counted is looked at and cleared, however large the
 * vocabulary. */
struct _ActTokenCount {
  guint64 *counts; /* [n_strings] */
  /* in order of first counting; one more, since the next place is written
   * before it is known whether it is kept */
  guint32 *counted; /* [n_strings + 1] */
  guint n_counted;
};

ActTokenCount *
act_token_count_new (guint n_strings)
{
  ActTokenCount *count = g_new0 (ActTokenCount, 1);

  count->counts = g_new0 (guint64, MAX (n_strings, 1));
  count->counted = g_new (guint32, (gsize) n_strings + 1);
  return count;
}

void
act_token_count_free (ActTokenCount *count)
{
  if (count == NULL)
    return;
  g_free (count->counts);
  g_free (count->counted);
  g_free (count);
}

void
act_token_count_add (ActTokenCount *count, guint32 string)
{
  static const gint32 only = 0;

  act_token_count_add_positions (count, &string, &only, 1);
}

void
act_token_count_add_positions (ActTokenCount *count, const guint32 *strings,
    const gint32 *positions, gsize n)
{
  guint64 *counts = count->counts;
  guint32 *counted = count->counted;
  guint n_counted = count->n_counted;

  /* written always: whether a string is new cannot be guessed */
  for (gsize i = 0; i < n; i++) {
    guint32 string = strings[positions[i]];

    counted[n_counted] = string;
    n_counted += counts[string] == 0;
    counts[string]++;
  }
  count->n_counted = n_counted;
}

static double
entropy_of (const ActTokenRank *counted, guint n, guint64 total)
{
  g_autofree double *terms = g_new (double, MAX (n, 1));

  for (guint i = 0; i < n; i++) {
    double p = (double) counted[i].count / (double) total;
    terms[i] = p * log (p + 1e-10);
  }
  return -act_sum_f64 (terms, n);
}

#define DIGIT_BITS 8
#define N_DIGITS (1 << DIGIT_BITS)

/* one pass of a radix sort: stable, by falling digit */
static void
sort_by_digit (const ActTokenRank *from, ActTokenRank *to, guint n, guint shift)
{
  guint place[N_DIGITS] = { 0 }, next = 0;

  for (guint i = 0; i < n; i++)
    place[(from[i].count >> shift) % N_DIGITS]++;
  for (guint digit = N_DIGITS; digit-- > 0;) {
    guint here = place[digit];
    place[digit] = next;
    next += here;
  }
  for (guint i = 0; i < n; i++)
    to[place[(from[i].count >> shift) % N_DIGITS]++] = from[i];
}

/* stable, so that equal counts stay in the order of first counting */
static ActTokenRank *
rank_tokens (const ActTokenRank *counted, guint n)
{
  ActTokenRank *ranking = g_new (ActTokenRank, MAX (n, 1));
  g_autofree ActTokenRank *other = g_new (ActTokenRank, MAX (n, 1));
  guint64 largest = 0;

  for (guint i = 0; i < n; i++) {
    ranking[i] = counted[i];
    largest = MAX (largest, counted[i].count);
  }
  for (guint shift = 0; shift < 64 && largest >> shift != 0;
       shift += DIGIT_BITS) {
    ActTokenRank *sorted = other;

    sort_by_digit (ranking, sorted, n, shift);
    other = ranking;
    ranking = sorted;
  }
  return ranking;
}

/* what was counted, in order of first counting; and starts again */
static ActTokenRank *
take_counted (ActTokenCount *count)
{
  ActTokenRank *counted = g_new (ActTokenRank, MAX (count->n_counted, 1));

  for (guint i = 0; i < count->n_counted; i++) {
    guint32 string = count->counted[i];

    counted[i] = (ActTokenRank){ string, count->counts[string] };
    count->counts[string] = 0;
  }
  count->n_counted = 0;
  return counted;
}

ActTokenRank *
act_token_count_rank (ActTokenCount *count, guint *n)
{
  g_autofree ActTokenRank *counted = NULL;

  *n = count->n_counted;
  counted = take_counted (count);
  return rank_tokens (counted, *n);
}

void
act_token_count_finish (ActTokenCount *count, ActTokenStatistics *statistics)
{
  guint n = count->n_counted;
  g_autofree ActTokenRank *counted = take_counted (count);
  guint64 total = 0, first = 0;

  for (guint i = 0; i < n; i++)
    total += counted[i].count;
  *statistics = (ActTokenStatistics){ .n_unique = n, .n_counted = total };
  statistics->ranking = rank_tokens (counted, n);
  if (n > 0) {
    statistics->entropy = entropy_of (counted, n, total);
    for (guint i = 0; i < MAX (1, n / 10); i++)
      first += statistics->ranking[i].count;
    statistics->concentration_ratio = (double) first / (double) total;
  }
}
