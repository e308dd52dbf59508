/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>

#include "launch.cuh"
#include "operations.h"

/* A block takes 64 queries of a head of a sample, and goes over the keys 64 at
 * a time up to the diagonal, with the softmax kept as running maximum and sum
 * for each query (Milakov, Gimelshein: Online normalizer calculation for
 * softmax, 2018). A thread has four queries and every 16th key or column, so
 * each value it reads from shared memory is used four times. Sums have one
 * order: key by key.
 *
 * 2 T^2 D multiplications and additions a head and sample for T positions (half
 * of all pairs, two products), in float32 on the ordinary units; queries, keys
 * and values are read T / 64 times at most, from the second cache. */

#define TILE 64
#define EACH 4 /* queries of a thread */
#define LANES 16
#define MAX_SIZE 128 /* of a head, here; beyond: attend_wide */

struct Shared {
  float *q;      /* [TILE, row] */
  float *kv;     /* [TILE, row] keys, then values */
  float *scores; /* [TILE, TILE + 1] */
  size_t row;    /* head_size + 1: lanes fall on different banks */
};

static size_t
shared_size (size_t head_size)
{
  return (2 * TILE * (head_size + 1) + TILE * (TILE + 1)) * sizeof (float);
}

/* rows first .. of a head, zeros beyond the end */
static __device__ void
load_rows (const ActGpuAttention &a, const float *from, size_t from_row,
    size_t first, float scale, float *to)
{
  unsigned lane = threadIdx.x % LANES, group = threadIdx.x / LANES;

  for (size_t row = group; row < TILE; row += ACT_BLOCK / LANES)
    for (size_t column = lane; column < a.head_size; column += LANES)
      to[row * (a.head_size + 1) + column] = first + row < a.sequence_length
          ? from[(first + row) * from_row + column] * scale
          : 0.0f;
}

/* scores of this thread's queries with its keys; minus infinity where a key is
 * ahead of the query */
static __device__ void
find_scores (const ActGpuAttention &a, const Shared &shared, size_t first_q,
    size_t first_k, float scores[EACH][TILE / LANES])
{
  unsigned lane = threadIdx.x % LANES, group = threadIdx.x / LANES;

  for (int i = 0; i < EACH; i++)
    for (int j = 0; j < TILE / LANES; j++)
      scores[i][j] = 0.0f;
  for (size_t d = 0; d < a.head_size; d++) {
    float k[TILE / LANES];

    for (int j = 0; j < TILE / LANES; j++)
      k[j] = shared.kv[(lane + j * LANES) * shared.row + d];
    for (int i = 0; i < EACH; i++) {
      float q = shared.q[(group * EACH + i) * shared.row + d];

      for (int j = 0; j < TILE / LANES; j++)
        scores[i][j] += q * k[j];
    }
  }
  for (int i = 0; i < EACH; i++)
    for (int j = 0; j < TILE / LANES; j++)
      if (first_k + lane + j * LANES > first_q + group * EACH + i)
        scores[i][j] = -INFINITY;
}

/* over the 16 lanes that share a query */
static __device__ float
lanes_max (float value)
{
  for (int bits = LANES / 2; bits > 0; bits /= 2)
    value = fmaxf (value, __shfl_xor_sync (ACT_ALL_LANES, value, bits));
  return value;
}

static __device__ float
lanes_sum (float value)
{
  for (int bits = LANES / 2; bits > 0; bits /= 2)
    value += __shfl_xor_sync (ACT_ALL_LANES, value, bits);
  return value;
}

/* Scores to weights, in shared memory; factor: what becomes of what is summed
 * so far. A query's first block of keys has at least one it may see. */
static __device__ void
weigh (const Shared &shared, float scores[EACH][TILE / LANES],
    float largest[EACH], float sums[EACH], float factor[EACH])
{
  unsigned lane = threadIdx.x % LANES, group = threadIdx.x / LANES;

  for (int i = 0; i < EACH; i++) {
    float most = scores[i][0], sum = 0.0f;

    for (int j = 1; j < TILE / LANES; j++)
      most = fmaxf (most, scores[i][j]);
    most = fmaxf (lanes_max (most), largest[i]);
    factor[i] = expf (largest[i] - most);
    for (int j = 0; j < TILE / LANES; j++) {
      float weight = expf (scores[i][j] - most);

      shared.scores[(group * EACH + i) * (TILE + 1) + lane + j * LANES] =
          weight;
      sum += weight;
    }
    sums[i] = sums[i] * factor[i] + lanes_sum (sum);
    largest[i] = most;
  }
}

