/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/drain.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"
#include "storegolden.h"

static void
test_golden (gconstpointer name)
{
  static const ActDrainSettings settings[] = {
    { .component_rows = TRUE },
    { .component_rows = FALSE, .max_memory = 1, .max_rows = 3 },
    { .component_rows = TRUE, .max_memory = 20000, .max_values = 50 },
    { .component_rows = TRUE, .max_rows = 1, .max_values = 1 },
    { .component_rows = TRUE, .max_rows = 5, .max_values = 200 },
  };
  g_autoptr (GoldenCase) golden = golden_case_new (name);

  for (StoreForm form = STORE_FORM_CSR; form <= STORE_FORM_DENSE; form++) {
    g_autoptr (ActStore) store = store_golden_new (golden, form, 1000, NULL);

    for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
      g_autoptr (StoreDrained) drained =
          store_golden_drain (store, golden, settings[i]);
      store_golden_check (golden, drained, settings[i].component_rows, 1000);
    }
  }
}

/* --- with all samples, by the definition --- */

static float
golden_value (const GoldenArray *array, gsize row, guint col)
{
  return ((const float *) array->data)[row * array->n_cols + col];
}

static gboolean
is_silent (const GoldenCase *golden, guint cluster)
{
  for (guint b = 0; b < golden->n_batches; b++)
    for (gsize p = 0; p < golden->clusters[b].n_rows; p++)
      if (golden_value (&golden->clusters[b], p, cluster) != 0)
        return FALSE;
  return TRUE;
}

/* rows of all batches but those where the component (-1: it is a cluster) is
 * dead; none of what is silent */
static void
check_all_rows (const GoldenCase *golden, const StoreRows *rows,
    gboolean silent, const GoldenArray *arrays, guint col, gint component)
{
  guint64 sample = 1000;
  guint row = 0;

  for (guint b = 0; b < golden->n_batches && !silent; b++) {
    for (guint i = 0; i < golden->batch_sizes[b]; i++, sample++) {
      if (component >= 0 && !golden->alive[b][component])
        continue;
      g_assert_cmpuint (row, <, rows->samples->len);
      g_assert_cmpuint (
          g_array_index (rows->samples, guint64, row), ==, sample);
      for (guint p = 0; p < golden->n_ctx; p++)
        g_assert_true (
            g_array_index (rows->rows, float, row * golden->n_ctx + p)
            == golden_value (&arrays[b], (gsize) i * golden->n_ctx + p, col));
      row++;
    }
  }
  g_assert_cmpuint (row, ==, rows->samples->len);
}

static gint64
count_all (const GoldenCase *golden, guint x, guint y)
{
  gint64 n = 0;

  for (guint b = 0; b < golden->n_batches; b++)
    for (gsize p = 0; p < golden->components[b].n_rows; p++)
      n += golden->alive[b][x] && golden->alive[b][y]
          && golden_value (&golden->components[b], p, x) > 0
          && golden_value (&golden->components[b], p, y) > 0;
  return n;
}

static void
check_all_samples (const GoldenCase *golden, const StoreDrained *drained)
{
  const guint *members = golden->members;
  guint at = 0;

  for (guint c = 0; c < golden->n_clusters; c++) {
    const StoreRows *rows = g_ptr_array_index (drained->columns, at++);
    guint n = golden->n_members[c];
    gboolean silent = is_silent (golden, c);

    check_all_rows (golden, rows, silent, golden->clusters, c, -1);
    for (guint m = 0; m < n * n; m++)
      g_assert_cmpint (rows->members[m], ==,
          count_all (golden, members[m / n], members[m % n]));
    for (guint m = 0; m < n; m++)
      check_all_rows (golden, g_ptr_array_index (drained->columns, at++),
          silent, golden->components, members[m], members[m]);
    members += n;
  }
  g_assert_cmpuint (at, ==, drained->columns->len);
}

static void
test_all_samples (gconstpointer name)
{
  static const ActDrainSettings settings[] = {
    { .component_rows = TRUE, .all_samples = TRUE },
    { .component_rows = TRUE,
        .all_samples = TRUE,
        .max_memory = 1,
        .max_rows = 3,
        .max_values = 40 },
    { .component_rows = TRUE, .all_samples = TRUE, .max_rows = 1 },
  };
  g_autoptr (GoldenCase) golden = golden_case_new (name);
  g_autoptr (ActStore) store =
      store_golden_new (golden, STORE_FORM_CSR, 1000, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    g_autoptr (StoreDrained) drained =
        store_golden_drain (store, golden, settings[i]);
    check_all_samples (golden, drained);
  }
}

