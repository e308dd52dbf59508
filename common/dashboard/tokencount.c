/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/tokencount.h"

#include "dashboard/sums.h"

#include <math.h>

/* place: where a string stands in the list of those counted, plus one. Only
 * what was counted is looked at and cleared, however large the vocabulary. */
struct _ActTokenCount {
  guint n_strings;
  guint32 *place;  /* [n_strings] */
  GArray *counted; /* ActTokenRank, in order of first counting */
};

ActTokenCount *
act_token_count_new (guint n_strings)
{
  ActTokenCount *count = g_new0 (ActTokenCount, 1);

  count->n_strings = n_strings;
  count->place = g_new0 (guint32, MAX (n_strings, 1));
  count->counted = g_array_new (FALSE, FALSE, sizeof (ActTokenRank));
  return count;
}

void
act_token_count_free (ActTokenCount *count)
{
  if (count == NULL)
    return;
  g_free (count->place);
  g_array_unref (count->counted);
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
  guint n_counted = count->counted->len;
  ActTokenRank *counted;

  /* room for as many new ones and one that is written but not kept */
  g_array_set_size (count->counted, n_counted + n + 1);
  counted = (ActTokenRank *) count->counted->data;
  for (gsize i = 0; i < n; i++) {
    guint32 string = strings[positions[i]], place = count->place[string];

    /* written always: whether a string is new cannot be guessed */
    counted[n_counted] = (ActTokenRank){ string, 0 };
    n_counted += place == 0;
    place = place == 0 ? n_counted : place;
    count->place[string] = place;
    counted[place - 1].count++;
  }
  g_array_set_size (count->counted, n_counted);
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

void
act_token_count_finish (ActTokenCount *count, ActTokenStatistics *statistics)
{
  const ActTokenRank *counted = (const ActTokenRank *) count->counted->data;
  guint n = count->counted->len;
  guint64 total = 0, first = 0;

  for (guint i = 0; i < n; i++) {
    total += counted[i].count;
    count->place[counted[i].string] = 0;
  }
  *statistics = (ActTokenStatistics){ .n_unique = n, .n_counted = total };
  statistics->ranking = rank_tokens (counted, n);
  if (n > 0) {
    statistics->entropy = entropy_of (counted, n, total);
    for (guint i = 0; i < MAX (1, n / 10); i++)
      first += statistics->ranking[i].count;
    statistics->concentration_ratio = (double) first / (double) total;
  }
  g_array_set_size (count->counted, 0);
}
