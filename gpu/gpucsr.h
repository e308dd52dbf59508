/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpustatus.h"

/* The functions of sparse/csr.h and sparse/filter.h on the device, with the
 * same bits. Dense is float32 [n_rows, n_cols], row-major; CSR has ascending
 * indices in a row. n_rows and n_cols are below 2^31, their product with any
 * value below 2^62. alive [n_cols] (NULL: all) holds a byte a column. Outputs
 * do not overlap inputs. -0.0 is zero. */

ACT_GPU_BEGIN_DECLS

/* The nonzeros of the columns that are alive. NaN counts as a value. */
size_t act_gpu_csr_from_dense_workspace_size (size_t n_rows, size_t n_cols);
ActGpuStatus act_gpu_csr_from_dense (size_t n_rows, size_t n_cols,
    const float *dense, const uint8_t *alive, const ActGpuCsr *out,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream);

/* every element of dense is written */
ActGpuStatus act_gpu_csr_to_dense (size_t n_rows, size_t n_cols,
    const int64_t *indptr, const int32_t *indices, const float *values,
    float *dense, ActGpuStream stream);

/* Largest value of each column, implicit zeros counted: max [n_cols].
 * first_bad of result (NULL: not wanted) is set, and n_values to the number of
 * values that are not zero. */
size_t act_gpu_column_max_workspace_size (size_t n_cols);
ActGpuStatus act_gpu_dense_column_max (size_t n_rows, size_t n_cols,
    const float *dense, float *max, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream);
ActGpuStatus act_gpu_csr_column_max (size_t n_rows, size_t n_cols,
    const int64_t *indptr, const int32_t *indices, const float *values,
    float *max, ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream);

/* alive [n_cols]: 1 where max is not below threshold and before (NULL: all)
 * was alive; before may be alive itself. n_dead: how many it turned dead. */
ActGpuStatus act_gpu_filter_mark (size_t n_cols, const float *max,
    float threshold, const uint8_t *before, uint8_t *alive, int64_t *n_dead,
    ActGpuStream stream);

/* Without dead columns and zeros. */
size_t act_gpu_csr_filter_workspace_size (size_t n_rows);
ActGpuStatus act_gpu_csr_filter (size_t n_rows, size_t n_cols,
    const int64_t *indptr, const int32_t *indices, const float *values,
    const uint8_t *alive, const ActGpuCsr *out, ActGpuResult *result,
    void *workspace, size_t workspace_size, ActGpuStream stream);

/* A copy with zeros in the columns that are dead and -0.0 as 0.0; out may be
 * dense. */
ActGpuStatus act_gpu_filter_dense (size_t n_rows, size_t n_cols,
    const float *dense, const uint8_t *alive, float *out, ActGpuStream stream);

ACT_GPU_END_DECLS
