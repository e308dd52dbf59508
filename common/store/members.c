/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/members.h"

#include <string.h>

#include "store/coactivation.h"
#include "store/batchrows.h"

#define STRETCH_WORDS (ACT_COACTIVATION_STRETCH / 64)

/* What either way costs, in nanoseconds; measured, and only speed depends on
 * it. A set is cleared and read from afar, two of them are compared. A value is
 * looked up, and goes with the members met before. */
#define SET_COST 60
#define SET_PAIR_COST 25
#define VALUE_COST 12

/* a component as a member of a cluster */
typedef struct _ActMemberPlace {
  guint cluster;
  guint member;
} Place;

/* one that is above 0 at a position, and the one before in its cluster */
typedef struct _ActMemberMet {
  guint member;
  guint before; /* G_MAXUINT: none */
} Met;

/* the places of each component, by counting */
static void
find_places (ActMemberCounts *self)
{
  const guint *member = self->members;

  self->place_start = g_new0 (guint, (gsize) self->n_components + 2);
  for (guint c = 0; c < self->n_clusters; member += self->n_members[c++])
    for (guint m = 0; m < self->n_members[c]; m++)
      if (self->n_members[c] <= ACT_MEMBERS_FEW)
        self->place_start[member[m] + 2]++;
  for (guint i = 2; i <= self->n_components + 1; i++)
    self->place_start[i] += self->place_start[i - 1];
  self->n_places = self->place_start[self->n_components + 1];
  self->places = g_new (Place, MAX (self->n_places, 1));
  member = self->members;
  for (guint c = 0; c < self->n_clusters; member += self->n_members[c++])
    for (guint m = 0; m < self->n_members[c]; m++)
      if (self->n_members[c] <= ACT_MEMBERS_FEW)
        self->places[self->place_start[member[m] + 1]++] = (Place){ c, m };
  self->met = g_new (Met, MAX (self->n_places, 1));
  self->last_met = g_new (guint, MAX (self->n_clusters, 1));
  memset (self->last_met, 0xff, self->n_clusters * sizeof (guint));
}

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
    self->n_pairs += n * (n + 1) / 2;
    for (gsize m = at; m < at + n; m++)
      if (self->set_of[self->members[m]] == G_MAXUINT)
        self->set_of[self->members[m]] = self->n_sets++;
  }
  for (guint i = 0; i < n_components; i++)
    self->set_of[i] = MIN (self->set_of[i], self->n_sets);
  self->counts = g_new0 (gint64, n_counts);
  find_places (self);
}

void
act_member_counts_clear (ActMemberCounts *self)
{
  g_clear_pointer (&self->start, g_free);
  g_clear_pointer (&self->counts, g_free);
  g_clear_pointer (&self->set_of, g_free);
  g_clear_pointer (&self->sets, g_free);
  g_clear_pointer (&self->place_start, g_free);
  g_clear_pointer (&self->places, g_free);
  g_clear_pointer (&self->met, g_free);
  g_clear_pointer (&self->last_met, g_free);
}

/* of n positions from the row `first` on */
static void
fill_sets (
    ActMemberCounts *self, const ActBatchRows *rows, gsize first, gsize n)
{
  if (self->sets == NULL)
    self->sets = g_new (guint64, ((gsize) self->n_sets + 1) * STRETCH_WORDS);
  memset (
      self->sets, 0, (gsize) self->n_sets * STRETCH_WORDS * sizeof *self->sets);
  for (gsize p = 0; p < n; p++) {
    guint64 *word = self->sets + p / 64;
    const ActBatchRow row = act_batch_rows_get (rows, first + p);

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

static void
add_sets (ActMemberCounts *self, const ActBatchRows *rows, gsize first, gsize n,
    const ActColumn *clusters)
{
  const guint *members = self->members;

  fill_sets (self, rows, first, n);
  for (guint c = 0; c < self->n_clusters; members += self->n_members[c++])
    if (self->n_members[c] <= ACT_MEMBERS_FEW
        && (clusters == NULL || clusters[c].n > 0))
      add_cluster (self, members, self->n_members[c], (n + 63) / 64,
          rows->batch->alive, self->counts + self->start[c]);
}

/* a member of a cluster with those met before at this position */
static void
meet (ActMemberCounts *self, Place place, guint n_met)
{
  const gsize n = self->n_members[place.cluster];
  gint64 *counts = self->counts + self->start[place.cluster];
  guint before = self->last_met[place.cluster];

  self->met[n_met] = (Met){ place.member, before };
  self->last_met[place.cluster] = n_met;
  counts[place.member * n + place.member]++;
  for (; before != G_MAXUINT; before = self->met[before].before) {
    guint other = self->met[before].member;

    counts[MIN (other, place.member) * n + MAX (other, place.member)]++;
  }
}

/* the half above the diagonal, for all clusters at one position */
static void
add_position (ActMemberCounts *self, ActBatchRow row, const guint8 *alive,
    const ActColumn *clusters)
{
  guint n_met = 0;

  for (gsize k = 0; k < row.n; k++) {
    guint i = row.indices[k];

    if (!(row.values[k] > 0) || (alive != NULL && !alive[i]))
      continue;
    for (guint at = self->place_start[i]; at < self->place_start[i + 1]; at++)
      if (clusters == NULL || clusters[self->places[at].cluster].n > 0)
        meet (self, self->places[at], n_met++);
  }
  for (gsize k = 0; k < row.n; k++)
    for (guint at = self->place_start[row.indices[k]];
         at < self->place_start[row.indices[k] + 1]; at++)
      self->last_met[self->places[at].cluster] = G_MAXUINT;
}

/* of n positions from the row `first` on; of a dense batch about */
static gsize
count_values (const ActBatchRows *rows, gsize first, gsize n)
{
  const ActCsr *csr = &rows->batch->components;

  if (rows->batch->dense != NULL)
    return csr->n_values / rows->n_rows * n;
  return (gsize) (csr->indptr[first + n] - csr->indptr[first]);
}

/* A value meets half of the members of its clusters at the most. */
static gboolean
sets_are_cheaper (const ActMemberCounts *self, gsize n_values)
{
  guint64 sets =
      self->n_sets * (guint64) SET_COST + self->n_pairs * SET_PAIR_COST;
  guint64 met = self->n_pairs / MAX (self->n_places, 1);

  return sets <= n_values * (VALUE_COST + met);
}

void
act_member_counts_add (ActMemberCounts *self, gsize n_positions,
    const ActStoredBatch *batch, const ActColumn *clusters)
{
  ActBatchRows rows;

  if (self->n_sets == 0)
    return;
  act_batch_rows_init (&rows, batch, n_positions, self->n_components);
  for (gsize first = 0; first < n_positions;
       first += ACT_COACTIVATION_STRETCH) {
    gsize n = MIN (n_positions - first, ACT_COACTIVATION_STRETCH);

    if (sets_are_cheaper (self, count_values (&rows, first, n)))
      add_sets (self, &rows, first, n, clusters);
    else
      for (gsize p = first; p < first + n; p++)
        add_position (
            self, act_batch_rows_get (&rows, p), batch->alive, clusters);
  }
  act_batch_rows_clear (&rows);
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