/* --- coactivations against counting them one by one --- */

static void
fill_random (GRand *rand, float *dense, gsize n, double density)
{
  for (gsize i = 0; i < n; i++) {
    dense[i] = g_rand_double (rand) < density
        ? (float) g_rand_double_range (rand, -0.3, 1)
        : 0;
  }
}

static gint64
count_both (const float *dense, gsize n_rows, guint n_cols, guint a, guint b)
{
  gint64 n = 0;

  for (gsize p = 0; p < n_rows; p++)
    n += dense[p * n_cols + a] > 0 && dense[p * n_cols + b] > 0;
  return n;
}

static void
check_block (const ActCoactivation *counter, const float *dense, gsize n_rows)
{
  for (guint i = 0; i < counter->n_rows; i++)
    for (guint j = 0; j < counter->n_cols; j++)
      g_assert_cmpint (counter->counts[(gsize) i * counter->n_cols + j], ==,
          count_both (dense, n_rows, counter->n_cols, counter->first + i, j));
}

static void
add_as_columns (ActCoactivation *counter, const float *dense, gsize n_rows)
{
  const guint n = counter->n_cols;
  g_autofree ActColumn *columns = g_new0 (ActColumn, n);
  g_autofree ActCell *cells = g_new (ActCell, n * n_rows);

  for (guint c = 0; c < n; c++) {
    columns[c].cells = cells + c * n_rows;
    for (gsize p = 0; p < n_rows; p++)
      if (dense[p * n + c] != 0)
        cells[c * n_rows + columns[c].n++] = (ActCell){ p, dense[p * n + c] };
  }
  act_coactivation_add_columns (counter, n_rows, columns);
}

static void
check_coactivation (GRand *rand, gsize n_rows, guint n_cols, double density)
{
  g_autofree float *dense = g_new (float, n_rows *n_cols);
  StoreOwner *owner = g_new0 (StoreOwner, 1);
  ActCoactivation whole, block, columns;
  ActCsr csr;

  fill_random (rand, dense, n_rows * n_cols, density);
  csr = store_owner_csr (owner, 0, dense, n_rows, n_cols, FALSE);
  act_coactivation_init (&whole, n_cols, 0, n_cols);
  act_coactivation_add (&whole, n_rows, csr.indptr, csr.indices, csr.values);
  act_coactivation_finish (&whole);
  check_block (&whole, dense, n_rows);
  act_coactivation_clear (&whole);

  act_coactivation_init (&block, n_cols, n_cols / 3, (n_cols + 2) / 3);
  act_coactivation_add (&block, n_rows, csr.indptr, csr.indices, csr.values);
  act_coactivation_finish (&block);
  check_block (&block, dense, n_rows);
  act_coactivation_clear (&block);

  act_coactivation_init (&columns, n_cols, 0, n_cols);
  add_as_columns (&columns, dense, n_rows);
  act_coactivation_finish (&columns);
  check_block (&columns, dense, n_rows);
  act_coactivation_clear (&columns);
  store_owner_release (owner);
}

static void
test_coactivation (void)
{
  static const gsize n_rows[] = { 1, 63, 64, 65, 4096, 4097 };
  static const guint n_cols[] = { 1, 7, 32, 33, 100 };
  static const double density[] = { 0, 0.02, 0.3, 1 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint k = 0; k < G_N_ELEMENTS (density); k++) {
    for (guint i = 0; i < G_N_ELEMENTS (n_rows); i++)
      for (guint j = 0; j < G_N_ELEMENTS (n_cols); j++)
        check_coactivation (rand, n_rows[i], n_cols[j], density[k]);
    check_coactivation (rand, 9000, 33, density[k]);
  }
}

