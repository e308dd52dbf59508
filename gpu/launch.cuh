/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <cuda_runtime.h>
#include <stddef.h>
#include <stdint.h>

#include "gpustatus.h"

/* What all .cu files share. They are CUDA C++ without inline assembly, and a
 * C++ compiler takes them too where tests/gpu/emulated/cuda_runtime.h stands
 * for CUDA's; so kernels are launched by these macros, blocks are of whole
 * warps, and warp operations name the whole warp. */

/* What failed before and was reported, as an allocation, is not the launch's.
 */
#ifdef __CUDACC__
#define ACT_LAUNCH(KERNEL, GRID, BLOCK, SHARED, STREAM, ...)                   \
  do {                                                                         \
    (void) cudaGetLastError ();                                                \
    KERNEL<<<(GRID), (BLOCK), (SHARED), (STREAM)>>> (__VA_ARGS__);             \
  } while (0)
#define ACT_DYNAMIC_SHARED(TYPE, NAME)                                         \
  extern __shared__ __align__ (128) unsigned char act_dynamic_shared[];        \
  TYPE *NAME = reinterpret_cast<TYPE *> (act_dynamic_shared)
#endif

#define ACT_ALL_LANES 0xffffffffu
#define ACT_BLOCK 256 /* threads, where nothing asks for another number */
#define ACT_BLOCK_WARPS (ACT_BLOCK / 32)

/* of a launch just made */
static inline ActGpuStatus
act_gpu_launched ()
{
  return (ActGpuStatus) cudaGetLastError ();
}

#define ACT_TRY(CALL)                                                          \
  do {                                                                         \
    ActGpuStatus act_status = (CALL);                                          \
    if (act_status != ACT_GPU_OK)                                              \
      return act_status;                                                       \
  } while (0)

/* blocks for n items, block_items each; kernels take strides of the grid
 * beyond the bound */
static inline unsigned
act_gpu_n_blocks (size_t n, size_t block_items)
{
  size_t n_blocks = (n + block_items - 1) / block_items;
  const size_t most = 1 << 20;

  return (unsigned) (n_blocks < 1 ? 1 : n_blocks < most ? n_blocks : most);
}

#define ACT_GPU_MAX_SIZE ((size_t) 0x7fffffff)

/* Parts of a workspace, one after another, each on 256 bytes. Without memory
 * it only adds up. */
struct ActGpuParts {
  unsigned char *memory;
  size_t size;
  size_t used;
};

template <class T>
static inline T *
act_gpu_take (ActGpuParts *parts, size_t n)
{
  size_t at = parts->used;

  parts->used += (n * sizeof (T) + 255) / 256 * 256;
  return parts->memory != NULL ? reinterpret_cast<T *> (parts->memory + at)
                               : NULL;
}

static inline bool
act_gpu_parts_fit (const ActGpuParts *parts)
{
  return parts->used <= parts->size;
}

/* In a kernel that ACT_LAUNCH_ROWS launches: a block a row at a time, so that
 * an element's place costs no division. */
#define ACT_FOR_EACH_ELEMENT(ROW, COLUMN, N_ROWS, WIDTH)                       \
  for (size_t ROW = blockIdx.x; ROW < (N_ROWS); ROW += gridDim.x)              \
    for (size_t COLUMN = threadIdx.x; COLUMN < (WIDTH); COLUMN += blockDim.x)

/* threads for rows of that many elements */
static inline unsigned
act_gpu_row_threads (size_t width)
{
  if (width == 0)
    return 32; /* that have nothing to do: none is no launch */
  return width < ACT_BLOCK ? (unsigned) (width + 31) / 32 * 32 : ACT_BLOCK;
}

#define ACT_LAUNCH_ROWS(KERNEL, N_ROWS, WIDTH, STREAM, ...)                    \
  ACT_LAUNCH (KERNEL, act_gpu_n_blocks ((N_ROWS), 1),                          \
      act_gpu_row_threads (WIDTH), 0, STREAM, __VA_ARGS__)

/* the thread's place in all of the grid, and its stride */
static inline __device__ size_t
act_thread ()
{
  return (size_t) blockIdx.x * blockDim.x + threadIdx.x;
}

static inline __device__ size_t
act_n_threads ()
{
  return (size_t) gridDim.x * blockDim.x;
}

static inline __device__ unsigned
act_lane ()
{
  return threadIdx.x % 32;
}

static inline __device__ size_t
act_warp ()
{
  return act_thread () / 32;
}

static inline __device__ size_t
act_n_warps ()
{
  return act_n_threads () / 32;
}

/* all lanes get the sum; the same order of additions in each */
template <class T>
static inline __device__ T
act_warp_sum (T value)
{
  for (int bits = 16; bits > 0; bits /= 2)
    value += __shfl_xor_sync (ACT_ALL_LANES, value, bits);
  return value;
}

/* of the lanes before this one, and of all */
template <class T>
static inline __device__ T
act_warp_before (T value, T *all)
{
  T sum = value;

  for (unsigned by = 1; by < 32; by *= 2) {
    T other = __shfl_up_sync (ACT_ALL_LANES, sum, by);

    sum += act_lane () >= by ? other : 0;
  }
  *all = __shfl_sync (ACT_ALL_LANES, sum, 31);
  return sum - value;
}

static inline __device__ void
act_note_bad (ActGpuResult *result, uint64_t row, uint32_t column)
{
  atomicMin (reinterpret_cast<unsigned long long *> (&result->first_bad),
      (unsigned long long) (row << 32 | column));
}
