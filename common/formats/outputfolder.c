/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acterror.h"

/* The temporary folder is ".NAME.tmp-PID-XXXXXX" beside the target NAME. Its
 * owner holds a lock (flock) on it, which ends with the process, so a folder
 * whose lock can be had was left by a dead one. The process id covers the
 * moment between making the folder and locking it. */

struct _ActOutputFolder {
  char *target; /* absolute */
  char *parent;
  char *path; /* NULL once published */
  int lock;
  char *marker;    /* NULL: nothing is replaced */
  GPtrArray *made; /* folders above it that were missing, topmost first */
};

/* Removes NAME in the folder dir_fd, with all below; follows no links. */
static void
remove_tree_at (int dir_fd, const char *name)
{
  struct dirent *entry;
  DIR *dir;
  int fd;

  if (unlinkat (dir_fd, name, 0) == 0 || errno == ENOENT)
    return;
  fd = openat (dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return;
  dir = fdopendir (fd);
  if (dir == NULL) {
    close (fd);
    return;
  }
  while ((entry = readdir (dir)) != NULL) {
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      remove_tree_at (fd, entry->d_name);
  }
  closedir (dir);
  unlinkat (dir_fd, name, AT_REMOVEDIR);
}

static char *
temporary_prefix (const char *target)
{
  g_autofree char *base = g_path_get_basename (target);

  return g_strdup_printf (".%s.tmp-", base);
}

/* -> the process id in PREFIXpid-XXXXXX, or 0 when the name is another */
static pid_t
parse_temporary_name (const char *name, const char *prefix)
{
  gint64 pid;
  char *end;

  if (!g_str_has_prefix (name, prefix))
    return 0;
  name += strlen (prefix);
  pid = g_ascii_strtoll (name, &end, 10);
  if (!g_ascii_isdigit (*name) || *end != '-' || strlen (end) != 7 || pid <= 0
      || pid > G_MAXINT)
    return 0;
  return pid;
}

static gboolean
is_abandoned (int dir_fd, const char *name, pid_t pid)
{
  gboolean locked;
  int fd;

  if (pid != getpid () && (kill (pid, 0) == 0 || errno != ESRCH))
    return FALSE;
  fd = openat (dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  locked = flock (fd, LOCK_EX | LOCK_NB) == 0;
  close (fd);
  return locked;
}

static void
sweep (const char *parent, const char *target)
{
  g_autofree char *prefix = temporary_prefix (target);
  struct dirent *entry;
  DIR *dir = opendir (parent);

  if (dir == NULL)
    return;
  while ((entry = readdir (dir)) != NULL) {
    pid_t pid = parse_temporary_name (entry->d_name, prefix);

    if (pid != 0 && is_abandoned (dirfd (dir), entry->d_name, pid))
      remove_tree_at (dirfd (dir), entry->d_name);
  }
  closedir (dir);
}

/* -> whether path lies at or below folder */
static gboolean
is_within (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  return path != NULL && strncmp (path, folder, length) == 0
      && (path[length] == '\0' || path[length] == '/'
          || strcmp (folder, "/") == 0);
}

static gboolean
is_empty_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  return dir != NULL && g_dir_read_name (dir) == NULL;
}

/* Overwriting removes the old folder with all that is in it: not what the
 * user can hardly have meant. */
static gboolean
may_replace (const char *target, const char *marker, GError **error)
{
  g_autofree char *mark = g_build_filename (target, marker, NULL);
  g_autofree char *current = g_get_current_dir ();
  struct stat st;

  if (lstat (target, &st) == 0 && !S_ISDIR (st.st_mode)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s' exists and is no folder, so it is not overwritten", target);
    return FALSE;
  }
  if (is_within (current, target) || is_within (g_get_home_dir (), target)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s' holds the current or the home folder, so it is not overwritten",
        target);
    return FALSE;
  }
  if ((lstat (mark, &st) != 0 || !S_ISREG (st.st_mode))
      && !is_empty_folder (target)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s' is not overwritten: expected an earlier output, which has a file "
        "'%s', or an empty folder",
        target, marker);
    return FALSE;
  }
  return TRUE;
}

