/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cluster reductions against the rules written down naively, and against
 * values worked out by hand. */

#include <math.h>
#include <string.h>

#include "sparse/cluster.h"
#include "sparse/csr.h"

/* one position of one cluster, by the rules, from the dense matrix */
static float
naive (ActClusterReduction reduction, gsize n_cols, const float *row,
    const guint8 *alive, const gint32 *cluster_of, gint32 cluster)
{
  volatile float sum = 0.0f; /* each step rounded to float32 */
  float max = 0.0f;
  guint n_alive = 0, n_members = 0;

  for (gsize col = 0; col < n_cols; col++) {
    if (cluster_of[col] != cluster)
      continue;
    n_members++;
    if (alive != NULL && alive[col] == 0)
      continue;
    max = n_alive == 0 || row[col] > max ? row[col] : max;
    sum = sum + row[col];
    n_alive++;
  }
  if (reduction == ACT_CLUSTER_MAX)
    return n_alive == 0 ? 0.0f : max + 0.0f;
  if (reduction == ACT_CLUSTER_SUM || n_members == 0)
    return sum;
  return sum / (float) n_members;
}

typedef struct {
  gsize n_rows;
  gsize n_cols;
  gsize n_clusters;
  float *dense;
  guint8 *alive;
  gint32 *cluster_of;
} Case;

static void
check_output (const Case *c, ActClusterReduction reduction, gsize n,
    const gint64 *indptr, const gint32 *indices, const float *values)
{
  gsize i = 0;

  for (gsize row = 0; row < c->n_rows; row++) {
    for (gsize cluster = 0; cluster < c->n_clusters; cluster++) {
      float want = naive (reduction, c->n_cols, c->dense + row * c->n_cols,
          c->alive, c->cluster_of, (gint32) cluster);

      if (want == 0.0f)
        continue;
      g_assert_cmpuint (i, <, n);
      g_assert_cmpint (indices[i], ==, (gint32) cluster);
      g_assert_cmpmem (&values[i], 4, &want, 4);
      i++;
    }
    g_assert_cmpint (indptr[row + 1], ==, (gint64) i);
  }
  g_assert_cmpuint (n, ==, i);
}

/* the same values without indices, exactly where none is 0 */
static void
check_full (
    const Case *c, ActClusterReducer *reducer, gsize n, const float *values)
{
  const gsize n_full = c->n_rows * c->n_clusters;
  g_autofree float *full = g_new (float, n_full + 1);
  const gboolean can = c->n_rows >= 16 && c->n_cols <= 8192
      && c->n_clusters <= 8192 && n == n_full;

  g_assert_cmpint (
      act_cluster_reduce_full (reducer, c->n_rows, c->dense, full), ==, can);
  if (can)
    g_assert_cmpmem (full, n_full * sizeof *full, values, n * sizeof *values);
}

static void
check_case (const Case *c, ActClusterReduction reduction)
{
  g_autoptr (ActClusterReducer) reducer = act_cluster_reducer_new (
      reduction, c->n_cols, c->n_clusters, c->cluster_of);
  gsize n = act_csr_count_dense (c->dense, c->n_rows, c->n_cols, NULL);
  g_autofree gint64 *indptr = g_new (gint64, c->n_rows + 1);
  g_autofree gint32 *indices = g_new (gint32, n + ACT_CSR_SLACK);
  g_autofree float *values = g_new (float, n + ACT_CSR_SLACK);
  gsize bound = act_cluster_reducer_bound (reducer, c->n_rows, n);
  g_autofree gint64 *out_indptr = g_new (gint64, c->n_rows + 1);
  g_autofree gint32 *out_indices = g_new (gint32, bound + 1);
  g_autofree float *out_values = g_new (float, bound + 1);
  gsize out_n;

  act_cluster_reducer_set_alive (reducer, c->alive);
  /* with the dead columns' values still in it, and twice: no state stays */
  act_csr_from_dense (
      c->dense, c->n_rows, c->n_cols, NULL, indptr, indices, values);
  for (guint i = 0; i < 2; i++) {
    out_n = act_cluster_reduce_csr (reducer, c->n_rows, indptr, indices, values,
        out_indptr, out_indices, out_values);
    check_output (c, reduction, out_n, out_indptr, out_indices, out_values);
  }
  out_n = act_cluster_reduce_dense (
      reducer, c->n_rows, c->dense, out_indptr, out_indices, out_values);
  check_output (c, reduction, out_n, out_indptr, out_indices, out_values);
  check_full (c, reducer, out_n, out_values);
  /* and as the filter hands them on */
  act_csr_from_dense (
      c->dense, c->n_rows, c->n_cols, c->alive, indptr, indices, values);
  out_n = act_cluster_reduce_csr (reducer, c->n_rows, indptr, indices, values,
      out_indptr, out_indices, out_values);
  check_output (c, reduction, out_n, out_indptr, out_indices, out_values);
}

