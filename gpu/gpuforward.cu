/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gpuforward.h"

#include "heads.h"
#include "launch.cuh"
#include "operations.h"
#include "pack.cuh"

/* What a batch needs of the workspace. */
struct Space {
  float *buffers[ACT_GPU_MAX_BUFFERS]; /* of a tile */
  void *converted;                     /* a buffer, for products */
  ActGpuHeadScratch head;
  float *sums;
  unsigned char *pack;
  size_t pack_size;
  /* of the batch, for CSR */
  ActGpuPieces pieces;
  unsigned char *merge;
  size_t merge_size;
};

/* a batch under way */
struct Run {
  const ActGpuForward *forward;
  ActGpuProducts *products;
  size_t n_samples, sequence_length;
  const int32_t *tokens;
  float *dense; /* NULL: CSR */
  ActGpuResult *result;
  ActGpuStream stream;
  Space space;

  /* of the tile */
  size_t first_row, n_rows;
  uint32_t converted; /* which buffer; MAX_BUFFERS: none */
};

static size_t
larger (size_t a, size_t b)
{
  return a > b ? a : b;
}

/* the largest that any head needs */
struct HeadSizes {
  size_t hidden, inner, n_components;
};

static HeadSizes
head_sizes (const ActGpuForward *forward, size_t n_rows)
{
  HeadSizes sizes = {};

  for (uint32_t i = 0; i < forward->n_ops; i++) {
    const ActGpuHead *head = forward->ops[i].head;

    if (head == NULL)
      continue;
    sizes.hidden =
        larger (sizes.hidden, act_gpu_head_hidden_size (head, n_rows));
    sizes.inner = larger (sizes.inner, act_gpu_head_inner_size (head, n_rows));
    sizes.n_components = larger (sizes.n_components, head->n_components);
  }
  return sizes;
}

/* fewer leave most of a device idle in products, more make launches no fewer
 * worth mentioning */
#define LEAST_TILE_ROWS 1024
#define MOST_TILE_ROWS 32768

uint32_t
act_gpu_forward_tile_rows (const ActGpuForward *forward)
{
  HeadSizes row = head_sizes (forward, 1);
  size_t size = (row.hidden + row.inner + row.n_components) * sizeof (float);
  int device = 0, cache = 0;
  size_t n;

  if (forward->tile_rows > 0)
    return forward->tile_rows;
  if (cudaGetDevice (&device) != cudaSuccess
      || cudaDeviceGetAttribute (&cache, cudaDevAttrL2CacheSize, device)
          != cudaSuccess)
    cache = 0;
  n = (size_t) cache / (size > 0 ? size : 1) / 256 * 256;
  n = n > LEAST_TILE_ROWS ? n : LEAST_TILE_ROWS;
  return (uint32_t) (n < MOST_TILE_ROWS ? n : MOST_TILE_ROWS);
}

/* as many in each tile, as far as that goes; n_samples > 0 */
static size_t
samples_of_tile (
    const ActGpuForward *forward, size_t n_samples, size_t sequence_length)
{
  size_t n = act_gpu_forward_tile_rows (forward)
      / (sequence_length > 0 ? sequence_length : 1);
  size_t n_tiles;

  n = n > 0 ? n : 1;
  n_tiles = (n_samples + n - 1) / n;
  return n_tiles > 1 ? (n_samples + n_tiles - 1) / n_tiles : n_samples;
}

