/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/ziparray.h"

#include <gio/gio.h>
#include <string.h>

#include "formats/npy.h"

#define PIECE_SIZE (1024 * 1024)

static gboolean
is_cancelled (const gint *cancelled, GError **error)
{
  if (!g_atomic_int_get (cancelled))
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
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

struct _ActZipPieces {
  ActZipWriter *zip;
  const gint *cancelled;
  gsize used;
  guint8 data[PIECE_SIZE];
};

ActZipPieces *
act_zip_pieces_new (ActZipWriter *zip, const gint *cancelled)
{
  ActZipPieces *self = g_new (ActZipPieces, 1);

  self->zip = zip;
  self->cancelled = cancelled;
  self->used = 0;
  return self;
}

void
act_zip_pieces_free (ActZipPieces *self)
{
  g_free (self);
}

gboolean
act_zip_pieces_flush (ActZipPieces *self, GError **error)
{
  gsize n = self->used;

  if (n > 0 && is_cancelled (self->cancelled, error))
    return FALSE;
  self->used = 0;
  return act_zip_writer_append (self->zip, self->data, n, error);
}

gboolean
act_zip_pieces_append (
    ActZipPieces *self, const void *data, gsize size, GError **error)
{
  const guint8 *from = data;

  while (size > 0) {
    gsize n = MIN (size, PIECE_SIZE - self->used);

    memcpy (self->data + self->used, from, n);
    self->used += n;
    from += n;
    size -= n;
    if (self->used == PIECE_SIZE && !act_zip_pieces_flush (self, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
copy_to_zip (ActScratch *scratch, ActZipWriter *zip, const gint *cancelled,
    GError **error)
{
  g_autofree guint8 *buffer = g_malloc (PIECE_SIZE);
  const guint64 size = act_scratch_get_size (scratch);
  gsize n;

  for (guint64 offset = 0; offset < size; offset += n) {
    n = MIN (size - offset, PIECE_SIZE);
    if (is_cancelled (cancelled, error))
      return FALSE;
    if (!act_scratch_read (scratch, offset, buffer, n, error)
        || !act_zip_writer_append (zip, buffer, n, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_zip_add_scratch (ActZipWriter *zip, const char *member, ActDtype dtype,
    guint n_dims, const guint64 *shape, ActScratch *scratch,
    const gint *cancelled, GError **error)
{
  return act_zip_begin_array (zip, member, dtype, n_dims, shape, error)
      && copy_to_zip (scratch, zip, cancelled, error)
      && act_zip_writer_end (zip, error);
}
