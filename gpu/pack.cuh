/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fours.cuh"
#include "launch.cuh"
#include "scan.cuh"

/* Dense rows to CSR, where a source says what a row holds: what lies in memory
 * (gpucsr.cu), or a head's sums with bias and sigmoid (heads.cu).
 *
 * A warp takes a segment of a row, SEGMENT columns, in groups of 128: a lane
 * four columns, so that a group is one vector load a lane, and AHEAD groups are
 * on their way before the first of them is looked at. The first pass
 * reads everything once, and leaves a bit a column and a count a segment; the
 * second reads the bits, and of the source only what is not zero. So a sparse
 * matrix of n bytes costs n + n / 32 written and read again, and a sector of 32
 * bytes and 8 bytes of output a nonzero at most. Nothing depends on the order
 * in which warps run. */

#define ACT_PACK_GROUP 128
#define ACT_PACK_AHEAD 4
#define ACT_PACK_SEGMENT_GROUPS 16 /* a multiple of AHEAD */
#define ACT_PACK_FEW 256           /* values of a segment, an eighth */
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
 * first_column on, not beyond capacity; and where each row is, as indptr
 * [n_rows + 1], of which the first is there already, or as starts and lengths.
 * What is NULL is not wanted. */
struct ActPackOutput {
  const int64_t *base;
  int32_t first_column;
  int32_t *indices;
  float *values;
  int64_t capacity;
  int64_t *indptr;
  int64_t *starts;
  uint32_t *lengths;
  int64_t *end; /* where others go behind these; not base */
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
 *   read4 (row, column, n, v): what four values from column on are made of; any
 *     column, those not below n are not read
 *   finish4 (column, n, v): makes the values of it, 0 where they are not below
 *     n; whether all are finite
 *   load (row, column): one of them, the same bits
 *   bad_column (row, column, n): the first that is not finite, of the four
 *   first_row, first_column: what to add for a message. */

/* a group's mask, in all lanes; v is what was read of it */
template <class Source>
static __device__ uint4
act_pack_mask (const Source &source, const ActPackShape &shape, size_t row,
    size_t group, float *v, ActGpuResult *result)
{
  size_t column = group * ACT_PACK_GROUP + 4 * act_lane ();
  uint4 mask;

  if (!source.finish4 (column, shape.n_cols, v))
    act_note_bad (result, source.first_row + row,
        (uint32_t) (source.first_column
            + source.bad_column (row, column, shape.n_cols)));
  mask.x = __ballot_sync (ACT_ALL_LANES, v[0] != 0.0f);
  mask.y = __ballot_sync (ACT_ALL_LANES, v[1] != 0.0f);
  mask.z = __ballot_sync (ACT_ALL_LANES, v[2] != 0.0f);
  mask.w = __ballot_sync (ACT_ALL_LANES, v[3] != 0.0f);
  return mask;
}

static __device__ __forceinline__ uint32_t
act_pack_count (const uint4 &mask)
{
  return (uint32_t) (__popc (mask.x) + __popc (mask.y) + __popc (mask.z)
      + __popc (mask.w));
}

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
    for (; group < end; group += ACT_PACK_AHEAD) {
      float v[ACT_PACK_AHEAD][4];

#pragma unroll
      for (int i = 0; i < ACT_PACK_AHEAD; i++)
        source.read4 (row, (group + i) * ACT_PACK_GROUP + 4 * act_lane (),
            shape.n_cols, v[i]);
#pragma unroll
      for (int i = 0; i < ACT_PACK_AHEAD; i++) {
        uint4 mask = { 0, 0, 0, 0 };

        if (group + i < end)
          mask = act_pack_mask (source, shape, row, group + i, v[i], result);
        count += act_pack_count (mask);
        if (act_lane () == 0 && group + i < end)
          space.masks[row * shape.n_groups + group + i] = mask;
      }
    }
    if (act_lane () == 0)
      space.counts[at] = count;
  }
}

/* A segment as a warp has it: lane g the mask of group g, and how many values
 * there are before it. */
struct ActPackSegment {
  size_t row, first_column;
  unsigned n_groups;
  uint4 mask;
  uint32_t before, n_values;
};

static __device__ ActPackSegment
act_pack_segment (
    const ActPackShape &shape, const ActPackSpace &space, size_t at)
{
  ActPackSegment segment;
  size_t group = at % shape.n_segments * ACT_PACK_SEGMENT_GROUPS;
  size_t left = shape.n_groups - group;

  segment.row = at / shape.n_segments;
  segment.first_column = group * ACT_PACK_GROUP;
  segment.n_groups =
      (unsigned) (left < ACT_PACK_SEGMENT_GROUPS ? left
                                                 : ACT_PACK_SEGMENT_GROUPS);
  segment.mask = make_uint4 (0, 0, 0, 0);
  if (act_lane () < segment.n_groups)
    segment.mask =
        space.masks[segment.row * shape.n_groups + group + act_lane ()];
  segment.before =
      act_warp_before (act_pack_count (segment.mask), &segment.n_values);
  return segment;
}

