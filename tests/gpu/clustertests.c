/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "gpuclusters.h"
#include "sparse/cluster.h"
#include "sparse/csr.h"

/* Clusters by the CPU's reducer and by the device: the same bits, so sums in
 * the same order. */

typedef struct {
  size_t n_rows, n_columns, n_clusters;
  double share;
  bool signed_too;
} Shape;

/* 1,536 clusters fit a block's shared memory four times, 6,144 once */
static const Shape shapes[] = {
  { 0, 5, 2, 0.5, false }, { 1, 1, 1, 1.0, false }, { 3, 7, 0, 0.5, true },
  { 1, 40, 1, 1.0, true }, { 5, 33, 3, 0.5, false }, { 31, 64, 31, 0.7, true },
  { 33, 65, 32, 0.5, true }, { 9, 129, 33, 1.0, false },
  { 4, 1000, 5, 1.0, true }, { 6, 1000, 64, 0.0, true },
  { 2, 4000, 1536, 0.3, true }, { 3, 4000, 1537, 0.3, false },
  { 2, 9000, 6144, 0.1, true }, { 3, 9000, 6145, 0.1, true },
  { 3, 40000, 2000, 0.005, false }, { 2, 40000, 7000, 1.0, true },
  { 2100, 12, 4, 0.4, true }, { 8200, 5, 2, 0.4, true }, /* two rows a warp */
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

typedef struct {
  Shape shape;
  float *dense;
  uint8_t *alive;
  int32_t *cluster_of;
  size_t n_values;
  int64_t *indptr;
  int32_t *indices;
  float *values;
  /* on the device */
  ActGpuClusters clusters;
  void *d_dense, *d_alive, *d_indptr, *d_indices, *d_values;
} Case;

/* some columns are in no cluster, some clusters have no column */
static void
assign (Case *c)
{
  const Shape *s = &c->shape;
  int32_t *member_ptr = malloc ((s->n_clusters + 1) * sizeof (int32_t));
  int32_t *members = malloc (s->n_columns * sizeof (int32_t));

  c->cluster_of = malloc (s->n_columns * sizeof (int32_t));
  for (size_t i = 0; i < s->n_columns; i++)
    c->cluster_of[i] = s->n_clusters == 0 || random_next () % 8 == 0
        ? -1
        : (int32_t) (random_next () % s->n_clusters);
  act_gpu_clusters_list (
      s->n_columns, s->n_clusters, c->cluster_of, member_ptr, members);
  c->clusters.n_columns = s->n_columns;
  c->clusters.n_clusters = s->n_clusters;
  c->clusters.cluster_of =
      device_copy (c->cluster_of, s->n_columns * sizeof (int32_t));
  c->clusters.member_ptr =
      device_copy (member_ptr, (s->n_clusters + 1) * sizeof (int32_t));
  c->clusters.members = device_copy (
      members, (size_t) member_ptr[s->n_clusters] * sizeof (int32_t));
  free (member_ptr);
  free (members);
}

static Case
case_new (const Shape *s, int alive_kind)
{
  Case c = { .shape = *s };
  size_t n = s->n_rows * s->n_columns;

  c.dense = random_sparse (n, s->share, s->signed_too);
  c.d_dense = device_copy (c.dense, n * sizeof (float));
  if (alive_kind > 0) {
    c.alive = malloc (s->n_columns);
    for (size_t i = 0; i < s->n_columns; i++)
      c.alive[i] = alive_kind == 1 && random_next () % 2 != 0;
    c.d_alive = device_copy (c.alive, s->n_columns);
  }
  assign (&c);
  c.indptr = malloc ((s->n_rows + 1) * sizeof (int64_t));
  c.indices = malloc ((n + ACT_CSR_SLACK) * sizeof (int32_t));
  c.values = malloc ((n + ACT_CSR_SLACK) * sizeof (float));
  /* dead columns' values are there, and must not count */
  c.n_values = act_csr_from_dense (
      c.dense, s->n_rows, s->n_columns, NULL, c.indptr, c.indices, c.values);
  c.d_indptr = device_copy (c.indptr, (s->n_rows + 1) * sizeof (int64_t));
  c.d_indices = device_copy (c.indices, c.n_values * sizeof (int32_t));
  c.d_values = device_copy (c.values, c.n_values * sizeof (float));
  return c;
}

static void
case_clear (Case *c)
{
  free (c->dense);
  free (c->alive);
  free (c->cluster_of);
  free (c->indptr);
  free (c->indices);
  free (c->values);
  device_free_all ();
}

typedef struct {
  size_t n;
  int64_t *indptr;
  int32_t *indices;
  float *values;
} Expected;

static void
check_result (const Case *c, const char *what, const Expected *expected,
    const ActGpuCsr *out, const ActGpuResult *d_result)
{
  const Shape *s = &c->shape;
  ActGpuResult *result = device_get (d_result, sizeof *result);
  int64_t *indptr = device_get (out->indptr, (s->n_rows + 1) * sizeof *indptr);
  size_t n = expected->n < (size_t) out->capacity ? expected->n
                                                  : (size_t) out->capacity;
  int32_t *indices = device_get (out->indices, n * sizeof *indices);
  float *values = device_get (out->values, n * sizeof *values);

  CHECK (result->n_values == (int64_t) expected->n
          && result->overflow == ((int64_t) expected->n > out->capacity),
      "%s %zux%zux%zu: %lld values, overflow %d, expected %zu of %lld", what,
      s->n_rows, s->n_columns, s->n_clusters, (long long) result->n_values,
      result->overflow, expected->n, (long long) out->capacity);
  CHECK (
      memcmp (indptr, expected->indptr, (s->n_rows + 1) * sizeof *indptr) == 0
          && memcmp (indices, expected->indices, n * sizeof *indices) == 0
          && memcmp (values, expected->values, n * sizeof *values) == 0,
      "%s %zux%zux%zu of reduction %d differs", what, s->n_rows, s->n_columns,
      s->n_clusters, (int) c->clusters.reduction);
  free (result);
  free (indptr);
  free (indices);
  free (values);
}

static void
run_csr (const Case *c, const ActGpuCsr *out, ActGpuResult *result)
{
  size_t size = act_gpu_clusters_from_csr_workspace_size (
      &c->clusters, c->shape.n_rows, c->n_values);

  device_check (
      act_gpu_clusters_from_csr (&c->clusters, c->shape.n_rows, c->n_values,
          c->d_indptr, c->d_indices, c->d_values, c->d_alive, out, result,
          device_new (size), size, device_stream ()),
      "clusters from CSR");
}

static void
run_dense (const Case *c, const ActGpuCsr *out, ActGpuResult *result)
{
  size_t size = act_gpu_clusters_from_dense_workspace_size (
      &c->clusters, c->shape.n_rows);

  device_check (
      act_gpu_clusters_from_dense (&c->clusters, c->shape.n_rows, c->d_dense,
          c->d_alive, out, result, device_new (size), size, device_stream ()),
      "clusters from dense");
}

static void
check_runs (const Case *c, const char *what, const Expected *expected,
    void (*run) (const Case *, const ActGpuCsr *, ActGpuResult *))
{
  ActGpuResult *result = device_new (sizeof *result);

  /* too little room, none, then enough */
  for (int i = 0; i < 2 + n_repeats; i++) {
    size_t capacity = i == 0 ? expected->n / 2 : i == 1 ? 0 : expected->n;
    ActGpuCsr out = {
      .indptr = device_new ((c->shape.n_rows + 1) * sizeof (int64_t)),
      .indices = device_new (capacity * sizeof (int32_t)),
      .values = device_new (capacity * sizeof (float)),
      .capacity = (int64_t) capacity,
    };

    run (c, &out, result);
    check_result (c, what, expected, &out, result);
  }
}

static void
check_case (Case *c, ActClusterReduction reduction)
{
  const Shape *s = &c->shape;
  ActClusterReducer *reducer = act_cluster_reducer_new (
      reduction, s->n_columns, s->n_clusters, c->cluster_of);
  size_t room = s->n_rows * s->n_columns + ACT_CSR_SLACK;
  Expected expected = {
    .indptr = malloc ((s->n_rows + 1) * sizeof (int64_t)),
    .indices = malloc (room * sizeof (int32_t)),
    .values = malloc (room * sizeof (float)),
  };

  c->clusters.reduction = (ActGpuReduction) reduction;
  act_cluster_reducer_set_alive (reducer, c->alive);
  expected.n =
      act_cluster_reduce_csr (reducer, s->n_rows, c->indptr, c->indices,
          c->values, expected.indptr, expected.indices, expected.values);
  check_runs (c, "clusters from CSR", &expected, run_csr);
  expected.n = act_cluster_reduce_dense (reducer, s->n_rows, c->dense,
      expected.indptr, expected.indices, expected.values);
  check_runs (c, "clusters from dense", &expected, run_dense);
  act_cluster_reducer_free (reducer);
  free (expected.indptr);
  free (expected.indices);
  free (expected.values);
}

static void
check_reduction (ActClusterReduction reduction)
{
  for (size_t i = 0; i < N_SHAPES; i++) {
    for (int alive = 0; alive < 3; alive++) {
      Case c = case_new (&shapes[i], alive);

      check_case (&c, reduction);
      case_clear (&c);
    }
  }
}

static void
test_max (void)
{
  check_reduction (ACT_CLUSTER_MAX);
}

static void
test_mean (void)
{
  check_reduction (ACT_CLUSTER_MEAN);
}

static void
test_sum (void)
{
  check_reduction (ACT_CLUSTER_SUM);
}

/* added to what is there */
static void
check_coactivations (const Shape *s)
{
  Case c = case_new (s, 0);
  size_t n = s->n_columns, size = n * n * sizeof (uint64_t);
  uint64_t *expected = malloc (size), *found, *d_counts;

  for (size_t i = 0; i < n * n; i++)
    expected[i] = i % 5;
  d_counts = device_copy (expected, size);
  for (size_t row = 0; row < s->n_rows; row++)
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; c.dense[row * n + i] > 0.0f && j < n; j++)
        expected[i * n + j] += c.dense[row * n + j] > 0.0f;
  device_check (act_gpu_coactivations (s->n_rows, n, c.d_indptr, c.d_indices,
                    c.d_values, d_counts, device_stream ()),
      "coactivations");
  found = device_get (d_counts, size);
  CHECK (memcmp (found, expected, size) == 0, "coactivations %zux%zu differ",
      s->n_rows, n);
  free (found);
  free (expected);
  case_clear (&c);
}

