/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gpucsr.h"

#include "dense.cuh"
#include "launch.cuh"
#include "scan.cuh"

static ActGpuStatus
check_sizes (size_t n_rows, size_t n_cols)
{
  return n_rows > ACT_GPU_MAX_SIZE || n_cols > ACT_GPU_MAX_SIZE
      ? ACT_GPU_ERROR_SIZE
      : ACT_GPU_OK;
}

size_t
act_gpu_csr_from_dense_workspace_size (size_t n_rows, size_t n_cols)
{
  ActGpuParts parts = {};

  act_gpu_pack_take (&parts, act_gpu_pack_shape (n_rows, n_cols));
  return parts.used;
}

ActGpuStatus
act_gpu_csr_from_dense (size_t n_rows, size_t n_cols, const float *dense,
    const uint8_t *alive, const ActGpuCsr *out, ActGpuResult *result,
    void *workspace, size_t workspace_size, ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  ActPackShape shape = act_gpu_pack_shape (n_rows, n_cols);
  ActPackSpace space = act_gpu_pack_take (&parts, shape);

  ACT_TRY (check_sizes (n_rows, n_cols));
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  return act_gpu_pack_dense (shape, space,
      act_gpu_dense_source (n_cols, dense, alive), out, result, stream);
}

/* A block a row: the row's zeros, then its values. */
static __global__ void
to_dense (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, float *dense)
{
  for (size_t row = blockIdx.x; row < n_rows; row += gridDim.x) {
    float *out = dense + row * n_cols;

    for (size_t i = threadIdx.x; i < n_cols; i += blockDim.x)
      out[i] = 0.0f;
    __syncthreads ();
    for (int64_t i = indptr[row] + threadIdx.x; i < indptr[row + 1];
         i += blockDim.x)
      out[indices[i]] = values[i] + 0.0f; /* -0.0 becomes 0.0 */
  }
}

ActGpuStatus
act_gpu_csr_to_dense (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, float *dense,
    ActGpuStream stream)
{
  ACT_TRY (check_sizes (n_rows, n_cols));
  if (n_rows == 0 || n_cols == 0)
    return ACT_GPU_OK;
  ACT_LAUNCH (to_dense, act_gpu_n_blocks (n_rows, 1), ACT_BLOCK, 0, stream,
      n_rows, n_cols, indptr, indices, values, dense);
  return act_gpu_launched ();
}

/* Floats as integers in the same order, so that atomicMax takes them; 0 is
 * below all. NaN is not looked at. */
