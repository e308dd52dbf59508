/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "operations.h"

#include "fours.cuh"
#include "launch.cuh"

#define ACT_GELU_FUNCTION static __device__ __forceinline__
#include "../common/model/gelu.h"

/* What lies between the matrix products. Each kernel reads and writes what it
 * works on once, so memory's bandwidth bounds it. */

static __global__ void
embedding (size_t n_rows, size_t width, uint32_t vocab_size,
    const int32_t *tokens, const float *weight, float *out, size_t out_row,
    ActGpuResult *result, size_t first_row)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, width)
  {
    uint32_t token = (uint32_t) tokens[row];

    if (token >= vocab_size) {
      if (column == 0 && result != NULL)
        atomicMin (reinterpret_cast<uint32_t *> (&result->bad_token),
            (uint32_t) (first_row + row));
      token = 0;
    }
    out[row * out_row + column] = weight[(size_t) token * width + column];
  }
}

ActGpuStatus
act_gpu_embedding (size_t n_rows, size_t width, uint32_t vocab_size,
    const int32_t *tokens, const float *weight, float *out, size_t out_row,
    ActGpuResult *result, size_t first_row, ActGpuStream stream)
{
  ACT_LAUNCH_ROWS (embedding, n_rows, width, stream, n_rows, width, vocab_size,
      tokens, weight, out, out_row, result, first_row);
  return act_gpu_launched ();
}

static __global__ void
positions (size_t n_rows, size_t width, size_t sequence_length,
    const float *weight, float *out, size_t out_row)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, width)
  {
    out[row * out_row + column] +=
        weight[row % sequence_length * width + column];
  }
}

ActGpuStatus
act_gpu_positions (size_t n_rows, size_t width, size_t sequence_length,
    const float *weight, float *out, size_t out_row, ActGpuStream stream)
{
  ACT_LAUNCH_ROWS (positions, n_rows, width, stream, n_rows, width,
      sequence_length, weight, out, out_row);
  return act_gpu_launched ();
}

/* A warp a row; the row is in the nearest cache when it is read again. */
static __global__ void
rms_norm (size_t n_rows, size_t width, const float *x, size_t x_row,
    const float *weight, float eps, float *out, size_t out_row)
{
  for (size_t row = act_warp (); row < n_rows; row += act_n_warps ()) {
    const float *from = x + row * x_row;
    float sum = 0.0f, scale;

    for (size_t i = act_lane (); i < width; i += 32)
      sum += from[i] * from[i];
    scale = 1.0f / sqrtf (act_warp_sum (sum) / (float) width + eps);
    for (size_t i = act_lane (); i < width; i += 32)
      out[row * out_row + i] = from[i] * scale * weight[i];
  }
}

ActGpuStatus
act_gpu_rms_norm (size_t n_rows, size_t width, const float *x, size_t x_row,
    const float *weight, float eps, float *out, size_t out_row,
    ActGpuStream stream)
{
  ACT_LAUNCH (rms_norm, act_gpu_n_blocks (n_rows, ACT_BLOCK_WARPS), ACT_BLOCK,
      0, stream, n_rows, width, x, x_row, weight, eps, out, out_row);
  return act_gpu_launched ();
}

static __global__ void
layer_norm (size_t n_rows, size_t width, const float *x, size_t x_row,
    const float *weight, const float *bias, float eps, float *out,
    size_t out_row)
{
  for (size_t row = act_warp (); row < n_rows; row += act_n_warps ()) {
    const float *from = x + row * x_row;
    float sum = 0.0f, squares = 0.0f, mean, scale;

    for (size_t i = act_lane (); i < width; i += 32)
      sum += from[i];
    mean = act_warp_sum (sum) / (float) width;
    for (size_t i = act_lane (); i < width; i += 32)
      squares += (from[i] - mean) * (from[i] - mean);
    scale = 1.0f / sqrtf (act_warp_sum (squares) / (float) width + eps);
    for (size_t i = act_lane (); i < width; i += 32)
      out[row * out_row + i] = (from[i] - mean) * scale * weight[i] + bias[i];
  }
}

ActGpuStatus
act_gpu_layer_norm (size_t n_rows, size_t width, const float *x, size_t x_row,
    const float *weight, const float *bias, float eps, float *out,
    size_t out_row, ActGpuStream stream)
{
  ACT_LAUNCH (layer_norm, act_gpu_n_blocks (n_rows, ACT_BLOCK_WARPS), ACT_BLOCK,
      0, stream, n_rows, width, x, x_row, weight, bias, eps, out, out_row);
  return act_gpu_launched ();
}

