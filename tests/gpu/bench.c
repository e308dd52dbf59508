/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What docs/benchmarks.md says of CUDA, measured: bench SMALL SAMPLE LARGE.
 *
 * SMALL 1: sizes for a try without a device, whose times mean nothing. SAMPLE
 * and LARGE are files of plan.py. Times are medians of RUNS, by events; each
 * comparison is made in turn. torch_forward.py has the same work in PyTorch. */

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "gpucsr.h"
#include "planfile.h"

#define RUNS 15
#define MAX_RUNS 15

static int n_runs = RUNS;
static const char *const names[] = { "fp32", "tf32", "bf16" };

static int
compare (const void *a, const void *b)
{
  float left = *(const float *) a, right = *(const float *) b;

  return left < right ? -1 : left > right;
}

/* milliseconds */
static float
median_of (void (*call) (void *data), void *data)
{
  cudaEvent_t from, to;
  float ms[MAX_RUNS];

  cudaEventCreate (&from);
  cudaEventCreate (&to);
  for (int i = -2; i < n_runs; i++) {
    float took = 0;

    cudaEventRecord (from, device_stream ());
    call (data);
    cudaEventRecord (to, device_stream ());
    device_wait ();
    cudaEventElapsedTime (&took, from, to);
    if (i >= 0)
      ms[i] = took;
  }
  cudaEventDestroy (from);
  cudaEventDestroy (to);
  qsort (ms, (size_t) n_runs, sizeof ms[0], compare);
  return ms[n_runs / 2];
}

typedef struct {
  size_t n_rows, n_cols;
  float *dense, *copy;
  ActGpuCsr out;
  ActGpuResult *result;
  void *workspace;
  size_t size;
} Pack;

static void
run_pack (void *data)
{
  Pack *p = data;

  if (act_gpu_csr_from_dense (p->n_rows, p->n_cols, p->dense, NULL, &p->out,
          p->result, p->workspace, p->size, device_stream ())
      != ACT_GPU_OK)
    exit (1);
}

static void
run_copy (void *data)
{
  Pack *p = data;

  cudaMemcpyAsync (p->copy, p->dense, p->n_rows * p->n_cols * sizeof (float),
      cudaMemcpyDeviceToDevice, device_stream ());
}

static void
bench_pack (size_t n_rows, size_t n_cols)
{
  Pack p = { .n_rows = n_rows, .n_cols = n_cols };
  size_t n = n_rows * n_cols;
  float *host = random_sparse (n, 0.005, false), pack, copy;
  ActGpuResult *result;

  p.dense = device_copy (host, n * sizeof (float));
  p.copy = device_new (n * sizeof (float));
  p.out.capacity = (int64_t) (n / 50 + 1000);
  p.out.indptr = device_new ((n_rows + 1) * sizeof (int64_t));
  p.out.indices = device_new ((size_t) p.out.capacity * sizeof (int32_t));
  p.out.values = device_new ((size_t) p.out.capacity * sizeof (float));
  p.result = device_new (sizeof *p.result);
  p.size = act_gpu_csr_from_dense_workspace_size (n_rows, n_cols);
  p.workspace = device_new (p.size);
  copy = median_of (run_copy, &p);
  pack = median_of (run_pack, &p);
  result = device_get (p.result, sizeof *result);
  printf ("CSR from dense, %zu x %zu at %.2f %%: %.3f ms; copy of the same "
          "bytes %.3f ms; ratio %.2f (target at most 0.7)\n",
      n_rows, n_cols, 100.0 * (double) result->n_values / (double) n, pack,
      copy, pack / copy);
  free (result);
  free (host);
  device_free_all ();
}

typedef struct {
  PlanFile plan;
  ActGpuProducts *products;
  size_t n_samples;
  int32_t *tokens;
  ActGpuCsr out;
  ActGpuResult *result;
  void *workspace;
  size_t size;
  float *scratch[3]; /* of the products alone */
} Forward;

