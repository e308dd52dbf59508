/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <string.h>

#include "sparse/cluster.h"
#include "sparse/csr.h"
#include "sparse/kernels.h"

/* what a row has of a cluster so far; back to its start once written out */
typedef struct {
  float value;
  guint32 n_values;
} Slot;

struct _ActClusterReducer {
  ActClusterReduction reduction;
  gsize n_columns;
  gsize n_clusters;
  gint32 *cluster_of; /* as given, -1 turned into n_clusters */
  gint32 *alive_of;   /* the same, dead columns at n_clusters too */
  guint32 *n_members; /* [n_clusters + 1] all of them */
  guint32 *n_alive;   /* [n_clusters + 1] those alive */
  guint8 *alive;      /* [n_columns], or NULL: all */
  float start;        /* of a slot's value */

  /* [n_clusters + 1]; the last takes what belongs to no cluster, which saves
   * a branch a value */
  Slot *slots;
  /* a bit a slot that the row touched, and a bit a word of those: so a row
   * costs its values, not the number of clusters */
  gsize n_words;
  guint64 *touched;
  guint64 *touched_words;

  gint32 *row_indices; /* a dense row's nonzeros */
  float *row_values;
};

ActClusterReducer *
act_cluster_reducer_new (ActClusterReduction reduction, gsize n_columns,
    gsize n_clusters, const gint32 *cluster_of)
{
  ActClusterReducer *self = g_new0 (ActClusterReducer, 1);

  self->reduction = reduction;
  self->n_columns = n_columns;
  self->n_clusters = n_clusters;
  self->start = reduction == ACT_CLUSTER_MAX ? -INFINITY : 0.0f;
  self->cluster_of = g_new (gint32, n_columns + 1);
  self->alive_of = g_new (gint32, n_columns + 1);
  self->n_members = g_new0 (guint32, n_clusters + 1);
  self->n_alive = g_new0 (guint32, n_clusters + 1);
  for (gsize i = 0; i < n_columns; i++) {
    gint32 cluster = cluster_of[i] < 0 ? (gint32) n_clusters : cluster_of[i];

    self->cluster_of[i] = cluster;
    self->n_members[cluster]++;
  }
  self->slots = g_new (Slot, n_clusters + 1);
  for (gsize i = 0; i <= n_clusters; i++)
    self->slots[i] = (Slot){ self->start, 0 };
  self->n_words = n_clusters / 64 + 1;
  self->touched = g_new0 (guint64, self->n_words);
  self->touched_words = g_new0 (guint64, self->n_words / 64 + 1);
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
  g_free (self->n_members);
  g_free (self->n_alive);
  g_free (self->alive);
  g_free (self->slots);
  g_free (self->touched);
  g_free (self->touched_words);
  g_free (self->row_indices);
  g_free (self->row_values);
  g_free (self);
}

void
act_cluster_reducer_set_alive (ActClusterReducer *self, const guint8 *alive)
{
  g_clear_pointer (&self->alive, g_free);
  if (alive == NULL) {
    memcpy (self->alive_of, self->cluster_of, self->n_columns * 4);
    memcpy (self->n_alive, self->n_members, (self->n_clusters + 1) * 4);
    return;
  }
  self->alive = g_memdup2 (alive, self->n_columns);
  memset (self->n_alive, 0, (self->n_clusters + 1) * 4);
  for (gsize i = 0; i < self->n_columns; i++) {
    gint32 cluster =
        alive[i] != 0 ? self->cluster_of[i] : (gint32) self->n_clusters;

    self->alive_of[i] = cluster;
    self->n_alive[cluster]++;
  }
}

gsize
act_cluster_reducer_bound (
    const ActClusterReducer *self, gsize n_rows, gsize n_values)
{
  gsize full;

  if (!g_size_checked_mul (&full, n_rows, self->n_clusters))
    full = n_values;
  /* a zero is written too, to be overwritten */
  return MIN (full, n_values) + 1;
}

/* a slot's result; the slot starts anew */
static inline float
take_slot (ActClusterReducer *self, gsize cluster)
{
  Slot *slot = &self->slots[cluster];
  float value = slot->value;

  if (self->reduction == ACT_CLUSTER_MAX) {
    /* an alive member without a value is a zero */
    if (value < 0.0f && slot->n_values < self->n_alive[cluster])
      value = 0.0f;
  } else if (self->reduction == ACT_CLUSTER_MEAN) {
    value /= (float) self->n_members[cluster];
  }
  *slot = (Slot){ self->start, 0 };
  return value;
}

