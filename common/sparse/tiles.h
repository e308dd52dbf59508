/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Dense rows reduced to clusters, sixteen rows at a time. Turned round, what a
 * column has at the sixteen rows lies side by side, so that a step of a
 * reduction is one wide instruction whichever columns a cluster is made of, and
 * each row's members are still taken one by one in their order.
 *
 * One table for each instruction set; tiles_c.c is the reference, the others
 * give the same bits. Pointers may have any alignment. */
#define ACT_TILE_ROWS 16

/* Members of cluster c: columns [starts[c], starts[c + 1]), ascending. */
typedef struct {
  gsize n_clusters;
  const gint32 *starts;
  const gint32 *columns;
} ActTileMembers;

typedef struct {
  /* tile [n_cols, ACT_TILE_ROWS] from rows [ACT_TILE_ROWS, n_cols]; whether
   * all values are finite, while they are at hand */
  gboolean (*from_rows) (const float *rows, gsize n_cols, float *tile);
  /* and back */
  void (*to_rows) (const float *tile, gsize n_cols, float *rows);
  /* Of a tile of columns to one of clusters; 0 where there is no member. max:
   * zeros keep whatever sign. sum: from 0, divided by the cluster's divisor
   * unless divisors is NULL. */
  void (*max) (const float *tile, const ActTileMembers *members, float *out);
  void (*sum) (const float *tile, const ActTileMembers *members,
      const float *divisors, float *out);
} ActTileKernels;

/* Asks for four cache lines of the rows behind a tile, beside its columns i to
 * i + 3. Read in sixteen rows at once, memory does not come by itself; a third
 * of the time was waiting for it. Into the second cache: the first one is full
 * of the tile. */
static inline void
act_tile_ask_behind (const float *rows, gsize n_cols, gsize i)
{
  const float *behind = rows + ACT_TILE_ROWS * (n_cols + i);

  for (guint k = 0; k < 4; k++)
    __builtin_prefetch (behind + 16 * k, 0, 2);
}

extern const ActTileKernels act_tile_kernels_c;
extern const ActTileKernels act_tile_kernels_avx2;
extern const ActTileKernels act_tile_kernels_avx512;

/* the table in use */
const ActTileKernels *act_tile_kernels (void);
