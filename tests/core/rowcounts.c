/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/rowcounts.h"

#include <string.h>

#include "store/drain.h"
#include "storegolden.h"

/* Coactivation counts a row at a time, against counting them one by one. */

/* batches of a run, which are dense in the test */
typedef struct {
  guint n_cols;
  guint n_batches;
  gsize *n_positions;
  float **dense;
} Run;

static Run
run_new (GRand *rand, guint n_cols, guint n_batches, double density)
{
  Run run = { n_cols, n_batches, g_new (gsize, n_batches),
    g_new (float *, n_batches) };

  for (guint b = 0; b < n_batches; b++) {
    gsize n = g_rand_int_range (rand, 1, 200);

    run.n_positions[b] = n;
    run.dense[b] = g_new (float, n *n_cols);
    for (gsize i = 0; i < n * n_cols; i++)
      run.dense[b][i] = g_rand_double (rand) < density
          ? (float) g_rand_double_range (rand, -0.3, 1)
          : 0;
  }
  return run;
}

static void
run_clear (Run *run)
{
  for (guint b = 0; b < run->n_batches; b++)
    g_free (run->dense[b]);
  g_free (run->dense);
  g_free (run->n_positions);
}

static gint64
count_both (const Run *run, guint i, guint j)
{
  gint64 n = 0;

  for (guint b = 0; b < run->n_batches; b++)
    for (gsize p = 0; p < run->n_positions[b]; p++) {
      const float *row = run->dense[b] + p * run->n_cols;

      n += row[i] > 0 && row[j] > 0;
    }
  return n;
}

static void
spill_all (ActRowCounts *counts, ActColumns *columns, guint n_cols)
{
  for (guint c = 0; c < n_cols; c++)
    g_assert_true (act_row_counts_spill (counts, columns, c, NULL));
  act_row_counts_restart (counts);
  act_columns_rewind (columns);
}

/* -> how often rows went to the file */
static guint
add_run (const Run *run, ActRowCounts *counts, ActColumns *columns)
{
  guint n_spilled = 0;

  for (guint b = 0; b < run->n_batches; b++) {
    StoreOwner *owner = g_new0 (StoreOwner, 1);
    gsize n = run->n_positions[b];
    ActStoredBatch batch = { .n_samples = n };

    batch.clusters =
        store_owner_csr (owner, 0, run->dense[b], n, run->n_cols, FALSE);
    if (act_row_counts_is_full (counts, n, batch.clusters.n_values)) {
      spill_all (counts, columns, run->n_cols);
      n_spilled++;
    }
    act_row_counts_add (counts, n, &batch.clusters);
    g_assert_nonnull (act_columns_add (columns, n, &batch, NULL));
    store_owner_release (owner);
  }
  return n_spilled;
}

static void
check_run (const Run *run, gsize max_memory, guint least_spilled)
{
  ActColumnsSettings settings = {
    .n_clusters = run->n_cols,
    .n_columns = run->n_cols,
    .max_memory = max_memory,
  };
  g_autoptr (ActColumns) columns = act_columns_new (&settings);
  g_autoptr (ActRowCounts) counts =
      act_row_counts_new (run->n_cols, max_memory, NULL);

  g_assert_cmpuint (add_run (run, counts, columns), >=, least_spilled);
  for (guint i = 0; i < run->n_cols; i++) {
    const gint64 *row = act_row_counts_get (counts, columns, i, NULL);

    g_assert_nonnull (row);
    for (guint j = 0; j < run->n_cols; j++)
      g_assert_cmpint (row[j], ==, count_both (run, i, j));
  }
}

static void
test_row_counts (void)
{
  static const guint n_cols[] = { 1, 2, 33, 70 };
  static const double density[] = { 0, 0.02, 0.3, 1 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < G_N_ELEMENTS (n_cols); i++)
    for (guint k = 0; k < G_N_ELEMENTS (density); k++) {
      Run run = run_new (rand, n_cols[i], 9, density[k]);

      check_run (&run, 1 << 20, 0);
      check_run (&run, 1600, 1);
      check_run (&run, 1, 8);
      run_clear (&run);
    }
}