static void
take_tile (ActGpuParts *parts, const ActGpuForward *forward, bool converts,
    size_t n_rows, Space *space)
{
  HeadSizes sizes = head_sizes (forward, n_rows);
  size_t widest = 0;

  for (uint32_t i = 0; i < forward->n_buffers; i++) {
    space->buffers[i] =
        act_gpu_take<float> (parts, n_rows * forward->widths[i]);
    widest = larger (widest, forward->widths[i]);
  }
  space->converted =
      act_gpu_take<uint16_t> (parts, converts ? n_rows * widest : 0);
  space->head.hidden[0] = act_gpu_take<float> (parts, sizes.hidden);
  space->head.hidden[1] = act_gpu_take<float> (parts, sizes.hidden);
  space->head.inner = act_gpu_take<float> (parts, sizes.inner);
  space->head.converted =
      act_gpu_take<uint16_t> (parts, converts ? sizes.hidden : 0);
  space->sums = act_gpu_take<float> (parts, n_rows * sizes.n_components);
  space->pack_size = act_gpu_head_pack_size (n_rows, sizes.n_components);
  space->pack = act_gpu_take<unsigned char> (parts, space->pack_size);
}

static void
take_batch (ActGpuParts *parts, const ActGpuForward *forward, size_t n_rows,
    int64_t capacity, Space *space)
{
  size_t n = n_rows * forward->n_modules;
  ActGpuPieces *pieces = &space->pieces;

  pieces->n_rows = n_rows;
  pieces->capacity = capacity;
  pieces->used = act_gpu_take<int64_t> (parts, 1);
  pieces->spare = act_gpu_take<int64_t> (parts, 1);
  pieces->indices = act_gpu_take<int32_t> (parts, (size_t) capacity);
  pieces->values = act_gpu_take<float> (parts, (size_t) capacity);
  pieces->starts = act_gpu_take<int64_t> (parts, n);
  pieces->lengths = act_gpu_take<uint32_t> (parts, n);
  space->merge_size = act_gpu_pieces_merge_size (n_rows);
  space->merge = act_gpu_take<unsigned char> (parts, space->merge_size);
}

/* capacity below 0: for dense output */
static void
take_space (ActGpuParts *parts, const ActGpuForward *forward,
    const ActGpuProducts *products, size_t n_samples, size_t sequence_length,
    int64_t capacity, Space *space)
{
  size_t n = samples_of_tile (forward, n_samples, sequence_length);
  bool converts =
      act_gpu_products_get_precision (products) == ACT_GPU_PRECISION_BF16;

  take_tile (parts, forward, converts, n * sequence_length, space);
  if (capacity >= 0)
    take_batch (parts, forward, n_samples * sequence_length, capacity, space);
}

static float *
at (const Run *run, const ActGpuSlot *slot)
{
  return run->space.buffers[slot->buffer] + slot->first;
}

static size_t
row_of (const Run *run, const ActGpuSlot *slot)
{
  return run->forward->widths[slot->buffer];
}

/* a slot as products take it; a buffer is converted once until it changes */
static ActGpuStatus
product_input (Run *run, const ActGpuSlot *slot, const void **input)
{
  *input = at (run, slot);
  if (act_gpu_products_get_precision (run->products) != ACT_GPU_PRECISION_BF16)
    return ACT_GPU_OK;
  if (run->converted != slot->buffer)
    ACT_TRY (act_gpu_to_bf16 (run->n_rows * row_of (run, slot),
        run->space.buffers[slot->buffer], run->space.converted, run->stream));
  run->converted = slot->buffer;
  *input = static_cast<const uint16_t *> (run->space.converted) + slot->first;
  return ACT_GPU_OK;
}

static ActGpuStatus
run_linear (Run *run, const ActGpuOp *op)
{
  ActGpuProduct product = {};

  ACT_TRY (product_input (run, &op->in[0], &product.a));
  product.n_rows = run->n_rows;
  product.n_cols = op->out.width;
  product.n_inner = op->in[0].width;
  product.a_row = row_of (run, &op->in[0]);
  product.b = op->weight;
  product.b_transposed = !op->transposed;
  product.b_row = op->transposed ? op->out.width : op->in[0].width;
  product.beta = op->adds ? 1.0f : 0.0f;
  product.c = at (run, &op->out);
  product.c_row = row_of (run, &op->out);
  product.n = 1;
  ACT_TRY (act_gpu_product (run->products, &product, run->stream));
  if (op->bias == NULL)
    return ACT_GPU_OK;
  return act_gpu_add_bias (run->n_rows, op->out.width, op->bias, product.c,
      product.c_row, run->stream);
}

