/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-forward MODEL THREADS SAMPLES LENGTH: reads words from its input, runs
 * a batch for each and prints how many seconds it took, by the clock and of
 * processor time:
 *
 *   csr       the forward pass, to CSR
 *   dense     the forward pass, to a dense matrix
 *   products  its matrix products alone: same shapes, same order, same tiles;
 *             of components with MLPs of their own, those that BLAS does
 *
 * and for "workspace" how many MB each thread needs for its tile.
 *
 * A script that measures something else too can so take turns. */

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/blas.h"
#include "model/forward-private.h"
#include "model/head.h"
#include "model/ops.h"

typedef struct {
  ActForward *forward;
  gsize n_samples;
  guint length;
  gint32 *tokens;
  float *dense;
  gint64 *indptr;
  gint32 *indices;
  float *values;
  gsize n_allocated;

  /* products: a tile's buffers for each worker, large enough for any */
  gsize tile_rows;
  float **a, **c;
  float *b; /* for all of them: any d_in times PRODUCT_UNITS */
} Bench;

/* side by side in a product that has each component's own weights */
#define PRODUCT_UNITS 512

static void
run_csr (Bench *bench)
{
  g_autoptr (GError) error = NULL;
  gsize n;

  if (!act_forward_run_csr (bench->forward, bench->tokens, bench->n_samples,
          bench->length, &n, &error))
    g_error ("%s", error->message);
  if (n > bench->n_allocated) {
    bench->n_allocated = n;
    bench->indices = g_renew (gint32, bench->indices, n);
    bench->values = g_renew (float, bench->values, n);
  }
  act_forward_store_csr (
      bench->forward, bench->indptr, bench->indices, bench->values);
}

static void
run_dense (Bench *bench)
{
  g_autoptr (GError) error = NULL;

  if (!act_forward_run_dense (bench->forward, bench->tokens, bench->n_samples,
          bench->length, bench->dense, &error))
    g_error ("%s", error->message);
}

/* as attention.c: blocks of queries against the keys up to there */
static void
attention_products (
    const ActOp *op, gsize n_samples, guint length, const float *a, float *c)
{
  gsize size = op->head_size, q = size * op->n_heads;
  gsize kv = size * op->n_kv_heads;

  for (gsize i = 0; i < n_samples * op->n_heads; i++) {
    for (gsize first = 0; first < length; first += ACT_ATTENTION_BLOCK) {
      gsize n = MIN (ACT_ATTENTION_BLOCK, length - first), end = first + n;

      act_gemm_nt (n, end, size, 1, a, q, a, kv, 0, c, length);
      act_gemm_nn (n, size, end, a, length, a, kv, 0, c, q);
    }
  }
}

/* layers that all components share, or the layers before the last of each
 * component's own */
static void
shared_products (const ActHead *head, gsize n_rows, const float *a, float *c)
{
  for (guint i = 0; i < head->n_layers; i++) {
    const ActHeadLayer *layer = &head->layers[i];

    for (guint first = 0; first < layer->d_out; first += ACT_HEAD_COLUMNS) {
      guint n = MIN (ACT_HEAD_COLUMNS, layer->d_out - first);

      act_gemm_nn (n_rows, n, layer->d_in, a, layer->d_in,
          layer->weight + first, layer->d_out, 0, c, n);
    }
  }
}

/* [C * h1, d_in] or [C, d_in] times the input, as few products as BLAS likes
 * best; the numbers do not matter, so b is whatever is large enough */
static void
first_products (
    const ActHead *head, gsize n_rows, const float *a, const float *b, float *c)
{
  gsize d_in = head->module->d_in;
  gsize n = head->module->n_components;

  if (head->v == NULL)
    n *= head->layers[0].d_out;
  for (gsize first = 0; first < n; first += PRODUCT_UNITS)
    act_gemm_tt (MIN (PRODUCT_UNITS, n - first), n_rows, d_in, b,
        MIN (PRODUCT_UNITS, n - first), a, d_in, c, n_rows);
}

static void
component_products (const ActHead *head, gsize n_rows, const float *a, float *c)
{
  for (guint i = 1; i + 1 < head->n_layers; i++) {
    const ActHeadLayer *layer = &head->layers[i];
    gsize size = (gsize) layer->d_in * layer->d_out;

    for (guint k = 0; k < head->module->n_components; k++)
      act_gemm_tn (layer->d_out, n_rows, layer->d_in, layer->weight + k * size,
          layer->d_out, a, n_rows, c, n_rows);
  }
}

static void
head_products (
    const ActHead *head, gsize n_rows, const float *a, const float *b, float *c)
{
  if (head->kind == act_head_kind_lookup ("shared_mlp")) {
    shared_products (head, n_rows, a, c);
    return;
  }
  if (!head->takes_tokens)
    first_products (head, n_rows, a, b, c);
  component_products (head, n_rows, a, c);
}

