/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Batches that stay dense in a store, against the same batches in CSR: what a
 * drain gives and the bytes of segments are the same, however the two are
 * mixed. */

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/cluster.h"
#include "sparse/csr.h"
#include "store/drain.h"
#include "store/storage_segments.h"
#include "testfile.h"

#define N_BATCHES 7
#define N_CTX 40
#define N_SAMPLES 11
#define N_ROWS (N_CTX * N_SAMPLES)
#define N_COLS 53
#define N_CLUSTERS 6

typedef struct {
  float *dense;
  guint8 *alive; /* or NULL */
  gint64 component_indptr[N_ROWS + 1], cluster_indptr[N_ROWS + 1];
  gint32 *component_indices, *cluster_indices;
  float *component_values, *cluster_values;
  gsize n_components, n_clusters;
} Batch;

typedef struct {
  gint32 cluster_of[N_COLS];
  guint n_members[N_CLUSTERS];
  guint members[N_COLS];
  gint32 tokens[N_ROWS];
  Batch batches[N_BATCHES];
} Work;

/* How a batch of the work is handed over. */
typedef enum {
  FORM_CSR,
  FORM_DENSE_READ,
  FORM_DENSE_STAYS,
  FORM_DENSE_DERIVED, /* stays, and the storage makes the clusters */
  FORM_IN_TURN,       /* all of those */
  N_FORMS
} Form;

static float
random_value (GRand *rand, double density)
{
  float v = (float) g_rand_double_range (rand, -0.3, 1.0);

  if (g_rand_double (rand) >= density)
    return g_rand_int_range (rand, 0, 9) == 0 ? -0.0f : 0.0f;
  return v != 0.0f ? v : 0.5f;
}

static void
make_batch (Batch *batch, GRand *rand, double density, gboolean some_dead,
    const gint32 *cluster_of)
{
  const gsize n = N_ROWS * N_COLS, room = n + ACT_CSR_SLACK;
  g_autoptr (ActClusterReducer) reducer =
      act_cluster_reducer_new (ACT_CLUSTER_MAX, N_COLS, N_CLUSTERS, cluster_of);

  batch->dense = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    batch->dense[i] = random_value (rand, density);
  batch->alive = some_dead ? g_malloc (N_COLS) : NULL;
  for (gsize i = 0; some_dead && i < N_COLS; i++)
    batch->alive[i] = i % 10 != 3;
  batch->component_indices = g_new (gint32, room);
  batch->component_values = g_new (float, room);
  batch->cluster_indices = g_new (gint32, room);
  batch->cluster_values = g_new (float, room);
  for (gsize row = 0; row < N_ROWS; row++) {
    batch->component_indptr[row] = (gint64) batch->n_components;
    for (gint32 col = 0; col < N_COLS; col++) {
      float value = batch->dense[row * N_COLS + (gsize) col];

      if (value == 0 || (some_dead && !batch->alive[col]))
        continue;
      batch->component_indices[batch->n_components] = col;
      batch->component_values[batch->n_components++] = value;
    }
  }
  batch->component_indptr[N_ROWS] = (gint64) batch->n_components;
  act_cluster_reducer_set_alive (reducer, batch->alive);
  batch->n_clusters =
      act_cluster_reduce_csr (reducer, N_ROWS, batch->component_indptr,
          batch->component_indices, batch->component_values,
          batch->cluster_indptr, batch->cluster_indices, batch->cluster_values);
}

