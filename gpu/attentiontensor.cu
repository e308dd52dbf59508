/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <cuda_bf16.h>
#include <math.h>
#include <mma.h>

#include "bf16.cuh"
#include "launch.cuh"
#include "operations.h"

/* Attention on tensor cores, for the precisions whose products round their
 * inputs too: queries, keys, values and weights are rounded to bfloat16 or
 * TF32, all sums are float32.
 *
 * A block takes 64 queries of a head of a sample, a warp 16 of them, and goes
 * over the keys 64 at a time, as attention.cu does. Which element of a product
 * a lane has is not defined, so scores and each block's sums of values go
 * through shared memory, 16 rows a warp; two lanes share a query, and keep its
 * output in registers, every second column each. */

#define TILE 64
#define WARPS 4
#define ROWS 16 /* of a warp */
#define MAX_SIZE 128

using namespace nvcuda;

/* BLOCKS: that shared memory has room for on a multiprocessor, by heads of up
 * to 64 and up to 128 numbers; registers shall not allow fewer. */
struct Bf16 {
  typedef __nv_bfloat16 Element;
  typedef __nv_bfloat16 Product;
  static const int DEPTH = 16; /* of a product */
  static const int ALIGN = 8;  /* elements of 16 bytes */
  static const int BLOCKS = 5, WIDE_BLOCKS = 2;

  static __device__ Element
  of (float value)
  {
    return __ushort_as_bfloat16 (act_bf16_of (value));
  }

  static __device__ float
  value (Element element)
  {
    return __bfloat162float (element);
  }
};

struct Tf32 {
  typedef float Element;
  typedef wmma::precision::tf32 Product;
  static const int DEPTH = 8;
  static const int ALIGN = 4;
  static const int BLOCKS = 3, WIDE_BLOCKS = 1;

  static __device__ Element
  of (float value)
  {
    return wmma::__float_to_tf32 (value);
  }

  static __device__ float
  value (Element element)
  {
    return element;
  }
};

/* Sizes in elements for heads of SIZE columns at most; a row is 16 bytes longer
 * than it need be, so that rows do not fall on the same banks. */
template <class Kind, int SIZE> struct Layout {
  static const int ROW = SIZE + Kind::ALIGN; /* keys, values */
  static const int WIDE = SIZE > TILE ? SIZE : TILE;
  static const int Q_ROW = WIDE + Kind::ALIGN; /* queries, then weights */
  static const int F_ROW = WIDE + 4;           /* scores, then sums */
  typedef typename Kind::Element Element;

  Element *q, *k, *v;
  float *sums;

  static size_t
  size ()
  {
    return (size_t) TILE * (Q_ROW + 2 * ROW) * sizeof (Element)
        + (size_t) TILE * F_ROW * sizeof (float);
  }

  __device__
  Layout (unsigned char *memory)
  {
    q = reinterpret_cast<Element *> (memory);
    k = q + TILE * Q_ROW;
    v = k + TILE * ROW;
    sums = reinterpret_cast<float *> (v + TILE * ROW);
  }
};

/* rows first .. of a head, zeros beyond its size and the sample's end */
template <class Kind, int SIZE>
static __device__ void
load_rows (const ActGpuAttention &a, const float *from, size_t from_row,
    size_t first, typename Kind::Element *to, int to_row)
{
  for (unsigned at = threadIdx.x; at < TILE * SIZE; at += blockDim.x) {
    unsigned row = at / SIZE, column = at % SIZE;
    bool is = first + row < a.sequence_length && column < a.head_size;

    to[row * to_row + column] =
        Kind::of (is ? from[(first + row) * from_row + column] : 0.0f);
  }
}

/* the warp's scores: its queries with all keys of the tile */
template <class Kind, int SIZE, class Fragment>
static __device__ void
find_scores (
    const Layout<Kind, SIZE> &at, const Fragment *queries, float *scores)
{
  typedef Layout<Kind, SIZE> L;
  wmma::fragment<wmma::matrix_b, 16, 16, Kind::DEPTH, typename Kind::Product,
      wmma::col_major>
      keys;
  wmma::fragment<wmma::accumulator, 16, 16, Kind::DEPTH, float> sum;

  for (int key = 0; key < TILE; key += 16) {
    wmma::fill_fragment (sum, 0.0f);
#pragma unroll
    for (int d = 0; d < SIZE; d += Kind::DEPTH) {
      wmma::load_matrix_sync (keys, at.k + key * L::ROW + d, L::ROW);
      wmma::mma_sync (sum, queries[d / Kind::DEPTH], keys, sum);
    }
    wmma::store_matrix_sync (scores + key, sum, L::F_ROW, wmma::mem_row_major);
  }
  __syncwarp ();
}