/* a thread a pair */
static __global__ void
rotary (size_t n_rows, size_t n_heads, size_t n_pairs, size_t sequence_length,
    bool adjacent, const float *cos, const float *sin, float *x, size_t x_row)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, n_heads * n_pairs)
  {
    unsigned head = (unsigned) column / (unsigned) n_pairs;
    unsigned pair = (unsigned) column % (unsigned) n_pairs;
    size_t angle = row % sequence_length * n_pairs + pair;
    float *first =
        x + row * x_row + head * 2 * n_pairs + (adjacent ? 2 * pair : pair);
    float *second = first + (adjacent ? 1 : n_pairs);
    float a = *first, b = *second;

    *first = a * cos[angle] - b * sin[angle];
    *second = b * cos[angle] + a * sin[angle];
  }
}

ActGpuStatus
act_gpu_rotary (size_t n_rows, size_t n_heads, size_t head_size,
    size_t sequence_length, int adjacent, const float *cos, const float *sin,
    float *x, size_t x_row, ActGpuStream stream)
{
  size_t n_pairs = head_size / 2;

  ACT_LAUNCH_ROWS (rotary, n_rows, n_heads * n_pairs, stream, n_rows, n_heads,
      n_pairs, sequence_length, adjacent != 0, cos, sin, x, x_row);
  return act_gpu_launched ();
}

static __global__ void
gelu_tanh (size_t n_rows, size_t width, float *x, size_t x_row)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, width)
  x[row * x_row + column] = act_gelu_tanh (x[row * x_row + column]);
}

ActGpuStatus
act_gpu_gelu_tanh (
    size_t n_rows, size_t width, float *x, size_t x_row, ActGpuStream stream)
{
  ACT_LAUNCH_ROWS (gelu_tanh, n_rows, width, stream, n_rows, width, x, x_row);
  return act_gpu_launched ();
}

static __global__ void
silu_times (size_t n_rows, size_t width, const float *gate, size_t gate_row,
    float *x, size_t x_row)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, width)
  {
    float g = gate[row * gate_row + column];

    x[row * x_row + column] *= g / (1.0f + expf (-g));
  }
}

ActGpuStatus
act_gpu_silu_times (size_t n_rows, size_t width, const float *gate,
    size_t gate_row, float *x, size_t x_row, ActGpuStream stream)
{
  ACT_LAUNCH_ROWS (silu_times, n_rows, width, stream, n_rows, width, gate,
      gate_row, x, x_row);
  return act_gpu_launched ();
}

static __global__ void
add_bias (
    size_t n_rows, size_t width, const float *bias, float *x, size_t x_row)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, width)
  x[row * x_row + column] += bias[column];
}

ActGpuStatus
act_gpu_add_bias (size_t n_rows, size_t width, const float *bias, float *x,
    size_t x_row, ActGpuStream stream)
{
  ACT_LAUNCH_ROWS (
      add_bias, n_rows, width, stream, n_rows, width, bias, x, x_row);
  return act_gpu_launched ();
}

/* four columns a thread */
template <class Out>
static __global__ void
bias_gelu_erf (size_t n, size_t n_rows, size_t width, const float *bias,
    const float *x, Out *out, bool vector)
{
  for (size_t row = blockIdx.x; row < n * n_rows; row += gridDim.x) {
    const float *add = bias + row / n_rows * width;

    for (size_t column = 4 * threadIdx.x; column < width;
         column += 4 * blockDim.x) {
      float v[4], b[4];

      act_read4 (x + row * width, column, width, vector, v);
      act_read4 (add, column, width, vector, b);
      for (int i = 0; i < 4; i++)
        v[i] = act_gelu_erf (v[i] + b[i]);
      act_store4 (out + row * width, column, width, vector, v);
    }
  }
}

/* out: float32, which may be x, or bfloat16 */
template <class Out>
static ActGpuStatus
launch_bias_gelu_erf (size_t n, size_t n_rows, size_t width, const float *bias,
    const float *x, Out *out, ActGpuStream stream)
{
  bool vector = act_gpu_is_vector (x, width) && act_gpu_is_vector (bias, width)
      && reinterpret_cast<uintptr_t> (out) % 16 == 0;

  ACT_LAUNCH (bias_gelu_erf<Out>, act_gpu_n_blocks (n * n_rows, 1),
      act_gpu_row_threads ((width + 3) / 4), 0, stream, n, n_rows, width, bias,
      x, out, vector);
  return act_gpu_launched ();
}

ActGpuStatus
act_gpu_bias_gelu_erf (size_t n, size_t n_rows, size_t width, const float *bias,
    float *x, ActGpuStream stream)
{
  return launch_bias_gelu_erf (n, n_rows, width, bias, x, x, stream);
}

ActGpuStatus
act_gpu_bias_gelu_erf_bf16 (size_t n, size_t n_rows, size_t width,
    const float *bias, const float *x, void *out, ActGpuStream stream)
{
  return launch_bias_gelu_erf (
      n, n_rows, width, bias, x, static_cast<uint16_t *> (out), stream);
}
