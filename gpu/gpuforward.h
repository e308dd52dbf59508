/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpuproducts.h"
#include "gpustatus.h"

/* The forward pass of common/model as a list of operations over buffers, with
 * all weights on the device. The caller fills in the description (from an
 * ActPlan: gpumodel.h) and keeps it; running it enqueues all of a batch's work
 * on a stream.
 *
 * A batch is cut into tiles of whole samples of about tile_rows positions. A
 * head's matrix [tile's rows, components of its module] is in the workspace
 * until its nonzeros are taken, fused with bias and sigmoid; so the workspace
 * grows with the widest module, not with their number. */

ACT_GPU_BEGIN_DECLS

#define ACT_GPU_MAX_BUFFERS 16
#define ACT_GPU_MAX_LAYERS 17 /* of a head */

typedef enum {
  ACT_GPU_OP_NOTHING,   /* only a head */
  ACT_GPU_OP_EMBEDDING, /* out = weight[token] */
  ACT_GPU_OP_POSITIONS, /* out += weight[position in the sample] */
  ACT_GPU_OP_RMS_NORM,
  ACT_GPU_OP_LAYER_NORM,
  ACT_GPU_OP_LINEAR, /* out = in weight^T + bias, or + out where adds is set */
  ACT_GPU_OP_ROTARY, /* in place in out */
  ACT_GPU_OP_ATTENTION,  /* in: queries, keys, values */
  ACT_GPU_OP_GELU_TANH,  /* in place in out */
  ACT_GPU_OP_SILU_TIMES, /* out *= silu (in[1]) */
} ActGpuOpKind;

typedef enum {
  ACT_GPU_HEAD_SHARED_MLP,
  ACT_GPU_HEAD_VECTOR_MLP,
  ACT_GPU_HEAD_MLP,
} ActGpuHeadKind;

typedef enum {
  ACT_GPU_SIGMOID_NORMAL,
  ACT_GPU_SIGMOID_HARD, /* and leaky_hard */
  ACT_GPU_SIGMOID_UPPER_LEAKY_HARD,
  ACT_GPU_SIGMOID_SWISH_HARD,
} ActGpuSigmoid;

/* A matrix on the device as products take it (gpuproducts.h): float32, or
 * bfloat16 with that precision. Vectors, embeddings and positions are always
 * float32. */
typedef const void *ActGpuMatrix;

/* Layers as in tests/data/golden_kinds/README.md: shared_mlp W [d_in, d_out];
 * the others [C, d_in, d_out], of which the first of an mlp (d_in 1) and the
 * last of both (d_out 1) are float32 whatever the precision. */
typedef struct {
  uint32_t d_in, d_out;
  ActGpuMatrix weight;
  const float *bias;
} ActGpuLayer;

typedef struct {
  ActGpuHeadKind kind;
  ActGpuSigmoid sigmoid;
  uint32_t module; /* 0 .. n_modules - 1, in the order of their columns */
  uint32_t first_column, n_components, d_in;
  int takes_tokens; /* mlp on an embedding */
  ActGpuMatrix v;   /* mlp: [d_in, C]; float32 where it takes tokens */
  uint32_t n_layers;
  ActGpuLayer layers[ACT_GPU_MAX_LAYERS];
} ActGpuHead;

/* columns first to first + width - 1 of a buffer */
typedef struct {
  uint32_t buffer, first, width;
} ActGpuSlot;

typedef struct {
  ActGpuOpKind kind;
  ActGpuSlot in[3], out;
  int adds;
  int transposed; /* weight is [width in, width out] */
  ActGpuMatrix weight;
  const float *bias; /* NULL: none */
  uint32_t n_heads, n_kv_heads, head_size;
  float eps;
  const ActGpuHead *head; /* runs before it, on in[0]; NULL: none */
} ActGpuOp;

typedef struct {
  uint32_t n_buffers;
  uint32_t widths[ACT_GPU_MAX_BUFFERS]; /* 0: not used */
  uint32_t n_ops;
  const ActGpuOp *ops;
  uint32_t n_modules; /* that have a head */
  uint32_t n_components;
  uint32_t vocab_size;
  int rotary_adjacent_pairs;
  const float *cos, *sin; /* [longest sample, n_pairs], on the device */
  uint32_t tile_rows;     /* 0: as suits the device */
} ActGpuForward;

/* tile_rows; where it is 0, what the current device's second cache suggests:
 * what a head writes for a tile shall be there when it is read again. */
uint32_t act_gpu_forward_tile_rows (const ActGpuForward *forward);

/* capacity: of out */
size_t act_gpu_forward_csr_workspace_size (const ActGpuForward *forward,
    const ActGpuProducts *products, size_t n_samples, size_t sequence_length,
    int64_t capacity);
/* tokens int32 [n_samples, sequence_length] on the device; out [n_rows,
 * n_components]. result: first_bad is that of the sum before the sigmoid. The
 * products' calls on one stream at a time. */
ActGpuStatus act_gpu_forward_csr (const ActGpuForward *forward,
    ActGpuProducts *products, size_t n_samples, size_t sequence_length,
    const int32_t *tokens, const ActGpuCsr *out, ActGpuResult *result,
    void *workspace, size_t workspace_size, ActGpuStream stream);

/* out [n_rows, n_components], every element written */
size_t act_gpu_forward_dense_workspace_size (const ActGpuForward *forward,
    const ActGpuProducts *products, size_t n_samples, size_t sequence_length);
ActGpuStatus act_gpu_forward_dense (const ActGpuForward *forward,
    ActGpuProducts *products, size_t n_samples, size_t sequence_length,
    const int32_t *tokens, float *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream);

ACT_GPU_END_DECLS
