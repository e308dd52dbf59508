/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "launch.cuh"

/* offsets [n + 1]: the sums of counts before each, and of all. Two kernels:
 * the sum of each piece of PIECE counts; then each block adds up the pieces
 * before its own, and sums inside it. No block waits for another. Of a single
 * piece the first has nothing to do. */

#define ACT_SCAN_PIECE 4096
#define ACT_SCAN_EACH (ACT_SCAN_PIECE / ACT_BLOCK)

static __global__ void
act_scan_sums (size_t n, const uint32_t *counts, uint64_t *sums)
{
  ACT_DYNAMIC_SHARED (uint64_t, warps);
  size_t first = (size_t) blockIdx.x * ACT_SCAN_PIECE;
  uint64_t sum = 0;

  for (unsigned i = threadIdx.x; i < ACT_SCAN_PIECE; i += blockDim.x)
    sum += first + i < n ? counts[first + i] : 0;
  sum = act_warp_sum (sum);
  if (act_lane () == 0)
    warps[threadIdx.x / 32] = sum;
  __syncthreads ();
  if (threadIdx.x == 0) {
    for (unsigned i = 1; i < ACT_BLOCK_WARPS; i++)
      sum += warps[i];
    sums[blockIdx.x] = sum;
  }
}

/* the sums of the pieces before this block's; shared [ACT_BLOCK_WARPS] */
static __device__ uint64_t
act_scan_pieces_before (const uint64_t *sums, uint64_t *warps)
{
  uint64_t sum = 0;

  for (unsigned i = threadIdx.x; i < blockIdx.x; i += blockDim.x)
    sum += sums[i];
  sum = act_warp_sum (sum);
  if (act_lane () == 0)
    warps[threadIdx.x / 32] = sum;
  __syncthreads ();
  sum = 0;
  for (unsigned i = 0; i < ACT_BLOCK_WARPS; i++)
    sum += warps[i];
  __syncthreads ();
  return sum;
}

static __global__ void
act_scan_write (
    size_t n, const uint32_t *counts, const uint64_t *sums, int64_t *offsets)
{
  ACT_DYNAMIC_SHARED (uint64_t, warps);
  size_t first = (size_t) blockIdx.x * ACT_SCAN_PIECE
      + (size_t) threadIdx.x * ACT_SCAN_EACH;
  uint64_t before = act_scan_pieces_before (sums, warps);
  uint64_t own = 0, all;

  for (unsigned i = 0; i < ACT_SCAN_EACH; i++)
    own += first + i < n ? counts[first + i] : 0;
  before += act_warp_before (own, &all);
  if (act_lane () == 0)
    warps[threadIdx.x / 32] = all;
  __syncthreads ();
  for (unsigned i = 0; i < threadIdx.x / 32; i++)
    before += warps[i];
  for (unsigned i = 0; i < ACT_SCAN_EACH && first + i < n; i++) {
    offsets[first + i] = (int64_t) before;
    before += counts[first + i];
    if (first + i + 1 == n)
      offsets[n] = (int64_t) before;
  }
}

static inline uint64_t *
act_gpu_scan_take (ActGpuParts *parts, size_t n)
{
  return act_gpu_take<uint64_t> (parts, n / ACT_SCAN_PIECE + 1);
}

/* n > 0 */
static inline ActGpuStatus
act_gpu_scan (size_t n, const uint32_t *counts, uint64_t *sums,
    int64_t *offsets, ActGpuStream stream)
{
  unsigned n_blocks = (unsigned) ((n + ACT_SCAN_PIECE - 1) / ACT_SCAN_PIECE);
  size_t shared = ACT_BLOCK_WARPS * sizeof (uint64_t);

  if (n_blocks > 1) {
    ACT_LAUNCH (
        act_scan_sums, n_blocks, ACT_BLOCK, shared, stream, n, counts, sums);
    ACT_TRY (act_gpu_launched ());
  }
  ACT_LAUNCH (act_scan_write, n_blocks, ACT_BLOCK, shared, stream, n, counts,
      sums, offsets);
  return act_gpu_launched ();
}