static ActGpuStatus
run_attention (Run *run, const ActGpuOp *op)
{
  ActGpuAttention a = {};

  a.precision = act_gpu_products_get_precision (run->products);
  a.n_samples = run->n_rows / run->sequence_length;
  a.sequence_length = run->sequence_length;
  a.n_heads = op->n_heads;
  a.n_kv_heads = op->n_kv_heads;
  a.head_size = op->head_size;
  a.q = at (run, &op->in[0]);
  a.k = at (run, &op->in[1]);
  a.v = at (run, &op->in[2]);
  a.q_row = row_of (run, &op->in[0]);
  a.k_row = row_of (run, &op->in[1]);
  a.v_row = row_of (run, &op->in[2]);
  a.out = at (run, &op->out);
  a.out_row = row_of (run, &op->out);
  return act_gpu_attention (&a, run->stream);
}

static ActGpuStatus
run_pointwise (Run *run, const ActGpuOp *op)
{
  const float *weight = static_cast<const float *> (op->weight);
  const float *in = at (run, &op->in[0]);
  float *out = at (run, &op->out);
  size_t n_rows = run->n_rows, width = op->out.width;
  size_t in_row = row_of (run, &op->in[0]), out_row = row_of (run, &op->out);

  switch (op->kind) {
  case ACT_GPU_OP_EMBEDDING:
    return act_gpu_embedding (n_rows, width, run->forward->vocab_size,
        run->tokens + run->first_row, weight, out, out_row, run->result,
        run->first_row, run->stream);
  case ACT_GPU_OP_POSITIONS:
    return act_gpu_positions (
        n_rows, width, run->sequence_length, weight, out, out_row, run->stream);
  case ACT_GPU_OP_RMS_NORM:
    return act_gpu_rms_norm (
        n_rows, width, in, in_row, weight, op->eps, out, out_row, run->stream);
  case ACT_GPU_OP_LAYER_NORM:
    return act_gpu_layer_norm (n_rows, width, in, in_row, weight, op->bias,
        op->eps, out, out_row, run->stream);
  case ACT_GPU_OP_ROTARY:
    return act_gpu_rotary (n_rows, op->n_heads, op->head_size,
        run->sequence_length, run->forward->rotary_adjacent_pairs,
        run->forward->cos, run->forward->sin, out, out_row, run->stream);
  case ACT_GPU_OP_GELU_TANH:
    return act_gpu_gelu_tanh (n_rows, width, out, out_row, run->stream);
  default:
    return act_gpu_silu_times (n_rows, width, at (run, &op->in[1]),
        row_of (run, &op->in[1]), out, out_row, run->stream);
  }
}

static ActGpuStatus
run_head (Run *run, const ActGpuOp *op)
{
  const ActGpuHead *head = op->head;
  const void *input = NULL;
  size_t input_row = 0;

  if (!head->takes_tokens) {
    ACT_TRY (product_input (run, &op->in[0], &input));
    input_row = row_of (run, &op->in[0]);
  }
  ACT_TRY (act_gpu_head_sums (head, run->products, run->n_rows, input,
      input_row, run->tokens + run->first_row, run->forward->vocab_size,
      &run->space.head, run->space.sums, run->stream));
  if (run->dense != NULL)
    return act_gpu_head_dense (head, run->n_rows, run->space.sums,
        run->first_row, run->dense, run->forward->n_components, run->result,
        run->stream);
  return act_gpu_head_pack (head, run->n_rows, run->space.sums, run->first_row,
      &run->space.pieces, run->result, run->space.pack, run->space.pack_size,
      run->stream);
}

