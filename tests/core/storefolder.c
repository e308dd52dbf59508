/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "acterror.h"
#include "testfile.h"

/* The folder of a store between runs: who may begin in it, and what becomes of
 * files that are there. */

static ActIdentity *
make_identity (void)
{
  static const char *const modules[] = { "m", NULL };
  ActIdentity *identity = g_new0 (ActIdentity, 1);

  identity->reduction = g_strdup ("max");
  identity->threshold = -1;
  identity->n_ctx = 2;
  identity->n_clusters = 1;
  identity->modules = g_strdupv ((char **) modules);
  identity->components = g_new0 (guint, 1);
  identity->components[0] = 3;
  return identity;
}

/* a segment of one batch of one sample, in which component 1 is 0.5 at first */
static gboolean
add_segment (const char *folder, ActManifest *manifest, GError **error)
{
  static const gint32 tokens[] = { 7, 3 }, indices[] = { 1 };
  static const gint64 indptr[] = { 0, 1, 1 };
  static const float values[] = { 0.5f };
  const ActStoredBatch batch = { .n_samples = 1,
    .tokens = tokens,
    .components = { indptr, indices, values, 1 } };
  const ActStoredBatch *batches[] = { &batch };
  const ActStoreShape shape = act_identity_get_shape (manifest->identity);
  ActSegmentOutput *output =
      act_segment_output_new (folder, &shape, batches, 1, FALSE, error);
  ActSegmentFile file;

  return output != NULL
      && act_segment_output_publish (output, NULL, &file, error)
      && act_manifest_add (manifest, &file, error)
      && act_manifest_write (manifest, folder, error);
}

static void
begin (ActStoreFolder *folder)
{
  GError *error = NULL;

  act_store_folder_check (folder, NULL, NULL, &error);
  g_assert_no_error (error);
  act_store_folder_begin (folder, make_identity (), FALSE, 4, &error);
  g_assert_no_error (error);
}

/* a folder with one segment, closed */
static char *
make_store (const char *name)
{
  char *path = test_path (name);
  g_autoptr (ActStoreFolder) folder = act_store_folder_open (path, FALSE, NULL);
  GError *error = NULL;

  begin (folder);
  add_segment (path, folder->manifest, &error);
  g_assert_no_error (error);
  return path;
}

static void
refused (const char *path, const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActStoreFolder) folder =
      act_store_folder_open (path, FALSE, &error);

  if (folder != NULL)
    g_assert_false (act_store_folder_check (folder, NULL, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, what));
}

static void
test_goes_on (void)
{
  g_autofree char *path = make_store ("goes-on");
  g_autoptr (ActStoreFolder) folder = act_store_folder_open (path, FALSE, NULL);

  g_assert_nonnull (folder);
  g_assert_true (act_store_folder_check (folder, NULL, NULL, NULL));
  g_assert_cmpuint (folder->batches->len, ==, 1);
  g_assert_cmpuint (folder->n_values, ==, 1);
  refused (path, "in use");
  begin (folder);
}

