/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "gpuproducts.h"
#include "heads.h"
#include "operations.h"

/* The forward pass's kernels, each against its definition in double. */

/* of 1, or of the value where that is larger */
#define TOLERANCE 2e-6

static void
check_close (const char *what, const float *d_found, const double *expected,
    size_t n, double tolerance)
{
  float *found = device_get (d_found, n * sizeof *found);

  for (size_t i = 0; i < n; i++) {
    double scale = fmax (1, fabs (expected[i]));

    if (!(fabs (found[i] - expected[i]) <= tolerance * scale)) {
      CHECK (false, "%s[%zu of %zu] is %.9g, expected %.9g", what, i, n,
          found[i], expected[i]);
      break;
    }
  }
  free (found);
}

/* a copy on the device and one in double */
typedef struct {
  size_t n;
  float *host;
  float *device;
} Floats;

static Floats
floats_new (size_t n, float scale)
{
  Floats f = { .n = n, .host = device_keep (random_floats (n, scale)) };

  f.device = device_copy (f.host, n * sizeof (float));
  return f;
}

static double *
doubles (size_t n)
{
  return calloc (n > 0 ? n : 1, sizeof (double));
}

static void
test_embedding (void)
{
  static const int32_t tokens[] = { 0, 4, 2, 2, 1, 3 };
  const size_t n = 6, width = 37, length = 3, row = 41;
  Floats e = floats_new (5 * width, 1), p = floats_new (length * width, 1);
  double *expected = doubles (n * width);
  float *out = device_new (n * row * sizeof (float)), *found;
  ActGpuResult *d_result = device_new (sizeof *d_result), *result;
  int32_t *d_tokens = device_copy (tokens, sizeof tokens);

  device_check (act_gpu_embedding (n, width, 5, d_tokens, e.device, out, row,
                    d_result, 0, device_stream ()),
      "embedding");
  device_check (act_gpu_positions (
                    n, width, length, p.device, out, row, device_stream ()),
      "positions");
  found = device_get (out, n * row * sizeof (float));
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < width; c++)
      CHECK (found[i * row + c]
              == e.host[tokens[i] * width + c] + p.host[i % length * width + c],
          "embedding [%zu, %zu]", i, c);
  CHECK (isnan (found[width]), "written between the rows");
  free (found);
  /* the last position has a token too large: 4 of 4 */
  device_check (act_gpu_embedding (n, width, 4, d_tokens, e.device, out, row,
                    d_result, 10, device_stream ()),
      "embedding");
  result = device_get (d_result, sizeof *result);
  CHECK (result->bad_token == 11, "bad token at %d, expected 11",
      result->bad_token);
  free (result);
  free (expected);
}

static void
check_norm (size_t n_rows, size_t width, bool layer)
{
  size_t x_row = width + 3;
  Floats x = floats_new (n_rows * x_row, 2), w = floats_new (width, 1);
  Floats b = floats_new (width, 1);
  double *expected = doubles (n_rows * width);
  float *out = device_new (n_rows * width * sizeof (float));

  for (size_t row = 0; row < n_rows; row++) {
    const float *from = x.host + row * x_row;
    double mean = 0, squares = 0, scale;

    for (size_t i = 0; layer && i < width; i++)
      mean += from[i] / (double) width;
    for (size_t i = 0; i < width; i++)
      squares += (from[i] - mean) * (from[i] - mean);
    scale = 1 / sqrt (squares / (double) width + 1e-5);
    for (size_t i = 0; i < width; i++)
      expected[row * width + i] =
          (from[i] - mean) * scale * w.host[i] + (layer ? b.host[i] : 0);
  }
  device_check (layer ? act_gpu_layer_norm (n_rows, width, x.device, x_row,
                    w.device, b.device, 1e-5f, out, width, device_stream ())
                      : act_gpu_rms_norm (n_rows, width, x.device, x_row,
                          w.device, 1e-5f, out, width, device_stream ()),
      "norm");
  check_close (layer ? "layer norm" : "RMS norm", out, expected, n_rows * width,
      TOLERANCE);
  free (expected);
  device_free_all ();
}

static void
test_norms (void)
{
  static const size_t widths[] = { 1, 2, 31, 32, 33, 255, 768 };

  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
    check_norm (9, widths[i], false);
    /* of one number, the variance is 0, and rounding is all there is */
    check_norm (9, widths[i] + 1, true);
  }
}

