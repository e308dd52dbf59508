/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gpuclusters.h"

#include <math.h>

#include "dense.cuh"
#include "launch.cuh"
#include "scan.cuh"

void
act_gpu_clusters_list (size_t n_columns, size_t n_clusters,
    const int32_t *cluster_of, int32_t *member_ptr, int32_t *members)
{
  int32_t n = 0;

  for (size_t i = 0; i <= n_clusters; i++)
    member_ptr[i] = 0;
  for (size_t i = 0; i < n_columns; i++)
    if (cluster_of[i] >= 0)
      member_ptr[cluster_of[i]]++;
  for (size_t i = 0; i < n_clusters; i++) {
    n += member_ptr[i];
    member_ptr[i] = n;
  }
  member_ptr[n_clusters] = n;
  /* from behind, so that each ends where its cluster begins */
  for (size_t i = n_columns; i-- > 0;)
    if (cluster_of[i] >= 0)
      members[--member_ptr[cluster_of[i]]] = (int32_t) i;
}

static ActGpuStatus
check_sizes (const ActGpuClusters *clusters, size_t n_rows)
{
  return n_rows > ACT_GPU_MAX_SIZE || clusters->n_columns > ACT_GPU_MAX_SIZE
          || clusters->n_clusters > ACT_GPU_MAX_SIZE
      ? ACT_GPU_ERROR_SIZE
      : ACT_GPU_OK;
}

/* A cluster of a row while it is being reduced. */
struct Place {
  float value;
  uint32_t count; /* of a maximum's values */
};

/* CSR: a warp takes a row. Its values go, 32 at a time, to a place for each
 * cluster; of those that go to the same, the first column's before the next,
 * as the sum is defined. Then the places are looked through and what is not
 * zero is written to where the row has its components, of which there are at
 * least as many; the rows move together when all counts are known. */
struct ReduceSpace {
  uint32_t *n_alive; /* [n_clusters] members */
  Place *places;     /* [warps of the grid, n_clusters], NULL: shared memory */
  int32_t *indices;  /* [n_values] */
  float *values;
  uint32_t *counts; /* [n_rows] */
  uint64_t *sums;
};

#define SHARED_SIZE (48 << 10)
/* in device memory: as many warps as keep a device busy, or as fit */
#define GLOBAL_WARPS 2048
#define GLOBAL_SIZE ((size_t) 256 << 20)

/* warps of a block whose places fit shared memory; 0: none does */
static unsigned
n_shared_warps (size_t n_clusters)
{
  size_t n = SHARED_SIZE / (sizeof (Place) * (n_clusters > 0 ? n_clusters : 1));

  return (unsigned) (n > 4 ? 4 : n);
}

static unsigned
n_global_blocks (size_t n_clusters, size_t n_rows)
{
  size_t n = GLOBAL_SIZE / (sizeof (Place) * (n_clusters > 0 ? n_clusters : 1));

  n = n < GLOBAL_WARPS ? n : GLOBAL_WARPS;
  return act_gpu_n_blocks (n_rows < n ? n_rows : n, 1);
}

/* To clear its places takes a warp about as long as a row, so it has some rows
 * where there are enough of them for all of a device. */
#define MOST_ROWS_OF_WARP 8
#define MANY_WARPS 4096

static unsigned
n_shared_blocks (size_t n_rows, unsigned n_warps)
{
  size_t n = n_rows / MANY_WARPS;

  n = n > 1 ? n : 1;
  return act_gpu_n_blocks (
      n_rows, n_warps * (n < MOST_ROWS_OF_WARP ? n : MOST_ROWS_OF_WARP));
}

static ReduceSpace
take_space (
    ActGpuParts *parts, size_t n_clusters, size_t n_rows, size_t n_values)
{
  ReduceSpace space = {};

  space.n_alive = act_gpu_take<uint32_t> (parts, n_clusters);
  if (n_shared_warps (n_clusters) == 0)
    space.places = act_gpu_take<Place> (
        parts, n_global_blocks (n_clusters, n_rows) * n_clusters);
  space.indices = act_gpu_take<int32_t> (parts, n_values);
  space.values = act_gpu_take<float> (parts, n_values);
  space.counts = act_gpu_take<uint32_t> (parts, n_rows);
  space.sums = act_gpu_scan_take (parts, n_rows);
  return space;
}

