/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text/textfiles.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "acterror.h"
#include "formats/output.h"
#include "strhash.h"

typedef struct {
  GPtrArray *files;
  GHashTable *seen; /* "device:inode" of files and folders */
  gsize n_found;    /* seen before or not */
} Finder;

static void
text_file_free (gpointer data)
{
  ActTextFile *file = data;

  g_free (file->name);
  g_free (file);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* FALSE if it was there before */
static gboolean
see (Finder *finder, const struct stat *st)
{
  return g_hash_table_add (finder->seen,
      g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
          (guint64) st->st_dev, (guint64) st->st_ino));
}

static GPtrArray *
list_folder (const char *path, GError **error)
{
  GPtrArray *names;
  struct dirent *entry;
  DIR *dir = opendir (path);

  if (dir == NULL) {
    act_set_errno_error (error, errno, FALSE, "'%s'", path);
    return NULL;
  }
  names = g_ptr_array_new_with_free_func (g_free);
  while (errno = 0, (entry = readdir (dir)) != NULL) {
    if (entry->d_name[0] != '.')
      g_ptr_array_add (names, g_strdup (entry->d_name));
  }
  if (errno != 0) {
    act_set_errno_error (error, errno, FALSE, "'%s'", path);
    g_clear_pointer (&names, g_ptr_array_unref);
  }
  closedir (dir);
  if (names != NULL)
    g_ptr_array_sort (names, compare_names);
  return names;
}

static gboolean add_path (
    Finder *finder, const char *path, gboolean named, GError **error);

static gboolean
add_folder (Finder *finder, const char *path, GError **error)
{
  g_autoptr (GPtrArray) names = list_folder (path, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *child =
        g_build_filename (path, g_ptr_array_index (names, i), NULL);

    if (!add_path (finder, child, FALSE, error))
      return FALSE;
  }
  return TRUE;
}

/* named: by the user or a pattern, and not just part of a folder */
static gboolean
add_path (Finder *finder, const char *path, gboolean named, GError **error)
{
  ActTextFile *file;
  struct stat st;

  if (stat (path, &st) != 0) {
    act_set_errno_error (error, errno, FALSE, "'%s'", path);
    return FALSE;
  }
  if (!S_ISDIR (st.st_mode) && !S_ISREG (st.st_mode)) {
    if (!named)
      return TRUE;
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "'%s' is neither a file nor a folder", path);
    return FALSE;
  }
  if (!see (finder, &st)) {
    finder->n_found++;
    return TRUE;
  }
  if (S_ISDIR (st.st_mode))
    return add_folder (finder, path, error);

  finder->n_found++;
  file = g_new (ActTextFile, 1);
  file->name = g_strdup (path);
  file->size = (guint64) st.st_size;
  g_ptr_array_add (finder->files, file);
  return TRUE;
}

/* what glob () could not read; it passes no data of ours */
static _Thread_local int glob_errno;
static _Thread_local char *glob_failed;

static int
on_glob_error (const char *path, int code)
{
  if (code == ENOENT || code == ENOTDIR)
    return 0; /* no match, then */
  glob_errno = code;
  g_free (glob_failed);
  glob_failed = g_strdup (path);
  return 1;
}

static gboolean
add_pattern (Finder *finder, const char *pattern, GError **error)
{
  gboolean ok = TRUE;
  glob_t found = { 0 };
  int status = glob (pattern, GLOB_NOSORT, on_glob_error, &found);

  if (status == GLOB_ABORTED) {
    act_set_errno_error (error, glob_errno, FALSE, "'%s'", glob_failed);
    g_clear_pointer (&glob_failed, g_free);
    ok = FALSE;
  } else if (status == GLOB_NOSPACE) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': not enough memory for its matches", pattern);
    ok = FALSE;
  } else if (status == 0) {
    /* glob () would sort as the locale has it */
    qsort (found.gl_pathv, found.gl_pathc, sizeof (char *), compare_names);
    for (gsize i = 0; i < found.gl_pathc && ok; i++)
      ok = add_path (finder, found.gl_pathv[i], TRUE, error);
  }
  globfree (&found);
  return ok;
}

static gboolean
add_location (Finder *finder, const char *location, GError **error)
{
  gsize before = finder->n_found;
  gboolean is_pattern;
  struct stat st;

  is_pattern = strpbrk (location, "*?[") != NULL && lstat (location, &st) != 0
      && (errno == ENOENT || errno == ENOTDIR);
  if (is_pattern ? !add_pattern (finder, location, error)
                 : !add_path (finder, location, TRUE, error))
    return FALSE;
  if (finder->n_found > before)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
      is_pattern ? "no file matches '%s'" : "no file in the folder '%s'",
      location);
  return FALSE;
}

GPtrArray *
act_text_files_find (
    const char *const *locations, guint n_locations, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (text_file_free);
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (act_str_hash, g_str_equal, g_free, NULL);
  Finder finder = { files, seen, 0 };

  for (guint i = 0; i < n_locations; i++) {
    if (!add_location (&finder, locations[i], error))
      return NULL;
  }
  return g_steal_pointer (&files);
}

char **
act_text_locations_split (const char *string)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  g_autoptr (GString) part = g_string_new (NULL);
  struct stat st;

  if (lstat (string, &st) == 0) {
    g_ptr_array_add (parts, g_strdup (string));
    g_ptr_array_add (parts, NULL);
    return (char **) g_ptr_array_steal (parts, NULL);
  }
  for (const char *p = string;; p++) {
    if (p[0] == '\\' && p[1] == ',') {
      g_string_append_c (part, *++p);
    } else if (*p == ',' || *p == '\0') {
      g_ptr_array_add (parts, g_strdup (part->str));
      g_string_truncate (part, 0);
      if (*p == '\0')
        break;
    } else {
      g_string_append_c (part, *p);
    }
  }
  g_ptr_array_add (parts, NULL);
  return (char **) g_ptr_array_steal (parts, NULL);
}
