/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What docs/benchmarks.md says of CUDA, measured: bench SMALL SAMPLE LARGE
 * TIMES.
 *
 * SMALL 1: sizes for a try without a device, whose times mean nothing. SAMPLE
 * and LARGE are files of plan.py. Times are medians of RUNS, by events; each
 * comparison is made in turn. Rows of the table begin with '|'. TIMES is a file
 * to write: a line a forward pass, for torch_forward.py, which has the same
 * work in PyTorch. */

#include <cuda_runtime_api.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "gpucsr.h"
#include "planfile.h"

#define RUNS 15
#define MAX_RUNS 15

static int n_runs = RUNS;
static bool small;
static const char *const names[] = { "fp32", "tf32", "bf16" };

/* A row of the table: what, measured, target, and whether it is met; reported:
 * there is no target. */
typedef enum { MISSED, MET, REPORTED } Verdict;

static void
row (const char *what, const char *target, Verdict verdict, const char *format,
    ...)
{
  static const char *const words[] = { "MISSED", "met", "reported" };
  va_list args;

  printf ("| %s | ", what);
  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  printf (" | %s | %s |\n", target, small ? "emulated" : words[verdict]);
  fflush (stdout);
}

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
  char what[128];

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
  snprintf (what, sizeof what,
      "CSR from dense, %zu x %zu at %.2f %%, against a copy of the same bytes",
      n_rows, n_cols, 100.0 * (double) result->n_values / (double) n);
  row (what, "at most 0.7 x", pack / copy <= 0.7 ? MET : MISSED,
      "%.2f x (%.3f ms of %.3f ms; the copy moves %.0f GB/s)", pack / copy,
      pack, copy, 2.0 * (double) n * sizeof (float) / copy / 1e6);
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
  float *scratch[3];   /* of the products alone */
  size_t tile_samples; /* of theirs */
  double n_operations; /* of the last time they were enqueued */
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
enqueue (Forward *f, const ActGpuProduct *product)
{
  ActGpuStatus status =
      act_gpu_product (f->products, product, device_stream ());

  f->n_operations += 2.0 * (double) product->n * (double) product->n_rows
      * (double) product->n_cols * (double) product->n_inner;

  if (status != ACT_GPU_OK) {
    printf ("a product: %s\n", act_gpu_status_string (status));
    exit (1);
  }
}

