/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/tokenfacts.h"

#include "dashboard/topitems.h"

/* Counts of one kind of pairs. Only strings that were counted are looked at
 * and cleared, however large the vocabulary. */
typedef struct {
  guint64 *totals; /* [n_strings] in the run */
  guint64 n_pairs;
  guint32 *counts;  /* [n_strings], 0 between clusters */
  guint32 *strings; /* [n_strings] those counted, in order */
  guint n_counted;
} Counts;

struct _ActTokenFacts {
  guint n_ctx;
  guint n_top;
  guint min_count;
  guint32 *active; /* [n_ctx] positions of a row */
  Counts here;
  Counts next;
};

static void
counts_init (Counts *counts, guint n_strings)
{
  counts->totals = g_new0 (guint64, MAX (n_strings, 1));
  counts->counts = g_new0 (guint32, MAX (n_strings, 1));
  counts->strings = g_new (guint32, MAX (n_strings, 1));
}

static void
counts_clear (Counts *counts)
{
  g_free (counts->totals);
  g_free (counts->counts);
  g_free (counts->strings);
}

ActTokenFacts *
act_token_facts_new (const ActTexts *texts, guint n_top, guint min_count)
{
  guint n_strings = act_strings_get_n (act_texts_get_strings (texts));
  guint64 n_samples = act_texts_get_n_samples (texts);
  ActTokenFacts *facts = g_new0 (ActTokenFacts, 1);

  facts->n_ctx = act_texts_get_n_ctx (texts);
  facts->n_top = n_top;
  facts->active = g_new (guint32, facts->n_ctx);
  facts->min_count = min_count;
  counts_init (&facts->here, n_strings);
  counts_init (&facts->next, n_strings);
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
  counts_clear (&facts->here);
  counts_clear (&facts->next);
  g_free (facts->active);
  g_free (facts);
}

static inline void
count (Counts *counts, guint32 string)
{
  if (counts->counts[string]++ == 0)
    counts->strings[counts->n_counted++] = string;
}

/* The active positions are picked first, without a branch that nobody can
 * foresee. */
void
act_token_facts_add_row (ActTokenFacts *facts, const guint32 *tokens,
    const gint32 *positions, const float *values, gsize n, float threshold)
{
  guint32 *active = facts->active;
  guint n_active = 0;

  for (gsize i = 0; i < n; i++) {
    active[n_active] = positions[i];
    n_active += values[i] > threshold;
  }
  for (guint i = 0; i < n_active; i++)
    count (&facts->here, tokens[active[i]]);
  for (guint i = 0; i < n_active && active[i] + 1 < facts->n_ctx; i++)
    count (&facts->next, tokens[active[i] + 1]);
}

/* with its place in the order of first counting, which breaks ties */
typedef struct {
  ActTokenFact fact;
  guint place;
} Placed;

static int
compare_places (const Placed *x, const Placed *y)
{
  return x->place < y->place ? -1 : x->place > y->place;
}

static int
compare_counts (const void *a, const void *b)
{
  const Placed *x = a, *y = b;

  if (x->fact.count != y->fact.count)
    return x->fact.count > y->fact.count ? -1 : 1;
  return compare_places (x, y);
}

/* count / total as fractions, then the more frequent first */
static int
compare_lifts (const void *a, const void *b)
{
  const Placed *x = a, *y = b;
  unsigned __int128 p = (unsigned __int128) x->fact.count * y->fact.total;
  unsigned __int128 q = (unsigned __int128) y->fact.count * x->fact.total;

  if (p != q)
    return p > q ? -1 : 1;
  return compare_counts (a, b);
}

/* The first of those of placed [n] that were counted min_count times. */
static ActTokenFact *
take_top (const Placed *placed, guint n, guint n_top, guint64 min_count,
    int (*compare) (const void *, const void *), guint *n_taken)
{
  g_autofree Placed *kept = g_new (Placed, MAX (n, 1));
  guint n_kept = 0;
  ActTokenFact *top;

  for (guint i = 0; i < n; i++)
    if (placed[i].fact.count >= min_count)
      kept[n_kept++] = placed[i];
  *n_taken = act_top_items (kept, n_kept, sizeof *kept, n_top, compare);
  top = g_new (ActTokenFact, MAX (*n_taken, 1));
  for (guint i = 0; i < *n_taken; i++)
    top[i] = kept[i].fact;
  return top;
}

static void
finish (const ActTokenFacts *facts, Counts *counts, ActTokenTable *table)
{
  g_autofree Placed *placed = g_new (Placed, MAX (counts->n_counted, 1));
  guint n = counts->n_counted;

  *table = (ActTokenTable){ .n_pairs = counts->n_pairs, .n_unique = n };
  for (guint i = 0; i < n; i++) {
    guint32 string = counts->strings[i];

    placed[i] =
        (Placed){ { string, counts->counts[string], counts->totals[string] },
          i };
    table->n_active_pairs += counts->counts[string];
    counts->counts[string] = 0;
  }
  counts->n_counted = 0;
  table->by_count =
      take_top (placed, n, facts->n_top, 1, compare_counts, &table->n_by_count);
  table->by_lift = take_top (placed, n, facts->n_top, facts->min_count,
      compare_lifts, &table->n_by_lift);
}

void
act_token_facts_finish (
    ActTokenFacts *facts, ActTokenTable *here, ActTokenTable *next)
{
  finish (facts, &facts->here, here);
  finish (facts, &facts->next, next);
}

void
act_token_table_clear (ActTokenTable *table)
{
  g_clear_pointer (&table->by_count, g_free);
  g_clear_pointer (&table->by_lift, g_free);
}