/* The absolute target; a link to an existing folder stands for that folder,
 * as it would when writing into it. */
static char *
resolve_target (const char *target, const char *marker, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (target, NULL);
  struct stat st;
  char *real;

  if (lstat (absolute, &st) != 0)
    return g_steal_pointer (&absolute);
  if (marker == NULL) {
    /* what is no folder nothing replaces */
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s' exists already, expected a new folder%s", target,
        g_file_test (absolute, G_FILE_TEST_IS_DIR)
            ? " (overwrite=true, or --overwrite of gst-activations dashboard, "
              "replaces an earlier output)"
            : "");
    return NULL;
  }
  real = realpath (absolute, NULL);
  if (real != NULL) {
    g_free (absolute);
    absolute = g_strdup (real);
    free (real);
  }
  if (!may_replace (absolute, marker, error))
    return NULL;
  return g_steal_pointer (&absolute);
}

/* the folder and those above it that are missing; made takes their paths */
static void
make_folders (const char *path, GPtrArray *made)
{
  g_autofree char *above = NULL;

  if (mkdir (path, 0777) == 0) {
    g_ptr_array_add (made, g_strdup (path));
    return;
  }
  above = g_path_get_dirname (path);
  if (errno != ENOENT || g_str_equal (above, path))
    return;
  make_folders (above, made);
  if (mkdir (path, 0777) == 0)
    g_ptr_array_add (made, g_strdup (path));
}

static gboolean
make_temporary (ActOutputFolder *folder, GError **error)
{
  g_autofree char *prefix = temporary_prefix (folder->target);
  g_autofree char *name =
      g_strdup_printf ("%s%d-XXXXXX", prefix, (int) getpid ());

  make_folders (folder->parent, folder->made);
  sweep (folder->parent, folder->target);
  folder->path = g_build_filename (folder->parent, name, NULL);
  if (g_mkdtemp_full (folder->path, 0777) == NULL) {
    act_set_errno_error (
        error, errno, TRUE, "cannot create a folder in '%s'", folder->parent);
    g_clear_pointer (&folder->path, g_free);
    return FALSE;
  }
  folder->lock = open (folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder->lock >= 0)
    (void) flock (folder->lock, LOCK_EX | LOCK_NB);
  return TRUE;
}

ActOutputFolder *
act_output_folder_new (const char *target, const char *marker, GError **error)
{
  g_autoptr (ActOutputFolder) folder = g_new0 (ActOutputFolder, 1);

  folder->lock = -1;
  folder->marker = g_strdup (marker);
  folder->made = g_ptr_array_new_with_free_func (g_free);
  if (target == NULL || *target == '\0') {
    g_set_error (
        error, ACT_ERROR, ACT_ERROR_SETTINGS, "no output folder is given");
    return NULL;
  }
  folder->target = resolve_target (target, marker, error);
  if (folder->target == NULL)
    return NULL;
  folder->parent = g_path_get_dirname (folder->target);
  if (!make_temporary (folder, error))
    return NULL;
  return g_steal_pointer (&folder);
}

const char *
act_output_folder_get_path (const ActOutputFolder *folder)
{
  return folder->path;
}

const char *
act_output_folder_get_target (const ActOutputFolder *folder)
{
  return folder->target;
}

