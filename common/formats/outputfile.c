/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acterror.h"

#define BUFFER_SIZE (128 * 1024)
/* after as much the disk may begin, rather than with all at the end */
#define SYNC_SIZE ((guint64) 4 << 20)

struct _ActOutputFile {
  char *filename;
  int fd;
  guint64 written, started; /* of these, on their way to the disk */
  gsize used;
  guint8 buffer[BUFFER_SIZE];
};

void
act_set_errno_error (
    GError **error, int errnum, gboolean writing, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;
  ActError code = writing ? ACT_ERROR_OPEN_WRITE : ACT_ERROR_OPEN_READ;

  /* EFBIG: the file size limit of the process */
  if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
    code = ACT_ERROR_NO_SPACE;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, code, "%s: %s", what, g_strerror (errnum));
}

static ActOutputFile *
open_file (const char *filename, int flag, GError **error)
{
  ActOutputFile *file;
  int fd = open (filename, O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0666);

  if (fd < 0) {
    act_set_errno_error (error, errno, TRUE, "cannot create '%s'", filename);
    return NULL;
  }
  file = g_new (ActOutputFile, 1);
  file->filename = g_strdup (filename);
  file->fd = fd;
  file->written = file->started = 0;
  file->used = 0;
  return file;
}

ActOutputFile *
act_output_file_new (const char *filename, GError **error)
{
  return open_file (filename, O_TRUNC, error);
}

static void
start_sync (ActOutputFile *file)
{
#ifdef SYNC_FILE_RANGE_WRITE
  /* a hint: fsync () is what counts, and says what went wrong */
  (void) sync_file_range (file->fd, (off_t) file->started,
      (off_t) (file->written - file->started), SYNC_FILE_RANGE_WRITE);
#endif
  file->started = file->written;
}

static gboolean
write_all (ActOutputFile *file, const guint8 *data, gsize size, GError **error)
{
  while (size > 0) {
    gssize n = write (file->fd, data, MIN (size, SYNC_SIZE));

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      act_set_errno_error (error, n < 0 ? errno : EIO, TRUE,
          "cannot write '%s'", file->filename);
      return FALSE;
    }
    data += n;
    size -= n;
    file->written += n;
    if (file->written - file->started >= SYNC_SIZE)
      start_sync (file);
  }
  return TRUE;
}

static gboolean
flush_buffer (ActOutputFile *file, GError **error)
{
  gsize used = file->used;

  file->used = 0;
  return write_all (file, file->buffer, used, error);
}

gboolean
act_output_file_write (
    ActOutputFile *file, const void *data, gsize size, GError **error)
{
  if (size > BUFFER_SIZE - file->used && !flush_buffer (file, error))
    return FALSE;
  if (size >= BUFFER_SIZE)
    return write_all (file, data, size, error);
  if (size > 0)
    memcpy (file->buffer + file->used, data, size);
  file->used += size;
  return TRUE;
}

gboolean
act_output_file_close (ActOutputFile *file, GError **error)
{
  gboolean ok = flush_buffer (file, error);
  int fd = file->fd;

  /* pipes and devices have nothing to sync */
  if (ok && fsync (fd) != 0 && errno != EINVAL) {
    act_set_errno_error (
        error, errno, TRUE, "cannot sync '%s'", file->filename);
    ok = FALSE;
  }
  file->fd = -1;
  if (close (fd) != 0 && ok) {
    act_set_errno_error (
        error, errno, TRUE, "cannot close '%s'", file->filename);
    ok = FALSE;
  }
  act_output_file_free (file);
  return ok;
}

void
act_output_file_free (ActOutputFile *file)
{
  if (file == NULL)
    return;
  if (file->fd >= 0)
    close (file->fd);
  g_free (file->filename);
  g_free (file);
}

gboolean
act_output_sync_folder (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok =
      fd >= 0 && (fsync (fd) == 0 || errno == EINVAL || errno == ENOTSUP);

  if (!ok)
    act_set_errno_error (error, errno, TRUE, "cannot sync '%s'", path);
  if (fd >= 0)
    close (fd);
  return ok;
}

gboolean
act_output_append (
    const char *filename, const void *data, gsize size, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (filename);
  gboolean is_new = access (filename, F_OK) != 0;
  g_autoptr (ActOutputFile) file = open_file (filename, O_APPEND, error);

  return file != NULL && act_output_file_write (file, data, size, error)
      && act_output_file_close (g_steal_pointer (&file), error)
      && (!is_new || act_output_sync_folder (folder, error));
}

gboolean
act_output_rename_unsynced (
    const char *temporary, const char *target, GError **error)
{
  if (rename (temporary, target) == 0)
    return TRUE;
  act_set_errno_error (
      error, errno, TRUE, "cannot rename '%s' to '%s'", temporary, target);
  return FALSE;
}

gboolean
act_output_rename (const char *temporary, const char *target, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (target);

  return act_output_rename_unsynced (temporary, target, error)
      && act_output_sync_folder (folder, error);
}

/* by way of a file beside it; check may be NULL */
static gboolean
replace_by (const char *temporary, const char *filename, const void *data,
    gsize size, ActOutputCheck check, gpointer user_data, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (temporary, error);

  if (file == NULL)
    return FALSE;
  if (act_output_file_write (file, data, size, error)
      && act_output_file_close (g_steal_pointer (&file), error)
      && (check == NULL || check (user_data, error))
      && act_output_rename (temporary, filename, error))
    return TRUE;
  (void) unlink (temporary);
  return FALSE;
}

gboolean
act_output_replace (
    const char *filename, const void *data, gsize size, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (filename);
  g_autofree char *base = g_path_get_basename (filename);
  g_autofree char *temporary = g_strconcat (folder, "/.", base, ".tmp", NULL);

  return replace_by (temporary, filename, data, size, NULL, NULL, error);
}

/* somebody else may be about to replace it too */
gboolean
act_output_replace_if (const char *filename, const void *data, gsize size,
    ActOutputCheck check, gpointer user_data, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (filename);
  g_autofree char *base = g_path_get_basename (filename);
  g_autofree char *temporary =
      g_strdup_printf ("%s/.%s.%08x.tmp", folder, base, g_random_int ());

  return replace_by (temporary, filename, data, size, check, user_data, error);
}
