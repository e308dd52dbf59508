/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/coactive.h"

#include <string.h>

#include "dashboard/topitems.h"

struct _ActCoactive {
  guint n_top;
  ActCountRows *rows;
};

ActCoactive *
act_coactive_new (ActCountRows *rows, guint n_top)
{
  ActCoactive *self = g_new0 (ActCoactive, 1);

  self->n_top = n_top;
  self->rows = rows;
  return self;
}

void
act_coactive_free (ActCoactive *self)
{
  g_free (self);
}

static int
compare_clusters (const ActCoactivePair *x, const ActCoactivePair *y)
{
  return x->cluster < y->cluster ? -1 : x->cluster > y->cluster;
}

static int
compare_counts (const void *a, const void *b)
{
  const ActCoactivePair *x = a, *y = b;

  if (x->count != y->count)
    return x->count > y->count ? -1 : 1;
  return compare_clusters (x, y);
}

/* as fractions, without rounding */
static int
compare_jaccards (const void *a, const void *b)
{
  const ActCoactivePair *x = a, *y = b;
  __int128 p = (__int128) x->count * y->any, q = (__int128) y->count * x->any;

  if (p != q)
    return p > q ? -1 : 1;
  return compare_clusters (x, y);
}

gint64
act_coactive_get_own (const ActCoactive *self, guint cluster)
{
  return act_count_rows_get_own (self->rows, cluster);
}

gboolean
act_coactive_get_counts (ActCoactive *self, guint cluster, const guint *others,
    guint n, guint64 *counts, GError **error)
{
  const gint32 *columns;
  const gint64 *row;
  gsize n_columns, k = 0;

  if (!act_count_rows_read (
          self->rows, cluster, &columns, &row, &n_columns, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    while (k < n_columns && (guint) columns[k] < others[i])
      k++;
    counts[i] = k < n_columns && (guint) columns[k] == others[i] && row[k] > 0
        ? row[k]
        : 0;
  }
  return TRUE;
}

/* the pairs with other clusters that have a line; -> how many */
static gsize
make_pairs (const ActCoactive *self, guint cluster, const gint32 *columns,
    const gint64 *counts, gsize n, const gint32 *line_of,
    ActCoactivePair *pairs)
{
  gint64 own = act_count_rows_get_own (self->rows, cluster);
  gsize n_pairs = 0;

  for (gsize i = 0; i < n; i++) {
    guint column = columns[i];
    gint64 other = act_count_rows_get_own (self->rows, column);

    if (column != cluster && counts[i] > 0 && line_of[column] >= 0)
      pairs[n_pairs++] = (ActCoactivePair){ column, counts[i], other,
        own + other - counts[i] };
  }
  return n_pairs;
}

void
act_coactive_rank (ActCoactiveTable *table, guint64 own,
    const ActCoactivePair *pairs, gsize n_pairs, guint n_top)
{
  gsize size = MAX (n_pairs, 1) * sizeof *pairs;
  g_autofree double *scores = g_new (double, MAX (n_pairs, 1));

  *table = (ActCoactiveTable){ .own = own };
  table->by_count = g_malloc (size);
  table->by_jaccard = g_malloc (size);
  memcpy (table->by_count, pairs, n_pairs * sizeof *pairs);
  memcpy (table->by_jaccard, pairs, n_pairs * sizeof *pairs);
  for (gsize i = 0; i < n_pairs; i++)
    scores[i] = (double) pairs[i].count / (double) pairs[i].any;
  table->n_by_jaccard = act_top_scored (table->by_jaccard, n_pairs,
      sizeof *pairs, n_top, scores, compare_jaccards);
  for (gsize i = 0; i < n_pairs; i++)
    scores[i] = (double) pairs[i].count;
  table->n_by_count = act_top_scored (
      table->by_count, n_pairs, sizeof *pairs, n_top, scores, compare_counts);
}

gboolean
act_coactive_get (ActCoactive *self, guint cluster, const gint32 *line_of,
    ActCoactiveTable *table, GError **error)
{
  g_autofree ActCoactivePair *pairs = NULL;
  const gint32 *columns;
  const gint64 *counts;
  gsize n, n_pairs;

  if (!act_count_rows_read (self->rows, cluster, &columns, &counts, &n, error))
    return FALSE;
  pairs = g_new (ActCoactivePair, MAX (n, 1));
  n_pairs = make_pairs (self, cluster, columns, counts, n, line_of, pairs);
  act_coactive_rank (table, act_count_rows_get_own (self->rows, cluster), pairs,
      n_pairs, self->n_top);
  return TRUE;
}

void
act_coactive_table_clear (ActCoactiveTable *table)
{
  g_clear_pointer (&table->by_count, g_free);
  g_clear_pointer (&table->by_jaccard, g_free);
}
