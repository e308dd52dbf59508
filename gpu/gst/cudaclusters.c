/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/cudaclusters.h"

#include <string.h>

void
act_cuda_clusters_clear (ActCudaClusters *self)
{
  g_clear_pointer (&self->lists, gst_memory_unref);
  g_clear_pointer (&self->scratch, gst_memory_unref);
  self->last_values = 0;
}

/* cluster_of, members and where each cluster's begin, one after another */
gboolean
act_cuda_clusters_set (ActCudaClusters *self, GstActCudaUser *user,
    ActGpuReduction kind, gsize n_columns, gsize n_clusters,
    const gint32 *cluster_of, GError **error)
{
  gsize n = 2 * n_columns + n_clusters + 1;
  g_autofree gint32 *lists = g_new (gint32, n);
  gint32 *device;

  act_cuda_clusters_clear (self);
  memcpy (lists, cluster_of, n_columns * sizeof *lists);
  act_gpu_clusters_list (n_columns, n_clusters, cluster_of,
      lists + 2 * n_columns, lists + n_columns);
  self->lists = gst_act_cuda_memory_new_uncounted (
      user->allocator, user->stream, n * sizeof *lists, error);
  if (self->lists == NULL)
    return FALSE;
  device = gst_act_cuda_memory_get_data (self->lists);
  self->clusters = (ActGpuClusters){ kind, n_columns, n_clusters, device,
    device + 2 * n_columns, device + n_columns };
  return gst_act_cuda_write (user, device, lists, n * sizeof *lists, error);
}

/* of one batch; pointers are the device's */
typedef struct {
  GstActCudaUser *user;
  GstActCudaBatch batch;
  ActGpuResult *result;
  guint8 *alive; /* NULL: all are */
  gpointer workspace;
  gsize workspace_size;
} Run;

static gboolean
prepare (ActCudaClusters *self, Run *run, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  gsize alive_size = ((gsize) b->n_components + 255) & ~(gsize) 255;
  gpointer data;

  run->workspace_size = b->layout == GST_ACT_LAYOUT_DENSE
      ? act_gpu_clusters_from_dense_workspace_size (
          &self->clusters, b->n_positions)
      : act_gpu_clusters_from_csr_workspace_size (
          &self->clusters, b->n_positions, b->n_values);
  if (!gst_act_cuda_scratch (run->user, &self->scratch,
          256 + alive_size + run->workspace_size, &data, error))
    return FALSE;
  run->result = data;
  run->workspace = (guint8 *) data + 256 + alive_size;
  if (b->alive == NULL)
    return TRUE;
  run->alive = (guint8 *) data + 256;
  return gst_act_cuda_write (run->user, run->alive,
      g_bytes_get_data (b->alive, NULL), b->n_components, error);
}

static gboolean
launch (ActCudaClusters *self, Run *run, const GstActCudaCsr *csr,
    ActGpuResult *result, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  ActGpuCsr out = { csr->indptr, csr->indices, csr->values,
    (int64_t) csr->capacity };
  gpointer stream = gst_act_cuda_user_get_stream (run->user);
  ActGpuStatus status;

  if (b->layout == GST_ACT_LAYOUT_DENSE)
    status = act_gpu_clusters_from_dense (&self->clusters, b->n_positions,
        b->values, run->alive, &out, run->result, run->workspace,
        run->workspace_size, stream);
  else
    status = act_gpu_clusters_from_csr (&self->clusters, b->n_positions,
        b->n_values, b->indptr, b->indices, b->values, run->alive, &out,
        run->result, run->workspace, run->workspace_size, stream);
  if (status != ACT_GPU_OK) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "the cluster activations: %s", act_gpu_status_string (status));
    return FALSE;
  }
  return gst_act_cuda_read (
      run->user, result, run->result, sizeof *result, error);
}

static gboolean
check_finite (const ActGpuResult *result, GError **error)
{
  if (result->first_bad == ACT_GPU_NONE)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
      "cluster activations at position %u: cluster %u is not finite",
      (guint) (result->first_bad >> 32), (guint) result->first_bad);
  return FALSE;
}

/* Batches are nearly alike: about what the last one had will do, and where it
 * does not, the second try knows. */
static gsize
guess (const ActCudaClusters *self, const GstActCudaBatch *batch)
{
  gsize most, room = self->last_values / 4 + 1024;

  if (!g_size_checked_mul (
          &most, batch->n_positions, self->clusters.n_clusters))
    most = G_MAXSIZE;
  most = MIN (most, batch->n_values);
  if (self->last_values == 0)
    return MIN (most, MAX (batch->n_positions, 1024) * 16);
  return MIN (most, self->last_values + room);
}

gboolean
act_cuda_clusters_run (ActCudaClusters *self, GstActCudaUser *user,
    const GstActInfo *info, GstBuffer *buffer, GError **error)
{
  Run run = { user };
  ActGpuResult result = { .overflow = 1 };
  GstActCudaCsr csr = { { NULL } };
  gsize capacity;
  gboolean done;

  gst_act_cuda_device_enter (gst_act_cuda_user_get_device (user));
  if (!gst_act_cuda_batch_get (
          &run.batch, buffer, info, GST_ACT_MAP_COMPONENTS, user, error)
      || !prepare (self, &run, error))
    return FALSE;
  capacity = guess (self, &run.batch);
  do {
    gst_act_cuda_csr_clear (&csr);
    done = gst_act_cuda_csr_new (
               &csr, user, run.batch.n_positions, capacity, error)
        && launch (self, &run, &csr, &result, error);
    capacity = (gsize) result.n_values;
  } while (done && result.overflow);
  if (done)
    gst_act_cuda_batch_done (&run.batch);
  done = done && check_finite (&result, error)
      && gst_act_cuda_csr_store (&csr, buffer, GST_ACT_BLOCK_CLUSTER_INDPTR,
          run.batch.n_positions, self->clusters.n_clusters,
          (gsize) result.n_values, error);
  self->last_values = (gsize) result.n_values;
  gst_act_cuda_csr_clear (&csr);
  return done;
}
