/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/members.h"

#include <string.h>

#include "store/coactivation.h"
#include "store/rows.h"

#define STRETCH_WORDS (ACT_COACTIVATION_STRETCH / 64)

void
act_member_counts_init (ActMemberCounts *self, const ActMembers *members,
    guint n_clusters, guint n_components)
{
  gsize n_counts = 0, at = 0;

  memset (self, 0, sizeof *self);
  if (members->n_members == NULL)
    return;
  self->n_clusters = n_clusters;
  self->n_members = members->n_members;
  self->members = members->members;
  self->n_components = n_components;
  self->set_of = g_new (guint, n_components);
  for (guint i = 0; i < n_components; i++)
    self->set_of[i] = G_MAXUINT;
  self->start = g_new (gsize, n_clusters);
  for (guint c = 0; c < n_clusters; at += self->n_members[c], c++) {
    gsize n = self->n_members[c];

    self->start[c] = n_counts;
    if (n > ACT_MEMBERS_FEW)
      continue;
    n_counts += n * n;
    for (gsize m = at; m < at + n; m++)
      if (self->set_of[self->members[m]] == G_MAXUINT)
        self->set_of[self->members[m]] = self->n_sets++;
  }
  for (guint i = 0; i < n_components; i++)
    self->set_of[i] = MIN (self->set_of[i], self->n_sets);
  self->counts = g_new0 (gint64, n_counts);
  self->sets = g_new (guint64, ((gsize) self->n_sets + 1) * STRETCH_WORDS);
}

void
act_member_counts_clear (ActMemberCounts *self)
{
  g_clear_pointer (&self->start, g_free);
  g_clear_pointer (&self->counts, g_free);
  g_clear_pointer (&self->set_of, g_free);
  g_clear_pointer (&self->sets, g_free);
}

/* of n positions from the row `first` on */
static void
fill_sets (ActMemberCounts *self, const ActRows *rows, gsize first, gsize n)
{
  memset (
      self->sets, 0, (gsize) self->n_sets * STRETCH_WORDS * sizeof *self->sets);
  for (gsize p = 0; p < n; p++) {
    guint64 *word = self->sets + p / 64;
    const ActRow row = act_rows_get (rows, first + p);

    for (gsize k = 0; k < row.n; k++)
      word[(gsize) self->set_of[row.indices[k]] * STRETCH_WORDS] |=
          (guint64) (row.values[k] > 0) << (p % 64);
  }
}

/* the half above the diagonal */
static void
add_cluster (const ActMemberCounts *self, const guint *members, gsize n,
    gsize n_words, const guint8 *alive, gint64 *counts)
{
  const ActAndPopcounts and_popcounts = act_and_popcounts ();

  for (gsize i = 0; i < n; i++) {
    const guint64 *set =
        self->sets + (gsize) self->set_of[members[i]] * STRETCH_WORDS;

    if (alive != NULL && !alive[members[i]])
      continue;
    for (gsize j = i; j < n; j++) {
      const guint64 *other =
          self->sets + (gsize) self->set_of[members[j]] * STRETCH_WORDS;
      guint32 count;

      if (alive != NULL && !alive[members[j]])
        continue;
      and_popcounts (set, other, 1, STRETCH_WORDS, n_words, &count);
      counts[i * n + j] += count;
    }
  }
}

void
act_member_counts_add (ActMemberCounts *self, gsize n_positions,
    const ActStoredBatch *batch, const ActColumn *clusters)
{
  ActRows rows;

  if (self->n_sets == 0)
    return;
  act_rows_init (&rows, batch, n_positions, self->n_components);
  for (gsize first = 0; first < n_positions;
       first += ACT_COACTIVATION_STRETCH) {
    gsize n = MIN (n_positions - first, ACT_COACTIVATION_STRETCH);
    const guint *members = self->members;

    fill_sets (self, &rows, first, n);
    for (guint c = 0; c < self->n_clusters; c++) {
      if (self->n_members[c] <= ACT_MEMBERS_FEW
          && (clusters == NULL || clusters[c].n > 0))
        add_cluster (self, members, self->n_members[c], (n + 63) / 64,
            batch->alive, self->counts + self->start[c]);
      members += self->n_members[c];
    }
  }
  act_rows_clear (&rows);
}

void
act_member_counts_finish (ActMemberCounts *self)
{
  for (guint c = 0; c < self->n_clusters; c++) {
    gint64 *counts = self->counts + self->start[c];
    gsize n = self->n_members[c];

    for (gsize i = 0; n <= ACT_MEMBERS_FEW && i < n; i++)
      for (gsize j = 0; j < i; j++)
        counts[i * n + j] = counts[j * n + i];
  }
}

const gint64 *
act_member_counts_get (const ActMemberCounts *self, guint cluster)
{
  if (self->counts == NULL || self->n_members[cluster] > ACT_MEMBERS_FEW)
    return NULL;
  return self->counts + self->start[cluster];
}