static ActGpuStatus
run_op (Run *run, const ActGpuOp *op)
{
  if (op->head != NULL)
    ACT_TRY (run_head (run, op));
  if (op->kind == ACT_GPU_OP_NOTHING)
    return ACT_GPU_OK;
  ACT_TRY (op->kind == ACT_GPU_OP_LINEAR     ? run_linear (run, op)
          : op->kind == ACT_GPU_OP_ATTENTION ? run_attention (run, op)
                                             : run_pointwise (run, op));
  if (run->converted == op->out.buffer)
    run->converted = ACT_GPU_MAX_BUFFERS;
  return ACT_GPU_OK;
}

static ActGpuStatus
run_tiles (Run *run)
{
  size_t each =
      samples_of_tile (run->forward, run->n_samples, run->sequence_length);

  for (size_t first = 0; first < run->n_samples; first += each) {
    size_t n = run->n_samples - first;

    run->first_row = first * run->sequence_length;
    run->n_rows = (n < each ? n : each) * run->sequence_length;
    run->converted = ACT_GPU_MAX_BUFFERS;
    for (uint32_t i = 0; i < run->forward->n_ops; i++)
      ACT_TRY (run_op (run, &run->forward->ops[i]));
  }
  return ACT_GPU_OK;
}

static ActGpuStatus
check_sizes (
    const ActGpuForward *forward, size_t n_samples, size_t sequence_length)
{
  return sequence_length < 1 || sequence_length > ACT_GPU_MAX_SIZE
          || n_samples > ACT_GPU_MAX_SIZE / sequence_length
          || forward->n_buffers > ACT_GPU_MAX_BUFFERS
      ? ACT_GPU_ERROR_SIZE
      : ACT_GPU_OK;
}

size_t
act_gpu_forward_csr_workspace_size (const ActGpuForward *forward,
    const ActGpuProducts *products, size_t n_samples, size_t sequence_length,
    int64_t capacity)
{
  ActGpuParts parts = {};
  Space space = {};

  take_space (
      &parts, forward, products, n_samples, sequence_length, capacity, &space);
  return parts.used;
}

ActGpuStatus
act_gpu_forward_csr (const ActGpuForward *forward, ActGpuProducts *products,
    size_t n_samples, size_t sequence_length, const int32_t *tokens,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  Run run = { forward, products, n_samples, sequence_length, tokens, NULL,
    result, stream };

  ACT_TRY (check_sizes (forward, n_samples, sequence_length));
  take_space (&parts, forward, products, n_samples, sequence_length,
      out->capacity, &run.space);
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  ACT_TRY (act_gpu_result_begin (result, out->indptr, stream));
  ACT_TRY ((ActGpuStatus) cudaMemsetAsync (
      run.space.pieces.used, 0, sizeof (int64_t), stream));
  ACT_TRY (run_tiles (&run));
  return act_gpu_pieces_merge (&run.space.pieces, forward->n_modules, out,
      result, run.space.merge, run.space.merge_size, stream);
}

size_t
act_gpu_forward_dense_workspace_size (const ActGpuForward *forward,
    const ActGpuProducts *products, size_t n_samples, size_t sequence_length)
{
  ActGpuParts parts = {};
  Space space = {};

  take_space (
      &parts, forward, products, n_samples, sequence_length, -1, &space);
  return parts.used;
}

ActGpuStatus
act_gpu_forward_dense (const ActGpuForward *forward, ActGpuProducts *products,
    size_t n_samples, size_t sequence_length, const int32_t *tokens, float *out,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  Run run = { forward, products, n_samples, sequence_length, tokens, out,
    result, stream };
  size_t size =
      n_samples * sequence_length * forward->n_components * sizeof (float);

  ACT_TRY (check_sizes (forward, n_samples, sequence_length));
  take_space (
      &parts, forward, products, n_samples, sequence_length, -1, &run.space);
  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  ACT_TRY (act_gpu_result_begin (result, NULL, stream));
  /* modules that are not selected */
  if (size > 0)
    ACT_TRY ((ActGpuStatus) cudaMemsetAsync (out, 0, size, stream));
  return run_tiles (&run);
}
