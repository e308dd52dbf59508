/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/rows.h"
#include "dashboard/texts.h"
#include "formats/bigarray.h"

/* The rows of a cluster, or of a component, which come in pieces. */
typedef struct {
  ActBigArray *row_of; /* gsize: the sample's row in the texts */
  ActBigArray *full;   /* guint32: those that hold values */
  ActBigArray *indptr; /* gsize, one more */
  ActBigArray *positions;
  ActBigArray *values;
} ActPieces;

/* max_memory: of each array; what is more is in files in folder */
void act_pieces_init (ActPieces *pieces, gsize max_memory, const char *folder);
void act_pieces_clear (ActPieces *pieces);

/* as new */
gboolean act_pieces_begin (ActPieces *pieces, GError **error);
/* Rows of samples of the texts, ascending, also from piece to piece: indptr
 * [n_rows + 1] from 0. Zeros among the values are dropped. */
gboolean act_pieces_add (ActPieces *pieces, const ActTexts *texts, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error);
/* until more come */
ActRows act_pieces_get_rows (const ActPieces *pieces, guint n_ctx);
