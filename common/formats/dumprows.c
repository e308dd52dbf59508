/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/dumprows.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"

static void
piece_clear (void *data)
{
  g_free (((ActDumpPiece *) data)->widened);
}

void
act_dump_rows_init (ActDumpRows *rows, gsize n_rows)
{
  rows->n_rows = n_rows;
  rows->file = NULL;
  rows->pieces = g_array_new (FALSE, FALSE, sizeof (ActDumpPiece));
  g_array_set_clear_func (rows->pieces, piece_clear);
}

void
act_dump_rows_clear (ActDumpRows *rows)
{
  g_clear_pointer (&rows->pieces, g_array_unref);
  g_clear_pointer (&rows->file, act_npy_free);
}

gboolean
act_dump_rows_add (ActDumpRows *rows, const ActTensor *tensor, gsize n_columns,
    const guint *labels, GError **error)
{
  ActDumpPiece piece = { tensor->data, n_columns, labels, NULL };

  if (tensor->dtype != ACT_DTYPE_F32) {
    gsize n = rows->n_rows * n_columns;

    piece.rows = piece.widened = g_new (float, n);
    if (!act_to_f32 (tensor->dtype, tensor->data, n, piece.widened, error)) {
      g_free (piece.widened);
      return FALSE;
    }
  }
  g_array_append_val (rows->pieces, piece);
  return TRUE;
}

gboolean
act_dump_rows_are_sparse (const ActDumpRows *rows)
{
  for (guint i = 0; i < rows->pieces->len; i++) {
    const ActDumpPiece *p = &g_array_index (rows->pieces, ActDumpPiece, i);

    if (!act_csr_is_sparse (p->rows, rows->n_rows, p->n_columns))
      return FALSE;
  }
  return TRUE;
}

static void
set_nonfinite_error (const ActDump *dump, guint batch, gsize row, guint label,
    float value, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);
  g_autofree char *name = act_labels_dup_label (dump->labels, label);

  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': batch %u, sample %" G_GUINT64_FORMAT ", position %" G_GSIZE_FORMAT
      ", component '%s': activation is %s, expected a finite number",
      b->filename, batch, b->first + row / dump->sequence_length,
      row % dump->sequence_length, name, isnan (value) ? "NaN" : "infinite");
}

/* the sum makes 0.0 of -0.0 */
static void
place_row (const float *from, gsize n, const guint *labels,
    const ActLabels *all, float *to)
{
  if (all->identity) {
    to += labels ? labels[0] : 0; /* from there on one after another */
    for (gsize i = 0; i < n; i++)
      to[i] = from[i] + 0.0f;
    return;
  }
  for (gsize i = 0; i < n; i++)
    to[all->columns[labels ? labels[i] : i]] = from[i] + 0.0f;
}

gboolean
act_dump_rows_to_dense (const ActDumpRows *rows, const ActDump *dump,
    guint batch, float *dense, GError **error)
{
  gsize n_columns = dump->labels->n_components;

  if (dump->labels->n_labels != n_columns)
    memset (dense, 0, rows->n_rows * n_columns * sizeof (float));
  for (guint i = 0; i < rows->pieces->len; i++) {
    const ActDumpPiece *p = &g_array_index (rows->pieces, ActDumpPiece, i);

    for (gsize row = 0; row < rows->n_rows; row++) {
      const float *from = p->rows + row * p->n_columns;
      gssize bad = act_find_nonfinite (from, p->n_columns);

      if (bad >= 0) {
        set_nonfinite_error (dump, batch, row, p->labels ? p->labels[bad] : bad,
            from[bad], error);
        return FALSE;
      }
      place_row (
          from, p->n_columns, p->labels, dump->labels, dense + row * n_columns);
    }
  }
  return TRUE;
}

/* Where labels are all columns in order, pieces lie one beside the other. */
static void
csr_from_pieces (const ActDumpRows *rows, ActCsrArrays *csr)
{
  act_csr_arrays_begin (csr);
  for (gsize row = 0; row < rows->n_rows; row++) {
    gsize first_column = 0;

    for (guint i = 0; i < rows->pieces->len; i++) {
      const ActDumpPiece *p = &g_array_index (rows->pieces, ActDumpPiece, i);

      act_csr_arrays_append (
          csr, p->rows + row * p->n_columns, p->n_columns, first_column);
      first_column += p->n_columns;
    }
    act_csr_arrays_end_row (csr);
  }
}

static gboolean
csr_check_finite (
    const ActCsrArrays *csr, const ActDump *dump, guint batch, GError **error)
{
  gssize bad = act_find_nonfinite (csr->values, csr->n_values);
  guint label = 0;
  gsize row = 0;

  if (bad < 0)
    return TRUE;
  while (csr->indptr[row + 1] <= bad)
    row++;
  while (dump->labels->columns[label] != (guint) csr->indices[bad])
    label++;
  set_nonfinite_error (dump, batch, row, label, csr->values[bad], error);
  return FALSE;
}

gboolean
act_dump_rows_to_csr (const ActDumpRows *rows, const ActDump *dump, guint batch,
    ActCsrArrays *csr, GError **error)
{
  gsize n_columns = dump->labels->n_components;
  g_autofree float *dense = NULL;

  if (dump->labels->identity) {
    csr_from_pieces (rows, csr);
    return csr_check_finite (csr, dump, batch, error);
  }
  dense = g_new (float, rows->n_rows *n_columns);
  if (!act_dump_rows_to_dense (rows, dump, batch, dense, error))
    return FALSE;
  act_csr_arrays_from_dense (csr, dense, rows->n_rows, n_columns);
  return TRUE;
}