static void
test_coactivations (void)
{
  static const Shape small[] = { { 0, 3, 1, 0.5, true },
    { 1, 1, 1, 1.0, false }, { 40, 33, 1, 0.5, true },
    { 100, 129, 1, 0.1, true }, { 9, 200, 1, 1.0, false } };

  for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
    check_coactivations (&small[i]);
}

/* components that were never dense, about 200 a row */
static Case
sparse_case_new (const Shape *s)
{
  Case c = { .shape = *s };
  uint32_t step = (uint32_t) (2 / s->share);
  size_t room = s->n_rows * s->n_columns / (step / 4);

  assign (&c);
  c.indptr = malloc ((s->n_rows + 1) * sizeof (int64_t));
  c.indices = malloc (room * sizeof (int32_t));
  c.values = random_floats (room, 1);
  c.indptr[0] = 0;
  for (size_t row = 0; row < s->n_rows; row++) {
    for (size_t column = random_next () % step; column < s->n_columns;
         column += 1 + random_next () % step) {
      if (c.n_values == room)
        continue;
      if (c.values[c.n_values] == 0.0f)
        c.values[c.n_values] = 1;
      c.indices[c.n_values++] = (int32_t) column;
    }
    c.indptr[row + 1] = (int64_t) c.n_values;
  }
  c.d_indptr = device_copy (c.indptr, (s->n_rows + 1) * sizeof (int64_t));
  c.d_indices = device_copy (c.indices, c.n_values * sizeof (int32_t));
  c.d_values = device_copy (c.values, c.n_values * sizeof (float));
  return c;
}

