/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/jointcounts.h"

#include <stdlib.h>
#include <string.h>

#include "formats/bigarray.h"
#include "store/coactivation.h"

/* of each array this much stays in memory */
#define ARRAY_MEMORY ((gsize) 16 << 20)
#define WORD 64
/* Only sets that are at one of so many positions may be bits, which take at
 * most eight times what they take as a list. */
#define BITS_SHARE 256
/* What it costs to put a position into the lists, and to look for one among
 * bits, in additions to a count of what a list has. Measured; only speed
 * depends on it. */
#define LIST_COST 8
#define LOOK_COST 4

/* Sets go by rank, the largest first. */
struct _ActJointCounts {
  guint64 n_positions;
  gsize n_words;
  guint n_sets;
  guint32 *set_of; /* [n_sets], by rank */
  guint32 *counts; /* [n_sets], by rank */

  guint n_bits;       /* sets that are bits, the first by rank */
  ActBigArray *start; /* guint64 [n_positions + 2] */
  ActBigArray *at;    /* guint32: the other ranks, by position */
  ActBigArray *bits;  /* guint64 [n_bits, n_words] */
  ActBigArray *own;   /* guint64 [n_words]: the positions at hand */
};

typedef struct {
  guint64 size;
  guint32 set;
} Set;

static int
compare_sets (const void *a, const void *b)
{
  const Set *x = a, *y = b;

  if (x->size != y->size)
    return x->size > y->size ? -1 : 1;
  return x->set < y->set ? -1 : x->set > y->set;
}

static guint64
begin_of (const ActPositionSets *sets, guint i)
{
  return i > 0 ? sets->ends[i - 1] : 0;
}

static guint64
size_of (const ActPositionSets *sets, guint i)
{
  return sets->ends[i] - begin_of (sets, i);
}

static const guint32 *
positions_of (const ActPositionSets *sets, guint i)
{
  return sets->positions + begin_of (sets, i);
}

/* of a set as bits: all words, or one look for each position */
static double
cost_of_bits (const ActJointCounts *self, guint64 n)
{
  double words = (double) self->n_words / act_and_popcounts_per_pair ();

  return MIN (words, (double) n * LOOK_COST);
}

/* Whether a set of this size is cheaper as bits: in the lists it costs what it
 * takes to put it there, and what the queries find of it if both are anywhere.
 * The larger the set the more so. */
static gboolean
is_better_as_bits (
    const ActJointCounts *self, const ActPositionSets *queries, guint64 size)
{
  double as_bits = 0, listed = (double) size * LIST_COST;

  if (size < self->n_positions / BITS_SHARE + 1)
    return FALSE;
  for (guint i = 0; i < queries->n; i++) {
    guint64 n = size_of (queries, i);

    as_bits += cost_of_bits (self, n);
    listed += (double) n * size / self->n_positions;
  }
  return as_bits < listed;
}

/* by rank; how many of them are bits */
static Set *
rank_sets (ActJointCounts *self, const ActPositionSets *sets,
    const ActPositionSets *queries)
{
  Set *ranked = g_new (Set, (gsize) sets->n + 1);
  guint low = 0, high = sets->n;

  for (guint i = 0; i < sets->n; i++)
    ranked[i] = (Set){ size_of (sets, i), i };
  if (sets->n > 1)
    qsort (ranked, sets->n, sizeof *ranked, compare_sets);
  for (guint rank = 0; rank < sets->n; rank++)
    self->set_of[rank] = ranked[rank].set;
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (is_better_as_bits (self, queries, ranked[middle].size))
      low = middle + 1;
    else
      high = middle;
  }
  self->n_bits = low;
  return ranked;
}

/* what lies at each position: counted, added up, and dealt out, after which
 * start[p + 1] is where p ends */
static void
deal_out (ActJointCounts *self, const ActPositionSets *sets, const Set *ranked)
{
  guint64 *start = (guint64 *) self->start->data;
  guint32 *at = (guint32 *) self->at->data;

  memset (start, 0, self->start->len * sizeof *start);
  for (guint rank = self->n_bits; rank < self->n_sets; rank++) {
    const guint32 *positions = positions_of (sets, ranked[rank].set);

    for (guint64 k = 0; k < ranked[rank].size; k++)
      start[(guint64) positions[k] + 2]++;
  }
  for (gsize p = 2; p < self->start->len; p++)
    start[p] += start[p - 1];
  for (guint rank = self->n_bits; rank < self->n_sets; rank++) {
    const guint32 *positions = positions_of (sets, ranked[rank].set);

    for (guint64 k = 0; k < ranked[rank].size; k++)
      at[start[positions[k] + 1]++] = rank;
  }
}