static void
run_forward (void *data)
{
  Forward *f = data;
  ActGpuStatus status = act_gpu_forward_csr (&f->plan.forward, f->products,
      f->n_samples, f->plan.length, f->tokens, &f->out, f->result, f->workspace,
      f->size, device_stream ());

  if (status != ACT_GPU_OK)
    device_check (status, "forward");
}

/* nothing is waited for, as in the forward pass that it is compared with */
static void
enqueue (const Forward *f, const ActGpuProduct *product)
{
  ActGpuStatus status =
      act_gpu_product (f->products, product, device_stream ());

  if (status != ACT_GPU_OK) {
    printf ("a product: %s\n", act_gpu_status_string (status));
    exit (1);
  }
}

static void
multiply (const Forward *f, size_t n_rows, size_t d_in, size_t d_out,
    ActGpuMatrix weight, int transposed)
{
  ActGpuProduct p = { .n_rows = n_rows,
    .n_cols = d_out,
    .n_inner = d_in,
    .a = f->scratch[0],
    .a_row = d_in,
    .b = weight,
    .b_row = transposed ? d_in : d_out,
    .b_transposed = transposed,
    .c = f->scratch[1],
    .c_row = d_out,
    .n = 1 };

  enqueue (f, &p);
}

/* scores of all positions with all, and those times the values: what cuBLAS
 * would be asked for */
static void
multiply_attention (const Forward *f, const ActGpuOp *op, size_t n_samples)
{
  size_t length = f->plan.length, n = n_samples * op->n_heads;
  size_t size = op->head_size;
  ActGpuProduct p = { .n_rows = length,
    .n_cols = length,
    .n_inner = size,
    .a = f->scratch[0],
    .a_row = size,
    .a_stride = length * size,
    .b = f->scratch[0],
    .b_row = size,
    .b_stride = length * size,
    .b_transposed = 1,
    .c = f->scratch[2],
    .c_row = length,
    .c_stride = length * length,
    .n = n };

  enqueue (f, &p);
  p.n_cols = size;
  p.n_inner = length;
  p.a = f->scratch[2];
  p.a_row = length;
  p.a_stride = length * length;
  p.b_transposed = 0;
  p.c = f->scratch[1];
  p.c_row = size;
  p.c_stride = length * size;
  enqueue (f, &p);
}

static size_t
samples_of_tile (const Forward *f)
{
  size_t n = ACT_GPU_TILE_ROWS / f->plan.length;

  return n < f->n_samples ? n : f->n_samples;
}

static void
run_products (void *data)
{
  const Forward *f = data;
  size_t each = samples_of_tile (f);

  for (size_t first = 0; first < f->n_samples; first += each) {
    size_t n = f->n_samples - first < each ? f->n_samples - first : each;
    size_t n_rows = n * f->plan.length;

    for (uint32_t i = 0; i < f->plan.forward.n_ops; i++) {
      const ActGpuOp *op = &f->plan.ops[i];

      for (uint32_t l = 0; op->head != NULL && l < op->head->n_layers; l++)
        multiply (f, n_rows, op->head->layers[l].d_in,
            op->head->layers[l].d_out, op->head->layers[l].weight, 0);
      if (op->kind == ACT_GPU_OP_LINEAR)
        multiply (f, n_rows, op->in[0].width, op->out.width, op->weight, 1);
      if (op->kind == ACT_GPU_OP_ATTENTION)
        multiply_attention (f, op, n);
    }
  }
}

/* large enough for any of run_products () */
static void
make_scratch (Forward *f)
{
  const ActGpuForward *forward = &f->plan.forward;
  size_t n_rows = samples_of_tile (f) * f->plan.length, widest = 1, heads = 0;

  for (uint32_t i = 0; i < forward->n_buffers; i++)
    widest = forward->widths[i] > widest ? forward->widths[i] : widest;
  for (uint32_t i = 0; i < forward->n_ops; i++) {
    const ActGpuHead *head = forward->ops[i].head;

    for (uint32_t l = 0; head != NULL && l < head->n_layers; l++)
      widest = head->layers[l].d_out > widest ? head->layers[l].d_out : widest;
    heads = forward->ops[i].n_heads > heads ? forward->ops[i].n_heads : heads;
  }
  for (int i = 0; i < 3; i++) {
    size_t n = i < 2 ? n_rows * widest : n_rows * f->plan.length * heads;
    /* of zeros a device makes quicker work */
    float *values = random_floats (n, 1);

    f->scratch[i] = device_copy (values, n * sizeof *values);
    free (values);
  }
}

