/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/tokencount.h"

#include "dashboard/sums.h"

#include <math.h>
#include <stdlib.h>

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
  if (count->place[string] == 0) {
    ActTokenRank rank = { string, 0 };
    g_array_append_val (count->counted, rank);
    count->place[string] = count->counted->len;
  }
  g_array_index (count->counted, ActTokenRank, count->place[string] - 1)
      .count++;
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

/* with its place in the order of first counting, which breaks ties */
typedef struct {
  ActTokenRank rank;
  guint place;
} Placed;

static int
compare_placed (const void *a, const void *b)
{
  const Placed *x = a, *y = b;

  if (x->rank.count != y->rank.count)
    return x->rank.count > y->rank.count ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

static ActTokenRank *
rank_tokens (const ActTokenRank *counted, guint n)
{
  g_autofree Placed *placed = g_new (Placed, MAX (n, 1));
  ActTokenRank *ranking = g_new (ActTokenRank, MAX (n, 1));

  for (guint i = 0; i < n; i++)
    placed[i] = (Placed){ counted[i], i };
  qsort (placed, n, sizeof *placed, compare_placed);
  for (guint i = 0; i < n; i++)
    ranking[i] = placed[i].rank;
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