/* all of it, hardly any, some of all; some dead or none */
static Work *
work_new (void)
{
  static const double densities[N_BATCHES] = { 1, 0.01, 1, 0.7, 0.4, 1, 0 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  Work *work = g_new0 (Work, 1);
  guint *member = work->members;

  for (gint32 c = 0; c < N_CLUSTERS; c++) {
    for (guint i = 0; i < N_COLS; i++) {
      /* the last columns are in none; the first cluster has 34 members */
      gint32 of = i >= 50 ? -1 : i % 3 != 0 ? 0 : (gint32) (1 + i / 3 % 5);

      work->cluster_of[i] = of;
      if (of != c)
        continue;
      *member++ = i;
      work->n_members[c]++;
    }
  }
  for (guint i = 0; i < N_ROWS; i++)
    work->tokens[i] = g_rand_int_range (rand, 0, 100);
  for (guint b = 0; b < N_BATCHES; b++)
    make_batch (
        &work->batches[b], rand, densities[b], b % 3 == 2, work->cluster_of);
  return work;
}

static void
work_free (Work *work)
{
  for (guint b = 0; b < N_BATCHES; b++) {
    Batch *batch = &work->batches[b];

    g_free (batch->dense);
    g_free (batch->alive);
    g_free (batch->component_indices);
    g_free (batch->component_values);
    g_free (batch->cluster_indices);
    g_free (batch->cluster_values);
  }
  g_free (work);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, work_free)

static ActStoreBatch
store_batch (Work *work, guint b, Form form)
{
  Batch *from = &work->batches[b];
  ActStoreBatch batch = {
    .index = b,
    .first_sample = b * N_SAMPLES,
    .n_samples = N_SAMPLES,
    .n_ctx = N_CTX,
    .tokens = work->tokens,
    .alive = from->alive,
    .clusters = { from->cluster_indptr, from->cluster_indices,
        from->cluster_values, from->n_clusters },
    .size = 1000,
  };

  if (form == FORM_IN_TURN)
    form = b % FORM_IN_TURN;
  if (form == FORM_CSR) {
    batch.components = (ActCsr){ from->component_indptr,
      from->component_indices, from->component_values, from->n_components };
    return batch;
  }
  batch.component_dense = from->dense;
  batch.dense_stays = form != FORM_DENSE_READ;
  if (form == FORM_DENSE_DERIVED)
    batch.clusters = (ActCsr){ .n_values = from->n_clusters };
  return batch;
}

static void
add_all (Work *work, ActStore *store, Form form)
{
  GError *error = NULL;

  for (guint b = 0; b < N_BATCHES; b++) {
    ActStoreBatch batch = store_batch (work, b, form);

    act_store_add (store, &batch, &error);
    g_assert_no_error (error);
  }
  act_store_settle (store, &error);
  g_assert_no_error (error);
}

/* --- drains --- */

static void
hash (GChecksum *sum, gconstpointer data, gsize size)
{
  if (data != NULL)
    g_checksum_update (sum, data, (gssize) size);
}

static void
hash_run (GChecksum *sum, ActDrain *drain, const ActRun *run)
{
  g_autofree guint64 *samples = g_new (guint64, run->n_rows + 1);
  g_autofree gint64 *indptr = g_new (gint64, run->n_rows + 1);
  g_autofree gint32 *positions = g_new (gint32, run->n_values + 1);
  g_autofree float *values = g_new (float, run->n_values + 1);
  const guint64 head[] = { run->kind, run->cluster, (guint64) run->member,
    run->n_rows, run->n_values, run->total_rows };

  hash (sum, head, sizeof head);
  if (run->kind == ACT_RUN_SAMPLES) {
    g_assert_true (act_drain_fill_tokens (drain, samples, positions, NULL));
  } else {
    act_drain_fill_rows (drain, samples, indptr, positions, values);
    hash (sum, indptr, (run->n_rows + 1) * sizeof *indptr);
    hash (sum, values, run->n_values * sizeof *values);
  }
  hash (sum, samples, run->n_rows * sizeof *samples);
  hash (sum, positions, run->n_values * sizeof *positions);
  if (run->kind != ACT_RUN_CLUSTER || !run->last)
    return;
  hash (sum, run->coactivations, N_CLUSTERS * sizeof (gint64));
  hash (sum, run->member_coactivations,
      run->n_members * run->n_members * sizeof (gint64));
}

/* of all that the drain gives */
static char *
hash_drain (Work *work, ActStore *store, ActDrainSettings settings)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (ActDrain) drain = NULL;
  ActDrainResult result;
  GError *error = NULL;
  ActRun run;

  if (settings.component_rows)
    settings.members = (ActMembers){ work->n_members, work->members };
  drain = act_drain_new (store, &settings);
  while ((result = act_drain_next (drain, &run, &error)) == ACT_DRAIN_RUN)
    hash_run (sum, drain, &run);
  g_assert_no_error (error);
  g_assert_cmpint (result, ==, ACT_DRAIN_END);
  return g_strdup (g_checksum_get_string (sum));
}

