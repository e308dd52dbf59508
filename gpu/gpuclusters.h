/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpustatus.h"

/* sparse/cluster.h on the device, with the same bits: components [n_rows,
 * n_columns] to clusters, where a component is in one cluster at most. */

ACT_GPU_BEGIN_DECLS

typedef enum {
  ACT_GPU_CLUSTER_MAX,
  ACT_GPU_CLUSTER_MEAN,
  ACT_GPU_CLUSTER_SUM,
} ActGpuReduction;

/* An assignment in the device's form, made on the host, once: host pointers in
 * and out; the caller copies the arrays to the device. cluster_of [n_columns]
 * is below n_clusters, or -1. members lists the columns of one cluster after
 * another, ascending; member_ptr [n_clusters + 1] says where each begins;
 * members has room for n_columns. */
void act_gpu_clusters_list (size_t n_columns, size_t n_clusters,
    const int32_t *cluster_of, int32_t *member_ptr, int32_t *members);

/* device pointers to those */
typedef struct {
  ActGpuReduction reduction;
  size_t n_columns, n_clusters;
  const int32_t *cluster_of;
  const int32_t *member_ptr;
  const int32_t *members;
} ActGpuClusters;

/* alive [n_columns], NULL: all. n_values: at least as many values as the CSR
 * has. out needs at most min (n_values, n_rows * n_clusters). */
size_t act_gpu_clusters_from_csr_workspace_size (
    const ActGpuClusters *clusters, size_t n_rows, size_t n_values);
ActGpuStatus act_gpu_clusters_from_csr (const ActGpuClusters *clusters,
    size_t n_rows, size_t n_values, const int64_t *indptr,
    const int32_t *indices, const float *values, const uint8_t *alive,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream);

size_t act_gpu_clusters_from_dense_workspace_size (
    const ActGpuClusters *clusters, size_t n_rows);
ActGpuStatus act_gpu_clusters_from_dense (const ActGpuClusters *clusters,
    size_t n_rows, const float *dense, const uint8_t *alive,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream);

/* Adds to counts [n_cols, n_cols], for each two columns (the same too), the
 * rows in which both are above 0. */
ActGpuStatus act_gpu_coactivations (size_t n_rows, size_t n_cols,
    const int64_t *indptr, const int32_t *indices, const float *values,
    uint64_t *counts, ActGpuStream stream);

ACT_GPU_END_DECLS
