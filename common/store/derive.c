/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/derive.h"

struct _ActClusterDeriver {
  ActStoreShape shape;
  ActClusterReducer *reducer;
  gsize n_rows_room, n_values_room;
  gint64 *indptr;
  gint32 *indices;
  float *values;
};

ActClusterDeriver *
act_cluster_deriver_new (const ActStoreShape *shape,
    ActClusterReduction reduction, const gint32 *cluster_of)
{
  ActClusterDeriver *self = g_new0 (ActClusterDeriver, 1);

  self->shape = *shape;
  self->reducer = act_cluster_reducer_new (
      reduction, shape->n_components, shape->n_clusters, cluster_of);
  return self;
}

void
act_cluster_deriver_free (ActClusterDeriver *self)
{
  if (self == NULL)
    return;
  act_cluster_reducer_free (self->reducer);
  g_free (self->indptr);
  g_free (self->indices);
  g_free (self->values);
  g_free (self);
}

static void
make_room (ActClusterDeriver *self, gsize n_rows, gsize n_values)
{
  if (n_values > self->n_values_room) {
    g_free (self->indices);
    g_free (self->values);
    self->indices = g_new (gint32, n_values);
    self->values = g_new (float, n_values);
    self->n_values_room = n_values;
  }
  if (n_rows >= self->n_rows_room) {
    g_free (self->indptr);
    self->indptr = g_new (gint64, n_rows + 1);
    self->n_rows_room = n_rows + 1;
  }
}

void
act_cluster_deriver_run (ActClusterDeriver *self, ActStoredBatch *batch)
{
  const ActCsr *components = &batch->components;
  const gsize n_rows = (gsize) batch->n_samples * self->shape.n_ctx;
  gsize n;

  make_room (self, n_rows,
      act_cluster_reducer_bound (self->reducer, n_rows, components->n_values));
  act_cluster_reducer_set_alive (self->reducer, batch->alive);
  if (batch->dense != NULL)
    n = act_cluster_reduce_dense (self->reducer, n_rows, batch->dense,
        self->indptr, self->indices, self->values);
  else
    n = act_cluster_reduce_csr (self->reducer, n_rows, components->indptr,
        components->indices, components->values, self->indptr, self->indices,
        self->values);
  batch->clusters = (ActCsr){ self->indptr, self->indices, self->values, n };
}

gboolean
act_cluster_reduction_find (const char *name, ActClusterReduction *reduction)
{
  static const char *const names[] = {
    [ACT_CLUSTER_MAX] = "max",
    [ACT_CLUSTER_MEAN] = "mean",
    [ACT_CLUSTER_SUM] = "sum",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_strcmp0 (name, names[i]) == 0) {
      *reduction = i;
      return TRUE;
    }
  }
  return FALSE;
}