static __global__ void
count_alive (ActGpuClusters clusters, const uint8_t *alive, uint32_t *n_alive)
{
  for (size_t i = act_thread (); i < clusters.n_clusters;
       i += act_n_threads ()) {
    uint32_t n = 0;

    for (int32_t m = clusters.member_ptr[i]; m < clusters.member_ptr[i + 1];
         m++)
      n += alive == NULL || alive[clusters.members[m]] != 0;
    n_alive[i] = n;
  }
}

static __device__ void
add_value (ActGpuReduction reduction, Place *place, float value)
{
  if (reduction == ACT_GPU_CLUSTER_MAX) {
    place->value = value > place->value ? value : place->value;
    place->count++;
  } else {
    place->value += value;
  }
}

/* 32 values, each to its place; cluster -1: to none */
static __device__ void
add_values (
    ActGpuReduction reduction, Place *places, int32_t cluster, float value)
{
  /* what goes nowhere meets nobody */
  int32_t key = cluster >= 0 ? cluster : -1 - (int32_t) act_lane ();
  uint32_t same = __match_any_sync (ACT_ALL_LANES, key);
  int turn = __popc (same & ((1u << act_lane ()) - 1));
  int n_turns = __popc (same);

  for (int bits = 16; bits > 0; bits /= 2) {
    int other = __shfl_xor_sync (ACT_ALL_LANES, n_turns, bits);

    n_turns = other > n_turns ? other : n_turns;
  }
  for (int i = 0; i < n_turns; i++) {
    if (cluster >= 0 && turn == i)
      add_value (reduction, &places[cluster], value);
    __syncwarp ();
  }
}

static __device__ float
result_of (const ActGpuClusters &clusters, const Place &place, size_t cluster,
    const uint32_t *n_alive)
{
  if (clusters.reduction == ACT_GPU_CLUSTER_SUM)
    return place.value;
  if (clusters.reduction == ACT_GPU_CLUSTER_MEAN) {
    int32_t n = clusters.member_ptr[cluster + 1] - clusters.member_ptr[cluster];

    return place.value / (float) (n > 1 ? n : 1);
  }
  if (place.count == 0
      || (place.value < 0.0f && place.count < n_alive[cluster]))
    return 0.0f;
  return place.value;
}

/* what is not zero, ascending, to indices and values; the places are as
 * before the row again */
static __device__ uint32_t
take_results (const ActGpuClusters &clusters, Place *places,
    const uint32_t *n_alive, const Place &nothing, int32_t *indices,
    float *values)
{
  uint32_t n = 0;

  for (size_t first = 0; first < clusters.n_clusters; first += 32) {
    size_t cluster = first + act_lane ();
    float value = 0.0f;
    uint32_t all;

    if (cluster < clusters.n_clusters) {
      value = result_of (clusters, places[cluster], cluster, n_alive);
      places[cluster] = nothing;
    }
    all = __ballot_sync (ACT_ALL_LANES, value != 0.0f);
    if (value != 0.0f) {
      uint32_t at = n + __popc (all & ((1u << act_lane ()) - 1));

      indices[at] = (int32_t) cluster;
      values[at] = value;
    }
    n += __popc (all);
  }
  return n;
}

