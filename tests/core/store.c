/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/drain.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "golden.h"
#include "sparse/csr.h"

/* --- a golden case into a store --- */

typedef struct {
  guint n_released;
} Releases;

typedef struct {
  Releases *releases;
  gint64 *indptr[2];
  gint32 *indices[2];
  float *values[2];
} Owner;

static void
owner_release (gpointer data)
{
  Owner *owner = data;

  if (owner->releases != NULL)
    owner->releases->n_released++;
  for (guint i = 0; i < 2; i++) {
    g_free (owner->indptr[i]);
    g_free (owner->indices[i]);
    g_free (owner->values[i]);
  }
  g_free (owner);
}

/* by a loop of its own: every value, also zeros if asked for */
static ActCsr
make_csr (Owner *owner, guint which, const float *dense, gsize n_rows,
    gsize n_cols, gboolean keep_zeros)
{
  gsize n = 0;

  owner->indptr[which] = g_new0 (gint64, n_rows + 1);
  owner->indices[which] = g_new (gint32, n_rows * n_cols);
  owner->values[which] = g_new (float, n_rows *n_cols);
  for (gsize i = 0; i < n_rows; i++) {
    for (gsize j = 0; j < n_cols; j++) {
      float value = dense[i * n_cols + j];
      if (value == 0 && !(keep_zeros && (i + j) % 3 == 0))
        continue;
      owner->indices[which][n] = j;
      owner->values[which][n++] = value;
    }
    owner->indptr[which][i + 1] = n;
  }
  return (ActCsr){ owner->indptr[which], owner->indices[which],
    owner->values[which], n };
}

typedef enum {
  FORM_CSR,
  FORM_CSR_WITH_ZEROS,
  FORM_DENSE,
} Form;

static ActStoreBatch
make_batch (const GoldenCase *golden, guint b, guint64 first_sample, Form form,
    Releases *releases)
{
  Owner *owner = g_new0 (Owner, 1);
  gsize n_rows = golden->components[b].n_rows;
  ActStoreBatch batch = {
    .index = b,
    .first_sample = first_sample,
    .n_samples = golden->batch_sizes[b],
    .n_ctx = golden->n_ctx,
    .tokens = golden->tokens[b],
    .alive = golden->alive[b],
    .owner = owner,
    .release_owner = owner_release,
  };

  owner->releases = releases;
  if (form == FORM_DENSE)
    batch.component_dense = golden->components[b].data;
  else
    batch.components = make_csr (owner, 0, golden->components[b].data, n_rows,
        golden->n_components, form == FORM_CSR_WITH_ZEROS);
  batch.clusters = make_csr (owner, 1, golden->clusters[b].data, n_rows,
      golden->n_clusters, form == FORM_CSR_WITH_ZEROS);
  return batch;
}

static ActStore *
make_store (const GoldenCase *golden, Form form, guint64 first_sample,
    Releases *releases)
{
  ActStoreShape shape = { golden->n_ctx, golden->n_components,
    golden->n_clusters };
  ActStore *store = act_store_new (&shape, NULL);
  GError *error = NULL;

  for (guint b = 0; b < golden->n_batches; b++) {
    ActStoreBatch batch = make_batch (golden, b, first_sample, form, releases);
    act_store_add (store, &batch, &error);
    g_assert_no_error (error);
    first_sample += golden->batch_sizes[b];
  }
  return store;
}

/* --- what a drain gives, put together again --- */

typedef struct {
  GArray *samples; /* guint64 */
  GArray *rows;    /* float, dense */
  gint64 *coactivations;
  gint64 *members;
} Rows;

static void
rows_free (gpointer data)
{
  Rows *rows = data;

  g_array_unref (rows->samples);
  g_array_unref (rows->rows);
  g_free (rows->coactivations);
  g_free (rows->members);
  g_free (rows);
}

typedef struct {
  GArray *tokens;
  GArray *samples;
  GPtrArray *columns; /* Rows: each cluster, followed by its members */
} Drained;

