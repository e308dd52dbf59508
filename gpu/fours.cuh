/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bf16.cuh"
#include "launch.cuh"

/* Rows of floats, four at a time. */

/* whether all rows begin on 16 bytes */
static inline bool
act_gpu_is_vector (const float *dense, size_t n_cols)
{
  return n_cols % 4 == 0 && reinterpret_cast<uintptr_t> (dense) % 16 == 0;
}

/* values column to column + 3 of n, 0 beyond; in one load where vector says
 * that row begins on 16 bytes */
static __device__ __forceinline__ void
act_read4 (const float *row, size_t column, size_t n, bool vector, float *v)
{
  if (vector && column + 4 <= n) {
    float4 all = *reinterpret_cast<const float4 *> (row + column);

    v[0] = all.x;
    v[1] = all.y;
    v[2] = all.z;
    v[3] = all.w;
  } else {
    for (int i = 0; i < 4; i++)
      v[i] = column + i < n ? row[column + i] : 0.0f;
  }
}

/* the same of what is read once only, past the caches */
static __device__ __forceinline__ void
act_read4_once (
    const float *row, size_t column, size_t n, bool vector, float *v)
{
  if (vector && column + 4 <= n) {
    float4 all = __ldcs (reinterpret_cast<const float4 *> (row + column));

    v[0] = all.x;
    v[1] = all.y;
    v[2] = all.z;
    v[3] = all.w;
  } else {
    for (int i = 0; i < 4; i++)
      v[i] = column + i < n ? __ldcs (row + column + i) : 0.0f;
  }
}

/* values column to column + 3 of a row of n, as act_read4 () reads them */
static inline __device__ void
act_store4 (float *row, size_t column, size_t n, bool vector, const float *v)
{
  if (vector && column + 4 <= n) {
    *reinterpret_cast<float4 *> (row + column) =
        make_float4 (v[0], v[1], v[2], v[3]);
    return;
  }
  for (int i = 0; i < 4; i++)
    if (column + i < n)
      row[column + i] = v[i];
}

/* the same, rounded to bfloat16; vector: the row begins on 8 bytes */
static inline __device__ void
act_store4 (uint16_t *row, size_t column, size_t n, bool vector, const float *v)
{
  if (vector && column + 4 <= n) {
    uint2 two;

    two.x = act_bf16_of (v[0]) | (uint32_t) act_bf16_of (v[1]) << 16;
    two.y = act_bf16_of (v[2]) | (uint32_t) act_bf16_of (v[3]) << 16;
    *reinterpret_cast<uint2 *> (row + column) = two;
    return;
  }
  for (int i = 0; i < 4; i++)
    if (column + i < n)
      row[column + i] = act_bf16_of (v[i]);
}
