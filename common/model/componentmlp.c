/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/blas.h"
#include "model/componentmlp.h"
#include "model/pointwise.h"

static gboolean
load_layer (ActHead *head, guint index, ActWeights *weights, GError **error)
{
  ActHeadLayer *layer = &head->layers[index];
  g_autofree char *w = act_head_tensor_name (head, index, "W");
  g_autofree char *b = act_head_tensor_name (head, index, "b");
  const guint64 w_shape[] = { head->module->n_components, layer->d_in,
    layer->d_out };
  const guint64 b_shape[] = { head->module->n_components, layer->d_out };

  return act_weights_get (weights, w, 3, w_shape, &layer->weight, error)
      && act_weights_get (weights, b, 2, b_shape, &layer->bias, error);
}

gboolean
act_component_mlp_load (
    ActHead *head, guint d_in, ActWeights *weights, GError **error)
{
  const ActModelConfig *config = head->config;

  head->n_layers = config->n_hidden + 1;
  for (guint i = 0; i < head->n_layers; i++) {
    head->layers[i].d_in = d_in;
    head->layers[i].d_out = i < config->n_hidden ? config->hidden[i] : 1;
    if (!load_layer (head, i, weights, error))
      return FALSE;
    d_in = head->layers[i].d_out;
  }
  head->bias = head->layers[config->n_hidden].bias;
  return TRUE;
}

gsize
act_component_mlp_scratch (const ActHead *head, gsize n_rows)
{
  return head->n_layers > 2 ? 2 * n_rows * act_head_widest_hidden (head) : 0;
}

void
act_component_mlp_finish (const ActHead *head, guint component, gsize n_rows,
    float *hidden, float *scratch, float *out)
{
  const ActPointwise *pointwise = act_pointwise ();
  gsize half = n_rows * act_head_widest_hidden (head);
  guint last = head->n_layers - 1;

  for (guint i = 1; i < last; i++) {
    const ActHeadLayer *layer = &head->layers[i];
    float *next = scratch + i % 2 * half;

    act_gemm_tn (layer->d_out, n_rows, layer->d_in,
        layer->weight + (gsize) component * layer->d_in * layer->d_out,
        layer->d_out, hidden, n_rows, next, n_rows);
    pointwise->lines_bias_gelu_erf (layer->d_out, n_rows,
        layer->bias + (gsize) component * layer->d_out, next);
    hidden = next;
  }
  pointwise->lines_weigh (head->layers[last].d_in, n_rows,
      head->layers[last].weight + (gsize) component * head->layers[last].d_in,
      hidden, out);
}

/* by squares that fit the cache's nearest level */
void
act_component_mlp_transpose (
    gsize n_rows, gsize n_cols, const float *in, float *out)
{
  const gsize side = 16;

  for (gsize row = 0; row < n_rows; row += side)
    for (gsize col = 0; col < n_cols; col += side)
      for (gsize r = row; r < MIN (row + side, n_rows); r++)
        for (gsize c = col; c < MIN (col + side, n_cols); c++)
          out[r * n_cols + c] = in[c * n_rows + r];
}
