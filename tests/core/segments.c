/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/storage_segments.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "acterror.h"
#include "storegolden.h"

/* Stores on disk: the golden cases through segments, in a folder and in a file
 * without a name, whole and in parts; and segments that are damaged. */

static char *
make_folder (void)
{
  GError *error = NULL;
  char *folder = g_dir_make_tmp ("act-segments-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static guint
remove_folder (char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_assert_cmpint (g_unlink (path), ==, 0);
    n++;
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (folder);
  return n;
}

static ActIdentity *
make_identity (const GoldenCase *golden)
{
  ActIdentity *identity = g_new0 (ActIdentity, 1);

  identity->model = g_strdup ("a \"model\"");
  identity->run = g_strdup ("r");
  identity->iteration = -3;
  identity->reduction = g_strdup ("max");
  identity->threshold = 0.25;
  identity->n_ctx = golden->n_ctx;
  identity->batch_size = golden->batch_sizes[0];
  identity->n_clusters = golden->n_clusters;
  identity->modules = g_new0 (char *, 2);
  identity->modules[0] = g_strdup ("m");
  identity->components = g_memdup2 (&golden->n_components, sizeof (guint));
  return identity;
}

static ActSegmentStorageSettings
make_settings (const GoldenCase *golden, gint32 *cluster_of)
{
  const guint *member = golden->members;

  memset (cluster_of, 0xff, golden->n_components * sizeof (gint32));
  for (guint c = 0; c < golden->n_clusters; c++)
    for (guint m = 0; m < golden->n_members[c]; m++)
      cluster_of[*member++] = (gint32) c;
  return (ActSegmentStorageSettings){
    .shape = { golden->n_ctx, golden->n_components, golden->n_clusters },
    .segment_size = 2,
    .max_memory = 25000,
    .reduction = ACT_CLUSTER_MAX,
  };
}

/* batches [first, end) of the case; stops at an error */
static void
add_batches (ActStore *store, const GoldenCase *golden, guint first, guint end,
    GError **error)
{
  guint64 sample = 1000;

  for (guint b = 0; b < end; b++) {
    ActStoreBatch batch =
        store_golden_batch (golden, b, sample, STORE_FORM_CSR, NULL);

    sample += batch.n_samples;
    if (b < first || !act_store_add (store, &batch, error))
      batch.release_owner (batch.owner);
    if (error != NULL && *error != NULL)
      return;
  }
}

static void
drain_and_check (ActStore *store, const GoldenCase *golden)
{
  ActDrainSettings settings = { .component_rows = TRUE, .max_memory = 20000 };
  g_autoptr (StoreDrained) drained = NULL;
  GError *error = NULL;

  act_store_settle (store, &error);
  g_assert_no_error (error);
  act_store_check_whole (store, &error);
  g_assert_no_error (error);
  drained = store_golden_drain (store, golden, settings);
  store_golden_check (golden, drained, TRUE, 1000);
}

/* --- in a file without a name --- */

static void
test_spill (gconstpointer name)
{
  static const gsize max_memory[] = { 1, 25000, 1 << 30 };
  g_autoptr (GoldenCase) golden = golden_case_new (name);
  g_autofree gint32 *cluster_of = g_new (gint32, golden->n_components);
  ActSegmentStorageSettings settings = make_settings (golden, cluster_of);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (max_memory); i++) {
    g_autoptr (ActStore) store = NULL;
    ActBatchStorage *storage;
    GError *error = NULL;

    settings.max_memory = max_memory[i / 2];
    settings.cluster_of = i % 2 == 0 ? cluster_of : NULL;
    storage = act_segment_storage_new (&settings);
    store = act_store_new (&settings.shape, storage);
    add_batches (store, golden, 0, golden->n_batches, &error);
    g_assert_no_error (error);
    drain_and_check (store, golden);
    g_assert_cmpuint (act_segment_storage_get_peak (storage), <=,
        MAX (settings.max_memory, 10000));
  }
}

/* --- in a folder --- */

static ActStore *
open_store (const char *folder, ActManifest *manifest,
    ActSegmentStorageSettings settings)
{
  g_autoptr (GArray) ranges =
      g_array_new (FALSE, FALSE, sizeof (ActBatchRange));
  guint64 n_values = 0;
  GError *error = NULL;
  ActStore *store;

  for (guint i = 0; i < manifest->segments->len; i++) {
    const ActSegmentFile *file =
        &g_array_index (manifest->segments, ActSegmentFile, i);
    g_autoptr (ActSegment) segment = NULL;

    act_segment_file_verify (folder, file, NULL, NULL, &error);
    g_assert_no_error (error);
    segment = act_segment_file_open (
        folder, file, &settings.shape, settings.cluster_of == NULL, &error);
    g_assert_no_error (error);
    for (gsize b = 0; b < act_segment_get_n_batches (segment); b++) {
      ActBatchRange range = act_segment_get_range (segment, b);
      g_array_append_val (ranges, range);
    }
    n_values += file->n_values;
  }
  settings.folder = folder;
  settings.manifest = manifest;
  store = act_store_new (&settings.shape, act_segment_storage_new (&settings));
  act_store_set_stored (
      store, (const ActBatchRange *) ranges->data, ranges->len, n_values);
  return store;
}

/* in two runs, cut after `cut` batches; the second gets all of them again */
static void
store_in_parts (
    const GoldenCase *golden, ActSegmentStorageSettings settings, guint cut)
{
  char *folder = make_folder ();
  ActIdentity *identity = make_identity (golden);
  ActManifest *manifest = act_manifest_new (identity);
  ActStore *store;
  GError *error = NULL;

  manifest->segment_size = settings.segment_size;
  manifest->clusters_stored = settings.cluster_of == NULL;
  store = open_store (folder, manifest, settings);
  add_batches (store, golden, 0, cut, &error);
  g_assert_no_error (error);
  act_store_settle (store, &error);
  g_assert_no_error (error);
  if (cut == 0)
    act_manifest_write (manifest, folder, &error);
  g_assert_no_error (error);
  act_store_free (store);

  manifest = act_manifest_read (folder, &error);
  g_assert_no_error (error);
  g_assert_false (manifest->complete);
  identity = make_identity (golden);
  g_assert_true (
      act_identity_check_same (manifest->identity, "a", identity, "b", &error));
  act_identity_free (identity);
  store = open_store (folder, manifest, settings);
  add_batches (store, golden, 0, golden->n_batches, &error);
  g_assert_no_error (error);
  drain_and_check (store, golden);
  /* nothing but the manifest and its segments */
  cut = manifest->segments->len;
  act_store_free (store);
  g_assert_cmpuint (remove_folder (folder), ==, cut + 1);
}

static void
test_folder (gconstpointer name)
{
  g_autoptr (GoldenCase) golden = golden_case_new (name);
  g_autofree gint32 *cluster_of = g_new (gint32, golden->n_components);
  ActSegmentStorageSettings settings = make_settings (golden, cluster_of);

  for (guint cut = 0; cut <= golden->n_batches; cut++) {
    settings.cluster_of = cut % 2 == 0 ? cluster_of : NULL;
    store_in_parts (golden, settings, cut);
  }
}

/* --- what goes wrong --- */

/* a store of all batches of "basic" in a new folder */
static char *
make_stored (const GoldenCase *golden, ActSegmentStorageSettings *settings)
{
  ActManifest *manifest = act_manifest_new (make_identity (golden));
  char *folder = make_folder ();
  GError *error = NULL;
  ActStore *store;

  manifest->segment_size = settings->segment_size;
  store = open_store (folder, manifest, *settings);
  add_batches (store, golden, 0, golden->n_batches, &error);
  g_assert_no_error (error);
  act_store_settle (store, &error);
  g_assert_no_error (error);
  act_store_free (store);
  return folder;
}

/* without the sync that GLib's function makes */
static void
write_plainly (const char *path, const char *data, gsize size)
{
  FILE *file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* Whatever byte is wrong, the checksum tells; and a reader that did not look
 * at it gives an error or other numbers, but stays in bounds. */
static void
test_damage (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("dead_components");
  g_autofree gint32 *cluster_of = g_new (gint32, golden->n_components);
  ActSegmentStorageSettings settings = make_settings (golden, cluster_of);
  g_autoptr (ActManifest) manifest = NULL;
  const ActSegmentFile *file;
  g_autofree char *path = NULL, *data = NULL;
  char *folder;
  gsize size;

  settings.cluster_of = cluster_of;
  folder = make_stored (golden, &settings);
  manifest = act_manifest_read (folder, NULL);
  file = &g_array_index (manifest->segments, ActSegmentFile, 0);
  path = g_build_filename (folder, file->file, NULL);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  for (gsize at = 0; at < size; at += at < 2000 ? 1 : 97) {
    g_autofree char *changed = g_memdup2 (data, size);
    g_autoptr (ActSegment) segment = NULL;
    g_autoptr (GError) error = NULL;
    ActStoredBatch batch;

    changed[at] ^= 0x41;
    write_plainly (path, changed, at % 3 == 0 ? at : size);
    g_assert_false (act_segment_file_verify (folder, file, NULL, NULL, &error));
    g_assert_error (error, ACT_ERROR, ACT_ERROR_FORMAT);
    g_assert_nonnull (strstr (error->message, file->file));
    segment =
        act_segment_file_open (folder, file, &settings.shape, FALSE, NULL);
    for (gsize b = 0;
         segment != NULL && b < act_segment_get_n_batches (segment); b++)
      act_segment_get (segment, b, &batch);
  }
  remove_folder (folder);
}

/* removed while it is read: one error with its name */
static void
test_removed (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("basic");
  g_autofree gint32 *cluster_of = g_new (gint32, golden->n_components);
  ActSegmentStorageSettings settings = make_settings (golden, cluster_of);
  g_autofree char *path = NULL;
  g_autoptr (ActStore) store = NULL;
  g_autoptr (ActDrain) drain = NULL;
  g_autoptr (GError) error = NULL;
  ActDrainSettings drain_settings = { .max_rows = 0 };
  ActDrainResult result;
  ActRun run;
  char *folder;

  settings.cluster_of = cluster_of;
  folder = make_stored (golden, &settings);
  store = open_store (folder, act_manifest_read (folder, NULL), settings);
  g_assert_true (act_store_settle (store, NULL));
  path = g_build_filename (folder, "segment-000002.safetensors", NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  drain = act_drain_new (store, &drain_settings);
  while ((result = act_drain_next (drain, &run, &error)) == ACT_DRAIN_RUN)
    ;
  g_assert_cmpint (result, ==, ACT_DRAIN_ERROR);
  g_assert_nonnull (strstr (error->message, "segment-000002.safetensors"));
  remove_folder (folder);
}

/* the folder goes while batches come: the writer's error comes out */
static void
test_writer_fails (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("basic");
  g_autofree gint32 *cluster_of = g_new (gint32, golden->n_components);
  ActSegmentStorageSettings settings = make_settings (golden, cluster_of);
  ActManifest *manifest = act_manifest_new (make_identity (golden));
  g_autoptr (ActStore) store = NULL;
  g_autoptr (GError) error = NULL;
  char *folder = make_folder ();

  settings.cluster_of = cluster_of;
  settings.max_memory = 1;
  store = open_store (folder, manifest, settings);
  remove_folder (folder);
  add_batches (store, golden, 0, golden->n_batches, &error);
  g_assert_error (error, ACT_ERROR, ACT_ERROR_OPEN_WRITE);
}

static void
test_identity (void)
{
  g_autoptr (GoldenCase) golden = golden_case_new ("basic");
  g_autoptr (ActIdentity) a = make_identity (golden);
  g_autoptr (ActIdentity) b = make_identity (golden);
  g_autoptr (GError) error = NULL;

  g_free (b->model);
  b->model = NULL;
  b->n_ctx = 3;
  b->threshold = -1;
  g_assert_false (act_identity_check_same (a, "one", b, "the other", &error));
  g_assert_cmpstr (error->message, ==,
      "one and the other are not of the same run; they differ in: model (a "
      "\"model\" and none), threshold (0.25 and none), n-ctx (16 and 3)");
}

/* manifests that are wrong in one place */
static void
test_bad_manifest (void)
{
  static const char *const changes[][2] = {
    { "\"gst-activations-store\"", "\"other\"" },
    { "\"version\": 1", "\"version\": 2" },
    { "\"n_ctx\": 16", "\"n_ctx\": 0" },
    { "\"segments\": [", "\"segmints\": [" },
    { "segment-000000", "../segment-000000" },
    { "\"first_batch\": 2", "\"first_batch\": 1" },
    { "\"derived\"", "\"guessed\"" },
    { "\"complete\": null", "\"complete\": 3" },
    { "\"iteration\": -3", "\"iteration\": 3e99" },
  };
  g_autoptr (GoldenCase) golden = golden_case_new ("basic");
  g_autofree gint32 *cluster_of = g_new (gint32, golden->n_components);
  ActSegmentStorageSettings settings = make_settings (golden, cluster_of);
  g_autofree char *path = NULL, *text = NULL;
  char *folder;

  settings.cluster_of = cluster_of;
  folder = make_stored (golden, &settings);
  path = g_build_filename (folder, ACT_MANIFEST_NAME, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (GString) changed = g_string_new (text);
    g_autoptr (GError) error = NULL;

    g_assert_cmpuint (
        g_string_replace (changed, changes[i][0], changes[i][1], 1), ==, 1);
    g_assert_true (g_file_set_contents (path, changed->str, -1, NULL));
    g_assert_null (act_manifest_read (folder, &error));
    g_assert_nonnull (error);
    g_assert_nonnull (strstr (error->message, ACT_MANIFEST_NAME));
  }
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const char *const *name = golden_cases (); *name != NULL; name++) {
    g_autofree char *spill = g_strdup_printf ("/segments/spill/%s", *name);
    g_autofree char *folder = g_strdup_printf ("/segments/folder/%s", *name);

    g_test_add_data_func (spill, *name, test_spill);
    g_test_add_data_func (folder, *name, test_folder);
  }
  g_test_add_func ("/segments/damage", test_damage);
  g_test_add_func ("/segments/removed", test_removed);
  g_test_add_func ("/segments/writer-fails", test_writer_fails);
  g_test_add_func ("/segments/identity", test_identity);
  g_test_add_func ("/segments/bad-manifest", test_bad_manifest);
  return g_test_run ();
}
