/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/pieces.h"

#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"

void
act_pieces_init (ActPieces *pieces, gsize max_memory, const char *folder)
{
  pieces->row_of = act_big_array_new (sizeof (gsize), max_memory, folder);
  pieces->full = act_big_array_new (sizeof (guint32), max_memory, folder);
  pieces->indptr = act_big_array_new (sizeof (gsize), max_memory, folder);
  pieces->positions = act_big_array_new (sizeof (gint32), max_memory, folder);
  pieces->values = act_big_array_new (sizeof (float), max_memory, folder);
}

void
act_pieces_clear (ActPieces *pieces)
{
  g_clear_pointer (&pieces->row_of, act_big_array_free);
  g_clear_pointer (&pieces->full, act_big_array_free);
  g_clear_pointer (&pieces->indptr, act_big_array_free);
  g_clear_pointer (&pieces->positions, act_big_array_free);
  g_clear_pointer (&pieces->values, act_big_array_free);
}

gboolean
act_pieces_begin (ActPieces *pieces, GError **error)
{
  gsize *first;

  act_big_array_shrink (pieces->row_of, 0);
  act_big_array_shrink (pieces->full, 0);
  act_big_array_shrink (pieces->indptr, 0);
  act_big_array_shrink (pieces->positions, 0);
  act_big_array_shrink (pieces->values, 0);
  first = act_big_array_grow (pieces->indptr, 1, error);
  if (first == NULL)
    return FALSE;
  *first = 0;
  return TRUE;
}

/* rows [n_rows], behind n_before others */
static gboolean
find_rows (const ActTexts *texts, const guint64 *samples, gsize *rows,
    gsize n_rows, gsize n_before, GError **error)
{
  for (gsize i = 0; i < n_rows; i++) {
    if (!act_texts_find (texts, samples[i], &rows[i])) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "there is a row of sample %" G_GUINT64_FORMAT
          ", which is not among the run's samples",
          samples[i]);
      return FALSE;
    }
    if (n_before + i > 0 && rows[i] <= rows[(gssize) i - 1]) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "the row of sample %" G_GUINT64_FORMAT " is out of order",
          samples[i]);
      return FALSE;
    }
  }
  return TRUE;
}

/* the samples' rows in the texts; they must be there and ascend */
static gboolean
add_row_samples (ActPieces *pieces, const ActTexts *texts, gsize n_rows,
    const guint64 *samples, GError **error)
{
  gsize n_before = pieces->row_of->len;
  gsize *rows = act_big_array_grow (pieces->row_of, n_rows, error);

  if (rows == NULL)
    return FALSE;
  return (act_texts_find_all (texts, samples, n_rows, rows)
             && (n_before == 0 || n_rows == 0 || rows[0] > rows[-1]))
      || find_rows (texts, samples, rows, n_rows, n_before, error);
}

/* which of the last n_rows rows hold values */
static gboolean
add_full_rows (ActPieces *pieces, gsize n_rows, GError **error)
{
  gsize n_before = pieces->row_of->len - n_rows, n_full = pieces->full->len;
  const gsize *indptr = (const gsize *) pieces->indptr->data + n_before;
  guint32 *full = act_big_array_grow (pieces->full, n_rows, error);
  gsize n = 0;

  if (full == NULL)
    return FALSE;
  for (gsize i = 0; i < n_rows; i++) {
    full[n] = n_before + i;
    n += indptr[i + 1] > indptr[i];
  }
  act_big_array_shrink (pieces->full, n_full + n);
  return TRUE;
}

/* room for a piece at the end of all arrays */
typedef struct {
  gsize *indptr;
  gint32 *positions;
  float *values;
} Room;

static gboolean
make_room (
    ActPieces *pieces, gsize n_rows, gsize n_values, Room *room, GError **error)
{
  room->indptr = act_big_array_grow (pieces->indptr, n_rows, error);
  if (room->indptr == NULL)
    return FALSE;
  room->positions = act_big_array_grow (pieces->positions, n_values, error);
  if (room->positions == NULL)
    return FALSE;
  room->values = act_big_array_grow (pieces->values, n_values, error);
  return room->values != NULL;
}

/* A zero is written over by what comes next, or cut off at the end. */
static void
drop_zeros (ActPieces *pieces, const Room *room, gsize first, gsize n_rows,
    const gint64 *indptr, const gint32 *positions, const float *values)
{
  gsize n = 0;

  for (gsize i = 0; i < n_rows; i++) {
    for (gint64 k = indptr[i]; k < indptr[i + 1]; k++) {
      room->positions[n] = positions[k];
      room->values[n] = values[k];
      n += values[k] != 0.0f;
    }
    room->indptr[i] = first + n;
  }
  act_big_array_shrink (pieces->positions, first + n);
  act_big_array_shrink (pieces->values, first + n);
}

/* A store gives no zeros: most pieces are copied as they are. */
static gboolean
add_row_values (ActPieces *pieces, gsize n_rows, const gint64 *indptr,
    const gint32 *positions, const float *values, GError **error)
{
  gsize first = pieces->values->len, n = indptr[n_rows];
  Room room;

  if (!make_room (pieces, n_rows, n, &room, error))
    return FALSE;
  if (act_csr_count_dense (values, 1, n, NULL) != n) {
    drop_zeros (pieces, &room, first, n_rows, indptr, positions, values);
    return TRUE;
  }
  for (gsize i = 0; i < n_rows; i++)
    room.indptr[i] = first + indptr[i + 1];
  if (n > 0) {
    memcpy (room.positions, positions, n * sizeof *positions);
    memcpy (room.values, values, n * sizeof *values);
  }
  return TRUE;
}

gboolean
act_pieces_add (ActPieces *pieces, const ActTexts *texts, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error)
{
  return add_row_samples (pieces, texts, n_rows, samples, error)
      && add_row_values (pieces, n_rows, indptr, positions, values, error)
      && add_full_rows (pieces, n_rows, error);
}

ActRows
act_pieces_get_rows (const ActPieces *pieces, guint n_ctx)
{
  return (ActRows){
    .n_ctx = n_ctx,
    .n_rows = pieces->row_of->len,
    .indptr = (const gsize *) pieces->indptr->data,
    .positions = (const gint32 *) pieces->positions->data,
    .values = (const float *) pieces->values->data,
    .full = (const guint32 *) pieces->full->data,
    .n_full = pieces->full->len,
  };
}
