/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <string.h>

#include "sparse/cluster.h"
#include "sparse/csr.h"
#include "sparse/csrarrays.h"
#include "sparse/kernels.h"
#include "sparse/tiles.h"

/* Up to so many columns, and clusters, sixteen dense rows are turned round at
 * once: 512 KiB, which a second cache holds. */
#define MAX_TILE_COLUMNS 8192

/* A row is reduced in two steps: each value is added to its cluster's place in
 * a row of results, then the results are collected from there, in groups as
 * kernels.h has them. Dense rows of not too many columns go sixteen at a time,
 * as tiles.h has them. */
struct _ActClusterReducer {
  ActClusterReduction reduction;
  gsize n_columns;
  gsize n_clusters;
  guint group_shift;
  gsize n_groups;
  gsize nowhere;      /* place of what belongs to no cluster, in no group */
  gint32 *cluster_of; /* as given, -1 turned into nowhere */
  gint32 *alive_of;   /* the same, dead columns are nowhere too */
  gint32 *n_alive;    /* [n_places] at least 1 */
  float *n_members;   /* [n_places] all of them, at least 1 */
  guint8 *alive;      /* [n_columns], or NULL: all */

  /* rows of n_places, with nothing in them between two rows of input */
  float *results;
  float *maxima; /* where an input row has negative values, with */
  gint32 *counts;

  gsize n_words;
  guint64 *marks; /* a bit a group; behind n_groups never set */

  gint32 *row_indices; /* a dense row's nonzeros */
  float *row_values;

  /* the members that are alive, cluster by cluster; made when they are needed
   */
  gboolean has_members;
  gint32 *starts;      /* [n_clusters + 1] */
  gint32 *members;     /* [n_columns] */
  float *tile;         /* [n_columns, ACT_TILE_ROWS]; NULL until then */
  float *results_tile; /* [n_clusters, ACT_TILE_ROWS] */
  float *result_rows;  /* [ACT_TILE_ROWS, n_clusters] */
};

/* zeros, in whole cache lines: a group should not lie in two */
static gpointer
alloc_places (const ActClusterReducer *self)
{
  G_STATIC_ASSERT (sizeof (gint32) == sizeof (float));

  return g_aligned_alloc0 (self->nowhere + 1, sizeof (float), 64);
}

static void
init_results (ActClusterReducer *self)
{
  self->results = alloc_places (self);
  self->maxima = alloc_places (self);
  self->counts = alloc_places (self);
  for (gsize i = 0; i <= self->nowhere; i++)
    self->maxima[i] = -INFINITY;
  self->n_words = self->n_groups / 64 + 1;
  self->marks = g_new0 (guint64, self->n_words);
}

static void
init_clusters (ActClusterReducer *self, const gint32 *cluster_of)
{
  g_autofree gint32 *n_members = g_new0 (gint32, self->nowhere + 1);

  self->cluster_of = g_new (gint32, self->n_columns + 1);
  self->alive_of = g_new (gint32, self->n_columns + 1);
  self->n_alive = alloc_places (self);
  self->n_members = alloc_places (self);
  for (gsize i = 0; i < self->n_columns; i++) {
    self->cluster_of[i] =
        cluster_of[i] < 0 ? (gint32) self->nowhere : cluster_of[i];
    n_members[self->cluster_of[i]]++;
  }
  for (gsize i = 0; i <= self->nowhere; i++)
    self->n_members[i] = (float) MAX (n_members[i], 1);
}

ActClusterReducer *
act_cluster_reducer_new (ActClusterReduction reduction, gsize n_columns,
    gsize n_clusters, const gint32 *cluster_of)
{
  ActClusterReducer *self = g_new0 (ActClusterReducer, 1);

  self->reduction = reduction;
  self->n_columns = n_columns;
  self->n_clusters = n_clusters;
  self->group_shift = act_csr_kernels ()->group_shift;
  self->n_groups =
      (n_clusters + ((gsize) 1 << self->group_shift) - 1) >> self->group_shift;
  self->nowhere = self->n_groups << self->group_shift;
  init_clusters (self, cluster_of);
  init_results (self);
  self->row_indices = g_new (gint32, n_columns + ACT_CSR_SLACK);
  self->row_values = g_new (float, n_columns + ACT_CSR_SLACK);
  act_cluster_reducer_set_alive (self, NULL);
  return self;
}

void
act_cluster_reducer_free (ActClusterReducer *self)
{
  g_free (self->cluster_of);
  g_free (self->alive_of);
  g_aligned_free (self->n_members);
  g_aligned_free (self->n_alive);
  g_free (self->alive);
  g_aligned_free (self->results);
  g_aligned_free (self->maxima);
  g_aligned_free (self->counts);
  g_free (self->marks);
  g_free (self->row_indices);
  g_free (self->row_values);
  g_free (self->starts);
  g_free (self->members);
  g_aligned_free (self->tile);
  g_aligned_free (self->results_tile);
  g_free (self->result_rows);
  g_free (self);
}