static float
random_value (GRand *rand, guint kind)
{
  float v = (float) g_rand_double_range (rand, -1.0, 1.0);

  switch (kind) {
  case 0: /* sparse, positive */
    return g_rand_int_range (rand, 0, 20) == 0 ? fabsf (v) : 0.0f;
  case 1: /* negative, some zeros of either sign */
    return g_rand_int_range (rand, 0, 4) != 0 ? -fabsf (v)
        : g_rand_boolean (rand)               ? -0.0f
                                              : 0.0f;
  case 2: /* tiny: means that underflow */
    return g_rand_boolean (rand) ? 1e-45f : -1e-45f;
  case 3: /* few distinct values, so that sums cancel */
    return (float) g_rand_int_range (rand, -1, 2);
  case 4:
    return -0.0f;
  default:
    return v * 1e6f;
  }
}

static void
check_random (GRand *rand, gsize n_rows, gsize n_cols, gsize n_clusters,
    guint kind, guint dead)
{
  Case c = { n_rows, n_cols, n_clusters };

  c.dense = g_new (float, n_rows *n_cols + 1);
  c.cluster_of = g_new (gint32, n_cols + 1);
  c.alive = dead == 0 ? NULL : g_new0 (guint8, n_cols + 1);
  for (gsize i = 0; i < n_rows * n_cols; i++)
    c.dense[i] = random_value (rand, kind);
  for (gsize i = 0; i < n_cols; i++)
    c.cluster_of[i] = g_rand_int_range (rand, -1, (gint32) n_clusters);
  for (gsize i = 0; dead == 1 && i < n_cols; i++)
    c.alive[i] = (guint8) g_rand_boolean (rand);
  check_case (&c, ACT_CLUSTER_MAX);
  check_case (&c, ACT_CLUSTER_MEAN);
  check_case (&c, ACT_CLUSTER_SUM);
  g_free (c.dense);
  g_free (c.cluster_of);
  g_free (c.alive);
}

static void
test_random (void)
{
  static const gsize widths[] = { 0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65,
    200 };
  static const gsize clusters[] = { 1, 2, 15, 16, 17, 63, 64, 65 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    for (guint k = 0; k < G_N_ELEMENTS (clusters); k++) {
      for (guint kind = 0; kind < 6; kind++) {
        for (guint dead = 0; dead < 3; dead++)
          check_random (rand, w % 4, widths[w], clusters[k], kind, dead);
      }
    }
  }
  /* rows that are turned round sixteen at a time, and what is left of them; up
   * to so many columns or clusters */
  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    for (guint kind = 0; kind < 6; kind++) {
      check_random (rand, 15 + w % 3, widths[w], clusters[w % 8], kind, w % 3);
      check_random (rand, 31 + kind % 3, widths[w], clusters[kind], kind, 1);
      check_random (rand, 48, widths[w], 5, kind, 0);
    }
  }
  for (gsize n_rows = 15; n_rows < 35; n_rows++) {
    check_random (rand, n_rows, 200, 3, 5, 1);
    check_random (rand, n_rows, 200, 7, 5, 0);
  }
  check_random (rand, 16, 8192, 9, 5, 1);
  check_random (rand, 16, 8193, 9, 5, 0);
  check_random (rand, 17, 40, 8192, 1, 0);
  check_random (rand, 17, 40, 8193, 1, 1);
  /* as many groups of clusters as a word has bits, and some more and less; few
   * values and many */
  for (gsize n_clusters = 1023; n_clusters <= 1025; n_clusters++) {
    check_random (rand, 2, 300, n_clusters, 0, 1);
    check_random (rand, 2, 300, n_clusters, 1, 1);
    check_random (rand, 2, 300, n_clusters, 5, 0);
  }
  /* many words */
  check_random (rand, 1, 40, 70000, 5, 0);
  check_random (rand, 3, 9000, 4095, 0, 1);
  check_random (rand, 3, 9000, 4097, 0, 1);
  check_random (rand, 2, 3000, 8500, 1, 1);
}

