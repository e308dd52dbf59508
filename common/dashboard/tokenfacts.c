/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/tokenfacts.h"

#include "dashboard/kernels.h"
#include "dashboard/topitems.h"

/* Pairs of one kind in the run. */
typedef struct {
  guint64 *totals; /* [n_strings] */
  guint64 n_pairs;
} Totals;

struct _ActTokenFacts {
  guint n_ctx;
  guint n_top;
  guint min_count;
  gint32 *active; /* [n_ctx + ACT_DASHBOARD_SLACK] positions of a row */
  Totals here;
  Totals next;
  ActTokenCount *next_count; /* at the cluster's active positions */
};

ActTokenFacts *
act_token_facts_new (const ActTexts *texts, guint n_top, guint min_count)
{
  guint n_strings = act_strings_get_n (act_texts_get_strings (texts));
  guint64 n_samples = act_texts_get_n_samples (texts);
  ActTokenFacts *facts = g_new0 (ActTokenFacts, 1);

  facts->n_ctx = act_texts_get_n_ctx (texts);
  facts->n_top = n_top;
  facts->active = g_new (gint32, (gsize) facts->n_ctx + ACT_DASHBOARD_SLACK);
  facts->min_count = min_count;
  facts->here.totals = g_new0 (guint64, MAX (n_strings, 1));
  facts->next.totals = g_new0 (guint64, MAX (n_strings, 1));
  facts->next_count = act_token_count_new (n_strings);
  for (guint64 row = 0; row < n_samples; row++) {
    const guint32 *tokens = act_texts_get_tokens (texts, row);

    facts->here.totals[tokens[0]]++;
    for (guint i = 1; i < facts->n_ctx; i++) {
      facts->here.totals[tokens[i]]++;
      facts->next.totals[tokens[i]]++;
    }
  }
  facts->here.n_pairs = n_samples * facts->n_ctx;
  facts->next.n_pairs = n_samples * (facts->n_ctx - 1);
  return facts;
}

void
act_token_facts_free (ActTokenFacts *facts)
{
  if (facts == NULL)
    return;
  g_free (facts->here.totals);
  g_free (facts->next.totals);
  act_token_count_free (facts->next_count);
  g_free (facts->active);
  g_free (facts);
}

void
act_token_facts_add_row (ActTokenFacts *facts, const guint32 *tokens,
    const gint32 *positions, const float *values, gsize n, float threshold)
{
  gint32 *active = facts->active;
  gsize n_active = act_dashboard_kernels ()->pick_above (
      values, positions, n, threshold, active);

  if (n_active > 0 && (guint) active[n_active - 1] + 1 == facts->n_ctx)
    n_active--;
  act_token_count_add_positions (
      facts->next_count, tokens + 1, active, n_active);
}

/* with its place in the ranking by count, which breaks ties */
typedef struct {
  ActTokenFact fact;
  guint place;
} Placed;

/* count / total as fractions, then the more frequent first */
static int
compare_lifts (const void *a, const void *b)
{
  const Placed *x = a, *y = b;
  unsigned __int128 p = (unsigned __int128) x->fact.count * y->fact.total;
  unsigned __int128 q = (unsigned __int128) y->fact.count * x->fact.total;

  if (p != q)
    return p > q ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

/* The first by lift of those of the ranking that were counted min_count times.
 */
static void
rank_by_lift (const ActTokenFacts *facts, const ActTokenRank *ranking, guint n,
    const guint64 *totals, ActTokenTable *table)
{
  g_autofree Placed *placed = g_new (Placed, MAX (n, 1));
  g_autofree double *scores = g_new (double, MAX (n, 1));
  guint n_placed = 0;

  /* the counts fall */
  while (n_placed < n && ranking[n_placed].count >= facts->min_count) {
    ActTokenRank rank = ranking[n_placed];
    guint64 total = totals[rank.string];

    placed[n_placed] = (Placed){ { rank.string, rank.count, total }, n_placed };
    scores[n_placed++] = (double) rank.count / (double) total;
  }
  table->n_by_lift = act_top_scored (
      placed, n_placed, sizeof *placed, facts->n_top, scores, compare_lifts);
  table->by_lift = g_new (ActTokenFact, MAX (table->n_by_lift, 1));
  for (guint i = 0; i < table->n_by_lift; i++)
    table->by_lift[i] = placed[i].fact;
}

static void
make_table (const ActTokenFacts *facts, const Totals *totals,
    const ActTokenRank *ranking, guint n, ActTokenTable *table)
{
  *table = (ActTokenTable){ .n_pairs = totals->n_pairs, .n_unique = n };
  for (guint i = 0; i < n; i++)
    table->n_active_pairs += ranking[i].count;
  table->n_by_count = MIN (n, facts->n_top);
  table->by_count = g_new (ActTokenFact, MAX (table->n_by_count, 1));
  for (guint i = 0; i < table->n_by_count; i++)
    table->by_count[i] = (ActTokenFact){ ranking[i].string, ranking[i].count,
      totals->totals[ranking[i].string] };
  rank_by_lift (facts, ranking, n, totals->totals, table);
}

void
act_token_facts_finish (ActTokenFacts *facts, const ActTokenRank *ranking,
    guint n, ActTokenTable *here, ActTokenTable *next)
{
  g_autofree ActTokenRank *next_ranking = NULL;
  guint n_next;

  make_table (facts, &facts->here, ranking, n, here);
  next_ranking = act_token_count_rank (facts->next_count, &n_next);
  make_table (facts, &facts->next, next_ranking, n_next, next);
}

void
act_token_table_clear (ActTokenTable *table)
{
  g_clear_pointer (&table->by_count, g_free);
  g_clear_pointer (&table->by_lift, g_free);
}
