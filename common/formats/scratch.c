/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/output.h"

#define BUFFER_SIZE (256 * 1024)

struct _ActScratch {
  char *folder;
  int fd;
  guint64 written; /* in the file; more is in the buffer */
  gsize used;
  guint8 *buffer;
};

const char *
act_scratch_default_folder (void)
{
  const char *folder = g_getenv ("TMPDIR");

  if (folder != NULL && *folder != '\0')
    return folder;
  return g_access ("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp"
                                                 : g_get_tmp_dir ();
}

ActScratch *
act_scratch_new (const char *folder, GError **error)
{
  const char *where = folder != NULL ? folder : act_scratch_default_folder ();
  g_autofree char *name = g_build_filename (where, ".scratch-XXXXXX", NULL);
  int fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  ActScratch *scratch;

  if (fd < 0) {
    act_set_errno_error (
        error, errno, TRUE, "cannot create a temporary file in '%s'", where);
    return NULL;
  }
  (void) g_unlink (name);
  scratch = g_new0 (ActScratch, 1);
  scratch->folder = g_strdup (where);
  scratch->fd = fd;
  scratch->buffer = g_malloc (BUFFER_SIZE);
  return scratch;
}

void
act_scratch_free (ActScratch *scratch)
{
  if (scratch == NULL)
    return;
  close (scratch->fd);
  g_free (scratch->buffer);
  g_free (scratch->folder);
  g_free (scratch);
}

guint64
act_scratch_get_size (const ActScratch *scratch)
{
  return scratch->written + scratch->used;
}

static gboolean
write_all (ActScratch *scratch, const guint8 *data, gsize size, GError **error)
{
  while (size > 0) {
    gssize n = write (scratch->fd, data, MIN (size, 1u << 30));

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      act_set_errno_error (error, n < 0 ? errno : EIO, TRUE,
          "cannot write a temporary file in '%s'", scratch->folder);
      return FALSE;
    }
    data += n;
    size -= n;
    scratch->written += n;
  }
  return TRUE;
}

static gboolean
flush_buffer (ActScratch *scratch, GError **error)
{
  gsize used = scratch->used;

  scratch->used = 0;
  return write_all (scratch, scratch->buffer, used, error);
}

gboolean
act_scratch_append (
    ActScratch *scratch, const void *data, gsize size, GError **error)
{
  if (size > BUFFER_SIZE - scratch->used && !flush_buffer (scratch, error))
    return FALSE;
  if (size >= BUFFER_SIZE)
    return write_all (scratch, data, size, error);
  if (size > 0)
    memcpy (scratch->buffer + scratch->used, data, size);
  scratch->used += size;
  return TRUE;
}

gboolean
act_scratch_align (ActScratch *scratch, gsize alignment, GError **error)
{
  static const guint8 zeros[ACT_SCRATCH_ALIGNMENT];
  gsize over = act_scratch_get_size (scratch) % alignment;

  g_return_val_if_fail (alignment <= sizeof zeros, FALSE);
  return over == 0
      || act_scratch_append (scratch, zeros, alignment - over, error);
}

gboolean
act_scratch_read (
    ActScratch *scratch, guint64 offset, void *data, gsize size, GError **error)
{
  guint8 *p = data;

  if (!flush_buffer (scratch, error))
    return FALSE;
  while (size > 0) {
    gssize n = pread (scratch->fd, p, MIN (size, 1u << 30), (off_t) offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      act_set_errno_error (error, n < 0 ? errno : EIO, FALSE,
          "cannot read a temporary file in '%s'", scratch->folder);
      return FALSE;
    }
    p += n;
    offset += (guint64) n;
    size -= (gsize) n;
  }
  return TRUE;
}

gboolean
act_scratch_clear (ActScratch *scratch, GError **error)
{
  scratch->used = 0;
  scratch->written = 0;
  if (ftruncate (scratch->fd, 0) == 0 && lseek (scratch->fd, 0, SEEK_SET) == 0)
    return TRUE;
  act_set_errno_error (error, errno, TRUE,
      "cannot empty a temporary file in '%s'", scratch->folder);
  return FALSE;
}

typedef struct {
  void *data;
  gsize size;
} Mapping;

static void
unmap (gpointer data)
{
  Mapping *mapping = data;

  munmap (mapping->data, mapping->size);
  g_free (mapping);
}

GBytes *
act_scratch_map (
    ActScratch *scratch, guint64 offset, gsize size, GError **error)
{
  Mapping *mapping;
  void *data;

  g_return_val_if_fail (offset % ACT_SCRATCH_ALIGNMENT == 0, NULL);
  g_return_val_if_fail (offset + size <= act_scratch_get_size (scratch), NULL);

  if (size == 0)
    return g_bytes_new_static ("", 0);
  if (!flush_buffer (scratch, error))
    return NULL;
  data = mmap (NULL, size, PROT_READ, MAP_SHARED, scratch->fd, (off_t) offset);
  if (data == MAP_FAILED) {
    act_set_errno_error (error, errno, FALSE,
        "cannot map a temporary file in '%s'", scratch->folder);
    return NULL;
  }
  mapping = g_new (Mapping, 1);
  *mapping = (Mapping){ data, size };
  return g_bytes_new_with_free_func (data, size, unmap, mapping);
}