static void
drained_free (Drained *drained)
{
  g_array_unref (drained->tokens);
  g_array_unref (drained->samples);
  g_ptr_array_unref (drained->columns);
  g_free (drained);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Drained, drained_free)

static void
take_tokens (Drained *drained, ActDrain *drain, const ActRun *run)
{
  guint at = drained->tokens->len, first = drained->samples->len;
  GError *error = NULL;

  g_assert_cmpuint (first, ==, run->first_row);
  g_array_set_size (drained->tokens, at + run->n_values);
  g_array_set_size (drained->samples, first + run->n_rows);
  act_drain_fill_tokens (drain,
      &g_array_index (drained->samples, guint64, first),
      &g_array_index (drained->tokens, gint32, at), &error);
  g_assert_no_error (error);
}

static void
take_rows (Drained *drained, const GoldenCase *golden, ActDrain *drain,
    const ActRun *run)
{
  g_autofree gint64 *indptr = g_new (gint64, run->n_rows + 1);
  g_autofree gint32 *positions = g_new (gint32, run->n_values + 1);
  g_autofree float *values = g_new (float, run->n_values + 1);
  g_autoptr (GError) error = NULL;
  Rows *rows;
  guint first;

  if (run->first) {
    rows = g_new0 (Rows, 1);
    rows->samples = g_array_new (FALSE, TRUE, sizeof (guint64));
    rows->rows = g_array_new (FALSE, TRUE, sizeof (float));
    g_ptr_array_add (drained->columns, rows);
  }
  rows = g_ptr_array_index (drained->columns, drained->columns->len - 1);
  first = rows->samples->len;
  g_assert_cmpuint (first, ==, run->first_row);
  g_array_set_size (rows->samples, first + run->n_rows);
  g_array_set_size (rows->rows, (first + run->n_rows) * golden->n_ctx);
  act_drain_fill_rows (drain,
      (guint64 *) (gpointer) rows->samples->data + first, indptr, positions,
      values);
  g_assert_cmpint (indptr[run->n_rows], ==, run->n_values);
  g_assert_true (act_csr_validate (
      run->n_rows, golden->n_ctx, run->n_values, indptr, positions, &error));
  act_csr_to_dense (run->n_rows, golden->n_ctx, indptr, positions, values,
      (float *) (gpointer) rows->rows->data + (gsize) first * golden->n_ctx);
  for (gsize i = 0; i < run->n_values; i++)
    g_assert_true (values[i] != 0);
  if (run->last)
    g_assert_cmpuint (rows->samples->len, ==, run->total_rows);
  g_assert_true (
      (run->coactivations != NULL) == (run->last && run->member < 0));
  if (run->coactivations != NULL)
    rows->coactivations =
        g_memdup2 (run->coactivations, golden->n_clusters * sizeof (gint64));
  if (run->member_coactivations != NULL)
    rows->members = g_memdup2 (run->member_coactivations,
        (gsize) run->n_members * run->n_members * sizeof (gint64));
}

static void
check_bounds (const ActDrainSettings *settings, const ActRun *run)
{
  if (settings->max_rows > 0)
    g_assert_cmpuint (run->n_rows, <=, settings->max_rows);
  if (settings->max_values > 0 && run->n_rows > 1)
    g_assert_cmpuint (run->n_values, <=, settings->max_values);
  if (run->n_rows == 0)
    g_assert_true (run->first && run->last && run->total_rows == 0);
}

static Drained *
drain_all (ActStore *store, const GoldenCase *golden, ActDrainSettings settings)
{
  g_autoptr (ActDrain) drain = NULL;
  Drained *drained = g_new0 (Drained, 1);
  ActDrainResult result;
  GError *error = NULL;
  ActRun run = { 0 };
  guint n_ends = 0;

  settings.members = (ActMembers){ golden->n_members, golden->members };
  drained->tokens = g_array_new (FALSE, FALSE, sizeof (gint32));
  drained->samples = g_array_new (FALSE, FALSE, sizeof (guint64));
  drained->columns = g_ptr_array_new_with_free_func (rows_free);
  drain = act_drain_new (store, &settings);
  while ((result = act_drain_next (drain, &run, &error)) == ACT_DRAIN_RUN) {
    check_bounds (&settings, &run);
    n_ends += run.end;
    if (run.kind == ACT_RUN_SAMPLES)
      take_tokens (drained, drain, &run);
    else
      take_rows (drained, golden, drain, &run);
  }
  g_assert_no_error (error);
  g_assert_cmpint (result, ==, ACT_DRAIN_END);
  g_assert_true (run.end && n_ends == 1);
  return drained;
}