static const ActStoreShape shape = { N_CTX, N_COLS, N_CLUSTERS };

/* in memory, and in a file without a name */
static void
test_drain (void)
{
  static const ActDrainSettings settings[] = {
    { .component_rows = TRUE },
    { .component_rows = TRUE, .all_samples = TRUE, .max_memory = 1 },
    { .component_rows = FALSE },
  };
  static const gsize max_memory[] = { G_MAXSIZE, 1 };
  g_autoptr (Work) work = work_new ();
  gsize n_values = 0;

  for (guint b = 0; b < N_BATCHES; b++)
    n_values += work->batches[b].n_clusters;
  for (guint s = 0; s < G_N_ELEMENTS (settings); s++) {
    g_autofree char *expected = NULL;

    for (guint i = 0; i < N_FORMS * G_N_ELEMENTS (max_memory); i++) {
      const ActSegmentStorageSettings storage = {
        .shape = shape,
        .segment_size = 3,
        .max_memory = max_memory[i / N_FORMS],
        .cluster_of = work->cluster_of,
      };
      g_autoptr (ActStore) store =
          act_store_new (&shape, act_segment_storage_new (&storage));
      g_autofree char *got = NULL;

      add_all (work, store, (Form) (i % N_FORMS));
      g_assert_cmpuint (act_store_get_n_cluster_values (store), ==, n_values);
      got = hash_drain (work, store, settings[s]);
      if (i == 0)
        expected = g_steal_pointer (&got);
      else
        g_assert_cmpstr (got, ==, expected);
    }
  }
}

/* --- segments --- */

static ActManifest *
make_manifest (gboolean with_clusters)
{
  static const guint n_components = N_COLS;
  ActIdentity *identity = g_new0 (ActIdentity, 1);
  ActManifest *manifest;

  identity->n_ctx = N_CTX;
  identity->batch_size = N_SAMPLES;
  identity->n_clusters = N_CLUSTERS;
  identity->modules = g_new0 (char *, 2);
  identity->modules[0] = g_strdup ("m");
  identity->components = g_memdup2 (&n_components, sizeof n_components);
  manifest = act_manifest_new (identity);
  manifest->segment_size = 3;
  manifest->clusters_stored = with_clusters;
  return manifest;
}