static void
tile_products (gpointer data, guint worker, gsize tile)
{
  Bench *bench = data;
  const ActPlan *plan = bench->forward->plan;
  gsize per_tile = bench->tile_rows / bench->length;
  gsize n_samples = MIN (per_tile, bench->n_samples - tile * per_tile);
  gsize n_rows = n_samples * bench->length;
  const float *a = bench->a[worker];
  float *c = bench->c[worker];

  for (guint i = 0; i < plan->n_ops; i++) {
    const ActOp *op = &plan->ops[i];

    if (op->head != NULL)
      head_products (op->head, n_rows, a, bench->b, c);
    if (op->needed && op->step->kind == &act_op_linear)
      act_gemm_nt (n_rows, op->width_out, op->width_in, 1, a, op->width_in,
          op->weight, op->width_in, op->step->adds, c, op->width_out);
    if (op->needed && op->step->kind == &act_op_attention)
      attention_products (op, n_samples, bench->length, a, c);
  }
}

static void
run_products (Bench *bench)
{
  act_pool_run (bench->forward->pool,
      act_forward_n_tiles (bench->forward, bench->n_samples, bench->length),
      tile_products, bench);
}

/* the widest input of a product */
static gsize
widest_input (const Bench *bench)
{
  const ActPlan *plan = bench->forward->plan;
  gsize width = bench->length;

  for (guint i = 0; i < plan->n_ops; i++)
    if (!plan->ops[i].step->kind->takes_tokens)
      width = MAX (width, plan->ops[i].width_in);
  for (guint i = 0; i < plan->config->n_hidden; i++)
    width = MAX (width, plan->config->hidden[i]);
  return width;
}

/* the widest of what a product reads or writes, in floats a row */
static gsize
widest (const Bench *bench)
{
  const ActPlan *plan = bench->forward->plan;
  gsize width = MAX (widest_input (bench), PRODUCT_UNITS);

  for (guint i = 1; i < ACT_N_SLOTS; i++)
    if (plan->used[i])
      width = MAX (width, plan->slots[i].width);
  return MAX (width, ACT_HEAD_COLUMNS);
}

/* (transfer full) n floats of no meaning */
static float *
random_floats (GRand *rand, gsize n)
{
  float *x = act_floats_new (n, NULL);

  for (gsize i = 0; i < n; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  return x;
}

static void
prepare (Bench *bench)
{
  guint n_threads = act_forward_get_n_threads (bench->forward);
  const ActModel *model = bench->forward->model;
  gsize n_rows = bench->n_samples * bench->length, n;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  bench->tokens = g_new (gint32, n_rows);
  for (gsize i = 0; i < n_rows; i++)
    bench->tokens[i] =
        g_rand_int_range (rand, 0, act_model_get_vocab_size (model));
  bench->dense = g_new (float, n_rows *act_model_get_n_components (model));
  bench->indptr = g_new (gint64, n_rows + 1);
  bench->tile_rows =
      MAX (1, ACT_FORWARD_TILE_ROWS / bench->length) * bench->length;
  bench->a = g_new (float *, n_threads);
  bench->c = g_new (float *, n_threads);
  n = bench->tile_rows * widest (bench);
  for (guint i = 0; i < n_threads; i++) {
    bench->a[i] = random_floats (rand, n);
    bench->c[i] = random_floats (rand, n);
  }
  bench->b = random_floats (rand, widest_input (bench) * PRODUCT_UNITS);
}

static double
seconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (Bench *bench);
  } runs[] = {
    { "csr", run_csr },
    { "dense", run_dense },
    { "products", run_products },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (ActModel) model = NULL;
  Bench bench = { NULL };
  char word[32];

  if (argc != 5) {
    fprintf (stderr, "usage: %s MODEL THREADS SAMPLES LENGTH\n", argv[0]);
    return 2;
  }
  model = act_model_open (argv[1], &error);
  if (model != NULL)
    bench.forward = act_forward_new (model, NULL, atoi (argv[2]), &error);
  if (bench.forward == NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  bench.n_samples = atoi (argv[3]);
  bench.length = atoi (argv[4]);
  prepare (&bench);
  run_csr (&bench); /* loads and sets up everything */

  while (scanf ("%31s", word) == 1) {
    if (g_str_equal (word, "workspace")) {
      printf ("%.1f\n",
          act_tile_workspace_size (bench.forward, bench.tile_rows, bench.length)
              * sizeof (float) / 1e6);
      fflush (stdout);
    }
    for (guint i = 0; i < G_N_ELEMENTS (runs); i++) {
      if (g_str_equal (word, runs[i].name)) {
        double start = seconds (CLOCK_MONOTONIC);
        double cpu = seconds (CLOCK_PROCESS_CPUTIME_ID);

        runs[i].run (&bench);
        printf ("%.6f %.6f\n", seconds (CLOCK_MONOTONIC) - start,
            seconds (CLOCK_PROCESS_CPUTIME_ID) - cpu);
        fflush (stdout);
      }
    }
  }
  return 0;
}