/* over the two lanes of a query */
static __device__ float
pair_max (float value)
{
  return fmaxf (value, __shfl_xor_sync (ACT_ALL_LANES, value, 1));
}

static __device__ float
pair_sum (float value)
{
  return value + __shfl_xor_sync (ACT_ALL_LANES, value, 1);
}

/* what is known of a lane's query */
struct Query {
  size_t position;
  float largest, sum;
};

/* Scores to weights; gives what becomes of what is summed so far. The sum is
 * of the weights as they are rounded. */
template <class Kind>
static __device__ float
weigh (const float *scores, size_t first_k, float scale, Query *query,
    typename Kind::Element *weights)
{
  float most = -INFINITY, sum = 0.0f, factor;

  for (int key = act_lane () % 2; key < TILE; key += 2)
    if (first_k + key <= query->position)
      most = fmaxf (most, scores[key] * scale);
  most = fmaxf (pair_max (most), query->largest);
  factor = expf (query->largest - most);
  for (int key = act_lane () % 2; key < TILE; key += 2) {
    typename Kind::Element weight = Kind::of (first_k + key <= query->position
            ? expf (scores[key] * scale - most)
            : 0.0f);

    weights[key] = weight;
    sum += Kind::value (weight);
  }
  query->sum = query->sum * factor + pair_sum (sum);
  query->largest = most;
  return factor;
}

/* the warp's weights times the tile's values */
template <class Kind, int SIZE>
static __device__ void
add_values (const Layout<Kind, SIZE> &at, const typename Kind::Element *weights,
    float *sums)
{
  typedef Layout<Kind, SIZE> L;
  wmma::fragment<wmma::matrix_a, 16, 16, Kind::DEPTH, typename Kind::Product,
      wmma::row_major>
      weight;
  wmma::fragment<wmma::matrix_b, 16, 16, Kind::DEPTH, typename Kind::Product,
      wmma::row_major>
      values;
  wmma::fragment<wmma::accumulator, 16, 16, Kind::DEPTH, float> sum;

  for (int d = 0; d < SIZE; d += 16) {
    wmma::fill_fragment (sum, 0.0f);
#pragma unroll
    for (int key = 0; key < TILE; key += Kind::DEPTH) {
      wmma::load_matrix_sync (weight, weights + key, L::Q_ROW);
      wmma::load_matrix_sync (values, at.v + key * L::ROW + d, L::ROW);
      wmma::mma_sync (sum, weight, values, sum);
    }
    wmma::store_matrix_sync (sums + d, sum, L::F_ROW, wmma::mem_row_major);
  }
  __syncwarp ();
}

/* where a block's head begins in each array */
struct Place {
  const float *q, *k, *v;
  float *out;
  size_t first_q;
};

static __device__ Place
find_place (const ActGpuAttention &a)
{
  size_t head = blockIdx.x % a.n_heads, sample = blockIdx.x / a.n_heads;
  size_t kv_head = head / (a.n_heads / a.n_kv_heads) * a.head_size;
  size_t row = sample * a.sequence_length;
  Place place = { a.q + row * a.q_row + head * a.head_size,
    a.k + row * a.k_row + kv_head, a.v + row * a.v_row + kv_head,
    a.out + row * a.out_row + head * a.head_size,
    /* the blocks with most keys first */
    (size_t) (gridDim.y - 1 - blockIdx.y) * TILE };

  return place;
}