/* names and checksums of the segments, which the manifest has */
static char *
write_segments (Work *work, Form form, gboolean with_clusters)
{
  const char *folder = test_folder;
  ActSegmentStorageSettings settings = {
    .shape = shape,
    .segment_size = 3,
    .max_memory = 1 << 20,
    .folder = folder,
    .manifest = make_manifest (with_clusters),
    .cluster_of = with_clusters ? NULL : work->cluster_of,
  };
  ActStore *store = act_store_new (&shape, act_segment_storage_new (&settings));
  GString *text = g_string_new (NULL);
  GArray *files = settings.manifest->segments;
  GError *error = NULL;

  add_all (work, store, form);
  for (guint i = 0; i < files->len; i++) {
    const ActSegmentFile *file = &g_array_index (files, ActSegmentFile, i);
    g_autofree char *path = g_build_filename (folder, file->file, NULL);

    act_segment_file_verify (folder, file, NULL, NULL, &error);
    g_assert_no_error (error);
    g_string_append_printf (text, "%s %" G_GUINT64_FORMAT " %s\n", file->file,
        file->n_values, file->sha256);
    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  act_store_free (store);
  return g_string_free (text, FALSE);
}

static void
test_segments (void)
{
  g_autoptr (Work) work = work_new ();

  test_folder_make ();
  for (guint i = 0; i < 2; i++) {
    g_autofree char *expected = write_segments (work, FORM_CSR, i == 1);

    g_assert_nonnull (strstr (expected, "segment-000006"));
    for (Form form = FORM_DENSE_READ; form < N_FORMS; form++) {
      g_autofree char *got = NULL;

      /* where they are in the segment they have to come */
      if (i == 1 && form >= FORM_DENSE_DERIVED)
        continue;
      got = write_segments (work, form, i == 1);
      g_assert_cmpstr (got, ==, expected);
    }
  }
  test_folder_remove ();
}

/* --- what is kept --- */

static void
count_release (gpointer data)
{
  ++*(guint *) data;
}

/* A dense batch that stays is not copied, and counts what its owner holds; one
 * of which less than half is not 0 is kept as CSR beside it. */
static void
test_size (void)
{
  g_autoptr (Work) work = work_new ();
  const ActSegmentStorageSettings settings = {
    .shape = shape, .segment_size = 100, .max_memory = G_MAXSIZE
  };
  ActBatchStorage *storage = act_segment_storage_new (&settings);
  ActStore *store = act_store_new (&shape, storage);
  ActStoreBatch batch = store_batch (work, 0, FORM_DENSE_STAYS);
  const ActStoredBatch *kept;
  guint n_released = 0;

  batch.owner = &n_released;
  batch.release_owner = count_release;
  g_assert_true (act_store_add (store, &batch, NULL));
  g_assert_cmpuint (act_segment_storage_get_peak (storage), ==, 1000);
  g_assert_cmpuint (
      act_store_get_n_component_values (store), ==, N_ROWS * N_COLS);
  batch = store_batch (work, 1, FORM_DENSE_STAYS);
  g_assert_true (act_store_add (store, &batch, NULL));
  g_assert_cmpuint (act_segment_storage_get_peak (storage), ==,
      2000 + work->batches[1].n_components * 8 + (N_ROWS + 1) * 8);
  g_assert_true (act_store_settle (store, NULL));
  kept = storage->funcs->acquire (storage, 0, TRUE, NULL);
  g_assert_true (kept->dense == work->batches[0].dense);
  storage->funcs->release (storage, kept);
  kept = storage->funcs->acquire (storage, 1, TRUE, NULL);
  g_assert_null (kept->dense);
  g_assert_cmpuint (
      kept->components.n_values, ==, work->batches[1].n_components);
  storage->funcs->release (storage, kept);
  g_assert_cmpuint (n_released, ==, 0);
  act_store_free (store);
  g_assert_cmpuint (n_released, ==, 1);
}

static void
test_not_finite (void)
{
  g_autoptr (Work) work = work_new ();
  const ActSegmentStorageSettings settings = {
    .shape = shape, .segment_size = 100, .max_memory = G_MAXSIZE
  };
  g_autoptr (ActStore) store =
      act_store_new (&shape, act_segment_storage_new (&settings));

  work->batches[0].dense[7 * N_COLS + 52] = -INFINITY;
  work->batches[2].dense[(N_ROWS - 1) * N_COLS + 4] = NAN;
  for (guint b = 0; b < 3; b += 2) {
    ActStoreBatch batch = store_batch (work, b, FORM_DENSE_STAYS);
    g_autofree char *expected = g_strdup_printf (
        "the activation of component %u in batch %u, position %u is %s; a "
        "finite number was expected",
        b == 0 ? 52 : 4, b, b == 0 ? 7 : N_ROWS - 1,
        b == 0 ? "infinite" : "NaN");
    g_autoptr (GError) error = NULL;

    g_assert_false (act_store_add (store, &batch, &error));
    g_assert_cmpstr (error->message, ==, expected);
  }
  g_assert_cmpuint (act_store_get_n_batches (store), ==, 0);
}

int
main (int argc, char **argv)
{
  const char *forced = g_getenv ("GST_ACTIVATIONS_CPU");

  if (forced != NULL && !g_str_equal (forced, act_csr_kernel_name ())) {
    g_print ("1..0 # SKIP this processor has no %s\n", forced);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/storedense/drain", test_drain);
  g_test_add_func ("/storedense/segments", test_segments);
  g_test_add_func ("/storedense/size", test_size);
  g_test_add_func ("/storedense/not-finite", test_not_finite);
  return g_test_run ();
}
