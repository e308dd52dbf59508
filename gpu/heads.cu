/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "heads.h"

#include "launch.cuh"
#include "operations.h"
#include "pack.cuh"
#include "scan.cuh"

#define ACT_GELU_FUNCTION static __device__ __forceinline__
#include "../common/model/gelu.h"

/* Components that have an MLP of their own are computed a group at a time, so
 * that all groups' units together are about this many. */
#define UNITS 2048

static size_t
widest_hidden (const ActGpuHead *head)
{
  size_t widest = 0;

  for (uint32_t i = 0; i + 1 < head->n_layers; i++)
    widest = head->layers[i].d_out > widest ? head->layers[i].d_out : widest;
  return widest;
}

/* components at a time */
static size_t
group_size (const ActGpuHead *head)
{
  size_t widest = widest_hidden (head);
  size_t n = widest > 0 && widest < UNITS ? UNITS / widest : 1;

  return n < head->n_components ? n : head->n_components;
}

size_t
act_gpu_head_hidden_size (const ActGpuHead *head, size_t n_rows)
{
  size_t n = n_rows * widest_hidden (head);

  return head->kind == ACT_GPU_HEAD_SHARED_MLP ? n : n * group_size (head);
}

size_t
act_gpu_head_inner_size (const ActGpuHead *head, size_t n_rows)
{
  return head->kind == ACT_GPU_HEAD_MLP ? n_rows * head->n_components : 0;
}

const float *
act_gpu_head_bias (const ActGpuHead *head)
{
  return head->layers[head->n_layers - 1].bias;
}

/* n floats as products take them */
static ActGpuStatus
convert (const ActGpuProducts *products, size_t n, const float *from,
    const ActGpuHeadScratch *scratch, const void **to, ActGpuStream stream)
{
  *to = from;
  if (act_gpu_products_get_precision (products) != ACT_GPU_PRECISION_BF16)
    return ACT_GPU_OK;
  *to = scratch->converted;
  return act_gpu_to_bf16 (n, from, scratch->converted, stream);
}

static ActGpuStatus
multiply (ActGpuProducts *products, size_t n_rows, const void *input,
    size_t input_row, const ActGpuLayer *layer, float *out, ActGpuStream stream)
{
  ActGpuProduct product = {};

  product.n_rows = n_rows;
  product.n_cols = layer->d_out;
  product.n_inner = layer->d_in;
  product.a = input;
  product.a_row = input_row;
  product.b = layer->weight;
  product.b_row = layer->d_out;
  product.c = out;
  product.c_row = layer->d_out;
  product.n = 1;
  return act_gpu_product (products, &product, stream);
}

/* a hidden layer's sums to what the next product takes */
static ActGpuStatus
bias_gelu (const ActGpuProducts *products, size_t n_rows,
    const ActGpuLayer *layer, float *hidden, const ActGpuHeadScratch *scratch,
    const void **to, ActGpuStream stream)
{
  if (act_gpu_products_get_precision (products) == ACT_GPU_PRECISION_BF16) {
    *to = scratch->converted;
    return act_gpu_bias_gelu_erf_bf16 (1, n_rows, layer->d_out, layer->bias,
        hidden, scratch->converted, stream);
  }
  *to = hidden;
  return act_gpu_bias_gelu_erf (
      1, n_rows, layer->d_out, layer->bias, hidden, stream);
}

static ActGpuStatus
shared_mlp_sums (const ActGpuHead *head, ActGpuProducts *products,
    size_t n_rows, const void *input, size_t input_row,
    const ActGpuHeadScratch *scratch, float *sums, ActGpuStream stream)
{
  uint32_t last = head->n_layers - 1;

  for (uint32_t i = 0; i < last; i++) {
    const ActGpuLayer *layer = &head->layers[i];
    float *hidden = scratch->hidden[i % 2];

    ACT_TRY (
        multiply (products, n_rows, input, input_row, layer, hidden, stream));
    ACT_TRY (
        bias_gelu (products, n_rows, layer, hidden, scratch, &input, stream));
    input_row = layer->d_out;
  }
  return multiply (
      products, n_rows, input, input_row, &head->layers[last], sums, stream);
}

