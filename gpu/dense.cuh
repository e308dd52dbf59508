/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pack.cuh"

/* A dense matrix in memory as a source of values (pack.cuh), without the
 * columns that are dead. vector: rows begin on 16 bytes. */
struct ActDenseSource {
  const float *dense;
  const uint8_t *alive; /* NULL: all */
  size_t n_cols;
  bool vector;
  uint64_t first_row;
  uint32_t first_column;

  __device__ float
  load (size_t row, size_t column) const
  {
    return dense[row * n_cols + column];
  }

  /* each value but those that are not zero is read once */
  __device__ __forceinline__ void
  read4 (size_t row, size_t column, size_t n, float *v) const
  {
    act_read4_once (dense + row * n_cols, column, n, vector, v);
  }

  __device__ __forceinline__ bool
  finish4 (size_t column, size_t n, float *v) const
  {
    for (int i = 0; alive != NULL && i < 4; i++)
      if (column + i < n && alive[column + i] == 0)
        v[i] = 0.0f;
    return isfinite (v[0]) && isfinite (v[1]) && isfinite (v[2])
        && isfinite (v[3]);
  }

  __device__ size_t
  bad_column (size_t row, size_t column, size_t n) const
  {
    for (size_t i = column; i < column + 4 && i < n; i++)
      if ((alive == NULL || alive[i] != 0) && !isfinite (load (row, i)))
        return i;
    return column;
  }
};

static inline ActDenseSource
act_gpu_dense_source (size_t n_cols, const float *dense, const uint8_t *alive)
{
  ActDenseSource source = { dense, alive, n_cols,
    act_gpu_is_vector (dense, n_cols), 0, 0 };

  return source;
}

/* all of act_gpu_csr_from_dense () but the checks */
static inline ActGpuStatus
act_gpu_pack_dense (const ActPackShape &shape, const ActPackSpace &space,
    const ActDenseSource &source, const ActGpuCsr *out, ActGpuResult *result,
    ActGpuStream stream)
{
  ActPackOutput output = {};

  output.indices = out->indices;
  output.values = out->values;
  output.capacity = out->capacity;
  output.indptr = out->indptr;
  ACT_TRY (act_gpu_result_begin (result, out->indptr, stream));
  if (shape.n_rows > 0)
    ACT_TRY (act_gpu_pack (source, shape, space, output, result, stream));
  return act_gpu_result_end (
      result, out->indptr + shape.n_rows, out->capacity, stream);
}