static void
set_bits (guint64 *words, const guint32 *positions, gsize n)
{
  for (gsize k = 0; k < n; k++)
    words[positions[k] / WORD] |= G_GUINT64_CONSTANT (1)
        << (positions[k] % WORD);
}

static void
fill_bits (ActJointCounts *self, const ActPositionSets *sets, const Set *ranked)
{
  guint64 *bits = (guint64 *) self->bits->data;

  memset (bits, 0, self->bits->len * sizeof *bits);
  for (guint rank = 0; rank < self->n_bits; rank++)
    set_bits (bits + rank * self->n_words,
        positions_of (sets, ranked[rank].set), ranked[rank].size);
}

static gboolean
make_room (ActJointCounts *self, const Set *ranked, GError **error)
{
  gsize n_listed = 0;

  for (guint rank = self->n_bits; rank < self->n_sets; rank++)
    n_listed += ranked[rank].size;
  return act_big_array_grow (self->start, self->n_positions + 2, error) != NULL
      && act_big_array_grow (self->at, n_listed, error) != NULL
      && act_big_array_grow (self->bits, self->n_bits * self->n_words, error)
      != NULL
      && act_big_array_grow (self->own, self->n_words, error) != NULL;
}

ActJointCounts *
act_joint_counts_new (const char *folder, guint64 n_positions,
    const ActPositionSets *sets, const ActPositionSets *queries, GError **error)
{
  g_autoptr (ActJointCounts) self = g_new0 (ActJointCounts, 1);
  g_autofree Set *ranked = NULL;

  self->n_positions = n_positions;
  self->n_words = (n_positions + WORD - 1) / WORD;
  self->n_sets = sets->n;
  self->set_of = g_new (guint32, (gsize) sets->n + 1);
  self->counts = g_new0 (guint32, (gsize) sets->n + 1);
  self->start = act_big_array_new (sizeof (guint64), ARRAY_MEMORY, folder);
  self->at = act_big_array_new (sizeof (guint32), ARRAY_MEMORY, folder);
  self->bits = act_big_array_new (sizeof (guint64), ARRAY_MEMORY, folder);
  self->own = act_big_array_new (sizeof (guint64), ARRAY_MEMORY, folder);
  ranked = rank_sets (self, sets, queries);
  if (!make_room (self, ranked, error))
    return NULL;
  deal_out (self, sets, ranked);
  fill_bits (self, sets, ranked);
  return g_steal_pointer (&self);
}

void
act_joint_counts_free (ActJointCounts *self)
{
  if (self == NULL)
    return;
  g_free (self->set_of);
  g_free (self->counts);
  act_big_array_free (self->start);
  act_big_array_free (self->at);
  act_big_array_free (self->bits);
  act_big_array_free (self->own);
  g_free (self);
}

static void
count_bits (ActJointCounts *self, const guint32 *positions, gsize n)
{
  guint64 *own = (guint64 *) self->own->data;

  memset (own, 0, self->n_words * sizeof *own);
  set_bits (own, positions, n);
  act_and_popcounts () (own, (const guint64 *) self->bits->data, self->n_bits,
      self->n_words, self->n_words, self->counts);
}

/* the same of few positions */
static void
look_for_bits (ActJointCounts *self, const guint32 *positions, gsize n)
{
  const guint64 *bits = (const guint64 *) self->bits->data;

  for (guint rank = 0; rank < self->n_bits; rank++, bits += self->n_words)
    for (gsize i = 0; i < n; i++)
      self->counts[rank] +=
          bits[positions[i] / WORD] >> (positions[i] % WORD) & 1;
}

void
act_joint_counts_count (ActJointCounts *self, const guint32 *positions, gsize n)
{
  const guint64 *start = (const guint64 *) self->start->data;
  const guint32 *at = (const guint32 *) self->at->data;

  memset (self->counts, 0, self->n_sets * sizeof *self->counts);
  if (cost_of_bits (self, n) < (double) n * LOOK_COST)
    count_bits (self, positions, n);
  else
    look_for_bits (self, positions, n);
  for (gsize i = 0; i < n; i++)
    for (guint64 k = start[positions[i]]; k < start[positions[i] + 1]; k++)
      self->counts[at[k]]++;
}

guint
act_joint_counts_get (const ActJointCounts *self, ActJointCount *found)
{
  guint n = 0;

  for (guint rank = 0; rank < self->n_sets; rank++) {
    /* most may be 0: without a branch */
    found[n] = (ActJointCount){ self->set_of[rank], self->counts[rank] };
    n += self->counts[rank] > 0;
  }
  return n;
}