/* A component in two clusters, and a cluster without members. */
static void
test_overlapping_members (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("single_cluster");
  g_autoptr (ActStore) store =
      store_golden_new (golden, STORE_FORM_CSR, 0, NULL);
  guint twice[] = { golden->members[0], golden->members[0] };
  ActDrainSettings settings = { .component_rows = TRUE };
  g_autoptr (ActDrain) drain = NULL;
  guint n_members = 2;
  ActRun run;

  settings.members = (ActMembers){ &n_members, twice };
  drain = act_drain_new (store, &settings);
  do
    g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_RUN);
  while (run.kind != ACT_RUN_CLUSTER || !run.last);
  for (guint i = 1; i < 4; i++)
    g_assert_cmpint (
        run.member_coactivations[i], ==, run.member_coactivations[0]);
  for (gint m = 0; m < 2; m++) {
    g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_RUN);
    g_assert_cmpint (run.member, ==, m);
    g_assert_cmpuint (run.total_rows, >, 0);
  }
  g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_END);

  act_drain_free (drain);
  settings.members = (ActMembers){ 0 };
  drain = act_drain_new (store, &settings);
  do
    g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_RUN);
  while (run.kind != ACT_RUN_CLUSTER || !run.last);
  g_assert_nonnull (run.coactivations);
  g_assert_null (run.member_coactivations);
  g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_END);
}

/* Clusters of 0 to 5 members that share some, one of which is twice in its
 * cluster, over a batch in which some components are dead and one cluster is
 * silent: with bit sets, and position by position. */
static void
check_member_counts (GRand *rand, double density, gboolean with_sets)
{
  enum { N = 4500, N_COLS = 40, N_CLUSTERS = 13 };
  g_autofree float *dense = g_new (float, N *N_COLS);
  StoreOwner *owner = g_new0 (StoreOwner, 1);
  guint n_members[N_CLUSTERS], members[5 * N_CLUSTERS], n = 0;
  ActColumn clusters[N_CLUSTERS] = { { NULL, 0 } };
  ActMembers all = { n_members, members };
  guint8 alive[N_COLS];
  ActStoredBatch batch = { .alive = alive };
  ActMemberCounts counts;

  for (guint c = 0; c < N_CLUSTERS; c++) {
    clusters[c].n = c != 4;
    n_members[c] = c % 6;
    for (guint m = 0; m < n_members[c]; m++)
      members[n++] = g_rand_int_range (rand, 0, N_COLS);
  }
  members[n - 1] = members[n - 2];
  for (guint i = 0; i < N_COLS; i++)
    alive[i] = i % 9 != 3;
  fill_random (rand, dense, N * N_COLS, density);
  batch.components = store_owner_csr (owner, 0, dense, N, N_COLS, FALSE);
  act_member_counts_init (&counts, &all, N_CLUSTERS, N_COLS);
  act_member_counts_add (&counts, N, &batch, clusters);
  act_member_counts_finish (&counts);
  g_assert_cmpint (counts.sets != NULL, ==, with_sets);
  n = 0;
  for (guint c = 0; c < N_CLUSTERS; n += n_members[c++]) {
    const gint64 *found = act_member_counts_get (&counts, c);

    for (guint i = 0; i < n_members[c]; i++)
      for (guint j = 0; j < n_members[c]; j++) {
        guint x = members[n + i], y = members[n + j];
        gboolean counted = clusters[c].n > 0 && alive[x] && alive[y];

        g_assert_cmpint (found[i * n_members[c] + j], ==,
            counted ? count_both (dense, N, N_COLS, x, y) : 0);
      }
  }
  act_member_counts_clear (&counts);
  store_owner_release (owner);
}

static void
test_member_counts (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (31);

  for (guint i = 0; i < 10; i++) {
    check_member_counts (rand, 0.001, FALSE);
    check_member_counts (rand, 0.5, TRUE);
  }
}

/* Clusters of 40, 5 and 33 members that share some, over two batches of more
 * than one stretch; two clusters are silent and some components are dead in
 * the second batch. Counted by the definition. */