/* what lane has, in all lanes */
static __device__ uint4
act_pack_mask_of (const ActPackSegment &segment, unsigned lane)
{
  uint4 mask;

  mask.x = __shfl_sync (ACT_ALL_LANES, segment.mask.x, (int) lane);
  mask.y = __shfl_sync (ACT_ALL_LANES, segment.mask.y, (int) lane);
  mask.z = __shfl_sync (ACT_ALL_LANES, segment.mask.z, (int) lane);
  mask.w = __shfl_sync (ACT_ALL_LANES, segment.mask.w, (int) lane);
  return mask;
}

/* values of a group in the columns of the lanes before this one */
static __device__ __forceinline__ uint32_t
act_pack_below (const uint4 &mask, unsigned lane)
{
  uint32_t below = (1u << lane) - 1;

  return (uint32_t) (__popc (mask.x & below) + __popc (mask.y & below)
      + __popc (mask.z & below) + __popc (mask.w & below));
}

/* which column of its group value number k is */
static __device__ unsigned
act_pack_column (const uint4 &mask, uint32_t k)
{
  const uint32_t words[4] = { mask.x, mask.y, mask.z, mask.w };
  unsigned lane = 0;

  for (unsigned step = 16; step > 0; step /= 2)
    if (act_pack_below (mask, lane + step) <= k)
      lane += step;
  k -= act_pack_below (mask, lane);
  for (unsigned i = 0; i < 4; i++)
    if ((words[i] >> lane & 1) != 0 && k-- == 0)
      return 4 * lane + i;
  return 4 * lane; /* not reached: k is below the number of values */
}

template <class Source>
static __device__ __forceinline__ void
act_pack_store (const Source &source, const ActPackOutput &out, size_t row,
    size_t column, int64_t at)
{
  if (at >= out.capacity)
    return;
  out.indices[at] = out.first_column + (int32_t) column;
  out.values[at] = source.load (row, column);
}

/* Few values: a lane takes one, wherever it is, so that all are on their way
 * at once. */
template <class Source>
static __device__ void
act_pack_few (const Source &source, const ActPackOutput &out,
    const ActPackSegment &segment, int64_t at)
{
  for (uint32_t first = 0; first < segment.n_values; first += 32) {
    uint32_t k = first + act_lane (), before;
    unsigned group = 0;
    uint4 mask;

    /* the last group that has not more than k before it */
    for (unsigned step = ACT_PACK_SEGMENT_GROUPS / 2; step > 0; step /= 2)
      if (__shfl_sync (ACT_ALL_LANES, segment.before, (int) (group + step))
          <= k)
        group += step;
    mask = act_pack_mask_of (segment, group);
    before = __shfl_sync (ACT_ALL_LANES, segment.before, (int) group);
    if (k < segment.n_values)
      act_pack_store (source, out, segment.row,
          segment.first_column + group * ACT_PACK_GROUP
              + act_pack_column (mask, k - before),
          at + k);
  }
}

/* Many: a lane takes those in its columns, group by group. */
template <class Source>
static __device__ void
act_pack_many (const Source &source, const ActPackOutput &out,
    const ActPackSegment &segment, int64_t at)
{
  for (unsigned group = 0; group < segment.n_groups; group++) {
    uint4 mask = act_pack_mask_of (segment, group);
    uint32_t before = __shfl_sync (ACT_ALL_LANES, segment.before, (int) group);
    const uint32_t words[4] = { mask.x, mask.y, mask.z, mask.w };
    size_t column =
        segment.first_column + group * ACT_PACK_GROUP + 4 * act_lane ();
    int64_t to = at + before + act_pack_below (mask, act_lane ());

    for (int i = 0; i < 4; i++)
      if ((words[i] >> act_lane () & 1) != 0)
        act_pack_store (source, out, segment.row, column + i, to++);
  }
}

static __device__ void
act_pack_note_row (const ActPackShape &shape, const ActPackSpace &space,
    const ActPackOutput &out, size_t row, int64_t base)
{
  int64_t start = base + space.offsets[row * shape.n_segments];
  int64_t end = base + space.offsets[(row + 1) * shape.n_segments];

  if (out.indptr != NULL)
    out.indptr[row + 1] = end;
  if (out.starts != NULL) {
    out.starts[row] = start;
    out.lengths[row] = (uint32_t) (end - start);
  }
  if (out.end != NULL && row + 1 == shape.n_rows)
    *out.end = end;
}

template <class Source>
static __global__ void
act_pack_take_values (
    Source source, ActPackShape shape, ActPackSpace space, ActPackOutput out)
{
  size_t n = shape.n_rows * shape.n_segments;
  int64_t base = out.base != NULL ? *out.base : 0;

  for (size_t at = act_warp (); at < n; at += act_n_warps ()) {
    ActPackSegment segment = act_pack_segment (shape, space, at);
    int64_t offset = base + space.offsets[at];

    if (act_lane () == 0 && at % shape.n_segments == 0)
      act_pack_note_row (shape, space, out, segment.row, base);
    if (segment.n_values <= ACT_PACK_FEW)
      act_pack_few (source, out, segment, offset);
    else
      act_pack_many (source, out, segment, offset);
  }
}

/* n_rows > 0 */
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