/* An mlp's first layer, from one number a component: inner [n_rows,
 * n_components] at the group's first column, weight and bias [n, width], out
 * [n, n_rows, width]. Index: wide enough for out; to divide 64 bits takes
 * longer than all the rest. */
template <class Index>
static __global__ void
first_of_mlp (Index n, Index n_rows, Index width, size_t n_components,
    const float *inner, const float *weight, const float *bias, float *out)
{
  Index all = n * n_rows * width;

  for (size_t i = act_thread (); i < all; i += act_n_threads ()) {
    Index at = (Index) i, line = at / width, unit = at % width;
    Index component = line / n_rows, row = line % n_rows;
    float x = inner[row * n_components + component];

    out[i] = act_gelu_erf (weight[(size_t) component * width + unit] * x
        + bias[(size_t) component * width + unit]);
  }
}

static ActGpuStatus
launch_first_of_mlp (size_t n, size_t n_rows, size_t width, size_t n_components,
    const float *inner, const float *weight, const float *bias, float *out,
    ActGpuStream stream)
{
  size_t all = n * n_rows * width;
  unsigned n_blocks = act_gpu_n_blocks (all, ACT_BLOCK);

  if (all <= UINT32_MAX)
    ACT_LAUNCH (first_of_mlp<uint32_t>, n_blocks, ACT_BLOCK, 0, stream,
        (uint32_t) n, (uint32_t) n_rows, (uint32_t) width, n_components, inner,
        weight, bias, out);
  else
    ACT_LAUNCH (first_of_mlp<size_t>, n_blocks, ACT_BLOCK, 0, stream, n, n_rows,
        width, n_components, inner, weight, bias, out);
  return act_gpu_launched ();
}

/* The last layer: hidden [n, n_rows, width], weight [n, width], to sums
 * [n_rows, n_components] at the group's first column. */
static __global__ void
last_of_components (size_t n, size_t n_rows, size_t width, size_t n_components,
    const float *hidden, const float *weight, float *sums)
{
  size_t all = n * n_rows;

  for (size_t at = act_thread (); at < all; at += act_n_threads ()) {
    size_t row = at % n_rows, component = at / n_rows;
    const float *x = hidden + at * width;
    float sum = 0.0f;

    for (size_t unit = 0; unit < width; unit++)
      sum += weight[component * width + unit] * x[unit];
    sums[row * n_components + component] = sum;
  }
}

/* rows of V; the head's tokens are those the embedding has */
static __global__ void
look_up (size_t n_rows, size_t n_components, uint32_t vocab_size,
    const int32_t *tokens, const float *v, float *inner)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, n_components)
  {
    uint32_t token = (uint32_t) tokens[row];

    token = token < vocab_size ? token : 0;
    inner[row * n_components + column] =
        v[(size_t) token * n_components + column];
  }
}

/* a matrix's element i, whatever products take */
static const void *
element (const ActGpuProducts *products, ActGpuMatrix matrix, size_t i)
{
  return static_cast<const char *> (matrix)
      + i * act_gpu_products_element_size (products);
}

/* a layer of n components' own, each with its rows: in -> scratch */
static ActGpuStatus
component_layer (const ActGpuLayer *layer, ActGpuProducts *products,
    size_t first, size_t n, size_t n_rows, const void *in, size_t in_row,
    size_t in_stride, float *out, ActGpuStream stream)
{
  ActGpuProduct product = {};
  size_t size = (size_t) layer->d_in * layer->d_out;

  product.n_rows = n_rows;
  product.n_cols = layer->d_out;
  product.n_inner = layer->d_in;
  product.a = in;
  product.a_row = in_row;
  product.a_stride = in_stride;
  product.b = element (products, layer->weight, first * size);
  product.b_row = layer->d_out;
  product.b_stride = size;
  product.c = out;
  product.c_row = layer->d_out;
  product.c_stride = n_rows * layer->d_out;
  product.n = n;
  ACT_TRY (act_gpu_product (products, &product, stream));
  return act_gpu_bias_gelu_erf (
      n, n_rows, layer->d_out, layer->bias + first * layer->d_out, out, stream);
}

