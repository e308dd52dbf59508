/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gpuclusters.h"
#include "gpu/gpucsr.h"

#include <math.h>
#include <string.h>

#include "sparse/cluster.h"
#include "sparse/csr.h"
#include "sparse/filter.h"

const char *
act_gpu_status_string (ActGpuStatus status)
{
  return "failed";
}

size_t
act_gpu_csr_from_dense_workspace_size (size_t r, size_t c)
{
  return 64;
}
size_t
act_gpu_column_max_workspace_size (size_t c)
{
  return 64;
}
size_t
act_gpu_csr_filter_workspace_size (size_t c)
{
  return 64;
}
size_t
act_gpu_clusters_from_csr_workspace_size (
    const ActGpuClusters *c, size_t r, size_t n)
{
  return 64;
}
size_t
act_gpu_clusters_from_dense_workspace_size (const ActGpuClusters *c, size_t r)
{
  return 64;
}

static void
finish (gsize n_rows, gsize n, const gint64 *indptr, const gint32 *indices,
    const float *values, const ActGpuCsr *out, ActGpuResult *result)
{
  gsize m = MIN (n, (gsize) out->capacity);
  memcpy (out->indptr, indptr, (n_rows + 1) * 8);
  memcpy (out->indices, indices, m * 4);
  memcpy (out->values, values, m * 4);
  result->n_values = n;
  result->overflow = n > (gsize) out->capacity;
  result->first_bad = ACT_GPU_NONE;
  result->bad_token = -1;
}

ActGpuStatus
act_gpu_csr_from_dense (size_t n_rows, size_t n_cols, const float *dense,
    const uint8_t *alive, const ActGpuCsr *out, ActGpuResult *result,
    void *workspace, size_t workspace_size, ActGpuStream stream)
{
  gsize n = act_csr_count_dense (dense, n_rows, n_cols, alive);
  g_autofree gint64 *p = g_new (gint64, n_rows + 1);
  g_autofree gint32 *i = g_new (gint32, n + 16);
  g_autofree float *v = g_new (float, n + 16);
  act_csr_from_dense (dense, n_rows, n_cols, alive, p, i, v);
  finish (n_rows, n, p, i, v, out, result);
  return 0;
}

ActGpuStatus
act_gpu_csr_to_dense (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, float *dense,
    ActGpuStream stream)
{
  act_csr_to_dense (n_rows, n_cols, indptr, indices, values, dense);
  return 0;
}

ActGpuStatus
act_gpu_dense_column_max (size_t n_rows, size_t n_cols, const float *dense,
    float *max, ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  gssize bad = act_find_nonfinite (dense, n_rows * n_cols);
  act_dense_column_max (dense, n_rows, n_cols, max);
  result->n_values = act_csr_count_dense (dense, n_rows, n_cols, NULL);
  result->first_bad = bad < 0 ? ACT_GPU_NONE : 0;
  return 0;
}

ActGpuStatus
act_gpu_csr_column_max (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, float *max,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  gsize n = indptr[n_rows];
  gssize bad = act_find_nonfinite (values, n);
  act_csr_column_max (n_rows, n_cols, indptr, indices, values, max);
  result->n_values = act_csr_count_dense (values, 1, n, NULL);
  result->first_bad = bad < 0 ? ACT_GPU_NONE : 0;
  return 0;
}

ActGpuStatus
act_gpu_filter_mark (size_t n_cols, const float *max, float threshold,
    const uint8_t *before, uint8_t *alive, int64_t *n_dead, ActGpuStream stream)
{
  *n_dead = act_filter_mark (n_cols, max, threshold, before, alive);
  return 0;
}

ActGpuStatus
act_gpu_csr_filter (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, const uint8_t *alive,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream)
{
  gsize n = indptr[n_rows];
  g_autofree gint64 *p = g_new (gint64, n_rows + 1);
  g_autofree gint32 *i = g_new (gint32, n + 16);
  g_autofree float *v = g_new (float, n + 16);
  n = act_csr_filter (n_rows, n_cols, indptr, indices, values, alive, p, i, v);
  finish (n_rows, n, p, i, v, out, result);
  return 0;
}

ActGpuStatus
act_gpu_filter_dense (size_t n_rows, size_t n_cols, const float *dense,
    const uint8_t *alive, float *out, ActGpuStream stream)
{
  act_filter_dense (dense, n_rows, n_cols, alive, out);
  return 0;
}

void
act_gpu_clusters_list (size_t n_columns, size_t n_clusters,
    const int32_t *cluster_of, int32_t *member_ptr, int32_t *members)
{
  int32_t n = 0;
  for (size_t k = 0; k < n_clusters; k++) {
    member_ptr[k] = n;
    for (size_t c = 0; c < n_columns; c++)
      if (cluster_of[c] == (int32_t) k)
        members[n++] = c;
  }
  member_ptr[n_clusters] = n;
}

static ActGpuStatus
reduce (const ActGpuClusters *c, size_t n_rows, size_t n_values,
    const int64_t *indptr, const int32_t *indices, const float *values,
    const float *dense, const uint8_t *alive, const ActGpuCsr *out,
    ActGpuResult *result)
{
  ActClusterReducer *r =
      act_cluster_reducer_new ((ActClusterReduction) c->reduction, c->n_columns,
          c->n_clusters, c->cluster_of);
  gsize n = act_cluster_reducer_bound (r, n_rows, n_values);
  g_autofree gint64 *p = g_new (gint64, n_rows + 1);
  g_autofree gint32 *i = g_new (gint32, n + 16);
  g_autofree float *v = g_new (float, n + 16);
  act_cluster_reducer_set_alive (r, alive);
  n = dense
      ? act_cluster_reduce_dense (r, n_rows, dense, p, i, v)
      : act_cluster_reduce_csr (r, n_rows, indptr, indices, values, p, i, v);
  act_cluster_reducer_free (r);
  finish (n_rows, n, p, i, v, out, result);
  return 0;
}

ActGpuStatus
act_gpu_clusters_from_csr (const ActGpuClusters *clusters, size_t n_rows,
    size_t n_values, const int64_t *indptr, const int32_t *indices,
    const float *values, const uint8_t *alive, const ActGpuCsr *out,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  return reduce (clusters, n_rows, n_values, indptr, indices, values, NULL,
      alive, out, result);
}

ActGpuStatus
act_gpu_clusters_from_dense (const ActGpuClusters *clusters, size_t n_rows,
    const float *dense, const uint8_t *alive, const ActGpuCsr *out,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  return reduce (clusters, n_rows, n_rows * clusters->n_columns, NULL, NULL,
      NULL, dense, alive, out, result);
}