/* COLUMNS: of the output a thread has, every 16th */
template <int COLUMNS>
static __device__ void
add_values (const ActGpuAttention &a, const Shared &shared,
    const float factor[EACH], float out[EACH][COLUMNS])
{
  unsigned lane = threadIdx.x % LANES, group = threadIdx.x / LANES;

  for (int i = 0; i < EACH; i++)
    for (int c = 0; c < COLUMNS; c++)
      out[i][c] *= factor[i];
  for (int key = 0; key < TILE; key++) {
    float v[COLUMNS];

    for (int c = 0; c < COLUMNS; c++)
      v[c] = lane + c * LANES < a.head_size
          ? shared.kv[key * shared.row + lane + c * LANES]
          : 0.0f;
    for (int i = 0; i < EACH; i++) {
      float weight = shared.scores[(group * EACH + i) * (TILE + 1) + key];

      for (int c = 0; c < COLUMNS; c++)
        out[i][c] += weight * v[c];
    }
  }
}

template <int COLUMNS>
static __device__ void
store (const ActGpuAttention &a, float *to, size_t first_q,
    const float sums[EACH], const float out[EACH][COLUMNS])
{
  unsigned lane = threadIdx.x % LANES, group = threadIdx.x / LANES;

  for (int i = 0; i < EACH; i++) {
    size_t row = first_q + group * EACH + i;

    for (int c = 0; c < COLUMNS; c++)
      if (row < a.sequence_length && lane + c * LANES < a.head_size)
        to[row * a.out_row + lane + c * LANES] = out[i][c] / sums[i];
  }
}

template <int COLUMNS>
static __global__ void
__launch_bounds__ (ACT_BLOCK) attend (ActGpuAttention a)
{
  ACT_DYNAMIC_SHARED (float, memory);
  size_t head = blockIdx.x % a.n_heads, sample = blockIdx.x / a.n_heads;
  size_t kv_head = head / (a.n_heads / a.n_kv_heads);
  size_t row = sample * a.sequence_length;
  const float *k = a.k + row * a.k_row + kv_head * a.head_size;
  const float *v = a.v + row * a.v_row + kv_head * a.head_size;
  /* the blocks with most keys first */
  size_t first_q = (size_t) (gridDim.y - 1 - blockIdx.y) * TILE;
  Shared shared = { memory, memory + TILE * (a.head_size + 1),
    memory + 2 * TILE * (a.head_size + 1), a.head_size + 1 };
  float largest[EACH], sums[EACH], out[EACH][COLUMNS];

  for (int i = 0; i < EACH; i++) {
    largest[i] = -INFINITY;
    sums[i] = 0.0f;
    for (int c = 0; c < COLUMNS; c++)
      out[i][c] = 0.0f;
  }
  load_rows (a, a.q + row * a.q_row + head * a.head_size, a.q_row, first_q,
      1.0f / sqrtf ((float) a.head_size), shared.q);
  for (size_t first_k = 0; first_k <= first_q; first_k += TILE) {
    float scores[EACH][TILE / LANES], factor[EACH];

    load_rows (a, k, a.k_row, first_k, 1.0f, shared.kv);
    __syncthreads ();
    find_scores (a, shared, first_q, first_k, scores);
    __syncthreads (); /* all have read the keys */
    weigh (shared, scores, largest, sums, factor);
    load_rows (a, v, a.v_row, first_k, 1.0f, shared.kv);
    __syncthreads ();
    add_values<COLUMNS> (a, shared, factor, out);
    __syncthreads (); /* all have read values and weights */
  }
  store<COLUMNS> (
      a, a.out + row * a.out_row + head * a.head_size, first_q, sums, out);
}

/* Heads of any size, slowly: a block a query, 256 keys at a time. */
static __device__ float
block_reduce (float value, bool sum, float *warps)
{
  for (int bits = 16; bits > 0; bits /= 2) {
    float other = __shfl_xor_sync (ACT_ALL_LANES, value, bits);

    value = sum ? value + other : fmaxf (value, other);
  }
  __syncthreads ();
  if (act_lane () == 0)
    warps[threadIdx.x / 32] = value;
  __syncthreads ();
  value = warps[0];
  for (int i = 1; i < ACT_BLOCK_WARPS; i++)
    value = sum ? value + warps[i] : fmaxf (value, warps[i]);
  return value;
}

