/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/coactivations.h"

#include "dashboard/ziparray.h"

struct _ActCoactivations {
  guint n;
  guint next; /* first row that has not been given */
  gboolean dense;
  ActZipWriter *zip;
  gint64 *zeros; /* [n] when dense */
  /* CSR */
  gint64 *indptr; /* [n + 1] */
  ActScratch *indices;
  ActScratch *data;
};

ActCoactivations *
act_coactivations_new (
    const char *folder, guint n_clusters, guint n_dense_max, GError **error)
{
  g_autofree char *name = g_build_filename (folder, "coactivations.npz", NULL);
  g_autoptr (ActCoactivations) self = g_new0 (ActCoactivations, 1);
  guint64 shape[2] = { n_clusters, n_clusters };

  self->n = n_clusters;
  self->dense = n_clusters <= n_dense_max;
  self->zip = act_zip_writer_new (name, error);
  if (self->zip == NULL)
    return NULL;
  if (self->dense) {
    self->zeros = g_new0 (gint64, MAX (n_clusters, 1));
    if (!act_zip_begin_array (
            self->zip, "coactivations", ACT_DTYPE_I64, 2, shape, error))
      return NULL;
  } else {
    self->indptr = g_new0 (gint64, (gsize) n_clusters + 1);
    self->indices = act_scratch_new (folder, error);
    if (self->indices == NULL)
      return NULL;
    self->data = act_scratch_new (folder, error);
    if (self->data == NULL)
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
act_coactivations_free (ActCoactivations *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->zip, act_zip_writer_free);
  act_scratch_free (self->indices);
  act_scratch_free (self->data);
  g_free (self->zeros);
  g_free (self->indptr);
  g_free (self);
}

static gboolean
add_dense (ActCoactivations *self, const gint64 *row, GError **error)
{
  return act_zip_writer_append (self->zip, row, self->n * sizeof *row, error);
}

static gboolean
add_sparse (ActCoactivations *self, const gint64 *row, GError **error)
{
  gint64 n = 0;

  for (guint i = 0; i < self->n; i++) {
    gint32 column = i;

    if (row[i] == 0)
      continue;
    n++;
    if (!act_scratch_append (self->indices, &column, sizeof column, error)
        || !act_scratch_append (self->data, &row[i], sizeof row[i], error))
      return FALSE;
  }
  self->indptr[self->next + 1] = self->indptr[self->next] + n;
  return TRUE;
}

/* rows of zeros before `cluster` */
static gboolean
skip_to (ActCoactivations *self, guint cluster, GError **error)
{
  for (; self->next < cluster; self->next++) {
    if (!self->dense)
      self->indptr[self->next + 1] = self->indptr[self->next];
    else if (!add_dense (self, self->zeros, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_coactivations_add (
    ActCoactivations *self, guint cluster, const gint64 *row, GError **error)
{
  g_return_val_if_fail (cluster >= self->next && cluster < self->n, FALSE);

  if (!skip_to (self, cluster, error)
      || !(self->dense ? add_dense : add_sparse) (self, row, error))
    return FALSE;
  self->next++;
  return TRUE;
}

static gboolean
finish_sparse (ActCoactivations *self, const gint *cancelled, GError **error)
{
  gint64 shape[2] = { self->n, self->n };
  guint64 n_values = self->indptr[self->n];
  guint64 n_pointers = (guint64) self->n + 1, two = 2;

  return act_zip_add_array (self->zip, "indptr", ACT_DTYPE_I64, 1, &n_pointers,
             self->indptr, error)
      && act_zip_add_scratch (self->zip, "indices", ACT_DTYPE_I32, 1, &n_values,
          self->indices, cancelled, error)
      && act_zip_add_scratch (self->zip, "data", ACT_DTYPE_I64, 1, &n_values,
          self->data, cancelled, error)
      && act_zip_add_array (
          self->zip, "shape", ACT_DTYPE_I64, 1, &two, shape, error);
}

gboolean
act_coactivations_finish (ActCoactivations *self, const gint64 *ids,
    const gint *cancelled, GError **error)
{
  guint64 n = self->n;

  if (!skip_to (self, self->n, error))
    return FALSE;
  if (self->dense ? !act_zip_writer_end (self->zip, error)
                  : !finish_sparse (self, cancelled, error))
    return FALSE;
  return act_zip_add_array (
             self->zip, "cluster_indices", ACT_DTYPE_I64, 1, &n, ids, error)
      && act_zip_writer_close (g_steal_pointer (&self->zip), error);
}