/* writes the touched clusters that are not zero, ascending */
static gsize
write_row (ActClusterReducer *self, gint32 *out_indices, float *out_values)
{
  gsize last = self->n_clusters;
  gsize n = 0;

  self->slots[last] = (Slot){ self->start, 0 };
  self->touched[last / 64] &= ~(G_GUINT64_CONSTANT (1) << last % 64);
  for (gsize top = 0; top * 64 < self->n_words; top++) {
    guint64 words = self->touched_words[top];

    self->touched_words[top] = 0;
    for (; words != 0; words &= words - 1) {
      gsize word = top * 64 + (gsize) __builtin_ctzll (words);
      guint64 bits = self->touched[word];

      self->touched[word] = 0;
      for (; bits != 0; bits &= bits - 1) {
        gsize cluster = word * 64 + (gsize) __builtin_ctzll (bits);
        float value = take_slot (self, cluster);

        out_indices[n] = (gint32) cluster;
        out_values[n] = value;
        n += value != 0.0f;
      }
    }
  }
  return n;
}

static inline void
touch (ActClusterReducer *self, guint32 cluster)
{
  self->touched[cluster / 64] |= G_GUINT64_CONSTANT (1) << cluster % 64;
  self->touched_words[cluster / 4096] |= G_GUINT64_CONSTANT (1)
      << cluster / 64 % 64;
}

/* Where the row has about as many values as there are clusters: goes through
 * all of them, instead of noting those that were touched. */
static gsize
reduce_full_row (ActClusterReducer *self, gsize n, const gint32 *indices,
    const float *values, gint32 *out_indices, float *out_values)
{
  gsize n_out = 0;

  if (self->reduction == ACT_CLUSTER_MAX) {
    for (gsize i = 0; i < n; i++) {
      Slot *slot = &self->slots[self->alive_of[indices[i]]];

      slot->value = values[i] > slot->value ? values[i] : slot->value;
      slot->n_values++;
    }
  } else {
    for (gsize i = 0; i < n; i++) {
      Slot *slot = &self->slots[self->alive_of[indices[i]]];

      slot->value += values[i];
      slot->n_values++;
    }
  }
  for (gsize cluster = 0; cluster < self->n_clusters; cluster++) {
    if (self->slots[cluster].n_values == 0)
      continue;
    out_indices[n_out] = (gint32) cluster;
    out_values[n_out] = take_slot (self, cluster);
    n_out += out_values[n_out] != 0.0f;
  }
  self->slots[self->n_clusters] = (Slot){ self->start, 0 };
  return n_out;
}

static gsize
reduce_row (ActClusterReducer *self, gsize n, const gint32 *indices,
    const float *values, gint32 *out_indices, float *out_values)
{
  if (n == 0)
    return 0;
  if (n >= self->n_clusters / 2)
    return reduce_full_row (self, n, indices, values, out_indices, out_values);
  if (self->reduction == ACT_CLUSTER_MAX) {
    for (gsize i = 0; i < n; i++) {
      guint32 cluster = (guint32) self->alive_of[indices[i]];
      Slot *slot = &self->slots[cluster];

      slot->value = values[i] > slot->value ? values[i] : slot->value;
      slot->n_values++;
      touch (self, cluster);
    }
  } else {
    for (gsize i = 0; i < n; i++) {
      guint32 cluster = (guint32) self->alive_of[indices[i]];

      self->slots[cluster].value += values[i];
      touch (self, cluster);
    }
  }
  return write_row (self, out_indices, out_values);
}

gsize
act_cluster_reduce_csr (ActClusterReducer *self, gsize n_rows,
    const gint64 *indptr, const gint32 *indices, const float *values,
    gint64 *out_indptr, gint32 *out_indices, float *out_values)
{
  gsize n = 0;

  out_indptr[0] = 0;
  for (gsize row = 0; row < n_rows; row++) {
    gint64 first = indptr[row];

    n += reduce_row (self, (gsize) (indptr[row + 1] - first), indices + first,
        values + first, out_indices + n, out_values + n);
    out_indptr[row + 1] = (gint64) n;
  }
  return n;
}

gsize
act_cluster_reduce_dense (ActClusterReducer *self, gsize n_rows,
    const float *dense, gint64 *out_indptr, gint32 *out_indices,
    float *out_values)
{
  const ActCsrKernels *k = act_csr_kernels ();
  gsize n = 0;

  out_indptr[0] = 0;
  for (gsize row = 0; row < n_rows; row++) {
    gsize n_values = k->row_from_dense (dense + row * self->n_columns,
        self->n_columns, self->alive, self->row_indices, self->row_values);

    n += reduce_row (self, n_values, self->row_indices, self->row_values,
        out_indices + n, out_values + n);
    out_indptr[row + 1] = (gint64) n;
  }
  return n;
}
