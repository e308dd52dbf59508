/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/modelconfig.h"
#include "model/pool.h"

/* CSR out of blocks of columns: those that an ActForwardSink is given, at most
 * ACT_HEAD_COLUMNS of a module. A block is turned into a piece of CSR while it
 * is in the cache; when all pieces are there the sizes are known and the rows
 * are put together. Tiles are independent of each other. */

typedef struct {
  gsize first_row, n_rows;
  gsize first_value;           /* in the whole, once counted */
  gsize n_values, n_allocated; /* of indices and values */
  gint32 *indices;             /* within their piece */
  float *values;
  gint64 *indptr; /* [n_pieces, n_rows + 1] of the pieces */
  gsize *starts;  /* [n_pieces] of each piece in indices and values */
  gboolean *have; /* [n_pieces] whether the piece came */
} ActCsrTile;

typedef struct {
  const ActModelConfig *config;
  gsize n_pieces;
  gsize *first_piece;   /* [n_modules] */
  gint32 *first_column; /* [n_pieces] */
  gsize n_rows, tile_rows;
  gsize n_tiles, n_tiles_allocated;
  ActCsrTile *tiles;
} ActCsrCollect;

void act_csr_collect_begin (ActCsrCollect *csr, const ActModelConfig *config,
    gsize n_tiles, gsize n_rows, gsize tile_rows);
/* an ActForwardSink's components */
void act_csr_collect_block (gpointer csr, gsize tile, gsize first_row,
    gsize n_rows, guint module, guint first, guint n, const float *values);
gsize act_csr_collect_count (ActCsrCollect *csr);
void act_csr_collect_store (ActCsrCollect *csr, ActPool *pool, gint64 *indptr,
    gint32 *indices, float *values);
void act_csr_collect_clear (ActCsrCollect *csr);