static void
test_members_large_and_small (void)
{
  enum { N_CTX = 100, N_SAMPLES = 45, N_COLS = 60, N = N_CTX * N_SAMPLES };
  static const guint n_members[] = { 40, 5, 33 };
  static const gint32 tokens[N];
  static const gint32 indices[] = { 0, 1, 2 };
  static const float values[] = { 1, 1, 1 };
  guint members[40 + 5 + 33], at = 0;
  guint8 alive[2][N_COLS];
  g_autofree float *dense = g_new (float, 2 * N * N_COLS);
  ActStoreShape shape = { N_CTX, N_COLS, 3 };
  g_autoptr (ActStore) store =
      act_store_new (&shape, store_memory_new (&shape));
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  ActDrainSettings settings = { .component_rows = TRUE };
  g_autoptr (ActDrain) drain = NULL;
  ActRun run;

  for (guint m = 0; m < G_N_ELEMENTS (members); m++)
    members[m] = m % N_COLS;
  fill_random (rand, dense, 2 * N * N_COLS, 0.2);
  for (guint b = 0; b < 2; b++) {
    gint64 *indptr = g_new0 (gint64, N + 1);
    ActStoreBatch batch = {
      .index = b,
      .first_sample = b * N_SAMPLES,
      .n_samples = N_SAMPLES,
      .n_ctx = N_CTX,
      .tokens = tokens,
      .component_dense = dense + b * N * N_COLS,
      .clusters = { indptr, indices, values, b == 0 ? 3 : 1 },
      .alive = alive[b],
      .owner = indptr,
      .release_owner = g_free,
    };

    for (guint p = 1; p <= N; p++)
      indptr[p] = batch.clusters.n_values;
    for (guint i = 0; i < N_COLS; i++)
      alive[b][i] = b == 0 || i % 7 != 3;
    g_assert_true (act_store_add (store, &batch, NULL));
  }

  settings.members = (ActMembers){ n_members, members };
  g_assert_true (act_store_settle (store, NULL));
  drain = act_drain_new (store, &settings);
  for (guint c = 0; c < 3; at += n_members[c++]) {
    do
      g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_RUN);
    while (run.kind != ACT_RUN_CLUSTER || run.cluster != c || !run.last);
    for (guint i = 0; i < n_members[c]; i++)
      for (guint j = 0; j < n_members[c]; j++) {
        guint x = members[at + i], y = members[at + j];
        gint64 n = count_both (dense, N, N_COLS, x, y);

        if (c == 0 && alive[1][x] && alive[1][y])
          n += count_both (dense + N * N_COLS, N, N_COLS, x, y);
        g_assert_cmpint (run.member_coactivations[i * n_members[c] + j], ==, n);
      }
  }
}

/* --- the edges --- */

static void
test_empty (void)
{
  ActStoreShape shape = { 4, 3, 2 };
  guint n_members[] = { 2, 1 }, members[] = { 0, 2, 1 };
  ActDrainSettings settings = {
    .members = { n_members, members },
    .component_rows = TRUE,
  };
  static const gint expected[][2] = { { 0, -1 }, { 0, 0 }, { 0, 1 }, { 1, -1 },
    { 1, 0 } };
  g_autoptr (ActStore) store =
      act_store_new (&shape, store_memory_new (&shape));
  g_autoptr (ActDrain) drain = act_drain_new (store, &settings);
  gint64 indptr = -1;
  ActRun run;

  g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_RUN);
  g_assert_cmpint (run.kind, ==, ACT_RUN_SAMPLES);
  g_assert_true (run.first && run.last && run.n_rows == 0);
  g_assert_true (act_drain_fill_tokens (drain, NULL, NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_RUN);
    g_assert_cmpint (run.cluster, ==, expected[i][0]);
    g_assert_cmpint (run.member, ==, expected[i][1]);
    g_assert_true (run.first && run.last && run.n_rows == 0);
    act_drain_fill_rows (drain, NULL, &indptr, NULL, NULL);
    g_assert_cmpint (indptr, ==, 0);
    if (run.member < 0) {
      g_assert_cmpint (run.coactivations[0] + run.coactivations[1], ==, 0);
      g_assert_cmpint (run.member_coactivations[0], ==, 0);
    }
  }
  g_assert_cmpint (act_drain_next (drain, &run, NULL), ==, ACT_DRAIN_END);
}

static void
refuse (ActStore *store, const GoldenCase *golden, ActStoreBatch batch,
    const char *message)
{
  guint64 n = act_store_get_n_samples (store);
  g_autoptr (GError) error = NULL;

  g_assert_false (act_store_add (store, &batch, &error));
  g_assert_nonnull (error);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpuint (act_store_get_n_samples (store), ==, n);
  batch.release_owner (batch.owner);
}