/* in rows of a tile and in those behind, in columns of no cluster too */
static void
test_not_finite (void)
{
  enum { N_ROWS = 35, N_COLS = 21 };
  gint32 cluster_of[N_COLS];
  float dense[N_ROWS * N_COLS];
  gint64 indptr[N_ROWS + 1];
  gint32 indices[2 * N_ROWS + ACT_CSR_SLACK];
  float values[2 * N_ROWS + ACT_CSR_SLACK];
  g_autoptr (ActClusterReducer) reducer = NULL;

  for (gint32 i = 0; i < N_COLS; i++)
    cluster_of[i] = i % 3 - 1;
  for (guint i = 0; i < N_ROWS * N_COLS; i++)
    dense[i] = 1.0f;
  reducer = act_cluster_reducer_new (ACT_CLUSTER_SUM, N_COLS, 2, cluster_of);
  for (guint i = 0; i < N_ROWS * N_COLS; i++) {
    dense[i] = i % 2 == 0 ? NAN : -INFINITY;
    g_assert_cmpuint (act_cluster_reduce_dense (
                          reducer, N_ROWS, dense, indptr, indices, values),
        ==, G_MAXSIZE);
    dense[i] = 1.0f;
  }
  g_assert_cmpuint (act_cluster_reduce_dense (
                        reducer, N_ROWS, dense, indptr, indices, values),
      ==, 2 * N_ROWS);
  for (guint i = 0; i < 2 * N_ROWS; i++)
    g_assert_cmpfloat (values[i], ==, 7.0f);
}

static void
check_by_hand (
    ActClusterReduction reduction, const guint8 *alive, const float *want)
{
  /* columns: cluster 0 = {0, 1, 3}, cluster 1 = {2}, none = {4} */
  static const gint32 cluster_of[] = { 0, 0, 1, 0, -1 };
  static const float dense[] = {
    -1.0f, -2.0f, 0.5f, -4.0f, 9.0f,       /* all negative */
    -1.0f, 0.0f, -0.5f, -4.0f, 9.0f,       /* an alive zero */
    0.25f, 0.5f, 0.0f, 1e-30f, 0.0f,       /* */
    16777216.0f, 1.0f, -0.0f, 1.0f, -9.0f, /* order and rounding of sums */
  };
  g_autoptr (ActClusterReducer) reducer =
      act_cluster_reducer_new (reduction, 5, 2, cluster_of);
  gint64 indptr[5];
  gint32 indices[8 + ACT_CSR_SLACK];
  float values[8 + ACT_CSR_SLACK], out[8];

  act_cluster_reducer_set_alive (reducer, alive);
  act_cluster_reduce_dense (reducer, 4, dense, indptr, indices, values);
  act_csr_to_dense (4, 2, indptr, indices, values, out);
  for (guint i = 0; i < 8; i++)
    g_assert_cmpfloat (out[i], ==, want[i]);
}

static void
test_by_hand (void)
{
  static const float max[] = { -1, 0.5f, 0, -0.5f, 0.5f, 0, 16777216, 0 };
  static const float sum[] = { -7, 0.5f, -5, -0.5f, 0.75f, 0, 16777216, 0 };
  static const float mean[] = { -7.0f / 3, 0.5f, -5.0f / 3, -0.5f, 0.25f, 0,
    16777216.0f / 3, 0 };
  /* the zero and the largest are dead; the dead still divide a mean */
  static const guint8 alive[] = { 1, 0, 0, 1, 1 };
  static const float alive_max[] = { -1, 0, -1, 0, 0.25f, 0, 16777216, 0 };
  static const float alive_mean[] = { -5.0f / 3, 0, -5.0f / 3, 0, 0.25f / 3, 0,
    16777216.0f / 3, 0 };

  check_by_hand (ACT_CLUSTER_MAX, NULL, max);
  check_by_hand (ACT_CLUSTER_SUM, NULL, sum);
  check_by_hand (ACT_CLUSTER_MEAN, NULL, mean);
  check_by_hand (ACT_CLUSTER_MAX, alive, alive_max);
  check_by_hand (ACT_CLUSTER_MEAN, alive, alive_mean);
}

int
main (int argc, char **argv)
{
  const char *forced = g_getenv ("GST_ACTIVATIONS_CPU");

  if (forced != NULL && !g_str_equal (forced, act_csr_kernel_name ())) {
    g_print ("1..0 # SKIP this processor has no %s\n", forced);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cluster/by-hand", test_by_hand);
  g_test_add_func ("/cluster/random", test_random);
  g_test_add_func ("/cluster/not-finite", test_not_finite);
  return g_test_run ();
}