/* --- against what is expected --- */

static void
check_rows (const GoldenCase *golden, const Rows *rows, JsonObject *expected,
    const GoldenArray *array, guint64 first_sample)
{
  JsonArray *hashes;
  gsize first_row;

  if (expected == NULL) {
    g_assert_cmpuint (rows->samples->len, ==, 0);
    return;
  }
  hashes = json_object_get_array_member (expected, "text_hashes");
  first_row = json_object_get_int_member (expected, "first_row");
  g_assert_cmpuint (rows->samples->len, ==,
      json_object_get_int_member (expected, "n_samples"));
  g_assert_cmpuint (rows->samples->len, ==, json_array_get_length (hashes));
  for (guint i = 0; i < rows->samples->len; i++) {
    guint64 s = g_array_index (rows->samples, guint64, i) - first_sample;
    guint b = 0;

    while (s >= golden->batch_sizes[b])
      s -= golden->batch_sizes[b++];
    g_assert_cmpstr (
        golden->hashes[b][s], ==, json_array_get_string_element (hashes, i));
  }
  for (gsize i = 0; i < (gsize) rows->samples->len * golden->n_ctx; i++)
    g_assert_true (g_array_index (rows->rows, float, i)
        == ((float *) array->data)[first_row * golden->n_ctx + i]);
}

static JsonObject *
member_or_null (JsonObject *object, const char *name)
{
  return object != NULL && json_object_has_member (object, name)
      ? json_object_get_object_member (object, name)
      : NULL;
}

static void
check_members (
    const GoldenCase *golden, guint c, const Rows *rows, JsonObject *expected)
{
  JsonArray *matrix = json_object_get_array_member (
      json_object_get_object_member (expected, golden->names[c]),
      "aligned_matrix");
  guint n = golden->n_members[c];

  g_assert_cmpuint (json_array_get_length (matrix), ==, n);
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < n; j++)
      g_assert_cmpint (rows->members[i * n + j], ==,
          json_array_get_int_element (
              json_array_get_array_element (matrix, i), j));
}

static void
check_tokens (const GoldenCase *golden, const Drained *drained)
{
  gsize at = 0;

  for (guint b = 0; b < golden->n_batches; b++) {
    gsize n = (gsize) golden->batch_sizes[b] * golden->n_ctx;
    g_assert_cmpmem (&g_array_index (drained->tokens, gint32, at), n * 4,
        golden->tokens[b], n * 4);
    at += n;
  }
  g_assert_cmpuint (drained->tokens->len, ==, at);
  for (guint i = 1; i < drained->samples->len; i++)
    g_assert_cmpuint (g_array_index (drained->samples, guint64, i), ==,
        g_array_index (drained->samples, guint64, 0) + i);
}

