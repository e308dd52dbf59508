/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many of some positions are in each of many sets, against looking at each
 * position: whichever of the ways is chosen, by how much there is to count. */

#include "viewer/jointcounts.h"

#include "testfile.h"

#define N_POSITIONS 20000u
#define N_SETS 40u

typedef struct {
  GArray *positions; /* guint32 */
  GArray *ends;      /* guint64 */
} Sets;

static ActPositionSets
as_sets (const Sets *sets)
{
  return (ActPositionSets){ (const guint32 *) sets->positions->data,
    (const guint64 *) sets->ends->data, sets->ends->len };
}

/* n sets, at one of 1, 2, 4, .. positions, then again; the last one is empty */
static Sets
make_sets (guint n, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  Sets sets = { g_array_new (FALSE, FALSE, sizeof (guint32)),
    g_array_new (FALSE, FALSE, sizeof (guint64)) };

  for (guint i = 0; i < n; i++) {
    guint64 end;

    for (guint32 p = 0; p < N_POSITIONS && i + 1 < n; p++)
      if (g_rand_int (rand) % (1u << i % 14) == 0)
        g_array_append_val (sets.positions, p);
    end = sets.positions->len;
    g_array_append_val (sets.ends, end);
  }
  return sets;
}

static void
clear_sets (Sets *sets)
{
  g_array_unref (sets->positions);
  g_array_unref (sets->ends);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sets, clear_sets)

static gboolean *
members_of (const ActPositionSets *sets, guint i, guint64 *n)
{
  guint64 begin = i > 0 ? sets->ends[i - 1] : 0;
  gboolean *members = g_new0 (gboolean, N_POSITIONS);

  *n = sets->ends[i] - begin;
  for (guint64 k = begin; k < sets->ends[i]; k++)
    members[sets->positions[k]] = TRUE;
  return members;
}

static void
assert_counts (guint n_queries)
{
  g_auto (Sets) lists = make_sets (N_SETS, 1);
  g_auto (Sets) asked = make_sets (n_queries, 2);
  ActPositionSets sets = as_sets (&lists), queries = as_sets (&asked);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActJointCounts) counts =
      act_joint_counts_new (NULL, N_POSITIONS, &sets, &queries, &error);

  g_assert_no_error (error);
  for (guint q = 0; q < MIN (n_queries, 30); q++) {
    guint64 n, n_set;
    ActJointCount found[N_SETS + 1];
    guint table[N_SETS];
    g_autofree gboolean *in = members_of (&queries, q, &n);

    act_joint_counts_count (
        counts, queries.positions + (queries.ends[q] - n), n);
    memset (table, 0, sizeof table);
    for (guint k = act_joint_counts_get (counts, found); k > 0; k--) {
      g_assert_cmpuint (found[k - 1].count, >, 0);
      table[found[k - 1].set] = found[k - 1].count;
    }
    for (guint i = 0; i < N_SETS; i++) {
      g_autofree gboolean *set = members_of (&sets, i, &n_set);
      guint expected = 0;

      for (guint p = 0; p < N_POSITIONS; p++)
        expected += in[p] && set[p];
      g_assert_cmpuint (table[i], ==, expected);
    }
  }
}

/* all that may be are bits; some; hardly any */
static void
test_counts (void)
{
  assert_counts (2);
  assert_counts (200);
  assert_counts (2000);
}

/* nothing to count, and nothing to count in */
static void
test_empty (void)
{
  const ActPositionSets none = { 0 };
  g_autoptr (ActJointCounts) counts =
      act_joint_counts_new (NULL, 0, &none, &none, NULL);

  g_assert_nonnull (counts);
  act_joint_counts_count (counts, NULL, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jointcounts/counts", test_counts);
  g_test_add_func ("/jointcounts/empty", test_empty);
  return g_test_run ();
}