/* Both found no folder; the other one was quicker, and is through. */
static void
test_made_meanwhile (void)
{
  g_autofree char *path = test_path ("meanwhile");
  g_autoptr (ActStoreFolder) slow = act_store_folder_open (path, FALSE, NULL);
  g_autofree char *made = make_store ("meanwhile");
  g_autofree char *segment =
      g_build_filename (made, "segment-000000.safetensors", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (act_store_folder_check (slow, NULL, NULL, NULL));
  g_assert_false (
      act_store_folder_begin (slow, make_identity (), FALSE, 4, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "another run"));
  g_assert_true (g_file_test (segment, G_FILE_TEST_EXISTS));
}

/* segments without a manifest are nobody's, but not thrown away for that */
static void
test_without_manifest (void)
{
  g_autofree char *path = make_store ("lost");
  g_autofree char *manifest = g_build_filename (path, ACT_MANIFEST_NAME, NULL);
  g_autofree char *segment =
      g_build_filename (path, "segment-000000.safetensors", NULL);
  g_autoptr (ActStoreFolder) folder = NULL;

  g_assert_cmpint (g_unlink (manifest), ==, 0);
  refused (path, ACT_MANIFEST_NAME);
  g_assert_true (g_file_test (segment, G_FILE_TEST_EXISTS));
  folder = act_store_folder_open (path, TRUE, NULL);
  g_assert_nonnull (folder);
  g_assert_cmpuint (folder->batches->len, ==, 0);
  begin (folder);
  g_assert_false (g_file_test (segment, G_FILE_TEST_EXISTS));
}

/* what was killed before it had a manifest left this, and no more */
static void
test_early (void)
{
  g_autofree char *path = test_path ("early");
  g_autofree char *temporary =
      g_build_filename (path, ".manifest.json.tmp", NULL);
  g_autofree char *other = g_build_filename (path, "mine", NULL);
  g_autoptr (ActStoreFolder) folder = NULL;

  g_assert_cmpint (g_mkdir (path, 0777), ==, 0);
  g_assert_true (g_file_set_contents (temporary, "{", -1, NULL));
  g_assert_true (g_file_set_contents (other, "precious", -1, NULL));
  refused (path, "'mine'");
  g_assert_cmpint (g_unlink (other), ==, 0);
  folder = act_store_folder_open (path, FALSE, NULL);
  g_assert_nonnull (folder);
  begin (folder);
  g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
}

/* A manifest that is wrong about a segment that is as it was written. */
static void
test_counts (void)
{
  static const char *const names[] = { "samples", "values" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = make_store (names[i]);
    g_autoptr (ActManifest) manifest = act_manifest_read (path, NULL);
    ActSegmentFile *file =
        &g_array_index (manifest->segments, ActSegmentFile, 0);

    if (i == 0)
      file->n_samples = 2;
    else
      file->n_values = 0;
    g_assert_true (act_manifest_write (manifest, path, NULL));
    refused (path, "the manifest says");
  }
}

/* Segments of a batch each come one by one: the manifest is written for few of
 * them, but whoever reads it knows all. */
static void
test_log (void)
{
  g_autofree char *path = make_store ("log");
  g_autofree char *log = g_build_filename (path, ACT_SEGMENT_LOG_NAME, NULL);
  g_autofree char *json = g_build_filename (path, ACT_MANIFEST_NAME, NULL);
  g_autoptr (ActManifest) manifest = act_manifest_read (path, NULL);
  g_autofree char *text = NULL, *torn = NULL;
  guint n_written = 0;

  for (guint i = 1; i < 200; i++) {
    g_autoptr (ActManifest) again = NULL;
    ActSegmentFile file = { .file = g_strdup_printf ("segment-%06u.x", i),
      .first_batch = i,
      .n_batches = 1,
      .first_sample = i,
      .n_samples = 1 };

    memset (file.sha256, 'a', 64);
    g_assert_true (act_manifest_commit (manifest, &file, 1, path, NULL));
    n_written += manifest->n_logged == 0;
    g_assert_cmpint (
        manifest->n_logged > 0, ==, g_file_test (log, G_FILE_TEST_EXISTS));
    again = act_manifest_read (path, NULL);
    g_assert_cmpuint (again->segments->len, ==, i + 1);
    g_assert_cmpuint (again->n_logged, ==, manifest->n_logged);
  }
  /* each of the first, then one more for each eighth */
  g_assert_cmpuint (n_written, <, 45);
  g_assert_cmpuint (manifest->n_logged, >, 0);

  /* one that was being written is none; one that is wrong is an error */
  g_assert_true (g_file_get_contents (log, &text, NULL, NULL));
  torn = g_strconcat (text, "{\"file\": \"segm", NULL);
  g_assert_true (g_file_set_contents (log, torn, -1, NULL));
  act_manifest_free (manifest);
  manifest = act_manifest_read (path, NULL);
  g_assert_cmpuint (manifest->segments->len, ==, 200);
  g_assert_true (act_manifest_write (manifest, path, NULL));
  g_assert_false (g_file_test (log, G_FILE_TEST_EXISTS));

  /* a log that stays behind a newer manifest says nothing */
  g_assert_true (g_file_set_contents (log, text, -1, NULL));
  act_manifest_free (manifest);
  manifest = act_manifest_read (path, NULL);
  g_assert_cmpuint (manifest->segments->len, ==, 200);
  g_assert_cmpuint (manifest->n_logged, ==, 0);
  g_assert_true (g_file_set_contents (log, "{}\n", -1, NULL));
  refused (path, ACT_SEGMENT_LOG_NAME);
  g_assert_cmpint (g_unlink (json), ==, 0);
  refused (path, ACT_MANIFEST_NAME);
}

static gboolean
count_down (gpointer left)
{
  return (*(gint *) left)-- <= 0;
}

/* Checking is given up between pieces, and can be begun again. */
static void
test_cancelled (void)
{
  g_autofree char *path = make_store ("cancelled");
  g_autoptr (ActStoreFolder) folder = act_store_folder_open (path, TRUE, NULL);
  g_autoptr (GError) error = NULL;
  gint left = 0;

  g_assert_false (act_store_folder_check (folder, count_down, &left, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (folder->damaged->len, ==, 0);
  left = 1;
  g_assert_true (act_store_folder_check (folder, count_down, &left, NULL));
  g_assert_cmpint (left, ==, 0);
  g_assert_cmpuint (folder->batches->len, ==, 1);
  /* and once is enough */
  g_assert_true (act_store_folder_check (folder, count_down, &left, NULL));
  g_assert_cmpint (left, ==, 0);
}

/* as it was when it was written, but for one value; so are size and date */
static void
change_quietly (const char *path)
{
  struct timespec times[2];
  g_autofree char *data = NULL;
  GStatBuf old;
  gsize size;
  FILE *file;

  g_assert_cmpint (g_stat (path, &old), ==, 0);
  times[0] = old.st_atim;
  times[1] = old.st_mtim;
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  data[size - 1] ^= 1;
  file = g_fopen (path, "r+b");
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

/* What was checked is read again when its file is another one or has another
 * date, and not before. */
static void
test_checked_once (void)
{
  g_autofree char *path = make_store ("once");
  g_autofree char *segment =
      g_build_filename (path, "segment-000000.safetensors", NULL);
  g_autoptr (ActStoreFolder) folder = act_store_folder_open (path, FALSE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (act_store_folder_check (folder, NULL, NULL, NULL));
  change_quietly (segment);
  g_assert_true (act_store_folder_reload (folder, NULL));
  g_assert_cmpuint (folder->batches->len, ==, 0);
  g_assert_true (act_store_folder_check (folder, NULL, NULL, NULL));
  g_assert_cmpuint (folder->batches->len, ==, 1);
  g_assert_cmpuint (folder->digests->len, ==, 1);
  g_assert_cmpuint (folder->n_values, ==, 1);

  g_assert_cmpint (utimensat (AT_FDCWD, segment, NULL, 0), ==, 0);
  g_assert_true (act_store_folder_reload (folder, NULL));
  g_assert_false (act_store_folder_check (folder, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "damaged"));
}

static ActIdentity *
make_other (void)
{
  ActIdentity *identity = make_identity ();

  identity->threshold = 0.5;
  return identity;
}

/* Nothing is repaired, and nothing swept, for a run that may not go on here. */
static void
test_repair_of_another (void)
{
  g_autofree char *path = make_store ("another");
  g_autofree char *segment =
      g_build_filename (path, "segment-000000.safetensors", NULL);
  g_autofree char *temporary = g_build_filename (path, ".x.tmp", NULL);
  g_autoptr (ActStoreFolder) folder = NULL;
  g_autoptr (ActManifest) manifest = NULL;
  g_autoptr (GError) error = NULL;

  change_quietly (segment);
  g_assert_true (g_file_set_contents (temporary, "", 0, NULL));
  folder = act_store_folder_open (path, TRUE, NULL);
  g_assert_true (act_store_folder_check (folder, NULL, NULL, NULL));
  g_assert_cmpuint (folder->damaged->len, ==, 1);
  g_assert_cmpuint (folder->batches->len, ==, 0);
  g_assert_false (
      act_store_folder_begin (folder, make_other (), FALSE, 4, &error));
  g_assert_nonnull (strstr (error->message, "threshold (none and 0.5)"));
  g_assert_nonnull (strstr (error->message, path));
  manifest = act_manifest_read (path, NULL);
  g_assert_cmpuint (manifest->segments->len, ==, 1);
  g_assert_true (g_file_test (segment, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (temporary, G_FILE_TEST_EXISTS));

  begin (folder);
  g_clear_pointer (&manifest, act_manifest_free);
  manifest = act_manifest_read (path, NULL);
  g_assert_cmpuint (manifest->segments->len, ==, 0);
  g_assert_false (g_file_test (segment, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
}

/* A segment that could not be read now may be fine: that there are too many
 * files open, for instance, must not cost it. */
static void
test_repair_spares (void)
{
  g_autofree char *path = make_store ("spared");
  g_autoptr (ActStoreFolder) folder = act_store_folder_open (path, TRUE, NULL);
  g_autoptr (GError) error = NULL;
  struct rlimit good, none;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &good), ==, 0);
  none = (struct rlimit){ 0, good.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  g_assert_false (act_store_folder_check (folder, NULL, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &good), ==, 0);
  g_assert_nonnull (strstr (error->message, g_strerror (EMFILE)));
  g_assert_cmpuint (folder->damaged->len, ==, 0);

  begin (folder);
  g_assert_cmpuint (folder->batches->len, ==, 1);
  g_assert_cmpuint (folder->manifest->segments->len, ==, 1);
}

/* A run that was killed before its manifest left what is about it; this one has
 * nothing of its own to put there. */
static void
test_stale_context (void)
{
  static const char *const names[] = { ACT_STORE_CLUSTERS_NAME,
    ACT_STORE_VOCABULARY_NAME };
  g_autofree char *path = test_path ("stale");
  g_autoptr (ActStoreFolder) folder = NULL;

  g_assert_cmpint (g_mkdir (path, 0777), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *file = g_build_filename (path, names[i], NULL);
    g_assert_true (g_file_set_contents (file, "{}", -1, NULL));
  }
  folder = act_store_folder_open (path, FALSE, NULL);
  begin (folder);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *file = g_build_filename (path, names[i], NULL);
    g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/store-folder/goes-on", test_goes_on);
  g_test_add_func ("/store-folder/made-meanwhile", test_made_meanwhile);
  g_test_add_func ("/store-folder/without-manifest", test_without_manifest);
  g_test_add_func ("/store-folder/early", test_early);
  g_test_add_func ("/store-folder/counts", test_counts);
  g_test_add_func ("/store-folder/log", test_log);
  g_test_add_func ("/store-folder/cancelled", test_cancelled);
  g_test_add_func ("/store-folder/checked-once", test_checked_once);
  g_test_add_func ("/store-folder/repair-of-another", test_repair_of_another);
  g_test_add_func ("/store-folder/repair-spares", test_repair_spares);
  g_test_add_func ("/store-folder/stale-context", test_stale_context);
  result = g_test_run ();
  test_folder_remove ();
  return result;
}