/* basic has batches of 4 samples of 16 positions */
static void
test_order (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("basic");
  ActStoreShape shape = { golden->n_ctx, golden->n_components,
    golden->n_clusters };
  g_autoptr (ActStore) store =
      act_store_new (&shape, store_memory_new (&shape));
  StoreReleases releases = { 0 };
  ActStoreBatch batch =
      store_golden_batch (golden, 0, 40, STORE_FORM_CSR, &releases);
  GError *error = NULL;

  batch.index = 10;
  g_assert_true (act_store_add (store, &batch, &error));
  g_assert_no_error (error);

  batch = store_golden_batch (golden, 1, 48, STORE_FORM_CSR, &releases);
  batch.index = 12;
  refuse (store, golden, batch,
      "batch 12 beginning with sample 48 came; batch 11 beginning with sample "
      "44 was expected: batches are missing");
  batch = store_golden_batch (golden, 1, 42, STORE_FORM_CSR, &releases);
  batch.index = 11;
  refuse (store, golden, batch,
      "batch 11 beginning with sample 42 came; batch 11 beginning with sample "
      "44 was expected: batches overlap");
  batch = store_golden_batch (golden, 1, 44, STORE_FORM_CSR, &releases);
  batch.index = 12;
  refuse (store, golden, batch,
      "batch 12 beginning with sample 44 came; batch 11 beginning with sample "
      "44 was expected: batches are numbered wrongly");
  batch = store_golden_batch (golden, 1, 44, STORE_FORM_DENSE, &releases);
  batch.index = 11;
  batch.n_ctx = 8;
  refuse (store, golden, batch,
      "batch 11 has samples of 8 positions; 16 were expected");
  g_assert_cmpuint (releases.n_released, ==, 4);
  g_clear_pointer (&store, act_store_free);
  g_assert_cmpuint (releases.n_released, ==, 5);
}

static void
test_not_finite (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("basic");
  ActStoreShape shape = { golden->n_ctx, golden->n_components,
    golden->n_clusters };
  g_autoptr (ActStore) store =
      act_store_new (&shape, store_memory_new (&shape));
  float *dense = golden->components[0].data;
  float *clusters = golden->clusters[0].data;

  dense[5 * golden->n_components + 9] = NAN;
  refuse (store, golden,
      store_golden_batch (golden, 0, 0, STORE_FORM_DENSE, NULL),
      "the activation of component 9 in batch 0, position 5 is NaN; a finite "
      "number was expected");
  dense[5 * golden->n_components + 9] = -INFINITY;
  refuse (store, golden,
      store_golden_batch (golden, 0, 0, STORE_FORM_CSR, NULL),
      "the activation of component 9 in batch 0, position 5 is infinite; a "
      "finite number was expected");
  dense[5 * golden->n_components + 9] = 0;
  clusters[63 * golden->n_clusters + 2] = NAN;
  refuse (store, golden,
      store_golden_batch (golden, 0, 0, STORE_FORM_CSR_WITH_ZEROS, NULL),
      "the activation of cluster 2 in batch 0, position 63 is NaN; a finite "
      "number was expected");
}

/* --- giving up, and a storage that fails --- */

static gboolean
count_down (gpointer user_data)
{
  gint *left = user_data;

  return (*left)-- <= 0;
}

/* wherever it is cancelled, it stops there and leaks nothing */
static void
test_cancel (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("empty_clusters");
  g_autoptr (ActStore) store =
      store_golden_new (golden, STORE_FORM_CSR, 0, NULL);
  gboolean ended = FALSE;

  for (gint after = 0; !ended; after++) {
    gint left = after;
    ActDrainSettings settings = {
      .members = { golden->n_members, golden->members },
      .component_rows = TRUE,
      .max_memory = 3000,
      .cancelled = count_down,
      .user_data = &left,
    };
    g_autoptr (ActDrain) drain = act_drain_new (store, &settings);
    ActDrainResult result;
    ActRun run;

    while ((result = act_drain_next (drain, &run, NULL)) == ACT_DRAIN_RUN)
      g_assert_cmpint (left, >=, 0);
    ended = result == ACT_DRAIN_END;
    if (!ended) {
      g_assert_cmpint (result, ==, ACT_DRAIN_CANCELLED);
      g_assert_cmpint (left, ==, -1);
    }
  }
}

/* a storage that keeps batches in memory and fails at the n-th access */
typedef struct {
  ActBatchStorage parent;
  ActBatchStorage *memory;
  gint left;
  gint held;
} FailingStorage;