/* more columns than 16 bits can number */
static void
test_wide (void)
{
  enum { N_COLS = 70000, N = 60 };
  static const guint cols[] = { 0, 5, 65535, 65536, N_COLS - 1 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (12);
  Run run = run_new (rand, N_COLS, 1, 0);
  ActColumnsSettings settings = {
    .n_clusters = N_COLS,
    .n_columns = N_COLS,
    .max_memory = 1 << 20,
  };
  g_autoptr (ActColumns) columns = act_columns_new (&settings);
  g_autoptr (ActRowCounts) counts = act_row_counts_new (N_COLS, 1 << 20, NULL);

  for (gsize p = 0; p < run.n_positions[0]; p++)
    for (guint k = 0; k < G_N_ELEMENTS (cols); k++)
      run.dense[0][p * N_COLS + cols[k]] = g_rand_boolean (rand);
  add_run (&run, counts, columns);
  for (guint i = 0; i < G_N_ELEMENTS (cols); i++) {
    const gint64 *row = act_row_counts_get (counts, columns, cols[i], NULL);
    gint64 sum = 0;

    for (guint j = 0; j < G_N_ELEMENTS (cols); j++) {
      g_assert_cmpint (row[cols[j]], ==, count_both (&run, cols[i], cols[j]));
      sum -= row[cols[j]];
    }
    for (guint j = 0; j < N_COLS; j++)
      sum += row[j];
    g_assert_cmpint (sum, ==, 0);
  }
  run_clear (&run);
}

/* samples of one position, without columns of components of their own */
static ActStore *
store_run (const Run *run)
{
  static const gint32 tokens[200];
  ActStoreShape shape = { 1, run->n_cols, run->n_cols };
  ActStore *store = act_store_new (&shape, store_memory_new (&shape));
  guint64 first_sample = 0;

  for (guint b = 0; b < run->n_batches; b++) {
    StoreOwner *owner = g_new0 (StoreOwner, 1);
    ActStoreBatch batch = { .index = b, .n_ctx = 1, .tokens = tokens };

    batch.n_samples = run->n_positions[b];
    batch.first_sample = first_sample;
    batch.clusters = store_owner_csr (
        owner, 0, run->dense[b], batch.n_samples, run->n_cols, FALSE);
    batch.components = store_owner_csr (
        owner, 1, run->dense[b], batch.n_samples, run->n_cols, FALSE);
    batch.owner = owner;
    batch.release_owner = store_owner_release;
    g_assert_true (act_store_add (store, &batch, NULL));
    first_sample += batch.n_samples;
  }
  g_assert_true (act_store_settle (store, NULL));
  return store;
}

/* A drain gives the same counts however it counts: the matrix whole, a row at
 * a time, and in blocks, where bit sets turn out to be cheaper: from the start,
 * or from the middle of the run on. */
static void
check_drain (const Run *run, gsize max_memory)
{
  g_autoptr (ActStore) store = store_run (run);
  ActDrainSettings settings = { .max_memory = max_memory };
  g_autoptr (ActDrain) drain = act_drain_new (store, &settings);
  ActDrainResult result;
  ActRun drained;

  while ((result = act_drain_next (drain, &drained, NULL)) == ACT_DRAIN_RUN)
    if (drained.kind == ACT_RUN_CLUSTER && drained.last)
      for (guint j = 0; j < run->n_cols; j++)
        g_assert_cmpint (
            drained.coactivations[j], ==, count_both (run, drained.cluster, j));
  g_assert_cmpint (result, ==, ACT_DRAIN_END);
}

static void
test_drain (void)
{
  static const gsize max_memory[] = { 0, 1, 5000 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (13);
  Run sparse = run_new (rand, 90, 6, 0.03), dense = run_new (rand, 90, 6, 1);
  Run mixed = run_new (rand, 90, 6, 0.03);

  for (guint b = 3; b < 6; b++) {
    g_free (mixed.dense[b]);
    mixed.n_positions[b] = dense.n_positions[b];
    mixed.dense[b] =
        g_memdup2 (dense.dense[b], dense.n_positions[b] * 90 * sizeof (float));
  }
  for (guint i = 0; i < G_N_ELEMENTS (max_memory); i++) {
    check_drain (&sparse, max_memory[i]);
    check_drain (&dense, max_memory[i]);
    check_drain (&mixed, max_memory[i]);
  }
  run_clear (&sparse);
  run_clear (&dense);
  run_clear (&mixed);
}

static gboolean
count_down (gpointer user_data)
{
  gint *left = user_data;

  return (*left)-- <= 0;
}

/* wherever it is cancelled, also while rows go to the file, it stops there */
static void
test_cancel (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (14);
  Run run = run_new (rand, 20, 4, 0.05);
  g_autoptr (ActStore) store = store_run (&run);
  ActDrainResult result = ACT_DRAIN_CANCELLED;
  gint after;

  for (after = 0; result != ACT_DRAIN_END; after++) {
    gint left = after;
    ActDrainSettings settings = {
      .max_memory = 1,
      .cancelled = count_down,
      .user_data = &left,
    };
    g_autoptr (ActDrain) drain = act_drain_new (store, &settings);
    ActRun drained;

    do {
      result = act_drain_next (drain, &drained, NULL);
    } while (result == ACT_DRAIN_RUN);
    if (result != ACT_DRAIN_END) {
      g_assert_cmpint (result, ==, ACT_DRAIN_CANCELLED);
      g_assert_cmpint (left, ==, -1);
    }
  }
  /* at each batch, three times at each row, and at each record */
  g_assert_cmpint (after, >, 4 + 3 * 20 + 20);
  run_clear (&run);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/row-counts/one-by-one", test_row_counts);
  g_test_add_func ("/row-counts/wide", test_wide);
  g_test_add_func ("/row-counts/drain", test_drain);
  g_test_add_func ("/row-counts/cancel", test_cancel);
  return g_test_run ();
}