static ActGpuStatus
first_layer (const ActGpuHead *head, ActGpuProducts *products, size_t first,
    size_t n, size_t n_rows, const void *input, size_t input_row,
    const ActGpuHeadScratch *scratch, ActGpuStream stream)
{
  const ActGpuLayer *layer = &head->layers[0];
  size_t at = first * layer->d_out;

  if (head->kind == ACT_GPU_HEAD_VECTOR_MLP)
    return component_layer (layer, products, first, n, n_rows, input, input_row,
        0, scratch->hidden[0], stream);
  return launch_first_of_mlp (n, n_rows, layer->d_out, head->n_components,
      scratch->inner + first, static_cast<const float *> (layer->weight) + at,
      layer->bias + at, scratch->hidden[0], stream);
}

/* components first to first + n - 1 */
static ActGpuStatus
group_sums (const ActGpuHead *head, ActGpuProducts *products, size_t first,
    size_t n, size_t n_rows, const void *input, size_t input_row,
    const ActGpuHeadScratch *scratch, float *sums, ActGpuStream stream)
{
  uint32_t last = head->n_layers - 1;
  size_t width = head->layers[last].d_in;

  ACT_TRY (first_layer (
      head, products, first, n, n_rows, input, input_row, scratch, stream));
  for (uint32_t i = 1; i < last; i++) {
    const ActGpuLayer *layer = &head->layers[i];
    const void *in;

    ACT_TRY (convert (products, n * n_rows * layer->d_in,
        scratch->hidden[(i - 1) % 2], scratch, &in, stream));
    ACT_TRY (component_layer (layer, products, first, n, n_rows, in,
        layer->d_in, n_rows * layer->d_in, scratch->hidden[i % 2], stream));
  }
  ACT_LAUNCH (last_of_components, act_gpu_n_blocks (n * n_rows, ACT_BLOCK),
      ACT_BLOCK, 0, stream, n, n_rows, width, (size_t) head->n_components,
      scratch->hidden[(last - 1) % 2],
      static_cast<const float *> (head->layers[last].weight) + first * width,
      sums + first);
  return act_gpu_launched ();
}

/* an mlp's inner activations, input V or rows of V */
static ActGpuStatus
inner_activations (const ActGpuHead *head, ActGpuProducts *products,
    size_t n_rows, const void *input, size_t input_row, const int32_t *tokens,
    uint32_t vocab_size, const ActGpuHeadScratch *scratch, ActGpuStream stream)
{
  ActGpuLayer v = { head->d_in, head->n_components, head->v, NULL };

  if (!head->takes_tokens)
    return multiply (
        products, n_rows, input, input_row, &v, scratch->inner, stream);
  ACT_LAUNCH_ROWS (look_up, n_rows, head->n_components, stream, n_rows,
      (size_t) head->n_components, vocab_size, tokens,
      static_cast<const float *> (head->v), scratch->inner);
  return act_gpu_launched ();
}

ActGpuStatus
act_gpu_head_sums (const ActGpuHead *head, ActGpuProducts *products,
    size_t n_rows, const void *input, size_t input_row, const int32_t *tokens,
    uint32_t vocab_size, const ActGpuHeadScratch *scratch, float *sums,
    ActGpuStream stream)
{
  size_t group = group_size (head);

  if (head->kind == ACT_GPU_HEAD_SHARED_MLP)
    return shared_mlp_sums (
        head, products, n_rows, input, input_row, scratch, sums, stream);
  if (head->kind == ACT_GPU_HEAD_MLP)
    ACT_TRY (inner_activations (head, products, n_rows, input, input_row,
        tokens, vocab_size, scratch, stream));
  for (size_t first = 0; first < head->n_components; first += group) {
    size_t left = head->n_components - first;

    ACT_TRY (group_sums (head, products, first, left < group ? left : group,
        n_rows, input, input_row, scratch, sums, stream));
  }
  return ACT_GPU_OK;
}

