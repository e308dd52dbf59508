/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/coactive.h"

#include "dashboard/ziparray.h"
#include "dashboard/topitems.h"

/* as spooled: those other than the cluster itself, above 0 */
typedef struct {
  guint64 cluster;
  gint64 count;
} Entry;

struct _ActCoactive {
  guint n;
  guint n_top;
  gint64 *own;    /* [n] */
  guint64 *start; /* [n + 1] a cluster's first entry */
  guint next;     /* first cluster whose row has not come */
  Entry *entries; /* [n] */
  ActScratch *spool;
};

ActCoactive *
act_coactive_new (
    const char *folder, guint n_clusters, guint n_top, GError **error)
{
  g_autoptr (ActCoactive) self = g_new0 (ActCoactive, 1);

  self->n = n_clusters;
  self->n_top = n_top;
  self->own = g_new0 (gint64, MAX (n_clusters, 1));
  self->start = g_new0 (guint64, (gsize) n_clusters + 1);
  self->entries = g_new (Entry, MAX (n_clusters, 1));
  self->spool = act_scratch_new (folder, error);
  return self->spool != NULL ? g_steal_pointer (&self) : NULL;
}

void
act_coactive_free (ActCoactive *self)
{
  if (self == NULL)
    return;
  act_scratch_free (self->spool);
  g_free (self->own);
  g_free (self->start);
  g_free (self->entries);
  g_free (self);
}

/* clusters before `cluster` whose rows did not come have no entries */
static void
skip_to (ActCoactive *self, guint cluster)
{
  for (; self->next < cluster; self->next++)
    self->start[self->next + 1] = self->start[self->next];
}

gboolean
act_coactive_add (
    ActCoactive *self, guint cluster, const gint64 *row, GError **error)
{
  gsize n = 0;

  g_return_val_if_fail (cluster >= self->next && cluster < self->n, FALSE);
  skip_to (self, cluster);
  for (guint i = 0; i < self->n; i++)
    if (row[i] > 0 && i != cluster)
      self->entries[n++] = (Entry){ i, row[i] };
  self->own[cluster] = row[cluster];
  self->start[cluster + 1] = self->start[cluster] + n;
  self->next++;
  return act_scratch_append (
      self->spool, self->entries, n * sizeof (Entry), error);
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
  return self->own[cluster];
}

/* After the last row: the cluster's entries; -> how many. */
static gboolean
read_entries (ActCoactive *self, guint cluster, gsize *n, GError **error)
{
  guint64 first;

  skip_to (self, self->n);
  first = self->start[cluster];
  *n = self->start[cluster + 1] - first;
  return act_scratch_read (self->spool, first * sizeof (Entry), self->entries,
      *n * sizeof (Entry), error);
}

gboolean
act_coactive_get_counts (ActCoactive *self, guint cluster, const guint *others,
    guint n, guint64 *counts, GError **error)
{
  gsize n_entries, k = 0;

  if (!read_entries (self, cluster, &n_entries, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    while (k < n_entries && self->entries[k].cluster < others[i])
      k++;
    counts[i] = k < n_entries && self->entries[k].cluster == others[i]
        ? self->entries[k].count
        : 0;
    if (others[i] == cluster)
      counts[i] = self->own[cluster];
  }
  return TRUE;
}

/* the pairs of the entries whose clusters have a line; -> how many */
static gsize
make_pairs (const ActCoactive *self, gint64 own, const Entry *entries, gsize n,
    const gint32 *line_of, ActCoactivePair *pairs)
{
  gsize n_pairs = 0;

  for (gsize i = 0; i < n; i++) {
    const Entry *entry = &entries[i];
    gint64 other = self->own[entry->cluster];

    if (line_of[entry->cluster] >= 0)
      pairs[n_pairs++] = (ActCoactivePair){ entry->cluster, entry->count, other,
        own + other - entry->count };
  }
  return n_pairs;
}

gboolean
act_coactive_get (ActCoactive *self, guint cluster, const gint32 *line_of,
    ActCoactiveTable *table, GError **error)
{
  g_autofree double *scores = NULL;
  ActCoactivePair *pairs;
  gsize n, n_pairs;

  if (!read_entries (self, cluster, &n, error))
    return FALSE;
  *table = (ActCoactiveTable){ .own = self->own[cluster] };
  table->by_count = pairs = g_new (ActCoactivePair, MAX (n, 1));
  n_pairs = make_pairs (self, table->own, self->entries, n, line_of, pairs);
  table->by_jaccard = g_memdup2 (pairs, MAX (n_pairs, 1) * sizeof *pairs);
  scores = g_new (double, MAX (n_pairs, 1));
  for (gsize i = 0; i < n_pairs; i++)
    scores[i] = (double) pairs[i].count / (double) pairs[i].any;
  table->n_by_jaccard = act_top_scored (table->by_jaccard, n_pairs,
      sizeof *pairs, self->n_top, scores, compare_jaccards);
  for (gsize i = 0; i < n_pairs; i++)
    scores[i] = (double) pairs[i].count;
  table->n_by_count = act_top_scored (
      pairs, n_pairs, sizeof *pairs, self->n_top, scores, compare_counts);
  return TRUE;
}

void
act_coactive_table_clear (ActCoactiveTable *table)
{
  g_clear_pointer (&table->by_count, g_free);
  g_clear_pointer (&table->by_jaccard, g_free);
}