static __global__ void
__launch_bounds__ (ACT_BLOCK) attend_wide (ActGpuAttention a)
{
  ACT_DYNAMIC_SHARED (float, memory);
  float *weights = memory, *warps = memory + ACT_BLOCK;
  size_t head = blockIdx.x % a.n_heads, sample = blockIdx.x / a.n_heads;
  size_t kv_head = head / (a.n_heads / a.n_kv_heads);
  size_t row = sample * a.sequence_length;
  float scale = 1.0f / sqrtf ((float) a.head_size);

  for (size_t query = blockIdx.y; query < a.sequence_length;
       query += gridDim.y) {
    const float *q = a.q + (row + query) * a.q_row + head * a.head_size;
    float *out = a.out + (row + query) * a.out_row + head * a.head_size;
    float largest = -INFINITY, sum = 0.0f;

    for (size_t first = 0; first <= query; first += ACT_BLOCK) {
      size_t key = first + threadIdx.x;
      const float *k = a.k + (row + key) * a.k_row + kv_head * a.head_size;
      const float *v = a.v + (row + first) * a.v_row + kv_head * a.head_size;
      float score = key <= query ? 0.0f : -INFINITY, most, factor, weight;

      for (size_t d = 0; key <= query && d < a.head_size; d++)
        score += q[d] * k[d];
      score *= scale;
      most = fmaxf (block_reduce (score, false, warps), largest);
      factor = expf (largest - most);
      weight = expf (score - most);
      weights[threadIdx.x] = weight;
      sum = sum * factor + block_reduce (weight, true, warps);
      largest = most;
      for (size_t d = threadIdx.x; d < a.head_size; d += blockDim.x) {
        float value = first > 0 ? out[d] * factor : 0.0f;

        for (size_t i = 0; i < ACT_BLOCK && first + i <= query; i++)
          value += weights[i] * v[i * a.v_row + d];
        out[d] = value;
      }
    }
    for (size_t d = threadIdx.x; d < a.head_size; d += blockDim.x)
      out[d] /= sum;
    __syncthreads ();
  }
}

template <int COLUMNS>
static ActGpuStatus
launch (const ActGpuAttention *a, ActGpuStream stream)
{
  dim3 grid ((unsigned) (a->n_samples * a->n_heads),
      (unsigned) ((a->sequence_length + TILE - 1) / TILE));
  size_t size = shared_size (a->head_size);

  if (size > (48 << 10))
    ACT_TRY ((ActGpuStatus) cudaFuncSetAttribute (attend<COLUMNS>,
        cudaFuncAttributeMaxDynamicSharedMemorySize, (int) size));
  ACT_LAUNCH (attend<COLUMNS>, grid, ACT_BLOCK, size, stream, *a);
  return act_gpu_launched ();
}

ActGpuStatus
act_gpu_attention (const ActGpuAttention *a, ActGpuStream stream)
{
  if (a->n_samples * a->n_heads > ACT_GPU_MAX_SIZE
      || a->sequence_length > (size_t) 65535 * TILE)
    return ACT_GPU_ERROR_SIZE;
  if (a->n_samples == 0 || a->sequence_length == 0)
    return ACT_GPU_OK;
  if (a->precision != ACT_GPU_PRECISION_FP32 && a->head_size <= MAX_SIZE
      && act_gpu_attention_tensor_fits (a))
    return act_gpu_attention_tensor (a, stream);
  if (a->head_size <= 2 * LANES)
    return launch<2> (a, stream);
  if (a->head_size <= 4 * LANES)
    return launch<4> (a, stream);
  if (a->head_size <= MAX_SIZE)
    return launch<MAX_SIZE / LANES> (a, stream);
  ACT_LAUNCH (attend_wide,
      dim3 ((unsigned) (a->n_samples * a->n_heads),
          (unsigned) (a->sequence_length < 65535 ? a->sequence_length : 65535)),
      ACT_BLOCK, (ACT_BLOCK + ACT_BLOCK_WARPS) * sizeof (float), stream, *a);
  return act_gpu_launched ();
}