void
act_cluster_reducer_set_alive (ActClusterReducer *self, const guint8 *alive)
{
  g_clear_pointer (&self->alive, g_free);
  self->has_members = FALSE;
  if (alive != NULL)
    self->alive = g_memdup2 (alive, self->n_columns);
  memset (self->n_alive, 0, (self->nowhere + 1) * sizeof *self->n_alive);
  for (gsize i = 0; i < self->n_columns; i++) {
    gint32 place = alive == NULL || alive[i] != 0 ? self->cluster_of[i]
                                                  : (gint32) self->nowhere;

    self->alive_of[i] = place;
    self->n_alive[place]++;
  }
  for (gsize i = 0; i <= self->nowhere; i++)
    self->n_alive[i] = MAX (self->n_alive[i], 1);
}

gsize
act_cluster_reducer_bound (
    const ActClusterReducer *self, gsize n_rows, gsize n_values)
{
  gsize full;

  if (!g_size_checked_mul (&full, n_rows, self->n_clusters))
    full = n_values;
  return MIN (full, n_values) + ACT_CSR_SLACK;
}

/* Where the row has about as many values as there are groups, all of them are
 * looked through; else those that a value went to, so that a row costs its
 * values, not the number of clusters. */
static void
mark_groups (ActClusterReducer *self, gsize n, const gint32 *indices)
{
  guint64 *marks = self->marks;

  if (n >= self->n_groups) {
    memset (marks, 0xff, self->n_words * sizeof *marks);
    marks[self->n_words - 1] =
        (G_GUINT64_CONSTANT (1) << self->n_groups % 64) - 1;
    return;
  }
  for (gsize i = 0; i < n; i++) {
    gsize group = (gsize) self->alive_of[indices[i]] >> self->group_shift;

    marks[group / 64] |= G_GUINT64_CONSTANT (1) << group % 64;
  }
  /* nowhere is in the group behind the last */
  marks[self->n_words - 1] &=
      (G_GUINT64_CONSTANT (1) << self->n_groups % 64) - 1;
}

/* where no value is negative, nothing is below a member without a value */
static void
add_maxima (ActClusterReducer *self, gsize n, const gint32 *indices,
    const float *values)
{
  const gint32 *alive_of = self->alive_of;
  float *results = self->results;

  for (gsize i = 0; i < n; i++) {
    float *result = &results[alive_of[indices[i]]];

    *result = values[i] > *result ? values[i] : *result;
  }
  results[self->nowhere] = 0.0f;
}

static void
add_signed_maxima (ActClusterReducer *self, gsize n, const gint32 *indices,
    const float *values)
{
  for (gsize i = 0; i < n; i++) {
    gint32 place = self->alive_of[indices[i]];
    float *max = &self->maxima[place];

    *max = values[i] > *max ? values[i] : *max;
    self->counts[place]++;
  }
  self->counts[self->nowhere] = 0;
}

static void
add_sums (ActClusterReducer *self, gsize n, const gint32 *indices,
    const float *values)
{
  const gint32 *alive_of = self->alive_of;
  float *results = self->results;

  for (gsize i = 0; i < n; i++)
    results[alive_of[indices[i]]] += values[i];
  results[self->nowhere] = 0.0f;
}

static gsize
reduce_row (ActClusterReducer *self, const ActCsrKernels *k, gsize n,
    const gint32 *indices, const float *values, gint32 *out_indices,
    float *out_values)
{
  ActGroups groups = {
    .marks = self->marks,
    .n_words = self->n_words,
    .row = self->results,
  };

  if (n == 0)
    return 0;
  mark_groups (self, n, indices);
  if (self->reduction != ACT_CLUSTER_MAX) {
    add_sums (self, n, indices, values);
    groups.divisors =
        self->reduction == ACT_CLUSTER_MEAN ? self->n_members : NULL;
  } else if (!k->any_negative (values, n)) {
    add_maxima (self, n, indices, values);
  } else {
    add_signed_maxima (self, n, indices, values);
    groups.row = self->maxima;
    groups.counts = self->counts;
    groups.full = self->n_alive;
    return k->take_signed_groups (&groups, out_indices, out_values);
  }
  return k->take_groups (&groups, out_indices, out_values);
}

gsize
act_cluster_reduce_csr (ActClusterReducer *self, gsize n_rows,
    const gint64 *indptr, const gint32 *indices, const float *values,
    gint64 *out_indptr, gint32 *out_indices, float *out_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize n = 0;

  out_indptr[0] = 0;
  for (gsize row = 0; row < n_rows; row++) {
    gint64 first = indptr[row];

    n += reduce_row (self, k, (gsize) (indptr[row + 1] - first),
        indices + first, values + first, out_indices + n, out_values + n);
    out_indptr[row + 1] = (gint64) n;
  }
  return n;
}

/* --- dense rows, sixteen at a time --- */