static gboolean
sync_fd (int fd)
{
  /* some file systems cannot sync a folder, and say EINVAL */
  return fsync (fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

/* Syncs a file, or a folder with all below. */
static gboolean
sync_tree_at (int dir_fd, const char *name, GError **error)
{
  struct dirent *entry;
  gboolean ok = TRUE;
  DIR *dir;
  int fd = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0) {
    act_set_errno_error (error, errno, TRUE, "cannot sync '%s'", name);
    return FALSE;
  }
  dir = fdopendir (fd);
  while (dir != NULL && ok && (entry = readdir (dir)) != NULL) {
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      ok = sync_tree_at (fd, entry->d_name, error);
  }
  if (ok && !sync_fd (fd)) {
    act_set_errno_error (error, errno, TRUE, "cannot sync '%s'", name);
    ok = FALSE;
  }
  if (dir != NULL)
    closedir (dir);
  else
    close (fd);
  return ok;
}

static gboolean
rename_with (const char *from, const char *to, unsigned flags)
{
  return renameat2 (AT_FDCWD, from, AT_FDCWD, to, flags) == 0;
}

/* not every file system knows the flags of renameat2 () */
static gboolean
flags_unsupported (void)
{
  return errno == EINVAL || errno == ENOSYS || errno == ENOTSUP;
}

static gboolean
move_new (ActOutputFolder *folder)
{
  struct stat st;

  if (rename_with (folder->path, folder->target, RENAME_NOREPLACE))
    return TRUE;
  if (!flags_unsupported ())
    return FALSE;
  if (lstat (folder->target, &st) == 0) {
    errno = EEXIST;
    return FALSE;
  }
  return rename (folder->path, folder->target) == 0;
}

/* two renames where one cannot swap: the old folder under another temporary
 * name, back again should the second rename fail */
static gboolean
swap_in_steps (ActOutputFolder *folder)
{
  g_autofree char *prefix = temporary_prefix (folder->target);
  g_autofree char *name =
      g_strdup_printf ("%s%d-XXXXXX", prefix, (int) getpid ());
  g_autofree char *old = g_build_filename (folder->parent, name, NULL);
  int saved_errno;

  if (g_mkdtemp (old) == NULL || rename (folder->target, old) != 0)
    return FALSE;
  if (rename (folder->path, folder->target) == 0) {
    remove_tree_at (AT_FDCWD, old);
    return TRUE;
  }
  saved_errno = errno;
  (void) rename (old, folder->target);
  errno = saved_errno;
  return FALSE;
}

static gboolean
move_over_old (ActOutputFolder *folder)
{
  if (rename_with (folder->path, folder->target, RENAME_EXCHANGE)) {
    remove_tree_at (AT_FDCWD, folder->path);
    return TRUE;
  }
  return flags_unsupported () && swap_in_steps (folder);
}

static gboolean
move_to_target (ActOutputFolder *folder, GError **error)
{
  if (move_new (folder))
    return TRUE;
  if (errno != EEXIST || folder->marker == NULL) {
    act_set_errno_error (error, errno, TRUE, "cannot rename '%s' to '%s'",
        folder->path, folder->target);
    return FALSE;
  }
  if (!may_replace (folder->target, folder->marker, error))
    return FALSE;
  if (move_over_old (folder))
    return TRUE;
  act_set_errno_error (
      error, errno, TRUE, "cannot replace '%s'", folder->target);
  return FALSE;
}

gboolean
act_output_folder_publish (ActOutputFolder *folder, GError **error)
{
  int fd;

  g_return_val_if_fail (folder->path != NULL, FALSE);
  if (!sync_tree_at (AT_FDCWD, folder->path, error)
      || !move_to_target (folder, error))
    return FALSE;
  g_clear_pointer (&folder->path, g_free);
  g_ptr_array_set_size (folder->made, 0);
  fd = open (folder->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void) sync_fd (fd);
    close (fd);
  }
  return TRUE;
}

void
act_output_folder_free (ActOutputFolder *folder)
{
  if (folder == NULL)
    return;
  if (folder->path != NULL)
    remove_tree_at (AT_FDCWD, folder->path);
  for (guint i = folder->made->len; i > 0; i--) /* not what others now use */
    (void) rmdir (g_ptr_array_index (folder->made, i - 1));
  if (folder->lock >= 0)
    close (folder->lock);
  g_free (folder->path);
  g_free (folder->target);
  g_free (folder->parent);
  g_free (folder->marker);
  g_ptr_array_unref (folder->made);
  g_free (folder);
}
