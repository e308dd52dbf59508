/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/spool.h"

#include "acterror.h"
#include "formats/npy.h"
#include "formats/output.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define BUFFER_SIZE (1024 * 1024)

struct _ActSpool {
  char *folder;
  int fd;
  GByteArray *buffer;
  guint64 size; /* in the file; more is in the buffer */
};

ActSpool *
act_spool_new (const char *folder, GError **error)
{
  g_autofree char *name = g_build_filename (folder, ".spool-XXXXXX", NULL);
  ActSpool *spool;
  int fd;

  fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    act_set_errno_error (
        error, errno, TRUE, "Could not create a file in '%s'", folder);
    return NULL;
  }
  g_unlink (name);
  spool = g_new0 (ActSpool, 1);
  spool->folder = g_strdup (folder);
  spool->fd = fd;
  spool->buffer = g_byte_array_new ();
  return spool;
}

void
act_spool_free (ActSpool *spool)
{
  if (spool == NULL)
    return;
  close (spool->fd);
  g_byte_array_unref (spool->buffer);
  g_free (spool->folder);
  g_free (spool);
}

static gboolean
write_all (ActSpool *spool, const guint8 *data, gsize size, GError **error)
{
  gssize written;

  while (size > 0) {
    written = write (spool->fd, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      act_set_errno_error (error, errno, TRUE,
          "Could not write a temporary file in '%s'", spool->folder);
      return FALSE;
    }
    data += written;
    size -= written;
    spool->size += written;
  }
  return TRUE;
}

static gboolean
flush_buffer (ActSpool *spool, GError **error)
{
  if (!write_all (spool, spool->buffer->data, spool->buffer->len, error))
    return FALSE;
  g_byte_array_set_size (spool->buffer, 0);
  return TRUE;
}

gboolean
act_spool_append (ActSpool *spool, const void *data, gsize size, GError **error)
{
  if (spool->buffer->len + size > BUFFER_SIZE && !flush_buffer (spool, error))
    return FALSE;
  if (size > BUFFER_SIZE)
    return write_all (spool, data, size, error);
  if (size > 0)
    g_byte_array_append (spool->buffer, data, size);
  return TRUE;
}

gboolean
act_spool_read (
    ActSpool *spool, guint64 offset, void *data, gsize size, GError **error)
{
  guint8 *p = data;
  gssize n;

  if (!flush_buffer (spool, error))
    return FALSE;
  while (size > 0) {
    n = pread (spool->fd, p, size, offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      act_set_errno_error (error, n < 0 ? errno : EIO, FALSE,
          "Could not read a temporary file in '%s'", spool->folder);
      return FALSE;
    }
    p += n;
    offset += n;
    size -= n;
  }
  return TRUE;
}

gboolean
act_zip_begin_array (ActZipWriter *zip, const char *member, ActDtype dtype,
    guint n_dims, const guint64 *shape, GError **error)
{
  g_autoptr (GBytes) header = act_npy_header (dtype, n_dims, shape);
  g_autofree char *name = g_strconcat (member, ".npy", NULL);
  ActTensor tensor = { .name = member, .dtype = dtype, .n_dims = n_dims };
  gsize size;

  for (guint i = 0; i < n_dims; i++)
    tensor.shape[i] = shape[i];
  if (!act_tensor_set_sizes (&tensor, error))
    return FALSE;
  size = g_bytes_get_size (header);
  return act_zip_writer_begin (zip, name, (guint64) size + tensor.size, error)
      && act_zip_writer_append (
          zip, g_bytes_get_data (header, NULL), size, error);
}

gboolean
act_zip_add_array (ActZipWriter *zip, const char *member, ActDtype dtype,
    guint n_dims, const guint64 *shape, const void *data, GError **error)
{
  gsize size = act_dtype_size (dtype);

  for (guint i = 0; i < n_dims; i++)
    size *= shape[i];
  return act_zip_begin_array (zip, member, dtype, n_dims, shape, error)
      && (size == 0 || act_zip_writer_append (zip, data, size, error))
      && act_zip_writer_end (zip, error);
}

static gboolean
copy_to_zip (
    ActSpool *spool, ActZipWriter *zip, const gint *cancelled, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER_SIZE);
  guint64 offset = 0;
  gssize n;

  while (offset < spool->size) {
    if (g_atomic_int_get (cancelled)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    n = pread (spool->fd, buffer, BUFFER_SIZE, offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      act_set_errno_error (error, n < 0 ? errno : EIO, FALSE,
          "Could not read a temporary file in '%s'", spool->folder);
      return FALSE;
    }
    if (!act_zip_writer_append (zip, buffer, n, error))
      return FALSE;
    offset += n;
  }
  return TRUE;
}

gboolean
act_spool_to_zip (ActSpool *spool, ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, const gint *cancelled,
    GError **error)
{
  return flush_buffer (spool, error)
      && act_zip_begin_array (zip, member, dtype, n_dims, shape, error)
      && copy_to_zip (spool, zip, cancelled, error)
      && act_zip_writer_end (zip, error);
}
