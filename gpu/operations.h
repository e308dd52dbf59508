/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpuforward.h"

/* The kernels of the forward pass, for gpuforward.cu, heads.cu and tests. Rows
 * are positions; a row of x begins x_row floats behind the one before. */

ACT_GPU_BEGIN_DECLS

/* A token id out of range becomes result's bad_token, and row 0 is taken. */
ActGpuStatus act_gpu_embedding (size_t n_rows, size_t width,
    uint32_t vocab_size, const int32_t *tokens, const float *weight, float *out,
    size_t out_row, ActGpuResult *result, size_t first_row,
    ActGpuStream stream);
ActGpuStatus act_gpu_positions (size_t n_rows, size_t width,
    size_t sequence_length, const float *weight, float *out, size_t out_row,
    ActGpuStream stream);
ActGpuStatus act_gpu_rms_norm (size_t n_rows, size_t width, const float *x,
    size_t x_row, const float *weight, float eps, float *out, size_t out_row,
    ActGpuStream stream);
ActGpuStatus act_gpu_layer_norm (size_t n_rows, size_t width, const float *x,
    size_t x_row, const float *weight, const float *bias, float eps, float *out,
    size_t out_row, ActGpuStream stream);
ActGpuStatus act_gpu_rotary (size_t n_rows, size_t n_heads, size_t head_size,
    size_t sequence_length, int adjacent, const float *cos, const float *sin,
    float *x, size_t x_row, ActGpuStream stream);
ActGpuStatus act_gpu_gelu_tanh (
    size_t n_rows, size_t width, float *x, size_t x_row, ActGpuStream stream);
ActGpuStatus act_gpu_silu_times (size_t n_rows, size_t width, const float *gate,
    size_t gate_row, float *x, size_t x_row, ActGpuStream stream);
ActGpuStatus act_gpu_add_bias (size_t n_rows, size_t width, const float *bias,
    float *x, size_t x_row, ActGpuStream stream);
/* For n matrices of n_rows rows, one behind the other, each with its own bias
 * [width]: x = GELU (x + bias), the erf form. */
ActGpuStatus act_gpu_bias_gelu_erf (size_t n, size_t n_rows, size_t width,
    const float *bias, float *x, ActGpuStream stream);
/* the same, to another array and rounded to bfloat16, as products take it */
ActGpuStatus act_gpu_bias_gelu_erf_bf16 (size_t n, size_t n_rows, size_t width,
    const float *bias, const float *x, void *out, ActGpuStream stream);

/* Causal softmax attention: head h of a sample's queries with keys and values
 * of head h / (n_heads / n_kv_heads). Scores exist a block at a time only.
 * precision: as of matrix products; heads above 128 are float32, and in tf32
 * those above 64 where a block has less than 132 KiB of shared memory. */
typedef struct {
  ActGpuPrecision precision;
  size_t n_samples, sequence_length;
  size_t n_heads, n_kv_heads, head_size;
  const float *q, *k, *v;
  size_t q_row, k_row, v_row;
  float *out;
  size_t out_row;
} ActGpuAttention;

ActGpuStatus act_gpu_attention (
    const ActGpuAttention *attention, ActGpuStream stream);
/* what it calls for another precision than float32, where that fits */
ActGpuStatus act_gpu_attention_tensor (
    const ActGpuAttention *attention, ActGpuStream stream);
/* whether the current device has the shared memory for it */
int act_gpu_attention_tensor_fits (const ActGpuAttention *attention);

ACT_GPU_END_DECLS