static __device__ uint32_t
key_of (float value)
{
  uint32_t bits = __float_as_uint (value);

  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

static __device__ float
value_of (uint32_t key)
{
  return __uint_as_float ((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

static __global__ void
begin_max (size_t n_cols, uint32_t *keys, uint32_t *counts)
{
  for (size_t i = act_thread (); i < n_cols; i += act_n_threads ())
    keys[i] = counts[i] = 0;
}

static __device__ void
add_n_values (ActGpuResult *result, uint32_t n)
{
  n = act_warp_sum (n);
  if (act_lane () == 0 && n > 0)
    atomicAdd (reinterpret_cast<unsigned long long *> (&result->n_values), n);
}

/* A block takes 1,024 columns, a thread four side by side, of some rows, AHEAD
 * of which are on their way before the first is looked at; at the end one
 * atomic a thread and column. */
#define MAX_ROWS 128
#define MAX_AHEAD 4
#define MAX_COLUMNS (4 * ACT_BLOCK)

/* what a thread knows of its columns */
struct Largest {
  uint32_t keys[4];
  uint32_t n_values;
};

static __device__ void
add_row (Largest *largest, const float v[4], size_t n, size_t row,
    size_t column, ActGpuResult *result)
{
  bool finite = true;

  for (int i = 0; i < 4; i++) {
    uint32_t key = key_of (v[i]);

    finite = finite && isfinite (v[i]);
    largest->keys[i] = key > largest->keys[i] ? key : largest->keys[i];
    largest->n_values += v[i] != 0.0f;
  }
  if (finite || result == NULL)
    return;
  for (size_t i = 0; i < 4 && column + i < n; i++)
    if (!isfinite (v[i]))
      act_note_bad (result, row, (uint32_t) (column + i));
}

static __device__ void
add_rows (Largest *largest, const float *dense, size_t n_cols, bool vector,
    size_t first, size_t end, size_t column, ActGpuResult *result)
{
  for (size_t row = first; row < end; row += MAX_AHEAD) {
    float v[MAX_AHEAD][4];

#pragma unroll
    for (int i = 0; i < MAX_AHEAD; i++)
      act_read4_once (dense + (row + i) * n_cols, column,
          row + i < end ? n_cols : 0, vector, v[i]);
#pragma unroll
    for (int i = 0; i < MAX_AHEAD; i++)
      if (row + i < end)
        add_row (largest, v[i], n_cols, row + i, column, result);
  }
}

static __global__ void
max_of_dense (size_t n_rows, size_t n_cols, const float *dense, bool vector,
    uint32_t *keys, ActGpuResult *result)
{
  size_t column = (size_t) blockIdx.x * MAX_COLUMNS + 4 * threadIdx.x;
  Largest largest = { { 0, 0, 0, 0 }, 0 };

  for (size_t piece = blockIdx.y; piece * MAX_ROWS < n_rows;
       piece += gridDim.y) {
    size_t first = piece * MAX_ROWS, end = first + MAX_ROWS;

    add_rows (&largest, dense, n_cols, vector, first,
        end < n_rows ? end : n_rows, column, result);
  }
  for (int i = 0; i < 4; i++)
    if (column + i < n_cols)
      atomicMax (&keys[column + i], largest.keys[i]);
  if (result != NULL)
    add_n_values (result, largest.n_values);
}

/* the row that value i is in */
static __device__ size_t
find_row (size_t n_rows, const int64_t *indptr, int64_t i)
{
  size_t first = 0, end = n_rows;

  while (end - first > 1) {
    size_t middle = first + (end - first) / 2;

    if (indptr[middle] <= i)
      first = middle;
    else
      end = middle;
  }
  return first;
}

static __global__ void
max_of_csr (size_t n_rows, const int64_t *indptr, const int32_t *indices,
    const float *values, uint32_t *keys, uint32_t *counts, ActGpuResult *result)
{
  int64_t n_values = indptr[n_rows];
  uint32_t n = 0;

  for (int64_t i = (int64_t) act_thread (); i < n_values;
       i += (int64_t) act_n_threads ()) {
    float value = values[i];

    atomicMax (&keys[indices[i]], key_of (value));
    atomicAdd (&counts[indices[i]], 1u);
    n += value != 0.0f;
    if (result != NULL && !isfinite (value))
      act_note_bad (
          result, find_row (n_rows, indptr, i), (uint32_t) indices[i]);
  }
  if (result != NULL)
    add_n_values (result, n);
}

/* a column with fewer values than rows has a zero somewhere; counts NULL: none
 * has fewer */
static __global__ void
end_max (size_t n_rows, size_t n_cols, const uint32_t *keys,
    const uint32_t *counts, float *max)
{
  for (size_t i = act_thread (); i < n_cols; i += act_n_threads ()) {
    float largest = keys[i] == 0 ? 0.0f : value_of (keys[i]);

    if (largest < 0.0f && counts != NULL && counts[i] < n_rows)
      largest = 0.0f;
    max[i] = largest + 0.0f;
  }
}

size_t
act_gpu_column_max_workspace_size (size_t n_cols)
{
  ActGpuParts parts = {};

  act_gpu_take<uint32_t> (&parts, n_cols);
  act_gpu_take<uint32_t> (&parts, n_cols);
  return parts.used;
}

/* what both kinds begin with; keys and counts come out */
static ActGpuStatus
begin_column_max (size_t n_rows, size_t n_cols, ActGpuResult *result,
    void *workspace, size_t workspace_size, ActGpuStream stream,
    uint32_t **keys, uint32_t **counts)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };

  ACT_TRY (check_sizes (n_rows, n_cols));
  *keys = act_gpu_take<uint32_t> (&parts, n_cols);
  *counts = act_gpu_take<uint32_t> (&parts, n_cols);
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  if (result != NULL)
    ACT_TRY (act_gpu_result_begin (result, NULL, stream));
  ACT_LAUNCH (begin_max, act_gpu_n_blocks (n_cols, ACT_BLOCK), ACT_BLOCK, 0,
      stream, n_cols, *keys, *counts);
  return act_gpu_launched ();
}

static ActGpuStatus
end_column_max (size_t n_rows, size_t n_cols, const uint32_t *keys,
    const uint32_t *counts, float *max, ActGpuStream stream)
{
  ACT_LAUNCH (end_max, act_gpu_n_blocks (n_cols, ACT_BLOCK), ACT_BLOCK, 0,
      stream, n_rows, n_cols, keys, counts, max);
  return act_gpu_launched ();
}

ActGpuStatus
act_gpu_dense_column_max (size_t n_rows, size_t n_cols, const float *dense,
    float *max, ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  size_t n_pieces = (n_rows + MAX_ROWS - 1) / MAX_ROWS;
  uint32_t *keys, *counts;

  ACT_TRY (begin_column_max (n_rows, n_cols, result, workspace, workspace_size,
      stream, &keys, &counts));
  if (n_rows > 0 && n_cols > 0) {
    dim3 grid ((unsigned) ((n_cols + MAX_COLUMNS - 1) / MAX_COLUMNS),
        (unsigned) (n_pieces < 65535 ? n_pieces : 65535));

    ACT_LAUNCH (max_of_dense, grid, ACT_BLOCK, 0, stream, n_rows, n_cols, dense,
        act_gpu_is_vector (dense, n_cols), keys, result);
    ACT_TRY (act_gpu_launched ());
  }
  return end_column_max (n_rows, n_cols, keys, NULL, max, stream);
}

ActGpuStatus
act_gpu_csr_column_max (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, float *max,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  uint32_t *keys, *counts;

  ACT_TRY (begin_column_max (n_rows, n_cols, result, workspace, workspace_size,
      stream, &keys, &counts));
  if (n_rows > 0 && n_cols > 0) {
    /* how many values there are only the device knows */
    ACT_LAUNCH (max_of_csr, act_gpu_n_blocks (n_rows < 2048 ? n_rows : 2048, 1),
        ACT_BLOCK, 0, stream, n_rows, indptr, indices, values, keys, counts,
        result);
    ACT_TRY (act_gpu_launched ());
  }
  return end_column_max (n_rows, n_cols, keys, counts, max, stream);
}

static __global__ void
mark (size_t n_cols, const float *max, float threshold, const uint8_t *before,
    uint8_t *alive, unsigned long long *n_dead)
{
  size_t n = (n_cols + 31) / 32 * 32; /* whole warps */

  for (size_t i = act_thread (); i < n; i += act_n_threads ()) {
    bool was = i < n_cols && (before == NULL || before[i] != 0);
    bool is = was && !(max[i] < threshold);
    unsigned dead = __ballot_sync (ACT_ALL_LANES, was && !is);

    if (i < n_cols)
      alive[i] = is;
    if (act_lane () == 0 && dead != 0)
      atomicAdd (n_dead, (unsigned long long) __popc (dead));
  }
}

ActGpuStatus
act_gpu_filter_mark (size_t n_cols, const float *max, float threshold,
    const uint8_t *before, uint8_t *alive, int64_t *n_dead, ActGpuStream stream)
{
  ACT_TRY (check_sizes (0, n_cols));
  ACT_TRY ((ActGpuStatus) cudaMemsetAsync (n_dead, 0, sizeof *n_dead, stream));
  if (n_cols == 0)
    return ACT_GPU_OK;
  ACT_LAUNCH (mark, act_gpu_n_blocks (n_cols, ACT_BLOCK), ACT_BLOCK, 0, stream,
      n_cols, max, threshold, before, alive,
      reinterpret_cast<unsigned long long *> (n_dead));
  return act_gpu_launched ();
}

/* A warp a row, twice: what stays is counted, then moved together. */
static __device__ bool
stays (const int32_t *indices, const float *values, const uint8_t *alive,
    int64_t i, int64_t end)
{
  return i < end && values[i] != 0.0f
      && (alive == NULL || alive[indices[i]] != 0);
}

static __global__ void
filter_count (size_t n_rows, const int64_t *indptr, const int32_t *indices,
    const float *values, const uint8_t *alive, uint32_t *counts)
{
  for (size_t row = act_warp (); row < n_rows; row += act_n_warps ()) {
    int64_t end = indptr[row + 1];
    uint32_t n = 0;

    for (int64_t i = indptr[row] + act_lane (); i < end; i += 32)
      n += stays (indices, values, alive, i, end);
    n = act_warp_sum (n);
    if (act_lane () == 0)
      counts[row] = n;
  }
}

static __global__ void
filter_move (size_t n_rows, const int64_t *indptr, const int32_t *indices,
    const float *values, const uint8_t *alive, ActGpuCsr out)
{
  for (size_t row = act_warp (); row < n_rows; row += act_n_warps ()) {
    int64_t end = indptr[row + 1], at = out.indptr[row];

    for (int64_t first = indptr[row]; first < end; first += 32) {
      int64_t i = first + act_lane ();
      bool stay = stays (indices, values, alive, i, end);
      uint32_t all = __ballot_sync (ACT_ALL_LANES, stay);
      int64_t to = at + __popc (all & ((1u << act_lane ()) - 1));

      if (stay && to < out.capacity) {
        out.indices[to] = indices[i];
        out.values[to] = values[i];
      }
      at += __popc (all);
    }
  }
}

size_t
act_gpu_csr_filter_workspace_size (size_t n_rows)
{
  ActGpuParts parts = {};

  act_gpu_take<uint32_t> (&parts, n_rows);
  act_gpu_scan_take (&parts, n_rows);
  return parts.used;
}

ActGpuStatus
act_gpu_csr_filter (size_t n_rows, size_t n_cols, const int64_t *indptr,
    const int32_t *indices, const float *values, const uint8_t *alive,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  uint32_t *counts = act_gpu_take<uint32_t> (&parts, n_rows);
  uint64_t *sums = act_gpu_scan_take (&parts, n_rows);
  unsigned n_blocks = act_gpu_n_blocks (n_rows, ACT_BLOCK_WARPS);

  ACT_TRY (check_sizes (n_rows, n_cols));
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  ACT_TRY (act_gpu_result_begin (result, out->indptr, stream));
  if (n_rows > 0) {
    ACT_LAUNCH (filter_count, n_blocks, ACT_BLOCK, 0, stream, n_rows, indptr,
        indices, values, alive, counts);
    ACT_TRY (act_gpu_launched ());
    ACT_TRY (act_gpu_scan (n_rows, counts, sums, out->indptr, stream));
    ACT_LAUNCH (filter_move, n_blocks, ACT_BLOCK, 0, stream, n_rows, indptr,
        indices, values, alive, *out);
    ACT_TRY (act_gpu_launched ());
  }
  return act_gpu_result_end (
      result, out->indptr + n_rows, out->capacity, stream);
}

static __global__ void
filter_dense (size_t n, size_t n_cols, const float *dense, const uint8_t *alive,
    float *out)
{
  for (size_t i = act_thread (); i < n; i += act_n_threads ())
    out[i] = alive == NULL || alive[i % n_cols] != 0 ? dense[i] + 0.0f : 0.0f;
}

ActGpuStatus
act_gpu_filter_dense (size_t n_rows, size_t n_cols, const float *dense,
    const uint8_t *alive, float *out, ActGpuStream stream)
{
  size_t n = n_rows * n_cols;

  ACT_TRY (check_sizes (n_rows, n_cols));
  if (n == 0)
    return ACT_GPU_OK;
  ACT_LAUNCH (filter_dense, act_gpu_n_blocks (n, ACT_BLOCK), ACT_BLOCK, 0,
      stream, n, n_cols, dense, alive, out);
  return act_gpu_launched ();
}
