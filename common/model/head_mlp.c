/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/blas.h"
#include "model/componentmlp.h"
#include "model/heads.h"
#include "model/pointwise.h"

/* mlp: each component has an MLP of its own from one number, its inner
 * activation a_c = sum_i x[i] V[i,c]; of an embedding a_c = V[token,c]. */

static gboolean
mlp_load (ActHead *head, ActWeights *weights, GError **error)
{
  g_autofree char *dashed =
      g_strdelimit (g_strdup (head->module->name), ".", '-');
  g_autofree char *v = g_strdup_printf ("_components.%s.V", dashed);
  const guint64 shape[] = { head->module->d_in, head->module->n_components };

  return act_weights_get (weights, v, 2, shape, &head->v, error)
      && act_component_mlp_load (head, 1, weights, error);
}

/* where in scratch */
typedef struct {
  gsize inner;  /* [n, n_rows] */
  gsize sums;   /* [n, n_rows], of the last layer */
  gsize hidden; /* [h1, n_rows] of one component */
  gsize rest;   /* for act_component_mlp_finish () */
  gsize end;
} Layout;

static Layout
lay_out (const ActHead *head, gsize n_rows)
{
  gsize n = MIN (head->module->n_components, ACT_HEAD_COLUMNS) * n_rows;
  Layout at = { .sums = n, .hidden = 2 * n };

  at.rest = at.hidden + head->layers[0].d_out * n_rows;
  at.end = at.rest + act_component_mlp_scratch (head, n_rows);
  return at;
}

static gsize
mlp_scratch (const ActHead *head, gsize n_rows)
{
  return lay_out (head, n_rows).end;
}

/* inner activations of an embedding: rows of V */
static void
look_up (const ActHead *head, const ActTile *tile, guint first, guint n,
    float *inner)
{
  for (gsize row = 0; row < tile->n_rows; row++) {
    const float *v =
        head->v + (gsize) tile->tokens[row] * head->module->n_components;

    for (guint i = 0; i < n; i++)
      inner[i * tile->n_rows + row] = v[first + i];
  }
}

static void
mlp_run (const ActHead *head, ActTile *tile, const float *input, guint first,
    guint n)
{
  const ActHeadLayer *layer = &head->layers[0];
  gsize n_rows = tile->n_rows;
  Layout at = lay_out (head, n_rows);
  float *inner = tile->scratch + at.inner, *sums = tile->scratch + at.sums;
  float *hidden = tile->scratch + at.hidden;

  if (head->takes_tokens)
    look_up (head, tile, first, n, inner);
  else
    act_gemm_tt (n, n_rows, head->module->d_in, head->v + first,
        head->module->n_components, input, head->module->d_in, inner, n_rows);
  for (guint i = 0; i < n; i++) {
    gsize unit = (gsize) (first + i) * layer->d_out;

    act_pointwise ()->lines_gelu_erf (layer->d_out, n_rows,
        layer->weight + unit, layer->bias + unit, inner + i * n_rows, hidden);
    act_component_mlp_finish (head, first + i, n_rows, hidden,
        tile->scratch + at.rest, sums + i * n_rows);
  }
  act_component_mlp_transpose (n_rows, n, sums, tile->components);
}

const ActHeadKind act_head_mlp = {
  .name = "mlp",
  .takes_tokens = TRUE,
  .min_hidden = 1,
  .load = mlp_load,
  .scratch = mlp_scratch,
  .run = mlp_run,
};