static gboolean
failing_append (
    ActBatchStorage *storage, const ActStoredBatch *batch, GError **error)
{
  FailingStorage *self = (FailingStorage *) storage;

  if (self->left-- > 0)
    return self->memory->funcs->append (self->memory, batch, error);
  g_set_error (error, ACT_ERROR, ACT_ERROR_NO_SPACE, "the disk is full");
  return FALSE;
}

static gboolean
failing_settle (ActBatchStorage *storage, GError **error)
{
  FailingStorage *self = (FailingStorage *) storage;

  return self->memory->funcs->settle (self->memory, error);
}

static const ActStoredBatch *
failing_acquire (
    ActBatchStorage *storage, gsize i, gboolean with_clusters, GError **error)
{
  FailingStorage *self = (FailingStorage *) storage;

  g_assert_cmpint (self->held, ==, 0);
  if (self->left-- > 0) {
    self->held++;
    return self->memory->funcs->acquire (self->memory, i, with_clusters, error);
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ, "a segment is gone");
  return NULL;
}

static void
failing_release (ActBatchStorage *storage, const ActStoredBatch *batch)
{
  ((FailingStorage *) storage)->held--;
}

static void
failing_free (ActBatchStorage *storage)
{
  FailingStorage *self = (FailingStorage *) storage;

  act_batch_storage_free (self->memory);
  g_free (self);
}

static const ActBatchStorageFuncs failing_funcs = {
  .append = failing_append,
  .settle = failing_settle,
  .acquire = failing_acquire,
  .release = failing_release,
  .free = failing_free,
};

static void
test_storage_fails (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("dead_components");
  ActStoreShape shape = { golden->n_ctx, golden->n_components,
    golden->n_clusters };
  gboolean ended = FALSE;

  for (gint after = 0; !ended; after++) {
    FailingStorage *storage = g_new0 (FailingStorage, 1);
    ActDrainSettings settings = {
      .members = { golden->n_members, golden->members },
      .max_memory = 1,
    };
    g_autoptr (ActStore) store = NULL;
    g_autoptr (ActDrain) drain = NULL;
    g_autoptr (GError) error = NULL;
    guint64 first_sample = 0;
    ActDrainResult result = ACT_DRAIN_RUN;
    ActRun run;

    storage->parent.funcs = &failing_funcs;
    storage->memory = store_memory_new (&shape);
    storage->left = after;
    store = act_store_new (&shape, &storage->parent);
    for (guint b = 0; b < golden->n_batches && error == NULL; b++) {
      ActStoreBatch batch =
          store_golden_batch (golden, b, first_sample, STORE_FORM_DENSE, NULL);
      if (!act_store_add (store, &batch, &error))
        batch.release_owner (batch.owner);
      first_sample += batch.n_samples;
    }
    if (error != NULL) {
      g_assert_error (error, ACT_ERROR, ACT_ERROR_NO_SPACE);
      continue;
    }
    g_assert_true (act_store_settle (store, NULL));
    drain = act_drain_new (store, &settings);
    while (result == ACT_DRAIN_RUN)
      result = act_drain_next (drain, &run, &error);
    ended = result == ACT_DRAIN_END;
    if (!ended) {
      g_assert_cmpint (result, ==, ACT_DRAIN_ERROR);
      g_assert_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ);
    }
    g_assert_cmpint (storage->held, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const char *const *name = golden_cases (); *name != NULL; name++) {
    g_autofree char *path = g_strdup_printf ("/store/golden/%s", *name);
    g_autofree char *all = g_strdup_printf ("/store/all-samples/%s", *name);
    g_test_add_data_func (path, *name, test_golden);
    g_test_add_data_func (all, *name, test_all_samples);
  }
  g_test_add_func ("/store/coactivation", test_coactivation);
  g_test_add_func ("/store/overlapping-members", test_overlapping_members);
  g_test_add_func (
      "/store/members/large-and-small", test_members_large_and_small);
  g_test_add_func ("/store/members/small", test_member_counts);
  g_test_add_func ("/store/empty", test_empty);
  g_test_add_func ("/store/order", test_order);
  g_test_add_func ("/store/not-finite", test_not_finite);
  g_test_add_func ("/store/cancel", test_cancel);
  g_test_add_func ("/store/storage-fails", test_storage_fails);
  return g_test_run ();
}