static void
check_large (const Shape *s, ActClusterReduction reduction)
{
  Case c = sparse_case_new (s);
  ActClusterReducer *reducer = act_cluster_reducer_new (
      reduction, s->n_columns, s->n_clusters, c.cluster_of);
  size_t room = c.n_values + ACT_CSR_SLACK;
  Expected expected = {
    .indptr = malloc ((s->n_rows + 1) * sizeof (int64_t)),
    .indices = malloc (room * sizeof (int32_t)),
    .values = malloc (room * sizeof (float)),
  };

  c.clusters.reduction = (ActGpuReduction) reduction;
  act_cluster_reducer_set_alive (reducer, NULL);
  expected.n = act_cluster_reduce_csr (reducer, s->n_rows, c.indptr, c.indices,
      c.values, expected.indptr, expected.indices, expected.values);
  check_runs (&c, "clusters from CSR", &expected, run_csr);
  act_cluster_reducer_free (reducer);
  free (expected.indptr);
  free (expected.indices);
  free (expected.values);
  case_clear (&c);
}

/* places in shared memory, and in the device's */
static void
test_large (void)
{
  static const Shape large[] = {
    { LARGE (32768), 40000, 2000, 0.005, true },
    { LARGE (32768), 40000, 7000, 0.005, true },
  };

  for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
    check_large (&large[i], ACT_CLUSTER_MAX);
    check_large (&large[i], ACT_CLUSTER_MEAN);
    check_large (&large[i], ACT_CLUSTER_SUM);
  }
}

const Test large_cluster_tests[] = {
  { "clusters of components, large", test_large },
  { NULL, NULL },
};

const Test cluster_tests[] = {
  { "cluster maximum", test_max },
  { "cluster mean", test_mean },
  { "cluster sum", test_sum },
  { "coactivations", test_coactivations },
  { NULL, NULL },
};
