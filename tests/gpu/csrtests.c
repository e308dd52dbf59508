/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "gpucsr.h"
#include "sparse/csr.h"
#include "sparse/filter.h"

/* Dense and CSR, by the CPU's kernels and by the device's: the same bits. */

typedef struct {
  size_t n_rows, n_cols;
  double share; /* that is not zero */
} Shape;

/* about a lane's four columns, a warp's 128, a segment's 2,048, a scan's 4,096
 * rows; one row, 40,000 columns, all dense, nothing at all */
static const Shape shapes[] = {
  { 0, 5, 0.5 },
  { 1, 1, 1.0 },
  { 1, 1, 0.0 },
  { 1, 3, 0.5 },
  { 2, 4, 0.5 },
  { 3, 5, 0.5 },
  { 31, 31, 0.3 },
  { 32, 32, 0.3 },
  { 33, 33, 0.3 },
  { 7, 127, 0.1 },
  { 8, 128, 0.1 },
  { 9, 129, 0.1 },
  { 1, 255, 1.0 },
  { 255, 4, 0.5 },
  { 256, 8, 0.5 },
  { 257, 3, 0.5 },
  { 2, 2047, 0.05 },
  { 2, 2048, 0.05 },
  { 2, 2049, 0.05 },
  { 3, 4100, 1.0 },
  { 3, 4100, 0.0 },
  { 1, 40000, 0.005 },
  { 2, 40000, 1.0 },
  { 17, 40000, 0.005 },
  { 4095, 2, 0.5 },
  { 4096, 1, 0.5 },
  { 4097, 1, 0.5 },
  { 8200, 1, 0.3 },
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

typedef enum { ALL, NONE_ALIVE, SOME, N_ALIVE_KINDS } AliveKind;

typedef struct {
  Shape shape;
  size_t n_dense;
  float *dense;
  uint8_t *alive; /* NULL: all */
  /* the CPU's */
  size_t n_values;
  int64_t *indptr;
  int32_t *indices;
  float *values;
  /* the device's copies */
  float *d_dense;
  uint8_t *d_alive;
} Case;

static Case
case_new (const Shape *shape, AliveKind kind)
{
  Case c = { .shape = *shape, .n_dense = shape->n_rows * shape->n_cols };

  c.dense = random_sparse (c.n_dense, shape->share, true);
  c.d_dense = device_copy (c.dense, c.n_dense * sizeof (float));
  if (kind != ALL) {
    c.alive = malloc (shape->n_cols);
    for (size_t i = 0; i < shape->n_cols; i++)
      c.alive[i] = kind == SOME && random_next () % 3 != 0;
    c.d_alive = device_copy (c.alive, shape->n_cols);
  }
  c.indptr = malloc ((shape->n_rows + 1) * sizeof (int64_t));
  c.indices = malloc ((c.n_dense + ACT_CSR_SLACK) * sizeof (int32_t));
  c.values = malloc ((c.n_dense + ACT_CSR_SLACK) * sizeof (float));
  c.n_values = act_csr_from_dense (c.dense, shape->n_rows, shape->n_cols,
      c.alive, c.indptr, c.indices, c.values);
  return c;
}

static void
case_clear (Case *c)
{
  free (c->dense);
  free (c->alive);
  free (c->indptr);
  free (c->indices);
  free (c->values);
  device_free_all ();
}

static void
for_each_case (void (*check) (const Case *c))
{
  for (size_t i = 0; i < N_SHAPES; i++) {
    for (int kind = 0; kind < N_ALIVE_KINDS; kind++) {
      Case c = case_new (&shapes[i], kind);

      check (&c);
      case_clear (&c);
    }
  }
}

static bool
same_bytes (const void *d_found, const void *expected, size_t size)
{
  void *found = device_get (d_found, size);
  bool same = size == 0 || memcmp (found, expected, size) == 0;

  free (found);
  return same;
}

static ActGpuCsr
csr_new (size_t n_rows, size_t capacity)
{
  ActGpuCsr csr = {
    .indptr = device_new ((n_rows + 1) * sizeof (int64_t)),
    .indices = device_new (capacity * sizeof (int32_t)),
    .values = device_new (capacity * sizeof (float)),
    .capacity = (int64_t) capacity,
  };

  return csr;
}

static void
csr_poison (const ActGpuCsr *csr, size_t n_rows)
{
  device_poison (csr->indptr, (n_rows + 1) * sizeof (int64_t));
  device_poison (csr->indices, (size_t) csr->capacity * sizeof (int32_t));
  device_poison (csr->values, (size_t) csr->capacity * sizeof (float));
}

/* with fewer than all values, those that are there are the first */
static void
check_csr (const char *what, const Shape *shape, const ActGpuCsr *csr,
    const ActGpuResult *d_result, size_t n_values, const int64_t *indptr,
    const int32_t *indices, const float *values)
{
  ActGpuResult *result = device_get (d_result, sizeof *result);
  size_t n =
      n_values < (size_t) csr->capacity ? n_values : (size_t) csr->capacity;

  CHECK (result->n_values == (int64_t) n_values,
      "%s %zux%zu: %lld values, expected %zu", what, shape->n_rows,
      shape->n_cols, (long long) result->n_values, n_values);
  CHECK (result->overflow == ((int64_t) n_values > csr->capacity),
      "%s %zux%zu: overflow is %d with %zu values of %lld", what, shape->n_rows,
      shape->n_cols, result->overflow, n_values, (long long) csr->capacity);
  CHECK (
      same_bytes (csr->indptr, indptr, (shape->n_rows + 1) * sizeof (int64_t)),
      "%s %zux%zu: indptr differs", what, shape->n_rows, shape->n_cols);
  CHECK (same_bytes (csr->indices, indices, n * sizeof (int32_t)),
      "%s %zux%zu: indices differ", what, shape->n_rows, shape->n_cols);
  CHECK (same_bytes (csr->values, values, n * sizeof (float)),
      "%s %zux%zu: values differ", what, shape->n_rows, shape->n_cols);
  free (result);
}

static void
check_from_dense_in (const Case *c, size_t capacity, int repeats)
{
  const Shape *s = &c->shape;
  ActGpuCsr out = csr_new (s->n_rows, capacity);
  size_t size = act_gpu_csr_from_dense_workspace_size (s->n_rows, s->n_cols);
  void *workspace = device_new (size);
  ActGpuResult *result = device_new (sizeof *result);

  for (int i = 0; i < repeats; i++) {
    csr_poison (&out, s->n_rows);
    device_poison (workspace, size);
    device_poison (result, sizeof *result);
    device_check (
        act_gpu_csr_from_dense (s->n_rows, s->n_cols, c->d_dense, c->d_alive,
            &out, result, workspace, size, device_stream ()),
        "from dense");
    check_csr ("from dense", s, &out, result, c->n_values, c->indptr,
        c->indices, c->values);
  }
  if (size > 0)
    CHECK (act_gpu_csr_from_dense (s->n_rows, s->n_cols, c->d_dense, NULL, &out,
               result, workspace, size - 1, device_stream ())
            == ACT_GPU_ERROR_WORKSPACE,
        "a workspace too small is taken");
}

static void
check_from_dense (const Case *c)
{
  check_from_dense_in (c, c->n_values, n_repeats);
  check_from_dense_in (c, c->n_dense + 7, 1);
  if (c->n_values > 0) {
    check_from_dense_in (c, c->n_values - 1, 1);
    check_from_dense_in (c, c->n_values / 2, 1);
    check_from_dense_in (c, 0, 1);
  }
}

static void
test_from_dense (void)
{
  for_each_case (check_from_dense);
}

/* rows that do not begin on 16 bytes, as when a part of a matrix is taken */
static void
test_from_dense_unaligned (void)
{
  Shape shape = { 5, 256, 0.3 };
  Case c = case_new (&shape, ALL);
  float *shifted = device_new ((c.n_dense + 1) * sizeof (float));
  float *moved = malloc ((c.n_dense + 1) * sizeof (float));

  memcpy (moved + 1, c.dense, c.n_dense * sizeof (float));
  moved[0] = NAN;
  shifted = (float *) device_copy (moved, (c.n_dense + 1) * sizeof (float)) + 1;
  c.d_dense = shifted;
  check_from_dense_in (&c, c.n_values, 1);
  free (moved);
  case_clear (&c);
}

static void
check_to_dense (const Case *c)
{
  const Shape *s = &c->shape;
  float *expected = malloc (c->n_dense * sizeof (float) + 1);
  float *out = device_new (c->n_dense * sizeof (float));
  const void *indptr =
      device_copy (c->indptr, (s->n_rows + 1) * sizeof (int64_t));
  const void *indices =
      device_copy (c->indices, c->n_values * sizeof (int32_t));
  const void *values = device_copy (c->values, c->n_values * sizeof (float));

  act_csr_to_dense (
      s->n_rows, s->n_cols, c->indptr, c->indices, c->values, expected);
  device_check (act_gpu_csr_to_dense (s->n_rows, s->n_cols, indptr, indices,
                    values, out, device_stream ()),
      "to dense");
  CHECK (same_bytes (out, expected, c->n_dense * sizeof (float)),
      "to dense %zux%zu differs", s->n_rows, s->n_cols);
  free (expected);
}

static void
test_to_dense (void)
{
  for_each_case (check_to_dense);
}

static size_t
count_nonzero (const float *values, size_t n)
{
  return act_csr_count_dense (values, 1, n, NULL);
}

static void
check_max (const Case *c, const char *what, const float *d_max,
    const ActGpuResult *d_result, const float *expected, size_t n_nonzero)
{
  ActGpuResult *result = device_get (d_result, sizeof *result);

  CHECK (same_bytes (d_max, expected, c->shape.n_cols * sizeof (float)),
      "%s %zux%zu differs", what, c->shape.n_rows, c->shape.n_cols);
  CHECK (result->n_values == (int64_t) n_nonzero,
      "%s %zux%zu: %lld values, expected %zu", what, c->shape.n_rows,
      c->shape.n_cols, (long long) result->n_values, n_nonzero);
  CHECK (result->first_bad == ACT_GPU_NONE, "%s finds NaN", what);
  free (result);
}

static void
check_column_max (const Case *c)
{
  const Shape *s = &c->shape;
  size_t size = act_gpu_column_max_workspace_size (s->n_cols);
  void *workspace = device_new (size);
  ActGpuResult *result = device_new (sizeof *result);
  float *max = device_new (s->n_cols * sizeof (float));
  float *expected = malloc ((s->n_cols + 1) * sizeof (float));
  const void *indptr =
      device_copy (c->indptr, (s->n_rows + 1) * sizeof (int64_t));
  const void *indices =
      device_copy (c->indices, c->n_values * sizeof (int32_t));
  const void *values = device_copy (c->values, c->n_values * sizeof (float));

  for (int i = 0; i < n_repeats; i++) {
    device_poison (max, s->n_cols * sizeof (float));
    act_dense_column_max (c->dense, s->n_rows, s->n_cols, expected);
    device_check (act_gpu_dense_column_max (s->n_rows, s->n_cols, c->d_dense,
                      max, result, workspace, size, device_stream ()),
        "column max");
    check_max (c, "dense column max", max, result, expected,
        count_nonzero (c->dense, c->n_dense));
    device_poison (max, s->n_cols * sizeof (float));
    act_csr_column_max (
        s->n_rows, s->n_cols, c->indptr, c->indices, c->values, expected);
    device_check (act_gpu_csr_column_max (s->n_rows, s->n_cols, indptr, indices,
                      values, max, result, workspace, size, device_stream ()),
        "column max");
    check_max (c, "CSR column max", max, result, expected, c->n_values);
  }
  free (expected);
}

static void
test_column_max (void)
{
  for_each_case (check_column_max);
}

static void
check_filter (const Case *c)
{
  const Shape *s = &c->shape;
  Case all = *c;
  int64_t *indptr = malloc ((s->n_rows + 1) * sizeof (int64_t));
  int32_t *indices = malloc ((c->n_dense + 1) * sizeof (int32_t));
  float *values = malloc ((c->n_dense + 1) * sizeof (float));
  size_t n_all = act_csr_from_dense (c->dense, s->n_rows, s->n_cols, NULL,
      all.indptr, all.indices, all.values);
  size_t n, size = act_gpu_csr_filter_workspace_size (s->n_rows);
  void *workspace = device_new (size);
  ActGpuResult *result = device_new (sizeof *result);
  void *d_indptr, *d_indices, *d_values;

  /* a zero that is stored is dropped as well */
  if (n_all > 2)
    all.values[n_all / 2] = -0.0f;
  d_indptr = device_copy (all.indptr, (s->n_rows + 1) * sizeof (int64_t));
  d_indices = device_copy (all.indices, n_all * sizeof (int32_t));
  d_values = device_copy (all.values, n_all * sizeof (float));
  n = act_csr_filter (s->n_rows, s->n_cols, all.indptr, all.indices, all.values,
      c->alive, indptr, indices, values);
  for (int i = 0; i < 2 + n_repeats; i++) {
    ActGpuCsr out = csr_new (s->n_rows, i == 0 ? n / 2 : i == 1 ? 0 : n);

    device_poison (workspace, size);
    device_check (
        act_gpu_csr_filter (s->n_rows, s->n_cols, d_indptr, d_indices, d_values,
            c->d_alive, &out, result, workspace, size, device_stream ()),
        "CSR filter");
    check_csr ("CSR filter", s, &out, result, n, indptr, indices, values);
  }
  free (indptr);
  free (indices);
  free (values);
}

static void
test_filter (void)
{
  for_each_case (check_filter);
}

static void
check_filter_dense (const Case *c)
{
  size_t size = c->n_dense * sizeof (float);
  float *expected = malloc (size + 1);
  float *out = device_new (size);

  act_filter_dense (
      c->dense, c->shape.n_rows, c->shape.n_cols, c->alive, expected);
  device_check (act_gpu_filter_dense (c->shape.n_rows, c->shape.n_cols,
                    c->d_dense, c->d_alive, out, device_stream ()),
      "dense filter");
  CHECK (same_bytes (out, expected, size), "dense filter %zux%zu differs",
      c->shape.n_rows, c->shape.n_cols);
  device_check (act_gpu_filter_dense (c->shape.n_rows, c->shape.n_cols,
                    c->d_dense, c->d_alive, c->d_dense, device_stream ()),
      "dense filter");
  CHECK (same_bytes (c->d_dense, expected, size),
      "dense filter in place %zux%zu differs", c->shape.n_rows,
      c->shape.n_cols);
  free (expected);
}

static void
test_filter_dense (void)
{
  for_each_case (check_filter_dense);
}

static void
check_mark (const Case *c)
{
  size_t n = c->shape.n_cols;
  float *max = random_sparse (n, 0.7, true);
  float threshold = 0.25f;
  uint8_t *expected = malloc (n + 1), *d_alive = device_new (n);
  int64_t *d_n_dead = device_new (sizeof *d_n_dead), *n_dead;
  const float *d_max;
  size_t n_expected;

  if (n > 2)
    max[n / 2] = threshold; /* equal is alive */
  d_max = device_copy (max, n * sizeof (float));
  n_expected = act_filter_mark (n, max, threshold, c->alive, expected);
  device_check (act_gpu_filter_mark (n, d_max, threshold, c->d_alive, d_alive,
                    d_n_dead, device_stream ()),
      "mark");
  n_dead = device_get (d_n_dead, sizeof *n_dead);
  CHECK (*n_dead == (int64_t) n_expected, "%lld dead, expected %zu",
      (long long) *n_dead, n_expected);
  CHECK (same_bytes (d_alive, expected, n), "marks of %zu columns differ", n);
  free (n_dead);
  free (max);
  free (expected);
}

static void
test_mark (void)
{
  for_each_case (check_mark);
}

/* the first by row, then by column, whichever thread sees it */
static void
check_bad (float bad)
{
  Shape s = { 300, 515, 0.2 };
  Case c = case_new (&s, ALL);
  size_t size = act_gpu_csr_from_dense_workspace_size (s.n_rows, s.n_cols);
  ActGpuCsr out = csr_new (s.n_rows, c.n_dense);
  void *workspace = device_new (size);
  ActGpuResult *d_result = device_new (sizeof *d_result), *result;
  float *max = device_new (s.n_cols * sizeof (float));

  c.dense[299 * 515 + 1] = c.dense[123 * 515 + 514] = bad;
  c.dense[123 * 515 + 77] = bad;
  c.d_dense = device_copy (c.dense, c.n_dense * sizeof (float));
  device_check (act_gpu_csr_from_dense (s.n_rows, s.n_cols, c.d_dense, NULL,
                    &out, d_result, workspace, size, device_stream ()),
      "from dense");
  result = device_get (d_result, sizeof *result);
  CHECK (result->first_bad == ((uint64_t) 123 << 32 | 77), "first bad is %llx",
      (unsigned long long) result->first_bad);
  free (result);
  device_check (act_gpu_dense_column_max (s.n_rows, s.n_cols, c.d_dense, max,
                    d_result, workspace, size, device_stream ()),
      "column max");
  result = device_get (d_result, sizeof *result);
  CHECK (result->first_bad == ((uint64_t) 123 << 32 | 77), "first bad is %llx",
      (unsigned long long) result->first_bad);
  free (result);
  case_clear (&c);
}

static void
test_bad (void)
{
  check_bad (NAN);
  check_bad (INFINITY);
  check_bad (-INFINITY);
}

/* more segments than a device has warps, more pieces of a scan than a block has
 * threads */
static const Shape large_shapes[] = {
  { LARGE (4096), 40000, 0.005 },
  { LARGE (1300000), 3, 0.3 },
};

static void
for_each_large (AliveKind kind, void (*check) (const Case *c))
{
  for (size_t i = 0; i < sizeof large_shapes / sizeof large_shapes[0]; i++) {
    Case c = case_new (&large_shapes[i], kind);

    check (&c);
    case_clear (&c);
  }
}

static void
check_large_from_dense (const Case *c)
{
  check_from_dense_in (c, c->n_values, n_repeats);
  check_from_dense_in (c, c->n_values / 2, 1);
}

static void
test_large_from_dense (void)
{
  for_each_large (ALL, check_large_from_dense);
}

static void
test_large_column_max (void)
{
  for_each_large (ALL, check_column_max);
}

static void
test_large_filter (void)
{
  for_each_large (SOME, check_filter);
}

static void
test_large_to_dense (void)
{
  for_each_large (SOME, check_to_dense);
}

const Test large_csr_tests[] = {
  { "CSR from dense, large", test_large_from_dense },
  { "CSR to dense, large", test_large_to_dense },
  { "column maximum, large", test_large_column_max },
  { "filter of CSR, large", test_large_filter },
  { NULL, NULL },
};

const Test csr_tests[] = {
  { "CSR from dense", test_from_dense },
  { "CSR from dense that is not aligned", test_from_dense_unaligned },
  { "CSR to dense", test_to_dense },
  { "column maximum", test_column_max },
  { "filter of CSR", test_filter },
  { "filter of dense", test_filter_dense },
  { "marks of dead columns", test_mark },
  { "NaN and infinity are found", test_bad },
  { NULL, NULL },
};