static __global__ void
reduce_csr (ActGpuClusters clusters, size_t n_rows, const int64_t *indptr,
    const int32_t *indices, const float *values, const uint8_t *alive,
    ReduceSpace space)
{
  ACT_DYNAMIC_SHARED (Place, shared);
  Place nothing = { clusters.reduction == ACT_GPU_CLUSTER_MAX ? -INFINITY : 0,
    0 };
  Place *places = space.places != NULL
      ? space.places + act_warp () * clusters.n_clusters
      : shared + threadIdx.x / 32 * clusters.n_clusters;

  for (size_t i = act_lane (); i < clusters.n_clusters; i += 32)
    places[i] = nothing;
  __syncwarp ();
  for (size_t row = act_warp (); row < n_rows; row += act_n_warps ()) {
    int64_t first = indptr[row], end = indptr[row + 1];
    uint32_t n;

    for (int64_t at = first; at < end; at += 32) {
      int64_t i = at + act_lane ();
      int32_t column = i < end ? indices[i] : 0;
      bool counts = i < end && (alive == NULL || alive[column] != 0);

      add_values (clusters.reduction, places,
          counts ? clusters.cluster_of[column] : -1, i < end ? values[i] : 0);
    }
    n = first < end ? take_results (clusters, places, space.n_alive, nothing,
            space.indices + first, space.values + first)
                    : 0;
    __syncwarp ();
    if (act_lane () == 0)
      space.counts[row] = n;
  }
}

/* the rows' results from where the components were to where they belong */
static __global__ void
move_rows (
    size_t n_rows, const int64_t *indptr, ReduceSpace space, ActGpuCsr out)
{
  for (size_t row = act_warp (); row < n_rows; row += act_n_warps ()) {
    int64_t from = indptr[row], to = out.indptr[row];

    for (uint32_t i = act_lane (); i < space.counts[row]; i += 32) {
      if (to + i < out.capacity) {
        out.indices[to + i] = space.indices[from + i];
        out.values[to + i] = space.values[from + i];
      }
    }
  }
}

size_t
act_gpu_clusters_from_csr_workspace_size (
    const ActGpuClusters *clusters, size_t n_rows, size_t n_values)
{
  ActGpuParts parts = {};

  take_space (&parts, clusters->n_clusters, n_rows, n_values);
  return parts.used;
}

static ActGpuStatus
launch_reduce_csr (const ActGpuClusters *clusters, size_t n_rows,
    const int64_t *indptr, const int32_t *indices, const float *values,
    const uint8_t *alive, const ReduceSpace &space, ActGpuStream stream)
{
  unsigned n_warps = n_shared_warps (clusters->n_clusters);
  unsigned n_blocks = n_warps > 0
      ? n_shared_blocks (n_rows, n_warps)
      : n_global_blocks (clusters->n_clusters, n_rows);
  size_t shared = n_warps * clusters->n_clusters * sizeof (Place);

  if (clusters->n_clusters > 0) {
    ACT_LAUNCH (count_alive, act_gpu_n_blocks (clusters->n_clusters, ACT_BLOCK),
        ACT_BLOCK, 0, stream, *clusters, alive, space.n_alive);
    ACT_TRY (act_gpu_launched ());
  }
  ACT_LAUNCH (reduce_csr, n_blocks, 32 * (n_warps > 0 ? n_warps : 1), shared,
      stream, *clusters, n_rows, indptr, indices, values, alive, space);
  return act_gpu_launched ();
}

ActGpuStatus
act_gpu_clusters_from_csr (const ActGpuClusters *clusters, size_t n_rows,
    size_t n_values, const int64_t *indptr, const int32_t *indices,
    const float *values, const uint8_t *alive, const ActGpuCsr *out,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  ReduceSpace space =
      take_space (&parts, clusters->n_clusters, n_rows, n_values);

  ACT_TRY (check_sizes (clusters, n_rows));
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  ACT_TRY (act_gpu_result_begin (result, out->indptr, stream));
  if (n_rows > 0) {
    ACT_TRY (launch_reduce_csr (
        clusters, n_rows, indptr, indices, values, alive, space, stream));
    ACT_TRY (
        act_gpu_scan (n_rows, space.counts, space.sums, out->indptr, stream));
    ACT_LAUNCH (move_rows, act_gpu_n_blocks (n_rows, ACT_BLOCK_WARPS),
        ACT_BLOCK, 0, stream, n_rows, indptr, space, *out);
    ACT_TRY (act_gpu_launched ());
  }
  return act_gpu_result_end (
      result, out->indptr + n_rows, out->capacity, stream);
}

