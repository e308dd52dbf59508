/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/folder.h"

#include <glib/gstdio.h>
#include <string.h>

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
  ActSegmentFile file;

  return act_segment_file_write (
             folder, &shape, batches, 1, FALSE, &file, error)
      && act_manifest_add (manifest, &file, error)
      && act_manifest_write (manifest, folder, error);
}

static void
begin (ActStoreFolder *folder)
{
  GError *error = NULL;

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

  g_assert_null (act_store_folder_open (path, FALSE, &error));
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
  result = g_test_run ();
  test_folder_remove ();
  return result;
}