template <class Kind, int SIZE>
static __global__ void __launch_bounds__ (
    32 * WARPS, SIZE <= 64 ? Kind::BLOCKS : Kind::WIDE_BLOCKS)
    attend_tensor (ActGpuAttention a)
{
  typedef Layout<Kind, SIZE> L;
  ACT_DYNAMIC_SHARED (unsigned char, memory);
  L at (memory);
  Place place = find_place (a);
  unsigned row = threadIdx.x / 32 * ROWS; /* the warp's first */
  unsigned own = row + act_lane () / 2;   /* the lane's */
  typename Kind::Element *weights = at.q + row * L::Q_ROW;
  float *sums = at.sums + row * L::F_ROW;
  const float *own_sums = at.sums + own * L::F_ROW;
  Query query = { place.first_q + own, -INFINITY, 0.0f };
  float out[SIZE / 2];
  wmma::fragment<wmma::matrix_a, 16, 16, Kind::DEPTH, typename Kind::Product,
      wmma::row_major>
      queries[SIZE / Kind::DEPTH];

  for (int i = 0; i < SIZE / 2; i++)
    out[i] = 0.0f;
  load_rows<Kind, SIZE> (a, place.q, a.q_row, place.first_q, at.q, L::Q_ROW);
  __syncthreads ();
#pragma unroll
  for (int i = 0; i < SIZE / Kind::DEPTH; i++)
    wmma::load_matrix_sync (queries[i], weights + i * Kind::DEPTH, L::Q_ROW);
  for (size_t first_k = 0; first_k <= place.first_q; first_k += TILE) {
    float factor;

    __syncthreads (); /* all have read the queries, or keys and values */
    load_rows<Kind, SIZE> (a, place.k, a.k_row, first_k, at.k, L::ROW);
    load_rows<Kind, SIZE> (a, place.v, a.v_row, first_k, at.v, L::ROW);
    __syncthreads ();
    find_scores<Kind, SIZE> (at, queries, sums);
    factor = weigh<Kind> (own_sums, first_k, 1.0f / sqrtf ((float) a.head_size),
        &query, at.q + own * L::Q_ROW);
    __syncwarp (); /* weights are written, scores read */
    add_values<Kind, SIZE> (at, weights, sums);
#pragma unroll
    for (int i = 0; i < SIZE / 2; i++)
      out[i] = out[i] * factor + own_sums[2 * i + act_lane () % 2];
  }
  for (int i = 0; i < SIZE / 2; i++) {
    size_t column = 2 * i + act_lane () % 2;

    if (query.position < a.sequence_length && column < a.head_size)
      place.out[query.position * a.out_row + column] = out[i] / query.sum;
  }
}

template <class Kind, int SIZE>
static ActGpuStatus
launch (const ActGpuAttention *a, ActGpuStream stream)
{
  dim3 grid ((unsigned) (a->n_samples * a->n_heads),
      (unsigned) ((a->sequence_length + TILE - 1) / TILE));
  size_t size = Layout<Kind, SIZE>::size ();
  void (*kernel) (ActGpuAttention) = attend_tensor<Kind, SIZE>;

  if (size > (48 << 10))
    ACT_TRY ((ActGpuStatus) cudaFuncSetAttribute (
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int) size));
  ACT_LAUNCH (kernel, grid, 32 * WARPS, size, stream, *a);
  return act_gpu_launched ();
}

template <class Kind>
static ActGpuStatus
launch_kind (const ActGpuAttention *a, ActGpuStream stream)
{
  if (a->head_size <= 32)
    return launch<Kind, 32> (a, stream);
  if (a->head_size <= 64)
    return launch<Kind, 64> (a, stream);
  return launch<Kind, MAX_SIZE> (a, stream);
}

template <class Kind>
static size_t
size_of_kind (const ActGpuAttention *a)
{
  return a->head_size <= 32 ? Layout<Kind, 32>::size ()
      : a->head_size <= 64  ? Layout<Kind, 64>::size ()
                            : Layout<Kind, MAX_SIZE>::size ();
}

int
act_gpu_attention_tensor_fits (const ActGpuAttention *a)
{
  size_t size = a->precision == ACT_GPU_PRECISION_BF16 ? size_of_kind<Bf16> (a)
                                                       : size_of_kind<Tf32> (a);
  int device = 0, most = 0;

  return cudaGetDevice (&device) == cudaSuccess
      && cudaDeviceGetAttribute (
             &most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device)
      == cudaSuccess
      && size <= (size_t) most;
}

ActGpuStatus
act_gpu_attention_tensor (const ActGpuAttention *a, ActGpuStream stream)
{
  return a->precision == ACT_GPU_PRECISION_BF16 ? launch_kind<Bf16> (a, stream)
                                                : launch_kind<Tf32> (a, stream);
}
