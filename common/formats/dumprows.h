/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/dump-private.h"

/* A batch's activations as its files hold them: in place where they are
 * float32, so that what goes on as CSR is read once and copied never. */

typedef struct {
  const float *rows; /* [n_rows, n_columns] */
  gsize n_columns;
  const guint *labels; /* of the columns; NULL: all, in order */
  float *widened;      /* rows, where they had to be converted, or NULL */
} ActDumpPiece;

typedef struct _ActDumpRows {
  gsize n_rows;
  GArray *pieces; /* of ActDumpPiece */
  ActNpy *file;   /* what the pieces lie in, where it is not the dump's */
} ActDumpRows;

void act_dump_rows_init (ActDumpRows *rows, gsize n_rows);
void act_dump_rows_clear (ActDumpRows *rows);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ActDumpRows, act_dump_rows_clear)

/* The first n_rows of a tensor. labels must outlive rows. */
gboolean act_dump_rows_add (ActDumpRows *rows, const ActTensor *tensor,
    gsize n_columns, const guint *labels, GError **error);

/* whether few enough of the values are not 0 for CSR to pay */
gboolean act_dump_rows_are_sparse (const ActDumpRows *rows);

/* dense [n_rows, n_components]; NaN and infinity are errors, -0.0 becomes 0.0,
 * columns that no label says are 0.0 */
gboolean act_dump_rows_to_dense (const ActDumpRows *rows, const ActDump *dump,
    guint batch, float *dense, GError **error);
gboolean act_dump_rows_to_csr (const ActDumpRows *rows, const ActDump *dump,
    guint batch, ActCsrArrays *csr, GError **error);
