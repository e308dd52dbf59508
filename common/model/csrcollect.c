/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "model/csrcollect.h"
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
  memset (csr, 0, sizeof *csr);
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
    for (gsize i = 0; i < n_tiles; i++) {
      csr->tiles[i].indptr =
          g_new (gint64, config->n_modules * (tile_rows + 1));
      csr->tiles[i].starts = g_new (gsize, config->n_modules);
      csr->tiles[i].have = g_new (gboolean, config->n_modules);
    }
  }
  csr->config = config;
  csr->n_rows = n_rows;
  csr->n_tiles = n_tiles;
  for (gsize i = 0; i < n_tiles; i++) {
    csr->tiles[i].first_row = i * tile_rows;
    csr->tiles[i].n_rows = MIN (tile_rows, n_rows - i * tile_rows);
    csr->tiles[i].n_values = 0;
    memset (csr->tiles[i].have, 0, config->n_modules * sizeof (gboolean));
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
    gsize n_rows, guint module, const float *values)
{
  ActCsrCollect *csr = data;
  ActCsrTile *tile = &csr->tiles[index];
  gsize n_cols = csr->config->modules[module].n_components;

  reserve (tile, act_csr_count_dense (values, n_rows, n_cols, NULL));
  tile->starts[module] = tile->n_values;
  tile->have[module] = TRUE;
  tile->n_values += act_csr_from_dense (values, n_rows, n_cols, NULL,
      tile->indptr + module * (csr->tile_rows + 1),
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
    for (guint m = 0; m < csr->config->n_modules; m++) {
      const gint64 *indptr = tile->indptr + m * (csr->tile_rows + 1) + row;
      gint32 first_column = csr->config->modules[m].first_column;
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
