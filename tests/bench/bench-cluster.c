/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long the dead-component filter and the cluster reduction take for a
 * batch, beside a memcpy of the dense batch, which is what touching it once
 * costs. One thread. usage: bench-cluster [positions components clusters] */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sparse/cluster.h"
#include "sparse/csr.h"
#include "sparse/filter.h"

#define REPEATS 15

typedef struct {
  gsize n_rows, n_cols, n_clusters;
  float *dense, *copy, *max;
  guint8 *alive, *seen;
  gint64 *indptr, *out_indptr;
  gint32 *indices, *out_indices;
  float *values, *out_values;
  gsize n_values, n_out;
  ActClusterReducer *reducer;
} Bench;

typedef void (*Step) (Bench *bench);

static void
step_copy (Bench *b)
{
  memcpy (b->copy, b->dense, b->n_rows * b->n_cols * sizeof (float));
}

/* finite, largest of each column, number of nonzeros: one reading */
static void
step_scan (Bench *b)
{
  gboolean minus_zero;
  gsize n;

  if (!act_filter_scan_dense (
          b->dense, b->n_rows, b->n_cols, b->max, &n, &minus_zero))
    abort ();
  act_filter_mark (b->n_cols, b->max, 0.01f, NULL, b->alive);
}

static void
step_compress (Bench *b)
{
  b->n_values = act_csr_from_dense (b->dense, b->n_rows, b->n_cols, b->alive,
      b->indptr, b->indices, b->values);
}

static void
step_max (Bench *b)
{
  act_cluster_reducer_set_alive (b->reducer, b->alive);
  b->n_out = act_cluster_reduce_csr (b->reducer, b->n_rows, b->indptr,
      b->indices, b->values, b->out_indptr, b->out_indices, b->out_values);
}

/* what the filter does where CSR comes in, beside checking the indices */
static void
step_filter_csr (Bench *b)
{
  gboolean drops;
  gsize n;

  if (!act_csr_validate (
          b->n_rows, b->n_cols, b->n_values, b->indptr, b->indices, NULL)
      || !act_filter_scan_csr (
          b->n_values, b->n_cols, b->indices, b->values, 0.01f, b->seen, &n))
    abort ();
  act_filter_mark_seen (b->n_cols, b->seen, NULL, b->alive, &drops);
  act_csr_filter (b->n_rows, b->n_cols, b->indptr, b->indices, b->values,
      b->alive, b->out_indptr, b->out_indices, b->out_values);
}

/* the same from dense, without the filter */
static void
step_max_dense (Bench *b)
{
  act_cluster_reducer_set_alive (b->reducer, b->alive);
  b->n_out = act_cluster_reduce_dense (b->reducer, b->n_rows, b->dense,
      b->out_indptr, b->out_indices, b->out_values);
}

/* milliseconds, the best of several: others' work on the machine only adds */
static double
measure (Bench *bench, Step step)
{
  gint64 best = G_MAXINT64;

  step (bench);
  for (guint i = 0; i < REPEATS; i++) {
    gint64 begin = g_get_monotonic_time ();

    step (bench);
    best = MIN (best, g_get_monotonic_time () - begin);
  }
  return (double) best / 1000;
}

static void
fill (Bench *b, double density)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint32 limit = (guint32) (density * 4294967295.0);

  for (gsize i = 0; i < b->n_rows * b->n_cols; i++)
    b->dense[i] = g_rand_int (rand) <= limit
        ? (float) g_rand_double_range (rand, 0.02, 1)
        : 0.0f;
}

static void
run (Bench *b, double density)
{
  double copy, scan, compress, max, dense, filter;

  fill (b, density);
  copy = measure (b, step_copy);
  scan = measure (b, step_scan);
  compress = measure (b, step_compress);
  max = measure (b, step_max);
  dense = measure (b, step_max_dense);
  filter = measure (b, step_filter_csr);
  printf (
      "| %3.0f %% | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n",
      density * 100, copy, scan, compress, max, scan + compress + max,
      (scan + compress + max) / copy, dense, filter);
  fflush (stdout);
}

static void
bench_init (Bench *b, gsize n_rows, gsize n_cols, gsize n_clusters)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autofree gint32 *cluster_of = g_new (gint32, n_cols);
  gsize n = n_rows * n_cols;

  *b = (Bench){ .n_rows = n_rows, .n_cols = n_cols, .n_clusters = n_clusters };
  b->dense = g_new (float, n);
  b->copy = g_new (float, n);
  b->max = g_new (float, n_cols);
  b->alive = g_new (guint8, n_cols);
  b->seen = g_new (guint8, 2 * n_cols);
  b->indptr = g_new (gint64, n_rows + 1);
  b->out_indptr = g_new (gint64, n_rows + 1);
  b->indices = g_new (gint32, n + ACT_CSR_SLACK);
  b->out_indices = g_new (gint32, n + ACT_CSR_SLACK);
  b->values = g_new (float, n + ACT_CSR_SLACK);
  b->out_values = g_new (float, n + ACT_CSR_SLACK);
  for (gsize i = 0; i < n_cols; i++)
    cluster_of[i] = g_rand_int_range (rand, 0, (gint32) n_clusters);
  b->reducer =
      act_cluster_reducer_new (ACT_CLUSTER_MAX, n_cols, n_clusters, cluster_of);
}

static void
bench_clear (Bench *b)
{
  g_free (b->dense);
  g_free (b->copy);
  g_free (b->max);
  g_free (b->alive);
  g_free (b->seen);
  g_free (b->indptr);
  g_free (b->out_indptr);
  g_free (b->indices);
  g_free (b->out_indices);
  g_free (b->values);
  g_free (b->out_values);
  act_cluster_reducer_free (b->reducer);
}

int
main (int argc, char **argv)
{
  static const double densities[] = { 0.01, 0.05, 1.0 };
  gsize n_rows = 4096, n_cols = 1536, n_clusters = 588;
  Bench bench;

  if (argc == 4) {
    n_rows = strtoul (argv[1], NULL, 10);
    n_cols = strtoul (argv[2], NULL, 10);
    n_clusters = strtoul (argv[3], NULL, 10);
  }
  if ((argc != 1 && argc != 4) || n_rows == 0 || n_cols == 0
      || n_clusters == 0) {
    fprintf (stderr, "usage: bench-cluster [positions components clusters]\n");
    return 2;
  }
  bench_init (&bench, n_rows, n_cols, n_clusters);
  printf ("%zu positions, %zu components, %zu clusters; kernels: %s; "
          "milliseconds a batch\n\n",
      n_rows, n_cols, n_clusters, act_csr_kernel_name ());
  printf ("| nonzero | memcpy | scan | to CSR | cluster max | the three | "
          "of memcpy | max from dense | filter of CSR "
          "|\n|---|---|---|---|---|---|---|---|---|\n");
  for (guint i = 0; i < G_N_ELEMENTS (densities); i++)
    run (&bench, densities[i]);
  bench_clear (&bench);
  return 0;
}
