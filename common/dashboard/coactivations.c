/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/coactivations.h"

#include "dashboard/ziparray.h"

struct _ActCoactivations {
  guint n;
  guint next; /* first row that has not been given */
  ActZipWriter *zip;
  ActCountRows *rows; /* the caller's; or NULL: dense */
  gint64 *zeros;      /* [n] when dense */
};

ActCoactivations *
act_coactivations_new (
    const char *folder, guint n_clusters, ActCountRows *rows, GError **error)
{
  g_autofree char *name = g_build_filename (folder, "coactivations.npz", NULL);
  g_autoptr (ActCoactivations) self = g_new0 (ActCoactivations, 1);
  guint64 shape[2] = { n_clusters, n_clusters };

  self->n = n_clusters;
  self->rows = rows;
  self->zip = act_zip_writer_new (name, error);
  if (self->zip == NULL)
    return NULL;
  if (self->rows == NULL) {
    self->zeros = g_new0 (gint64, MAX (n_clusters, 1));
    if (!act_zip_begin_array (
            self->zip, "coactivations", ACT_DTYPE_I64, 2, shape, error))
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
  g_free (self->zeros);
  g_free (self);
}

static gboolean
add_dense (ActCoactivations *self, const gint64 *row, GError **error)
{
  return act_zip_writer_append (self->zip, row, self->n * sizeof *row, error);
}

/* rows of zeros before `cluster` */
static gboolean
skip_to (ActCoactivations *self, guint cluster, GError **error)
{
  for (; self->next < cluster; self->next++)
    if (!add_dense (self, self->zeros, error))
      return FALSE;
  return TRUE;
}

gboolean
act_coactivations_add (
    ActCoactivations *self, guint cluster, const gint64 *row, GError **error)
{
  if (self->rows != NULL)
    return TRUE;
  g_return_val_if_fail (cluster >= self->next && cluster < self->n, FALSE);

  if (!skip_to (self, cluster, error))
    return FALSE;
  self->next++;
  return add_dense (self, row, error);
}

static gboolean
finish_dense (ActCoactivations *self, GError **error)
{
  return skip_to (self, self->n, error)
      && act_zip_writer_end (self->zip, error);
}

static gboolean
finish_sparse (ActCoactivations *self, const gint *cancelled, GError **error)
{
  const gint64 *indptr = act_count_rows_get_indptr (self->rows);
  gint64 shape[2] = { self->n, self->n };
  guint64 n_values = indptr[self->n];
  guint64 n_pointers = (guint64) self->n + 1, two = 2;

  return act_zip_add_array (
             self->zip, "indptr", ACT_DTYPE_I64, 1, &n_pointers, indptr, error)
      && act_zip_add_scratch (self->zip, "indices", ACT_DTYPE_I32, 1, &n_values,
          act_count_rows_get_indices (self->rows), cancelled, error)
      && act_zip_add_scratch (self->zip, "data", ACT_DTYPE_I64, 1, &n_values,
          act_count_rows_get_data (self->rows), cancelled, error)
      && act_zip_add_array (
          self->zip, "shape", ACT_DTYPE_I64, 1, &two, shape, error);
}

gboolean
act_coactivations_finish (ActCoactivations *self, const gint64 *ids,
    const gint *cancelled, GError **error)
{
  guint64 n = self->n;

  if (self->rows == NULL ? !finish_dense (self, error)
                         : !finish_sparse (self, cancelled, error))
    return FALSE;
  return act_zip_add_array (
             self->zip, "cluster_indices", ACT_DTYPE_I64, 1, &n, ids, error)
      && act_zip_writer_close (g_steal_pointer (&self->zip), error);
}
