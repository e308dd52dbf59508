/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storegolden.h"

#include <math.h>
#include <string.h>

#include "sparse/csr.h"
#include "store/storage_segments.h"

/* --- a golden case into a store --- */

void
store_owner_release (gpointer data)
{
  StoreOwner *owner = data;

  if (owner->releases != NULL)
    owner->releases->n_released++;
  for (guint i = 0; i < 2; i++) {
    g_free (owner->indptr[i]);
    g_free (owner->indices[i]);
    g_free (owner->values[i]);
  }
  g_free (owner);
}

ActCsr
store_owner_csr (StoreOwner *owner, guint which, const float *dense,
    gsize n_rows, gsize n_cols, gboolean keep_zeros)
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

ActStoreBatch
store_golden_batch (const GoldenCase *golden, guint b, guint64 first_sample,
    StoreForm form, StoreReleases *releases)
{
  StoreOwner *owner = g_new0 (StoreOwner, 1);
  gsize n_rows = golden->components[b].n_rows;
  ActStoreBatch batch = {
    .index = b,
    .first_sample = first_sample,
    .n_samples = golden->batch_sizes[b],
    .n_ctx = golden->n_ctx,
    .tokens = golden->tokens[b],
    .alive = golden->alive[b],
    .size = 10000,
    .owner = owner,
    .release_owner = store_owner_release,
  };

  owner->releases = releases;
  if (form == STORE_FORM_DENSE)
    batch.component_dense = golden->components[b].data;
  else
    batch.components = store_owner_csr (owner, 0, golden->components[b].data,
        n_rows, golden->n_components, form == STORE_FORM_CSR_WITH_ZEROS);
  batch.clusters = store_owner_csr (owner, 1, golden->clusters[b].data, n_rows,
      golden->n_clusters, form == STORE_FORM_CSR_WITH_ZEROS);
  return batch;
}

ActBatchStorage *
store_memory_new (const ActStoreShape *shape)
{
  const ActSegmentStorageSettings settings = {
    .shape = *shape,
    .segment_size = 2,
    .max_memory = G_MAXSIZE,
  };

  return act_segment_storage_new (&settings);
}

ActStore *
store_golden_new (const GoldenCase *golden, StoreForm form,
    guint64 first_sample, StoreReleases *releases)
{
  ActStoreShape shape = { golden->n_ctx, golden->n_components,
    golden->n_clusters };
  ActStore *store = act_store_new (&shape, store_memory_new (&shape));
  GError *error = NULL;

  for (guint b = 0; b < golden->n_batches; b++) {
    ActStoreBatch batch =
        store_golden_batch (golden, b, first_sample, form, releases);
    act_store_add (store, &batch, &error);
    g_assert_no_error (error);
    first_sample += golden->batch_sizes[b];
  }
  act_store_settle (store, &error);
  g_assert_no_error (error);
  return store;
}

/* --- what a drain gives, put together again --- */

static void
rows_free (gpointer data)
{
  StoreRows *rows = data;

  g_array_unref (rows->samples);
  g_array_unref (rows->rows);
  g_free (rows->coactivations);
  g_free (rows->members);
  g_free (rows);
}

void
store_drained_free (StoreDrained *drained)
{
  g_array_unref (drained->tokens);
  g_array_unref (drained->samples);
  g_ptr_array_unref (drained->columns);
  g_free (drained);
}

static void
take_tokens (StoreDrained *drained, ActDrain *drain, const ActRun *run)
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
take_rows (StoreDrained *drained, const GoldenCase *golden, ActDrain *drain,
    const ActRun *run)
{
  g_autofree gint64 *indptr = g_new (gint64, run->n_rows + 1);
  g_autofree gint32 *positions = g_new (gint32, run->n_values + 1);
  g_autofree float *values = g_new (float, run->n_values + 1);
  g_autoptr (GError) error = NULL;
  StoreRows *rows;
  guint first;

  if (run->first) {
    rows = g_new0 (StoreRows, 1);
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

StoreDrained *
store_golden_drain (
    ActStore *store, const GoldenCase *golden, ActDrainSettings settings)
{
  g_autoptr (ActDrain) drain = NULL;
  StoreDrained *drained = g_new0 (StoreDrained, 1);
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
check_rows (const GoldenCase *golden, const StoreRows *rows,
    JsonObject *expected, const GoldenArray *array, guint64 first_sample)
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
check_members (const GoldenCase *golden, guint c, const StoreRows *rows,
    JsonObject *expected)
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
check_tokens (const GoldenCase *golden, const StoreDrained *drained)
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

void
store_golden_check (const GoldenCase *golden, const StoreDrained *drained,
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
    const StoreRows *r = g_ptr_array_index (drained->columns, column++);
    JsonObject *parts =
        member_or_null (json_node_get_object (components), golden->names[c]);

    check_rows (golden, r,
        member_or_null (json_node_get_object (clusters), golden->names[c]),
        &rows, first_sample);
    for (guint d = 0; d < golden->n_clusters; d++)
      g_assert_true ((float) r->coactivations[d]
          == ((float *) coactivation.data)[c * golden->n_clusters + d]);
    if (component_rows)
      check_members (golden, c, r, json_node_get_object (within));
    else
      g_assert_null (r->members);
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