static void
make_output (Forward *f, int64_t capacity)
{
  size_t n_rows = f->n_samples * f->plan.length;

  f->out.capacity = capacity;
  f->out.indptr = device_new ((n_rows + 1) * sizeof (int64_t));
  f->out.indices = device_new ((size_t) capacity * sizeof (int32_t));
  f->out.values = device_new ((size_t) capacity * sizeof (float));
  f->size = act_gpu_forward_csr_workspace_size (
      &f->plan.forward, f->products, f->n_samples, f->plan.length, capacity);
  f->workspace = device_new (f->size);
}

static void
bench_forward (const char *path, const char *name, size_t n_samples,
    ActGpuPrecision precision, double target)
{
  Forward f = { .n_samples = n_samples };
  ActGpuResult *result;
  size_t n_rows, fixed;
  int32_t *tokens;
  float forward, products;

  device_check (act_gpu_products_new (precision, &f.products), "products");
  plan_file_read (&f.plan, path, f.products);
  n_rows = n_samples * f.plan.length;
  random_seed (1); /* the same tokens in each precision */
  tokens = malloc (n_rows * sizeof *tokens);
  for (size_t i = 0; i < n_rows; i++)
    tokens[i] = (int32_t) (random_next () % f.plan.forward.vocab_size);
  f.tokens = device_copy (tokens, n_rows * sizeof *tokens);
  f.result = device_new (sizeof *f.result);
  /* how many values there are, then with room for them */
  make_output (&f, 0);
  fixed = f.size;
  run_forward (&f);
  result = device_get (f.result, sizeof *result);
  make_output (&f, result->n_values);
  make_scratch (&f);
  forward = median_of (run_forward, &f);
  products = median_of (run_products, &f);
  printf ("%s %s, %zu x %zu: forward %.3f ms, %.0f positions a second; its "
          "products alone %.3f ms; ratio %.2f (target at most %.1f)\n",
      name, names[precision], n_samples, f.plan.length, forward,
      (double) n_rows / forward * 1e3, products, forward / products, target);
  printf ("%s %s: %.1f of %u components a position; CSR %.1f MB a batch; "
          "weights %.1f MB; workspace %.1f MB and %.1f MB for the CSR\n",
      name, names[precision], (double) result->n_values / (double) n_rows,
      f.plan.forward.n_components,
      ((double) result->n_values * 8 + (double) n_rows * 8) / 1e6,
      (double) f.plan.weights_size / 1e6, (double) fixed / 1e6,
      (double) (f.size - fixed) / 1e6);
  free (tokens);
  free (result);
  act_gpu_products_free (f.products);
  plan_file_clear (&f.plan);
}

int
main (int argc, char **argv)
{
  int n_devices = 0;
  bool small;

  if (argc != 4) {
    fprintf (stderr, "bench SMALL SAMPLE LARGE\n");
    return 2;
  }
  if (cudaGetDeviceCount (&n_devices) != cudaSuccess || n_devices == 0) {
    printf ("no CUDA device\n");
    return 77;
  }
  small = atoi (argv[1]) != 0;
  if (small)
    n_runs = 1;
  printf ("device: %s\n", device_name ());
  if (small)
    bench_pack (8, 40000);
  else
    bench_pack (4096, 40000);
  for (int precision = 0; precision < 3; precision++) {
    bench_forward (argv[2], "sample model", small ? 1 : 256,
        (ActGpuPrecision) precision, 2.0);
    bench_forward (argv[3], "large model", small ? 1 : 64,
        (ActGpuPrecision) precision, 1.3);
  }
  return 0;
}