/* Dense: a thread takes a cluster of a row, member by member; a zero adds
 * nothing to a sum. Its neighbours read other columns of the same row, each
 * once. */
static __global__ void
reduce_dense (ActGpuClusters clusters, size_t n_rows, const float *dense,
    const uint8_t *alive, float *out)
{
  size_t n = n_rows * clusters.n_clusters;
  bool is_max = clusters.reduction == ACT_GPU_CLUSTER_MAX;

  for (size_t at = act_thread (); at < n; at += act_n_threads ()) {
    const float *row = dense + at / clusters.n_clusters * clusters.n_columns;
    size_t cluster = at % clusters.n_clusters;
    uint32_t n_alive = 0;
    Place place = { is_max ? -INFINITY : 0, 0 };

    for (int32_t m = clusters.member_ptr[cluster];
         m < clusters.member_ptr[cluster + 1]; m++) {
      int32_t column = clusters.members[m];

      if (alive == NULL || alive[column] != 0) {
        add_value (clusters.reduction, &place, row[column]);
        n_alive++;
      }
    }
    /* every alive member has been counted: result_of () takes the maximum */
    place.count = n_alive;
    out[at] = is_max && n_alive == 0 ? 0.0f
        : is_max                     ? place.value
                 : result_of (clusters, place, cluster, NULL);
  }
}

size_t
act_gpu_clusters_from_dense_workspace_size (
    const ActGpuClusters *clusters, size_t n_rows)
{
  ActGpuParts parts = {};

  act_gpu_take<float> (&parts, n_rows * clusters->n_clusters);
  act_gpu_pack_take (&parts, act_gpu_pack_shape (n_rows, clusters->n_clusters));
  return parts.used;
}

ActGpuStatus
act_gpu_clusters_from_dense (const ActGpuClusters *clusters, size_t n_rows,
    const float *dense, const uint8_t *alive, const ActGpuCsr *out,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  size_t n = n_rows * clusters->n_clusters;
  float *reduced = act_gpu_take<float> (&parts, n);
  ActPackShape shape = act_gpu_pack_shape (n_rows, clusters->n_clusters);
  ActPackSpace space = act_gpu_pack_take (&parts, shape);

  ACT_TRY (check_sizes (clusters, n_rows));
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  if (n > 0) {
    ACT_LAUNCH (reduce_dense, act_gpu_n_blocks (n, ACT_BLOCK), ACT_BLOCK, 0,
        stream, *clusters, n_rows, dense, alive, reduced);
    ACT_TRY (act_gpu_launched ());
  }
  return act_gpu_pack_dense (shape, space,
      act_gpu_dense_source (clusters->n_clusters, reduced, NULL), out, result,
      stream);
}

/* A block a row: each thread takes some of the pairs. Counts are integers, so
 * the order of the additions does not matter. */
static __global__ void
count_pairs (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, unsigned long long *counts)
{
  for (size_t row = blockIdx.x; row < n_rows; row += gridDim.x) {
    int64_t first = indptr[row], n = indptr[row + 1] - first;

    for (int64_t i = 0; i < n; i++) {
      unsigned long long *with = counts + (size_t) indices[first + i] * n_cols;

      if (!(values[first + i] > 0.0f))
        continue;
      for (int64_t j = threadIdx.x; j < n; j += blockDim.x)
        if (values[first + j] > 0.0f)
          atomicAdd (&with[indices[first + j]], 1ull);
    }
  }
}

ActGpuStatus
act_gpu_coactivations (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, uint64_t *counts,
    ActGpuStream stream)
{
  if (n_rows > ACT_GPU_MAX_SIZE || n_cols > ACT_GPU_MAX_SIZE)
    return ACT_GPU_ERROR_SIZE;
  if (n_rows == 0)
    return ACT_GPU_OK;
  ACT_LAUNCH (count_pairs, act_gpu_n_blocks (n_rows, 1), 64, 0, stream, n_rows,
      n_cols, indptr, indices, values,
      reinterpret_cast<unsigned long long *> (counts));
  return act_gpu_launched ();
}
