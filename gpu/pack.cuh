/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "launch.cuh"
#include "scan.cuh"

/* Dense rows to CSR, where a source says what a row holds: what lies in memory
 * (gpucsr.cu), or a head's sums with bias and sigmoid (gpuheads.cu).
 *
 * A warp takes a segment of a row, SEGMENT columns, in groups of 128: a lane
 * four columns, so that a group is one vector load a lane. The first pass
 * reads everything once, and leaves a bit a column and a count a segment; the
 * second reads the bits, and of the source only what is not zero. So a sparse
 * matrix of n bytes costs n + n / 32 written and read again, and a sector of 32
 * bytes and 8 bytes of output a nonzero at most. Nothing depends on the order
 * in which warps run. */

#define ACT_PACK_GROUP 128
#define ACT_PACK_SEGMENT_GROUPS 16
#define ACT_PACK_SEGMENT (ACT_PACK_GROUP * ACT_PACK_SEGMENT_GROUPS)

struct ActPackShape {
  size_t n_rows, n_cols;
  size_t n_groups;   /* a row */
  size_t n_segments; /* a row, at least 1 */
};

/* in a workspace */
struct ActPackSpace {
  uint4 *masks;     /* [n_rows, n_groups]: bit l of word j is column 4 l + j */
  uint32_t *counts; /* [n_rows, n_segments] */
  uint64_t *sums;
  int64_t *offsets; /* [n_rows * n_segments + 1] */
};

/* Where the values go: behind *base (NULL: 0) others, columns from
 * first_column on, not beyond capacity. */
struct ActPackOutput {
  const int64_t *base;
  int32_t first_column;
  int32_t *indices;
  float *values;
  int64_t capacity;
};

static inline ActPackShape
act_gpu_pack_shape (size_t n_rows, size_t n_cols)
{
  ActPackShape shape = { n_rows, n_cols, 0, 1 };

  shape.n_groups = (n_cols + ACT_PACK_GROUP - 1) / ACT_PACK_GROUP;
  if (n_cols > 0)
    shape.n_segments = (n_cols + ACT_PACK_SEGMENT - 1) / ACT_PACK_SEGMENT;
  return shape;
}

static inline ActPackSpace
act_gpu_pack_take (ActGpuParts *parts, const ActPackShape &shape)
{
  size_t n = shape.n_rows * shape.n_segments;
  ActPackSpace space;

  space.masks = act_gpu_take<uint4> (parts, shape.n_rows * shape.n_groups);
  space.counts = act_gpu_take<uint32_t> (parts, n);
  space.sums = act_gpu_scan_take (parts, n);
  space.offsets = act_gpu_take<int64_t> (parts, n + 1);
  return space;
}

/* A Source has
 *   load4 (row, column, n, v): four values from column on, 0 where they are
 *     not below n columns; whether all are finite
 *   load (row, column): one of them
 *   bad_column (row, column, n): the first that is not finite, of the four
 *   first_row, first_column: what to add for a message. */
template <class Source>
static __global__ void
act_pack_mark (
    Source source, ActPackShape shape, ActPackSpace space, ActGpuResult *result)
{
  size_t n = shape.n_rows * shape.n_segments;

  for (size_t at = act_warp (); at < n; at += act_n_warps ()) {
    size_t row = at / shape.n_segments;
    size_t group = at % shape.n_segments * ACT_PACK_SEGMENT_GROUPS;
    size_t end = group + ACT_PACK_SEGMENT_GROUPS;
    uint32_t count = 0;

    end = end < shape.n_groups ? end : shape.n_groups;
#pragma unroll 4
    for (; group < end; group++) {
      size_t column = group * ACT_PACK_GROUP + 4 * act_lane ();
      float v[4];
      uint4 mask;

      if (!source.load4 (row, column, shape.n_cols, v))
        act_note_bad (result, source.first_row + row,
            (uint32_t) (source.first_column
                + source.bad_column (row, column, shape.n_cols)));
      mask.x = __ballot_sync (ACT_ALL_LANES, v[0] != 0.0f);
      mask.y = __ballot_sync (ACT_ALL_LANES, v[1] != 0.0f);
      mask.z = __ballot_sync (ACT_ALL_LANES, v[2] != 0.0f);
      mask.w = __ballot_sync (ACT_ALL_LANES, v[3] != 0.0f);
      count += (uint32_t) (__popc (mask.x) + __popc (mask.y) + __popc (mask.z)
          + __popc (mask.w));
      if (act_lane () == 0)
        space.masks[row * shape.n_groups + group] = mask;
    }
    if (act_lane () == 0)
      space.counts[at] = count;
  }
}

