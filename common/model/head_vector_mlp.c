/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "model/blas.h"
#include "model/componentmlp.h"
#include "model/heads.h"
#include "model/pointwise.h"

/* vector_mlp: each component has an MLP of its own from all that the module is
 * given. The first layers, W [C, d_in, h1], of some components are put side by
 * side, [d_in, n * h1], for one product: BLAS takes about twice as long for
 * many that are a few units wide, and copying a weight costs little beside
 * using it for a tile's positions. */
#define UNITS 512 /* side by side */

static gboolean
vector_mlp_load (ActHead *head, ActWeights *weights, GError **error)
{
  return act_component_mlp_load (head, head->module->d_in, weights, error);
}

/* components whose first layers are put side by side */
static guint
group_size (const ActHead *head)
{
  guint n = MAX (1, UNITS / head->layers[0].d_out);

  return MIN (n, head->module->n_components);
}

/* where in scratch */
typedef struct {
  gsize packed; /* [d_in, group * h1] */
  gsize hidden; /* [group * h1, n_rows] */
  gsize sums;   /* [n, n_rows], of the last layer */
  gsize rest;   /* for act_component_mlp_finish () */
  gsize end;
} Layout;

static Layout
lay_out (const ActHead *head, gsize n_rows)
{
  gsize n_units = (gsize) group_size (head) * head->layers[0].d_out;
  gsize n = MIN (head->module->n_components, ACT_HEAD_COLUMNS);
  Layout at = { .hidden = n_units * head->module->d_in };

  at.sums = at.hidden + n_units * n_rows;
  at.rest = at.sums + n * n_rows;
  at.end = at.rest + act_component_mlp_scratch (head, n_rows);
  return at;
}

static gsize
vector_mlp_scratch (const ActHead *head, gsize n_rows)
{
  return lay_out (head, n_rows).end;
}

static void
pack (const ActHead *head, guint first, guint n, float *packed)
{
  gsize d_in = head->layers[0].d_in, width = head->layers[0].d_out;
  const float *weight = head->layers[0].weight + first * d_in * width;

  for (guint i = 0; i < n; i++)
    for (gsize row = 0; row < d_in; row++)
      memcpy (packed + (row * n + i) * width, weight + (i * d_in + row) * width,
          width * sizeof (float));
}

/* components first to first + n - 1, at most a group, to their lines of sums */
static void
run_group (const ActHead *head, const ActTile *tile, const float *input,
    guint first, guint n, float *sums)
{
  const ActHeadLayer *layer = &head->layers[0];
  gsize n_rows = tile->n_rows, n_units = (gsize) n * layer->d_out;
  Layout at = lay_out (head, n_rows);
  float *packed = tile->scratch + at.packed;

  pack (head, first, n, packed);
  act_gemm_tt (n_units, n_rows, layer->d_in, packed, n_units, input,
      layer->d_in, tile->scratch + at.hidden, n_rows);
  for (guint i = 0; i < n; i++) {
    float *hidden =
        tile->scratch + at.hidden + (gsize) i * layer->d_out * n_rows;

    act_pointwise ()->lines_bias_gelu_erf (layer->d_out, n_rows,
        layer->bias + (gsize) (first + i) * layer->d_out, hidden);
    act_component_mlp_finish (head, first + i, n_rows, hidden,
        tile->scratch + at.rest, sums + i * n_rows);
  }
}

static void
vector_mlp_run (const ActHead *head, ActTile *tile, const float *input,
    guint first, guint n)
{
  guint group = group_size (head);
  float *sums = tile->scratch + lay_out (head, tile->n_rows).sums;

  for (guint i = 0; i < n; i += group)
    run_group (head, tile, input, first + i, MIN (group, n - i),
        sums + (gsize) i * tile->n_rows);
  act_component_mlp_transpose (tile->n_rows, n, sums, tile->components);
}

const ActHeadKind act_head_vector_mlp = {
  .name = "vector_mlp",
  .min_hidden = 1,
  .load = vector_mlp_load,
  .scratch = vector_mlp_scratch,
  .run = vector_mlp_run,
};