static void
check_drained (const GoldenCase *golden, const Drained *drained,
    gboolean component_rows, guint64 first_sample)
{
  g_autoptr (JsonNode) clusters =
      golden_json_read (golden, "expected/storage_clusters.json");
  g_autoptr (JsonNode) components =
      golden_json_read (golden, "expected/storage_components.json");
  g_autoptr (JsonNode) within =
      golden_json_read (golden, "expected/component_coactivations.json");
  GoldenArray rows =
      golden_array_read (golden, "expected/storage_clusters.npy");
  GoldenArray member_rows =
      golden_array_read (golden, "expected/storage_components.npy");
  GoldenArray coactivation =
      golden_array_read (golden, "expected/coactivation.npy");
  guint column = 0, member = 0;

  check_tokens (golden, drained);
  for (guint c = 0; c < golden->n_clusters; c++) {
    const Rows *r = g_ptr_array_index (drained->columns, column++);
    JsonObject *parts =
        member_or_null (json_node_get_object (components), golden->names[c]);

    check_rows (golden, r,
        member_or_null (json_node_get_object (clusters), golden->names[c]),
        &rows, first_sample);
    for (guint d = 0; d < golden->n_clusters; d++)
      g_assert_true ((float) r->coactivations[d]
          == ((float *) coactivation.data)[c * golden->n_clusters + d]);
    check_members (golden, c, r, json_node_get_object (within));
    for (guint m = 0; m < golden->n_members[c]; m++, member++) {
      const char *label = golden->labels[golden->members[member]];
      if (component_rows)
        check_rows (golden, g_ptr_array_index (drained->columns, column++),
            member_or_null (parts, label), &member_rows, first_sample);
    }
  }
  g_assert_cmpuint (drained->columns->len, ==, column);
  g_free (rows.data);
  g_free (member_rows.data);
  g_free (coactivation.data);
}