/* a group's values, the first of which is number at of all */
template <class Source>
static __device__ void
act_pack_group (const Source &source, const ActPackOutput &out, size_t row,
    size_t column, const uint4 &mask, int64_t at)
{
  const uint32_t words[4] = { mask.x, mask.y, mask.z, mask.w };
  uint32_t below = (1u << act_lane ()) - 1;

  for (int i = 0; i < 4; i++)
    at += __popc (words[i] & below);
  for (int i = 0; i < 4; i++) {
    if ((words[i] >> act_lane () & 1) == 0)
      continue;
    if (at < out.capacity) {
      out.indices[at] =
          out.first_column + (int32_t) (column + 4 * act_lane () + i);
      out.values[at] = source.load (row, column + 4 * act_lane () + i);
    }
    at++;
  }
}

template <class Source>
static __global__ void
act_pack_take_values (
    Source source, ActPackShape shape, ActPackSpace space, ActPackOutput out)
{
  size_t n = shape.n_rows * shape.n_segments;
  int64_t base = out.base != NULL ? *out.base : 0;

  for (size_t at = act_warp (); at < n; at += act_n_warps ()) {
    size_t row = at / shape.n_segments;
    size_t group = at % shape.n_segments * ACT_PACK_SEGMENT_GROUPS;
    size_t end = group + ACT_PACK_SEGMENT_GROUPS;
    int64_t offset = base + space.offsets[at];

    end = end < shape.n_groups ? end : shape.n_groups;
    for (; group < end; group++) {
      uint4 mask = space.masks[row * shape.n_groups + group];

      if ((mask.x | mask.y | mask.z | mask.w) == 0)
        continue;
      act_pack_group (source, out, row, group * ACT_PACK_GROUP, mask, offset);
      offset +=
          __popc (mask.x) + __popc (mask.y) + __popc (mask.z) + __popc (mask.w);
    }
  }
}

/* offsets, indices and values; what the caller makes of the offsets follows.
 * n_rows > 0. */
template <class Source>
static ActGpuStatus
act_gpu_pack (const Source &source, const ActPackShape &shape,
    const ActPackSpace &space, const ActPackOutput &out, ActGpuResult *result,
    ActGpuStream stream)
{
  size_t n = shape.n_rows * shape.n_segments;
  unsigned n_blocks = act_gpu_n_blocks (n, ACT_BLOCK_WARPS);

  ACT_LAUNCH (act_pack_mark<Source>, n_blocks, ACT_BLOCK, 0, stream, source,
      shape, space, result);
  ACT_TRY (act_gpu_launched ());
  ACT_TRY (act_gpu_scan (n, space.counts, space.sums, space.offsets, stream));
  ACT_LAUNCH (act_pack_take_values<Source>, n_blocks, ACT_BLOCK, 0, stream,
      source, shape, space, out);
  return act_gpu_launched ();
}

/* a result nothing has gone into */
static __global__ void
act_result_begin (ActGpuResult *result, int64_t *indptr)
{
  if (threadIdx.x != 0)
    return;
  result->n_values = 0;
  result->first_bad = ACT_GPU_NONE;
  result->overflow = 0;
  result->bad_token = -1;
  if (indptr != NULL)
    indptr[0] = 0;
}

/* indptr is complete, or where it has no rows, begun */
static __global__ void
act_result_end (ActGpuResult *result, const int64_t *last, int64_t capacity)
{
  if (threadIdx.x != 0)
    return;
  result->n_values = *last;
  result->overflow = *last > capacity;
}

/* indptr NULL: left alone; else its first element becomes 0 */
static inline ActGpuStatus
act_gpu_result_begin (
    ActGpuResult *result, int64_t *indptr, ActGpuStream stream)
{
  ACT_LAUNCH (act_result_begin, 1, 32, 0, stream, result, indptr);
  return act_gpu_launched ();
}

static inline ActGpuStatus
act_gpu_result_end (ActGpuResult *result, const int64_t *last, int64_t capacity,
    ActGpuStream stream)
{
  ACT_LAUNCH (act_result_end, 1, 32, 0, stream, result, last, capacity);
  return act_gpu_launched ();
}