static void
check_rotary (bool adjacent)
{
  const size_t n_rows = 10, length = 5, n_heads = 3, size = 6;
  const size_t n_pairs = size / 2, row = n_heads * size + 2;
  Floats x = floats_new (n_rows * row, 1);
  Floats c = floats_new (length * n_pairs, 1), s = floats_new (c.n, 1);
  double *expected = doubles (n_rows * row);

  for (size_t i = 0; i < x.n; i++)
    expected[i] = x.host[i];
  for (size_t r = 0; r < n_rows; r++) {
    for (size_t h = 0; h < n_heads; h++) {
      for (size_t p = 0; p < n_pairs; p++) {
        size_t first = r * row + h * size + (adjacent ? 2 * p : p);
        size_t second = first + (adjacent ? 1 : n_pairs);
        double cosine = c.host[r % length * n_pairs + p];
        double sine = s.host[r % length * n_pairs + p];

        expected[first] = x.host[first] * cosine - x.host[second] * sine;
        expected[second] = x.host[second] * cosine + x.host[first] * sine;
      }
    }
  }
  device_check (act_gpu_rotary (n_rows, n_heads, size, length, adjacent,
                    c.device, s.device, x.device, row, device_stream ()),
      "rotary");
  check_close ("rotary", x.device, expected, x.n, TOLERANCE);
  free (expected);
}

static void
test_rotary (void)
{
  check_rotary (false);
  check_rotary (true);
}

static double
gelu_erf (double x)
{
  return x * 0.5 * erfc (-x / sqrt (2));
}