static void
test_golden (gconstpointer name)
{
  static const ActDrainSettings settings[] = {
    { .component_rows = TRUE },
    { .component_rows = FALSE, .group_size = 1, .max_rows = 3 },
    { .component_rows = TRUE, .group_size = 20000, .max_values = 50 },
    { .component_rows = TRUE, .max_rows = 1, .max_values = 1 },
    { .component_rows = TRUE, .max_rows = 5, .max_values = 200 },
  };
  g_autoptr (GoldenCase) golden = golden_case_new (name);

  for (Form form = FORM_CSR; form <= FORM_DENSE; form++) {
    g_autoptr (ActStore) store = make_store (golden, form, 1000, NULL);

    for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
      g_autoptr (Drained) drained = drain_all (store, golden, settings[i]);
      check_drained (golden, drained, settings[i].component_rows, 1000);
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
check_all_rows (const GoldenCase *golden, const Rows *rows, gboolean silent,
    const GoldenArray *arrays, guint col, gint component)
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
check_all_samples (const GoldenCase *golden, const Drained *drained)
{
  const guint *members = golden->members;
  guint at = 0;

  for (guint c = 0; c < golden->n_clusters; c++) {
    const Rows *rows = g_ptr_array_index (drained->columns, at++);
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
        .group_size = 1,
        .max_rows = 3,
        .max_values = 40 },
    { .component_rows = TRUE, .all_samples = TRUE, .max_rows = 1 },
  };
  g_autoptr (GoldenCase) golden = golden_case_new (name);
  g_autoptr (ActStore) store = make_store (golden, FORM_CSR, 1000, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    g_autoptr (Drained) drained = drain_all (store, golden, settings[i]);
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
  Owner *owner = g_new0 (Owner, 1);
  ActCoactivation whole, block, columns;
  ActCsr csr;

  fill_random (rand, dense, n_rows * n_cols, density);
  csr = make_csr (owner, 0, dense, n_rows, n_cols, FALSE);
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
  owner_release (owner);
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
  g_autoptr (ActStore) store = make_store (golden, FORM_CSR, 0, NULL);
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

/* Clusters of 40, 5 and 33 members that share some, over two batches of more
 * than one stretch; two clusters are silent and some components are dead in
 * the second batch. Counted by the definition. */
static void
test_members_large_and_small (gconstpointer component_rows)
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
  g_autoptr (ActStore) store = act_store_new (&shape, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  ActDrainSettings settings = { .component_rows = component_rows != NULL };
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
  g_autoptr (ActStore) store = act_store_new (&shape, NULL);
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
  g_autoptr (ActStore) store = act_store_new (&shape, NULL);
  Releases releases = { 0 };
  ActStoreBatch batch = make_batch (golden, 0, 40, FORM_CSR, &releases);
  GError *error = NULL;

  batch.index = 10;
  g_assert_true (act_store_add (store, &batch, &error));
  g_assert_no_error (error);

  batch = make_batch (golden, 1, 48, FORM_CSR, &releases);
  batch.index = 12;
  refuse (store, golden, batch,
      "batch 12 beginning with sample 48 came; batch 11 beginning with sample "
      "44 was expected: batches are missing");
  batch = make_batch (golden, 1, 42, FORM_CSR, &releases);
  batch.index = 11;
  refuse (store, golden, batch,
      "batch 11 beginning with sample 42 came; batch 11 beginning with sample "
      "44 was expected: batches overlap");
  batch = make_batch (golden, 1, 44, FORM_CSR, &releases);
  batch.index = 12;
  refuse (store, golden, batch,
      "batch 12 beginning with sample 44 came; batch 11 beginning with sample "
      "44 was expected: batches are numbered wrongly");
  batch = make_batch (golden, 1, 44, FORM_DENSE, &releases);
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
  g_autoptr (ActStore) store = act_store_new (&shape, NULL);
  float *dense = golden->components[0].data;
  float *clusters = golden->clusters[0].data;

  dense[5 * golden->n_components + 9] = NAN;
  refuse (store, golden, make_batch (golden, 0, 0, FORM_DENSE, NULL),
      "the activation of component 9 in batch 0, position 5 is NaN; a finite "
      "number was expected");
  dense[5 * golden->n_components + 9] = -INFINITY;
  refuse (store, golden, make_batch (golden, 0, 0, FORM_CSR, NULL),
      "the activation of component 9 in batch 0, position 5 is infinite; a "
      "finite number was expected");
  dense[5 * golden->n_components + 9] = 0;
  clusters[63 * golden->n_clusters + 2] = NAN;
  refuse (store, golden, make_batch (golden, 0, 0, FORM_CSR_WITH_ZEROS, NULL),
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
  g_autoptr (ActStore) store = make_store (golden, FORM_CSR, 0, NULL);
  gboolean ended = FALSE;

  for (gint after = 0; !ended; after++) {
    gint left = after;
    ActDrainSettings settings = {
      .members = { golden->n_members, golden->members },
      .component_rows = TRUE,
      .group_size = 3000,
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

static const ActStoredBatch *
failing_acquire (ActBatchStorage *storage, gsize i, GError **error)
{
  FailingStorage *self = (FailingStorage *) storage;

  g_assert_cmpint (self->held, ==, 0);
  if (self->left-- > 0) {
    self->held++;
    return self->memory->funcs->acquire (self->memory, i, error);
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
      .group_size = 1,
    };
    g_autoptr (ActStore) store = NULL;
    g_autoptr (ActDrain) drain = NULL;
    g_autoptr (GError) error = NULL;
    guint64 first_sample = 0;
    ActDrainResult result = ACT_DRAIN_RUN;
    ActRun run;

    storage->parent.funcs = &failing_funcs;
    storage->memory = act_memory_storage_new ();
    storage->left = after;
    store = act_store_new (&shape, &storage->parent);
    for (guint b = 0; b < golden->n_batches && error == NULL; b++) {
      ActStoreBatch batch =
          make_batch (golden, b, first_sample, FORM_DENSE, NULL);
      if (!act_store_add (store, &batch, &error))
        batch.release_owner (batch.owner);
      first_sample += batch.n_samples;
    }
    if (error != NULL) {
      g_assert_error (error, ACT_ERROR, ACT_ERROR_NO_SPACE);
      continue;
    }
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
  g_test_add_data_func (
      "/store/members/large-and-small", NULL, test_members_large_and_small);
  g_test_add_data_func ("/store/members/large-and-small/component-rows", "",
      test_members_large_and_small);
  g_test_add_func ("/store/empty", test_empty);
  g_test_add_func ("/store/order", test_order);
  g_test_add_func ("/store/not-finite", test_not_finite);
  g_test_add_func ("/store/cancel", test_cancel);
  g_test_add_func ("/store/storage-fails", test_storage_fails);
  return g_test_run ();
}