static __device__ __forceinline__ float
logistic (float x)
{
  float e = expf (-fabsf (x));

  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* f (1 - z) = 1 - f (z), and with t below one half nothing cancels, as in
 * common/model/pointwise_impl.h */
static __device__ float
swish_hard (float z)
{
  float t = z > 0.5f ? 1.0f - z : z;
  float below = __fmul_rn (t, logistic (__fmul_rn (10.0f, t)));
  float f = __fmaf_rn (1.0f - t, logistic (__fmul_rn (10.0f, t - 1.0f)), below);

  return z > 0.5f ? 1.0f - f : f;
}

/* The same bits in each kernel that it is put into: what counts a value as not
 * zero, what stores it and what stores the dense form. So no product and sum
 * are left to the compiler to join or not. */
static __device__ float
activate (ActGpuSigmoid sigmoid, float z)
{
  switch (sigmoid) {
  case ACT_GPU_SIGMOID_HARD:
    z = z < 1.0f ? z : 1.0f;
    return z > 0.0f ? z : 0.0f;
  case ACT_GPU_SIGMOID_UPPER_LEAKY_HARD:
    z = z > 0.0f ? z : 0.0f;
    return z > 1.0f ? __fmaf_rn (0.01f, z - 1.0f, 1.0f) : z;
  case ACT_GPU_SIGMOID_SWISH_HARD:
    return swish_hard (z);
  default:
    return logistic (z);
  }
}

/* What pack.cuh reads: a head's activations, out of its sums. Only what is not
 * zero is computed twice. */
struct HeadSource {
  const float *sums, *bias;
  size_t n_components;
  ActGpuSigmoid sigmoid;
  bool vector;
  uint64_t first_row;
  uint32_t first_column;

  __device__ float
  before (size_t row, size_t column) const
  {
    return sums[row * n_components + column] + bias[column];
  }

  __device__ float
  load (size_t row, size_t column) const
  {
    return activate (sigmoid, before (row, column));
  }

  /* not past the cache: what is not zero is read again */
  __device__ __forceinline__ void
  read4 (size_t row, size_t column, size_t n, float *v) const
  {
    act_read4 (sums + row * n_components, column, n, vector, v);
  }

  __device__ __forceinline__ bool
  finish4 (size_t column, size_t n, float *v) const
  {
    float add[4];
    bool finite = true;

    act_read4 (bias, column, n, vector, add);
    for (int i = 0; i < 4; i++) {
      v[i] += add[i];
      finite = finite && isfinite (v[i]);
    }
    for (int i = 0; i < 4; i++)
      v[i] = column + i < n ? activate (sigmoid, v[i]) : 0.0f;
    return finite;
  }

  __device__ size_t
  bad_column (size_t row, size_t column, size_t n) const
  {
    for (size_t i = column; i < column + 4 && i < n; i++)
      if (!isfinite (before (row, i)))
        return i;
    return column;
  }
};

static HeadSource
source_of (const ActGpuHead *head, const float *sums, size_t first_row)
{
  const float *bias = act_gpu_head_bias (head);
  HeadSource source = { sums, bias, head->n_components, head->sigmoid, false,
    first_row, head->first_column };

  source.vector = act_gpu_is_vector (sums, head->n_components)
      && reinterpret_cast<uintptr_t> (bias) % 16 == 0;
  return source;
}

static __global__ void
store_dense (HeadSource source, size_t n_rows, float *out, size_t out_row,
    ActGpuResult *result)
{
  ACT_FOR_EACH_ELEMENT (row, column, n_rows, source.n_components)
  {
    float before = source.before (row, column);

    if (!isfinite (before))
      act_note_bad (result, source.first_row + row,
          source.first_column + (uint32_t) column);
    out[(source.first_row + row) * out_row + source.first_column + column] =
        activate (source.sigmoid, before);
  }
}

ActGpuStatus
act_gpu_head_dense (const ActGpuHead *head, size_t n_rows, const float *sums,
    size_t first_row, float *out, size_t out_row, ActGpuResult *result,
    ActGpuStream stream)
{
  ACT_LAUNCH_ROWS (store_dense, n_rows, head->n_components, stream,
      source_of (head, sums, first_row), n_rows, out, out_row, result);
  return act_gpu_launched ();
}

size_t
act_gpu_head_pack_size (size_t n_rows, size_t n_components)
{
  ActGpuParts parts = {};

  act_gpu_pack_take (&parts, act_gpu_pack_shape (n_rows, n_components));
  return parts.used;
}

ActGpuStatus
act_gpu_head_pack (const ActGpuHead *head, size_t n_rows, const float *sums,
    size_t first_row, ActGpuPieces *pieces, ActGpuResult *result,
    void *workspace, size_t workspace_size, ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  ActPackShape shape = act_gpu_pack_shape (n_rows, head->n_components);
  ActPackSpace space = act_gpu_pack_take (&parts, shape);
  size_t at = head->module * pieces->n_rows + first_row;
  ActPackOutput output = {};
  int64_t *used = pieces->used;

  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  output.base = used;
  output.first_column = (int32_t) head->first_column;
  output.indices = pieces->indices;
  output.values = pieces->values;
  output.capacity = pieces->capacity;
  output.starts = pieces->starts + at;
  output.lengths = pieces->lengths + at;
  output.end = pieces->spare;
  ACT_TRY (act_gpu_pack (
      source_of (head, sums, first_row), shape, space, output, result, stream));
  pieces->used = pieces->spare;
  pieces->spare = used;
  return ACT_GPU_OK;
}

static __global__ void
row_lengths (ActGpuPieces pieces, size_t n_modules, uint32_t *counts)
{
  for (size_t row = act_thread (); row < pieces.n_rows;
       row += act_n_threads ()) {
    uint32_t n = 0;

    for (size_t module = 0; module < n_modules; module++)
      n += pieces.lengths[module * pieces.n_rows + row];
    counts[row] = n;
  }
}

/* a warp a row; nothing where it would not all fit */
static __global__ void
merge_rows (ActGpuPieces pieces, size_t n_modules, ActGpuCsr out)
{
  if (out.indptr[pieces.n_rows] > out.capacity
      || *pieces.used > pieces.capacity)
    return;
  for (size_t row = act_warp (); row < pieces.n_rows; row += act_n_warps ()) {
    int64_t to = out.indptr[row];

    for (size_t module = 0; module < n_modules; module++) {
      int64_t from = pieces.starts[module * pieces.n_rows + row];
      uint32_t n = pieces.lengths[module * pieces.n_rows + row];

      for (uint32_t i = act_lane (); i < n; i += 32) {
        out.indices[to + i] = pieces.indices[from + i];
        out.values[to + i] = pieces.values[from + i];
      }
      to += n;
    }
  }
}

size_t
act_gpu_pieces_merge_size (size_t n_rows)
{
  ActGpuParts parts = {};

  act_gpu_take<uint32_t> (&parts, n_rows);
  act_gpu_scan_take (&parts, n_rows);
  return parts.used;
}

ActGpuStatus
act_gpu_pieces_merge (const ActGpuPieces *pieces, size_t n_modules,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream)
{
  ActGpuParts parts = { static_cast<unsigned char *> (workspace),
    workspace_size, 0 };
  uint32_t *counts = act_gpu_take<uint32_t> (&parts, pieces->n_rows);
  uint64_t *sums = act_gpu_scan_take (&parts, pieces->n_rows);

  if (!act_gpu_parts_fit (&parts))
    return ACT_GPU_ERROR_WORKSPACE;
  if (pieces->n_rows > 0) {
    ACT_LAUNCH (row_lengths, act_gpu_n_blocks (pieces->n_rows, ACT_BLOCK),
        ACT_BLOCK, 0, stream, *pieces, n_modules, counts);
    ACT_TRY (act_gpu_launched ());
    ACT_TRY (act_gpu_scan (pieces->n_rows, counts, sums, out->indptr, stream));
    ACT_LAUNCH (merge_rows, act_gpu_n_blocks (pieces->n_rows, ACT_BLOCK_WARPS),
        ACT_BLOCK, 0, stream, *pieces, n_modules, *out);
    ACT_TRY (act_gpu_launched ());
  }
  return act_gpu_result_end (
      result, out->indptr + pieces->n_rows, out->capacity, stream);
}