/* starts[c] moves on as the members of c come, so it ends as the next one's. */
static void
list_members (ActClusterReducer *self)
{
  gint32 *starts = self->starts;

  memset (starts, 0, (self->n_clusters + 1) * sizeof *starts);
  for (gsize i = 0; i < self->n_columns; i++)
    if ((gsize) self->alive_of[i] < self->n_clusters)
      starts[self->alive_of[i] + 1]++;
  for (gsize c = 0; c < self->n_clusters; c++)
    starts[c + 1] += starts[c];
  for (gsize i = 0; i < self->n_columns; i++)
    if ((gsize) self->alive_of[i] < self->n_clusters)
      self->members[starts[self->alive_of[i]]++] = (gint32) i;
  memmove (starts + 1, starts, self->n_clusters * sizeof *starts);
  starts[0] = 0;
  self->has_members = TRUE;
}

static void
prepare_tiles (ActClusterReducer *self)
{
  const gsize row = ACT_TILE_ROWS * sizeof (float);

  if (self->tile == NULL) {
    self->starts = g_new (gint32, self->n_clusters + 1);
    self->members = g_new (gint32, self->n_columns + 1);
    self->tile = g_aligned_alloc (self->n_columns + 1, row, 64);
    self->results_tile = g_aligned_alloc (self->n_clusters + 1, row, 64);
    self->result_rows = g_new (float, ACT_TILE_ROWS * self->n_clusters + 1);
  }
  if (!self->has_members)
    list_members (self);
}

/* into result_rows; FALSE if not all values are finite */
static gboolean
reduce_tile (ActClusterReducer *self, const float *rows)
{
  const ActTileKernels *k = act_tile_kernels ();
  const ActTileMembers members = { self->n_clusters, self->starts,
    self->members };

  if (!k->from_rows (rows, self->n_columns, self->tile))
    return FALSE;
  if (self->reduction == ACT_CLUSTER_MAX)
    k->max (self->tile, &members, self->results_tile);
  else
    k->sum (self->tile, &members,
        self->reduction == ACT_CLUSTER_MEAN ? self->n_members : NULL,
        self->results_tile);
  k->to_rows (self->results_tile, self->n_clusters, self->result_rows);
  return TRUE;
}

static gboolean
can_use_tiles (const ActClusterReducer *self, gsize n_rows)
{
  return n_rows >= ACT_TILE_ROWS
      && MAX (self->n_columns, self->n_clusters) <= MAX_TILE_COLUMNS;
}

/* Whole tiles from the first row on; -> how many rows, *n: how many values, or
 * G_MAXSIZE. Where few values are not 0 a row by itself is cheaper. */
static gsize
reduce_tiles (ActClusterReducer *self, gsize n_rows, const float *dense,
    gint64 *out_indptr, gint32 *out_indices, float *out_values, gsize *n)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize row = 0;

  *n = 0;
  if (!can_use_tiles (self, n_rows)
      || act_csr_is_sparse (dense, n_rows, self->n_columns))
    return 0;
  prepare_tiles (self);
  for (; row + ACT_TILE_ROWS <= n_rows; row += ACT_TILE_ROWS) {
    if (!reduce_tile (self, dense + row * self->n_columns)) {
      *n = G_MAXSIZE;
      return n_rows;
    }
    for (gsize r = 0; r < ACT_TILE_ROWS; r++) {
      *n += k->row_from_dense (self->result_rows + r * self->n_clusters,
          self->n_clusters, NULL, out_indices + *n, out_values + *n);
      out_indptr[row + r + 1] = (gint64) *n;
    }
  }
  return row;
}

gboolean
act_cluster_reduce_full (ActClusterReducer *self, gsize n_rows,
    const float *dense, float *out_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  const gsize n_values = ACT_TILE_ROWS * self->n_clusters;

  if (!can_use_tiles (self, n_rows))
    return FALSE;
  prepare_tiles (self);
  for (gsize row = 0; row < n_rows; row += ACT_TILE_ROWS) {
    /* the last tile may have some rows again */
    const gsize first = MIN (row, n_rows - ACT_TILE_ROWS);
    gsize n;

    if (!reduce_tile (self, dense + first * self->n_columns)
        || (k->scan (self->result_rows, n_values, &n) & ACT_SCAN_NOT_FINITE)
            != 0
        || n < n_values)
      return FALSE;
    /* in pieces of a row it is not written to new memory */
    memcpy (out_values + first * self->n_clusters, self->result_rows,
        n_values * sizeof (float));
  }
  return TRUE;
}

gsize
act_cluster_reduce_dense (ActClusterReducer *self, gsize n_rows,
    const float *dense, gint64 *out_indptr, gint32 *out_indices,
    float *out_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize n, row;

  out_indptr[0] = 0;
  row = reduce_tiles (
      self, n_rows, dense, out_indptr, out_indices, out_values, &n);
  for (; row < n_rows; row++) {
    const float *values = dense + row * self->n_columns;
    gsize n_values;

    if ((k->scan (values, self->n_columns, &n_values) & ACT_SCAN_NOT_FINITE)
        != 0)
      return G_MAXSIZE;
    n_values = k->row_from_dense (values, self->n_columns, self->alive,
        self->row_indices, self->row_values);
    n += reduce_row (self, k, n_values, self->row_indices, self->row_values,
        out_indices + n, out_values + n);
    out_indptr[row + 1] = (gint64) n;
  }
  return n;
}