static double
gelu_tanh (double x)
{
  return 0.5 * x * (1 + tanh (0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

static void
test_functions (void)
{
  const size_t n = 3, n_rows = 70, width = 33;
  size_t all = n * n_rows * width;
  Floats x = floats_new (all, 12), y = floats_new (all, 12);
  Floats z = floats_new (all, 12), gate = floats_new (all, 90);
  Floats b = floats_new (n * width, 1);
  double *expected = doubles (all);

  for (size_t i = 0; i < all; i++)
    expected[i] = gelu_tanh (x.host[i]);
  device_check (
      act_gpu_gelu_tanh (n * n_rows, width, x.device, width, device_stream ()),
      "GELU");
  check_close ("tanh GELU", x.device, expected, all, TOLERANCE);
  for (size_t i = 0; i < all; i++)
    expected[i] = y.host[i] / (1 + exp (-gate.host[i])) * gate.host[i];
  device_check (act_gpu_silu_times (n * n_rows, width, gate.device, width,
                    y.device, width, device_stream ()),
      "SiLU");
  check_close ("SiLU", y.device, expected, all, TOLERANCE);
  for (size_t i = 0; i < all; i++)
    expected[i] =
        gelu_erf (z.host[i] + b.host[i / (n_rows * width) * width + i % width]);
  device_check (act_gpu_bias_gelu_erf (
                    n, n_rows, width, b.device, z.device, device_stream ()),
      "GELU");
  check_close ("erf GELU", z.device, expected, all, TOLERANCE);
  free (expected);
}

/* what a precision keeps of a number that goes into a product */
static double
rounded (ActGpuPrecision precision, float value)
{
  uint32_t bits;
  float kept;

  if (precision == ACT_GPU_PRECISION_FP32)
    return value;
  memcpy (&bits, &value, sizeof bits);
  if (precision == ACT_GPU_PRECISION_BF16)
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  else
    bits = (bits + 0x1000) & 0xffffe000;
  memcpy (&kept, &bits, sizeof kept);
  return kept;
}

typedef struct {
  size_t n_samples, length, n_heads, n_kv_heads, size;
} AttentionShape;

static void
expect_attention (const AttentionShape *s, const float *q, const float *k,
    const float *v, size_t kv_row, double *out)
{
  size_t row = s->n_heads * s->size;
  double *weights = doubles (s->length);

  for (size_t at = 0; at < s->n_samples * s->length * s->n_heads; at++) {
    size_t head = at % s->n_heads, position = at / s->n_heads % s->length;
    size_t first = at / (s->n_heads * s->length) * s->length;
    size_t kv = head / (s->n_heads / s->n_kv_heads) * s->size;
    double *to = out + (first + position) * row + head * s->size, sum = 0;

    for (size_t key = 0; key <= position; key++) {
      double score = 0;

      for (size_t d = 0; d < s->size; d++)
        score += (double) q[(first + position) * row + head * s->size + d]
            * k[(first + key) * kv_row + kv + d];
      weights[key] = exp (score / sqrt ((double) s->size));
      sum += weights[key];
    }
    for (size_t key = 0; key <= position; key++)
      for (size_t d = 0; d < s->size; d++)
        to[d] += weights[key] / sum * v[(first + key) * kv_row + kv + d];
  }
  free (weights);
}

/* in place */
static void
round_all (ActGpuPrecision precision, Floats *f)
{
  for (size_t i = 0; i < f->n; i++)
    f->host[i] = (float) rounded (precision, f->host[i]);
}

/* the largest heads of which inputs are rounded */
static size_t largest_rounded[] = { 0, 128, 128 };

/* Inputs are rounded before, so what a precision rounds are the weights: eight
 * bits of bfloat16, ten of TF32. */
static void
check_attention (const AttentionShape *s, ActGpuPrecision precision)
{
  static const double tolerances[] = { 1e-5, 1e-3, 5e-3 };
  size_t n_rows = s->n_samples * s->length, row = s->n_heads * s->size;
  size_t kv_row = s->n_kv_heads * s->size + 5; /* columns of a wider buffer */
  Floats q = floats_new (n_rows * row, 3), k = floats_new (n_rows * kv_row, 3);
  Floats v = floats_new (n_rows * kv_row, 1);
  double *expected = doubles (n_rows * row);
  float *out = device_new (n_rows * row * sizeof (float)), *first = NULL;
  ActGpuAttention a = { precision, s->n_samples, s->length, s->n_heads,
    s->n_kv_heads, s->size, q.device, k.device, v.device, row, kv_row, kv_row,
    out, row };

  if (s->size <= largest_rounded[precision]) {
    round_all (precision, &q);
    round_all (precision, &k);
    round_all (precision, &v);
  }
  expect_attention (s, q.host, k.host, v.host, kv_row, expected);
  for (int i = 0; i < n_repeats; i++) {
    float *found;

    device_poison (out, n_rows * row * sizeof (float));
    device_check (act_gpu_attention (&a, device_stream ()), "attention");
    found = device_get (out, n_rows * row * sizeof (float));
    if (first == NULL)
      first = found;
    CHECK (memcmp (first, found, n_rows * row * sizeof (float)) == 0,
        "attention differs from run to run");
    if (found != first)
      free (found);
  }
  check_close ("attention", out, expected, n_rows * row, tolerances[precision]);
  free (first);
  free (expected);
  device_free_all ();
}

static void
test_attention (void)
{
  static const AttentionShape shapes[] = {
    { 1, 1, 1, 1, 1 },
    { 2, 2, 2, 1, 8 },
    { 1, 63, 2, 2, 16 },
    { 1, 64, 2, 1, 31 },
    { 2, 65, 1, 1, 32 },
    { 1, 130, 3, 3, 33 },
    { 1, 70, 4, 2, 64 },
    { 1, 70, 1, 1, 65 },
    { 1, 129, 1, 1, 128 },
    { 2, 20, 2, 1, 129 },
    { 1, 300, 1, 1, 130 },
  };

  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    for (int precision = 0; precision < 3; precision++)
      check_attention (&shapes[i], (ActGpuPrecision) precision);
}

/* of devices with compute capability 8.6 and 8.9 */
static void
test_attention_little_shared (void)
{
  static const AttentionShape shapes[] = {
    { 1, 70, 2, 1, 64 },
    { 1, 129, 1, 1, 128 },
  };

  if (!device_limit_shared (99 << 10))
    return;
  largest_rounded[ACT_GPU_PRECISION_TF32] = 64;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    for (int precision = 0; precision < 3; precision++)
      check_attention (&shapes[i], (ActGpuPrecision) precision);
  largest_rounded[ACT_GPU_PRECISION_TF32] = 128;
  device_limit_shared (227 << 10);
}

static void
test_large_attention (void)
{
#ifdef ACT_TEST_EMULATED
  static const AttentionShape large = { 2, 70, 2, 2, 64 };
  static const AttentionShape grouped = { 1, 133, 3, 1, 128 };
#else
  static const AttentionShape large = { 16, 512, 12, 12, 64 };
  static const AttentionShape grouped = { 3, 517, 12, 4, 128 };
#endif

  for (int precision = 0; precision < 3; precision++) {
    check_attention (&large, (ActGpuPrecision) precision);
    check_attention (&grouped, (ActGpuPrecision) precision);
  }
}

static ActGpuProducts *
products_new (ActGpuPrecision precision)
{
  ActGpuProducts *products = NULL;

  device_check (act_gpu_products_new (precision, &products), "products");
  return products;
}

typedef struct {
  size_t n, n_rows, n_cols, n_inner;
  bool transposed;
  float beta;
} ProductShape;

static const void *
product_input (ActGpuPrecision precision, const Floats *f)
{
  void *half;

  if (precision != ACT_GPU_PRECISION_BF16)
    return f->device;
  half = device_new (f->n * 2);
  device_check (
      act_gpu_to_bf16 (f->n, f->device, half, device_stream ()), "bfloat16");
  return half;
}

static void
check_product (
    ActGpuProducts *products, const ProductShape *s, double tolerance)
{
  ActGpuPrecision precision = act_gpu_products_get_precision (products);
  /* how cuBLAS rounds to TF32 is its own affair */
  ActGpuPrecision kept =
      precision == ACT_GPU_PRECISION_BF16 ? precision : ACT_GPU_PRECISION_FP32;
  size_t a_row = s->n_inner + 1,
         b_row = (s->transposed ? s->n_inner : s->n_cols);
  size_t b_size = s->n_inner * s->n_cols, c_row = s->n_cols + 2;
  Floats a = floats_new (s->n * s->n_rows * a_row, 1);
  Floats b = floats_new (s->n * b_size, 1);
  Floats c = floats_new (s->n * s->n_rows * c_row, 1);
  double *expected = doubles (c.n);
  ActGpuProduct product = { s->n_rows, s->n_cols, s->n_inner,
    product_input (precision, &a), product_input (precision, &b), a_row, b_row,
    s->transposed, s->beta, c.device, c_row, s->n, s->n_rows * a_row, b_size,
    s->n_rows * c_row };

  for (size_t i = 0; i < c.n; i++) {
    size_t at = i / (s->n_rows * c_row), row = i / c_row, col = i % c_row;

    expected[i] = c.host[i] * (col < s->n_cols ? s->beta : 1);
    for (size_t k = 0; col < s->n_cols && k < s->n_inner; k++)
      expected[i] += rounded (kept, a.host[row * a_row + k])
          * rounded (kept,
              b.host[at * b_size
                  + (s->transposed ? col * b_row + k : k * b_row + col)]);
  }
  device_check (
      act_gpu_product (products, &product, device_stream ()), "product");
  check_close ("product", c.device, expected, c.n, tolerance);
  free (expected);
}

static void
test_products (void)
{
  static const ProductShape shapes[] = {
    { 1, 1, 1, 1, false, 0 },
    { 1, 5, 7, 3, true, 1 },
    { 1, 33, 17, 65, false, 1 },
    { 1, 64, 128, 32, true, 0 },
    { 6, 9, 4, 5, false, 0 },
    { 3, 2, 1, 8, true, 1 },
    { 1, 0, 4, 4, false, 0 },
  };
  /* TF32 has 10 bits; of the other two the inputs are exact */
  static const double tolerance[] = { 1e-5, 2e-2, 1e-5 };

  for (int precision = 0; precision < 3; precision++) {
    ActGpuProducts *products = products_new ((ActGpuPrecision) precision);

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
      check_product (products, &shapes[i], tolerance[precision]);
    act_gpu_products_free (products);
    device_free_all ();
  }
}

/* A head without hidden layers on an input of ones of one number: its sums are
 * its weights, so that what is tested are bias, sigmoid and the gathering of
 * modules' pieces into a batch's CSR. */
typedef struct {
  ActGpuHead head;
  Floats weight, bias;
} TestHead;

#define N_TEST_HEADS 3
static const uint32_t head_widths[N_TEST_HEADS] = { 5, 2304, 129 };

static double
sigmoid_of (ActGpuSigmoid sigmoid, double z)
{
  switch (sigmoid) {
  case ACT_GPU_SIGMOID_HARD:
    return fmin (fmax (z, 0), 1);
  case ACT_GPU_SIGMOID_UPPER_LEAKY_HARD:
    return z > 1 ? 1 + 0.01 * (z - 1) : fmax (z, 0);
  case ACT_GPU_SIGMOID_SWISH_HARD:
    return 1 - z + (z - 1) / (1 + exp (-10 * (1 - z)))
        + z / (1 + exp (-10 * z));
  default:
    return 1 / (1 + exp (-z));
  }
}

static void
heads_new (TestHead heads[N_TEST_HEADS], ActGpuSigmoid sigmoid)
{
  uint32_t column = 3; /* three columns are of no module */

  for (uint32_t i = 0; i < N_TEST_HEADS; i++) {
    TestHead *h = &heads[i];

    h->weight = floats_new (head_widths[i], 3);
    h->bias = floats_new (head_widths[i], 3);
    h->head = (ActGpuHead){
      .kind = ACT_GPU_HEAD_SHARED_MLP,
      .sigmoid = sigmoid,
      .module = i,
      .first_column = column,
      .n_components = head_widths[i],
      .d_in = 1,
      .n_layers = 1,
      .layers = { { 1, head_widths[i], h->weight.device, h->bias.device } },
    };
    column += head_widths[i];
  }
}

static void
expect_heads (const TestHead heads[N_TEST_HEADS], const float *input,
    size_t n_rows, size_t width, double *expected)
{
  for (size_t row = 0; row < n_rows; row++) {
    for (int i = 0; i < N_TEST_HEADS; i++) {
      const ActGpuHead *head = &heads[i].head;

      for (uint32_t c = 0; c < head->n_components; c++)
        expected[row * width + head->first_column + c] =
            sigmoid_of (head->sigmoid,
                (double) heads[i].weight.host[c] * input[row]
                    + heads[i].bias.host[c]);
    }
  }
}

/* the batch's CSR against the same in dense form: the same bits */
static void
check_pieces (const ActGpuCsr *out, const ActGpuResult *d_result, size_t n_rows,
    size_t width, const float *d_dense)
{
  ActGpuResult *result = device_get (d_result, sizeof *result);
  int64_t *indptr = device_get (out->indptr, (n_rows + 1) * sizeof *indptr);
  int32_t *indices =
      device_get (out->indices, (size_t) out->capacity * sizeof *indices);
  float *values =
      device_get (out->values, (size_t) out->capacity * sizeof *values);
  float *dense = device_get (d_dense, n_rows * width * sizeof *dense);
  int64_t n = 0;

  for (size_t row = 0; row < n_rows; row++) {
    CHECK (indptr[row] == n, "row %zu begins at %lld, expected %lld", row,
        (long long) indptr[row], (long long) n);
    for (size_t c = 0; c < width; c++) {
      if (dense[row * width + c] == 0.0f)
        continue;
      if (n < out->capacity && result->overflow == 0)
        CHECK (indices[n] == (int32_t) c && values[n] == dense[row * width + c],
            "value %lld of the CSR differs", (long long) n);
      n++;
    }
  }
  CHECK (indptr[n_rows] == n && result->n_values == n,
      "%lld values, expected %lld", (long long) result->n_values,
      (long long) n);
  CHECK (result->overflow == (n > out->capacity), "overflow is %d",
      result->overflow);
  CHECK (result->first_bad == ACT_GPU_NONE, "finds NaN");
  free (result);
  free (indptr);
  free (indices);
  free (values);
  free (dense);
}

/* three heads on an embedding of one number, and a batch for them */
typedef struct {
  TestHead heads[N_TEST_HEADS];
  ActGpuOp ops[N_TEST_HEADS + 1];
  ActGpuForward forward;
  ActGpuProducts *products;
  Floats input;
  int32_t *tokens;
  ActGpuResult *result;
} Batch;

#define BATCH_SAMPLES 7
#define BATCH_LENGTH 2
#define BATCH_ROWS (BATCH_SAMPLES * BATCH_LENGTH)

static void
batch_init (Batch *b, ActGpuSigmoid sigmoid)
{
  int32_t tokens[BATCH_ROWS];
  const ActGpuHead *last = &b->heads[N_TEST_HEADS - 1].head;

  memset (b, 0, sizeof *b);
  heads_new (b->heads, sigmoid);
  b->input = floats_new (BATCH_ROWS, 1);
  b->ops[0] = (ActGpuOp){
    .kind = ACT_GPU_OP_EMBEDDING, .out = { 0, 0, 1 }, .weight = b->input.device
  };
  for (int i = 0; i < N_TEST_HEADS; i++) {
    b->ops[1 + i].in[0] = (ActGpuSlot){ 0, 0, 1 };
    /* not in the order of their columns */
    b->ops[1 + i].head = &b->heads[(i + 1) % N_TEST_HEADS].head;
  }
  for (int i = 0; i < BATCH_ROWS; i++)
    tokens[i] = i;
  b->tokens = device_copy (tokens, sizeof tokens);
  b->result = device_new (sizeof *b->result);
  b->products = products_new (ACT_GPU_PRECISION_FP32);
  b->forward = (ActGpuForward){ .n_buffers = 1,
    .widths = { 1 },
    .n_ops = N_TEST_HEADS + 1,
    .ops = b->ops,
    .n_modules = N_TEST_HEADS,
    .n_components = last->first_column + last->n_components,
    .vocab_size = BATCH_ROWS,
    .tile_rows = 4 };
}

static void
batch_clear (Batch *b)
{
  act_gpu_products_free (b->products);
  device_free_all ();
}

static float *
batch_dense (Batch *b)
{
  size_t size = act_gpu_forward_dense_workspace_size (
      &b->forward, b->products, BATCH_SAMPLES, BATCH_LENGTH);
  float *out =
      device_new (BATCH_ROWS * b->forward.n_components * sizeof (float));

  device_check (act_gpu_forward_dense (&b->forward, b->products, BATCH_SAMPLES,
                    BATCH_LENGTH, b->tokens, out, b->result, device_new (size),
                    size, device_stream ()),
      "forward");
  return out;
}

static ActGpuCsr
batch_csr (Batch *b, int64_t capacity)
{
  size_t size = act_gpu_forward_csr_workspace_size (
      &b->forward, b->products, BATCH_SAMPLES, BATCH_LENGTH, capacity);
  ActGpuCsr out = {
    .indptr = device_new ((BATCH_ROWS + 1) * sizeof (int64_t)),
    .indices = device_new ((size_t) capacity * sizeof (int32_t)),
    .values = device_new ((size_t) capacity * sizeof (float)),
    .capacity = capacity,
  };

  device_check (act_gpu_forward_csr (&b->forward, b->products, BATCH_SAMPLES,
                    BATCH_LENGTH, b->tokens, &out, b->result, device_new (size),
                    size, device_stream ()),
      "forward");
  return out;
}

static void
check_heads (ActGpuSigmoid sigmoid, int64_t capacity)
{
  Batch b;
  size_t width;
  double *expected;
  float *dense;
  ActGpuCsr out;

  batch_init (&b, sigmoid);
  width = b.forward.n_components;
  expected = doubles (BATCH_ROWS * width);
  expect_heads (b.heads, b.input.host, BATCH_ROWS, width, expected);
  dense = batch_dense (&b);
  check_close ("heads", dense, expected, BATCH_ROWS * width, TOLERANCE);
  out = batch_csr (&b, capacity);
  check_pieces (&out, b.result, BATCH_ROWS, width, dense);
  free (expected);
  batch_clear (&b);
}

/* NaN in a row's input: all its columns are bad, the first is said */
static void
test_bad_heads (void)
{
  Batch b;
  ActGpuResult *result;
  uint64_t expected;

  batch_init (&b, ACT_GPU_SIGMOID_HARD);
  b.input.host[9] = NAN;
  b.ops[0].weight = device_copy (b.input.host, BATCH_ROWS * sizeof (float));
  expected = (uint64_t) 9 << 32 | b.heads[0].head.first_column;
  for (int i = 0; i < 2; i++) {
    if (i == 0)
      batch_dense (&b);
    else
      batch_csr (&b, 100000);
    result = device_get (b.result, sizeof *result);
    CHECK (result->first_bad == expected, "first bad is %llx, expected %llx",
        (unsigned long long) result->first_bad, (unsigned long long) expected);
    free (result);
  }
  batch_clear (&b);
}

static void
test_heads (void)
{
  for (int sigmoid = 0; sigmoid <= ACT_GPU_SIGMOID_SWISH_HARD; sigmoid++) {
    check_heads ((ActGpuSigmoid) sigmoid, 14 * 2441);
    check_heads ((ActGpuSigmoid) sigmoid, 1000);
    check_heads ((ActGpuSigmoid) sigmoid, 0);
  }
}

const Test large_operation_tests[] = {
  { "attention, large", test_large_attention },
  { NULL, NULL },
};

const Test operation_tests[] = {
  { "embedding and positions", test_embedding },
  { "norms", test_norms },
  { "rotary positions", test_rotary },
  { "GELU and SiLU", test_functions },
  { "attention", test_attention },
  { "attention, little shared memory", test_attention_little_shared },
  { "matrix products", test_products },
  { "sigmoids, and modules' pieces into CSR", test_heads },
  { "NaN in a head is found", test_bad_heads },
  { NULL, NULL },
};
