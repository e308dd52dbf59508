/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/ziparray.h"

#include <gio/gio.h>

#include "formats/npy.h"

#define PIECE_SIZE (1024 * 1024)

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
copy_to_zip (ActScratch *scratch, ActZipWriter *zip, const gint *cancelled,
    GError **error)
{
  g_autofree guint8 *buffer = g_malloc (PIECE_SIZE);
  const guint64 size = act_scratch_get_size (scratch);
  gsize n;

  for (guint64 offset = 0; offset < size; offset += n) {
    n = MIN (size - offset, PIECE_SIZE);
    if (g_atomic_int_get (cancelled)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
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