static void
multiply (Forward *f, size_t n_rows, size_t d_in, size_t d_out,
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
multiply_attention (Forward *f, const ActGpuOp *op, size_t n_samples)
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

static void
run_products (void *data)
{
  Forward *f = data;
  size_t each = f->tile_samples;

  f->n_operations = 0;
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

/* whole samples in so many rows */
static size_t
samples_of (const Forward *f, size_t n_rows)
{
  size_t n = n_rows / f->plan.length;

  n = n > 0 ? n : 1;
  return n < f->n_samples ? n : f->n_samples;
}

/* The products alone take what suits them better: as many rows at once as the
 * forward pass, or MANY_ROWS. */
#define MANY_ROWS 8192

static float
time_products (Forward *f)
{
  size_t own = act_gpu_forward_tile_rows (&f->plan.forward);
  float with_own, with_many;

  f->tile_samples = samples_of (f, own);
  with_own = median_of (run_products, f);
  f->tile_samples = samples_of (f, MANY_ROWS);
  with_many = median_of (run_products, f);
  return with_own < with_many ? with_own : with_many;
}

/* large enough for any of run_products () */
static void
make_scratch (Forward *f)
{
  const ActGpuForward *forward = &f->plan.forward;
  size_t own = samples_of (f, act_gpu_forward_tile_rows (forward));
  size_t many = samples_of (f, MANY_ROWS);
  size_t n_rows = (own > many ? own : many) * f->plan.length;
  size_t widest = 1, heads = 0;

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
    if (act_gpu_products_element_size (f->products) != sizeof *values) {
      void *half = device_new (n * sizeof *values);

      device_check (
          act_gpu_to_bf16 (n, f->scratch[i], half, device_stream ()), "bf16");
      f->scratch[i] = half;
    }
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

/* how many values there are, then with room for them */
static double
settle_output (Forward *f)
{
  size_t n_rows = f->n_samples * f->plan.length;
  ActGpuResult *result;
  double n_values;

  make_output (f, 0);
  run_forward (f);
  result = device_get (f->result, sizeof *result);
  make_output (f, result->n_values);
  n_values = (double) result->n_values;
  printf ("%.1f of %u components a position; CSR %.1f MB a batch; weights %.1f "
          "MB\n",
      n_values / (double) n_rows, f->plan.forward.n_components,
      (n_values * 8 + (double) n_rows * 8) / 1e6,
      (double) f->plan.weights_size / 1e6);
  free (result);
  return n_values;
}

static void
forward_open (
    Forward *f, const char *path, size_t n_samples, ActGpuPrecision precision)
{
  size_t n_rows;
  int32_t *tokens;

  memset (f, 0, sizeof *f);
  f->n_samples = n_samples;
  device_check (act_gpu_products_new (precision, &f->products), "products");
  plan_file_read (&f->plan, path, f->products);
  n_rows = n_samples * f->plan.length;
  random_seed (1); /* the same tokens in each precision */
  tokens = malloc (n_rows * sizeof *tokens);
  for (size_t i = 0; i < n_rows; i++)
    tokens[i] = (int32_t) (random_next () % f->plan.forward.vocab_size);
  f->tokens = device_copy (tokens, n_rows * sizeof *tokens);
  f->result = device_new (sizeof *f->result);
  free (tokens);
}

static void
forward_close (Forward *f)
{
  act_gpu_products_free (f->products);
  plan_file_clear (&f->plan);
}

static void
bench_forward (const char *path, const char *name, size_t n_samples,
    ActGpuPrecision precision, double target, FILE *times)
{
  Forward f;
  char what[128], limit[32];
  float forward, products;
  double n_rows;

  forward_open (&f, path, n_samples, precision);
  n_rows = (double) (n_samples * f.plan.length);
  settle_output (&f);
  make_scratch (&f);
  forward = median_of (run_forward, &f);
  products = time_products (&f);
  snprintf (what, sizeof what,
      "%s %s, %zu x %zu: forward against its products alone", name,
      names[precision], n_samples, f.plan.length);
  snprintf (limit, sizeof limit, "at most %.1f x", target);
  row (what, limit, forward / products <= target ? MET : MISSED,
      "%.2f x (%.3f ms of %.3f ms; %.0f positions a second; the products do "
      "%.1f TFLOP/s)",
      forward / products, forward, products, n_rows / forward * 1e3,
      f.n_operations / products / 1e9);
  fprintf (times, "%s %s %.4f\n", name, names[precision], forward);
  fflush (times);
  forward_close (&f);
}

/* how many rows at once suit the large model */
static void
bench_tiles (const char *path, size_t n_samples, ActGpuPrecision precision)
{
  static const uint32_t sizes[] = { 1024, 2048, 4096, 8192, 16384 };
  Forward f;
  int64_t capacity;
  char found[256] = "", what[64];
  uint32_t preset;

  forward_open (&f, path, n_samples, precision);
  preset = act_gpu_forward_tile_rows (&f.plan.forward);
  settle_output (&f);
  capacity = f.out.capacity;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    size_t length = strlen (found);

    f.plan.forward.tile_rows = sizes[i];
    make_output (&f, capacity);
    snprintf (found + length, sizeof found - length, "%s%u: %.3f ms",
        i > 0 ? ", " : "", sizes[i], median_of (run_forward, &f));
  }
  snprintf (what, sizeof what, "large model %s, rows at once (%u by itself)",
      names[precision], preset);
  row (what, "", REPORTED, "%s", found);
  forward_close (&f);
}

/* The forward pass without its heads, or without the operations of a kind. What
 * was left of the pass before stays where it is, so values are like values. */
static float
time_without (Forward *f, bool heads, ActGpuOpKind kind)
{
  size_t size = f->plan.forward.n_ops * sizeof (ActGpuOp);
  ActGpuOp *all = malloc (size);
  float took;

  memcpy (all, f->plan.ops, size);
  for (uint32_t i = 0; i < f->plan.forward.n_ops; i++) {
    if (heads)
      f->plan.ops[i].head = NULL;
    else if (f->plan.ops[i].kind == kind)
      f->plan.ops[i].kind = ACT_GPU_OP_NOTHING;
  }
  took = median_of (run_forward, f);
  memcpy (f->plan.ops, all, size);
  free (all);
  return took;
}

/* where the time goes, for where a target is missed */
static void
bench_parts (const char *path, size_t n_samples, ActGpuPrecision precision)
{
  Forward f;
  char what[64];
  float whole, heads, attention, linear;

  forward_open (&f, path, n_samples, precision);
  settle_output (&f);
  whole = median_of (run_forward, &f);
  heads = whole - time_without (&f, true, ACT_GPU_OP_NOTHING);
  attention = whole - time_without (&f, false, ACT_GPU_OP_ATTENTION);
  linear = whole - time_without (&f, false, ACT_GPU_OP_LINEAR);
  snprintf (what, sizeof what, "large model %s, where the time goes",
      names[precision]);
  row (what, "", REPORTED,
      "%.3f ms: heads %.3f, attention %.3f, linear layers %.3f, the rest %.3f",
      whole, heads, attention, linear, whole - heads - attention - linear);
  forward_close (&f);
}

/* The workspace without the CSR, with all modules and with a quarter of them:
 * 12 bytes a row and module are all that may come between them. */
static void
bench_workspace (const char *path, size_t n_samples)
{
  Forward f;
  size_t all, few, n_rows, n;

  forward_open (&f, path, n_samples, ACT_GPU_PRECISION_FP32);
  n_rows = n_samples * f.plan.length;
  n = f.plan.forward.n_modules;
  all = act_gpu_forward_csr_workspace_size (
      &f.plan.forward, f.products, n_samples, f.plan.length, 0);
  for (uint32_t i = 0; i < f.plan.forward.n_ops; i++)
    if (f.plan.ops[i].head != NULL && f.plan.ops[i].head->module >= n / 4)
      f.plan.ops[i].head = NULL;
  f.plan.forward.n_modules = (uint32_t) (n / 4);
  few = act_gpu_forward_csr_workspace_size (
      &f.plan.forward, f.products, n_samples, f.plan.length, 0);
  row ("large model: workspace without the CSR, all modules and a quarter",
      "12 bytes a row and module between them",
      all - few <= 12 * n_rows * (n - n / 4) + 1024 ? MET : MISSED,
      "%.2f MB and %.2f MB, %.2f MB of the difference allowed",
      (double) all / 1e6, (double) few / 1e6,
      12e-6 * (double) n_rows * (double) (n - n / 4));
  forward_close (&f);
}

static void
bench_model (const char *path, const char *name, size_t n_samples,
    double target, FILE *times)
{
  for (int precision = 0; precision < 3; precision++)
    bench_forward (
        path, name, n_samples, (ActGpuPrecision) precision, target, times);
}

int
main (int argc, char **argv)
{
  int n_devices = 0;
  size_t n_large;
  FILE *times;

  if (argc != 5) {
    fprintf (stderr, "bench SMALL SAMPLE LARGE TIMES\n");
    return 2;
  }
  if (cudaGetDeviceCount (&n_devices) != cudaSuccess || n_devices == 0) {
    printf ("no CUDA device\n");
    return 77;
  }
  small = atoi (argv[1]) != 0;
  times = fopen (argv[4], "w");
  if (times == NULL) {
    perror (argv[4]);
    return 1;
  }
  if (small)
    n_runs = 1;
  n_large = small ? 1 : 64;
  printf ("device: %s\n", device_name ());
  bench_pack (small ? 8 : 4096, 40000);
  bench_model (argv[2], "sample model", small ? 1 : 256, 2.0, times);
  bench_model (argv[3], "large model", n_large, 1.3, times);
  bench_workspace (argv[3], n_large);
  for (int precision = 0; precision < 3; precision++)
    bench_parts (argv[3], n_large, (ActGpuPrecision) precision);
  for (int precision = 0; !small && precision < 3; precision++)
    bench_tiles (argv[3], n_large, (ActGpuPrecision) precision);
  return fclose (times) == 0 ? 0 : 1;
}
