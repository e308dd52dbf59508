/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "model/csrcollect.h"
#include "model/head.h"
#include "sparse/csr.h"

static void
clear_tile (ActCsrTile *tile)
{
  g_free (tile->indices);
  g_free (tile->values);
  g_free (tile->indptr);
  g_free (tile->starts);
  g_free (tile->have);
}

void
act_csr_collect_clear (ActCsrCollect *csr)
{
  for (gsize i = 0; i < csr->n_tiles_allocated; i++)
    clear_tile (&csr->tiles[i]);
  g_free (csr->tiles);
  g_free (csr->first_piece);
  g_free (csr->first_column);
  memset (csr, 0, sizeof *csr);
}

static void
list_pieces (ActCsrCollect *csr, const ActModelConfig *config)
{
  gsize n = 0;

  csr->first_piece = g_new (gsize, config->n_modules);
  for (guint i = 0; i < config->n_modules; i++) {
    csr->first_piece[i] = n;
    n += (config->modules[i].n_components - 1) / ACT_HEAD_COLUMNS + 1;
  }
  csr->n_pieces = n;
  csr->first_column = g_new (gint32, n);
  for (guint i = 0, piece = 0; i < config->n_modules; i++)
    for (guint first = 0; first < config->modules[i].n_components;
         first += ACT_HEAD_COLUMNS)
      csr->first_column[piece++] = config->modules[i].first_column + first;
}

/* Tiles keep their buffers from batch to batch, unless their shape changes. */
void
act_csr_collect_begin (ActCsrCollect *csr, const ActModelConfig *config,
    gsize n_tiles, gsize n_rows, gsize tile_rows)
{
  if (tile_rows != csr->tile_rows || n_tiles > csr->n_tiles_allocated) {
    act_csr_collect_clear (csr);
    csr->tiles = g_new0 (ActCsrTile, n_tiles);
    csr->n_tiles_allocated = n_tiles;
    csr->tile_rows = tile_rows;
    list_pieces (csr, config);
    for (gsize i = 0; i < n_tiles; i++) {
      csr->tiles[i].indptr = g_new (gint64, csr->n_pieces * (tile_rows + 1));
      csr->tiles[i].starts = g_new (gsize, csr->n_pieces);
      csr->tiles[i].have = g_new (gboolean, csr->n_pieces);
    }
  }
  csr->config = config;
  csr->n_rows = n_rows;
  csr->n_tiles = n_tiles;
  for (gsize i = 0; i < n_tiles; i++) {
    csr->tiles[i].first_row = i * tile_rows;
    csr->tiles[i].n_rows = MIN (tile_rows, n_rows - i * tile_rows);
    csr->tiles[i].n_values = 0;
    memset (csr->tiles[i].have, 0, csr->n_pieces * sizeof (gboolean));
  }
}

static void
reserve (ActCsrTile *tile, gsize n)
{
  gsize needed = tile->n_values + n + ACT_CSR_SLACK;

  if (needed <= tile->n_allocated)
    return;
  tile->n_allocated = MAX (needed, tile->n_allocated + tile->n_allocated / 2);
  tile->indices = g_renew (gint32, tile->indices, tile->n_allocated);
  tile->values = g_renew (float, tile->values, tile->n_allocated);
}

void
act_csr_collect_block (gpointer data, gsize index, gsize first_row,
    gsize n_rows, guint module, guint first, guint n, const float *values)
{
  ActCsrCollect *csr = data;
  ActCsrTile *tile = &csr->tiles[index];
  gsize piece = csr->first_piece[module] + first / ACT_HEAD_COLUMNS;

  reserve (tile, act_csr_count_dense (values, n_rows, n, NULL));
  tile->starts[piece] = tile->n_values;
  tile->have[piece] = TRUE;
  tile->n_values += act_csr_from_dense (values, n_rows, n, NULL,
      tile->indptr + piece * (csr->tile_rows + 1),
      tile->indices + tile->n_values, tile->values + tile->n_values);
}

gsize
act_csr_collect_count (ActCsrCollect *csr)
{
  gsize n = 0;

  for (gsize i = 0; i < csr->n_tiles; i++) {
    csr->tiles[i].first_value = n;
    n += csr->tiles[i].n_values;
  }
  return n;
}

typedef struct {
  const ActCsrCollect *csr;
  gint64 *indptr;
  gint32 *indices;
  float *values;
} Store;

static void
store_tile (gpointer data, guint worker, gsize index)
{
  const Store *store = data;
  const ActCsrCollect *csr = store->csr;
  const ActCsrTile *tile = &csr->tiles[index];
  gsize n = tile->first_value;

  for (gsize row = 0; row < tile->n_rows; row++) {
    for (gsize m = 0; m < csr->n_pieces; m++) {
      const gint64 *indptr = tile->indptr + m * (csr->tile_rows + 1) + row;
      gint32 first_column = csr->first_column[m];
      gsize n_values, from;

      if (!tile->have[m])
        continue;
      n_values = indptr[1] - indptr[0];
      from = tile->starts[m] + indptr[0];
      for (gsize i = 0; i < n_values; i++) {
        store->indices[n + i] = tile->indices[from + i] + first_column;
        store->values[n + i] = tile->values[from + i];
      }
      n += n_values;
    }
    store->indptr[tile->first_row + row + 1] = n;
  }
}

void
act_csr_collect_store (ActCsrCollect *csr, ActPool *pool, gint64 *indptr,
    gint32 *indices, float *values)
{
  Store store = { csr, indptr, indices, values };

  indptr[0] = 0;
  act_pool_run (pool, csr->n_tiles, store_tile, &store);
}
