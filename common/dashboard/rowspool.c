/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/rowspool.h"

#include <string.h>

#include "dashboard/ziparray.h"
#include "formats/npy.h"

/* A row is the number of its values (guint32), their positions (gint32) and
 * the values. */
struct _ActRowSpool {
  guint n_ctx;
  guint64 n_rows;
  ActScratch *scratch;
};

ActRowSpool *
act_row_spool_new (const char *folder, guint n_ctx, GError **error)
{
  g_autoptr (ActRowSpool) self = g_new0 (ActRowSpool, 1);

  self->n_ctx = n_ctx;
  self->scratch = act_scratch_new (folder, error);
  return self->scratch != NULL ? g_steal_pointer (&self) : NULL;
}

void
act_row_spool_free (ActRowSpool *self)
{
  if (self == NULL)
    return;
  act_scratch_free (self->scratch);
  g_free (self);
}

gboolean
act_row_spool_add (
    ActRowSpool *self, const ActRows *rows, gsize row, GError **error)
{
  gsize first = rows->indptr[row];
  guint32 n = rows->indptr[row + 1] - first;

  self->n_rows++;
  return act_scratch_append (self->scratch, &n, sizeof n, error)
      && act_scratch_append (
          self->scratch, rows->positions + first, n * sizeof (gint32), error)
      && act_scratch_append (
          self->scratch, rows->values + first, n * sizeof (float), error);
}

/* row [n_ctx] */
static void
fill_floats (const gint32 *positions, const float *values, guint32 n, void *row)
{
  for (guint32 i = 0; i < n; i++)
    ((float *) row)[positions[i]] = values[i];
}

static void
fill_halves (const gint32 *positions, const float *values, guint32 n, void *row)
{
  for (guint32 i = 0; i < n; i++)
    ((guint16 *) row)[positions[i]] = act_f32_to_f16 (values[i]);
}

static gboolean
write_rows (ActRowSpool *self, const guint8 *data, ActDtype dtype,
    ActZipPieces *pieces, GError **error)
{
  const gsize row_size = self->n_ctx * act_dtype_size (dtype);
  g_autofree void *row = g_malloc (MAX (row_size, 1));

  for (guint64 i = 0; i < self->n_rows; i++) {
    guint32 n;

    memcpy (&n, data, sizeof n);
    data += sizeof n;
    memset (row, 0, row_size);
    (dtype == ACT_DTYPE_F16 ? fill_halves : fill_floats) ((const gint32 *) data,
        (const float *) (data + n * sizeof (gint32)), n, row);
    data += n * (sizeof (gint32) + sizeof (float));
    if (!act_zip_pieces_append (pieces, row, row_size, error))
      return FALSE;
  }
  return act_zip_pieces_flush (pieces, error);
}

gboolean
act_row_spool_write (ActRowSpool *self, ActZipWriter *zip, const char *member,
    ActDtype dtype, const gint *cancelled, GError **error)
{
  guint64 shape[2] = { self->n_rows, self->n_ctx };
  g_autoptr (GBytes) bytes = act_scratch_map (
      self->scratch, 0, act_scratch_get_size (self->scratch), error);
  g_autoptr (ActZipPieces) pieces = NULL;

  if (bytes == NULL
      || !act_zip_begin_array (zip, member, dtype, 2, shape, error))
    return FALSE;
  pieces = act_zip_pieces_new (zip, cancelled);
  return write_rows (self, g_bytes_get_data (bytes, NULL), dtype, pieces, error)
      && act_zip_writer_end (zip, error);
}
