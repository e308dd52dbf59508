/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "acterror.h"

/* A folder for the files of one test, and what the tests of the formats need
 * to write bad ones. */

static char *test_folder;

static inline void
test_folder_make (void)
{
  test_folder = g_dir_make_tmp ("act-test-XXXXXX", NULL);
  g_assert_nonnull (test_folder);
}

static inline void
test_folder_remove_at (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    if (g_file_test (child, G_FILE_TEST_IS_DIR)
        && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      test_folder_remove_at (child);
    else
      g_unlink (child);
  }
  g_rmdir (path);
}

static inline void
test_folder_remove (void)
{
  test_folder_remove_at (test_folder);
  g_clear_pointer (&test_folder, g_free);
}

static inline char *
test_path (const char *name)
{
  return g_build_filename (test_folder, name, NULL);
}

/* (transfer full): the file's path */
static inline char *
test_write (const char *name, const void *data, gsize size)
{
  char *path = test_path (name);
  /* not g_file_set_contents (): it syncs, which takes long */
  FILE *file = fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
  return path;
}

static inline guint
test_count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* one line, of this code, that says what and where */
static inline void
test_assert_error (
    const GError *error, ActError code, const char *what, const char *where)
{
  g_assert_error (error, ACT_ERROR, (int) code);
  if (strstr (error->message, what) == NULL
      || strstr (error->message, where) == NULL
      || strchr (error->message, '\n') != NULL)
    g_error (
        "message \"%s\" lacks \"%s\" or \"%s\"", error->message, what, where);
}
