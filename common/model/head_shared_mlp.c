/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/blas.h"
#include "model/heads.h"
#include "model/pointwise.h"

/* shared_mlp: one MLP for all components of a module, from what the module is
 * given: layers x W + b, erf-GELU between two, the sigmoid after the last.
 * With [h1, ..] hidden units: W [d_in, h1], [h1, h2], .., [hk, C]. */

static gboolean
load_layer (ActHead *head, guint index, ActWeights *weights, GError **error)
{
  ActHeadLayer *layer = &head->layers[index];
  g_autofree char *w = act_head_tensor_name (head, index, "W");
  g_autofree char *b = act_head_tensor_name (head, index, "b");
  const guint64 w_shape[] = { layer->d_in, layer->d_out };

  return act_weights_get (weights, w, 2, w_shape, &layer->weight, error)
      && act_weights_get (weights, b, 1, w_shape + 1, &layer->bias, error);
}

static gboolean
shared_mlp_load (ActHead *head, ActWeights *weights, GError **error)
{
  const ActModelConfig *config = head->config;
  guint d_in = head->module->d_in;

  head->n_layers = config->n_hidden + 1;
  for (guint i = 0; i < head->n_layers; i++) {
    head->layers[i].d_in = d_in;
    head->layers[i].d_out =
        i < config->n_hidden ? config->hidden[i] : head->module->n_components;
    if (!load_layer (head, i, weights, error))
      return FALSE;
    d_in = head->layers[i].d_out;
  }
  head->bias = head->layers[config->n_hidden].bias;
  return TRUE;
}

/* a hidden layer's units, of two that take turns */
static float *
hidden (const ActHead *head, const ActTile *tile, guint layer)
{
  return tile->scratch
      + layer % 2 * tile->n_rows * act_head_widest_hidden (head);
}

static gsize
shared_mlp_scratch (const ActHead *head, gsize n_rows)
{
  return MIN (head->n_layers - 1, 2) * n_rows * act_head_widest_hidden (head);
}

static void
shared_mlp_begin (const ActHead *head, ActTile *tile, const float *input)
{
  for (guint i = 0; i + 1 < head->n_layers; i++) {
    const ActHeadLayer *layer = &head->layers[i];
    float *out = hidden (head, tile, i);

    act_gemm_nn (tile->n_rows, layer->d_out, layer->d_in, input, layer->d_in,
        layer->weight, layer->d_out, 0.0f, out, layer->d_out);
    act_pointwise ()->bias_gelu_erf (
        tile->n_rows, layer->d_out, layer->bias, out);
    input = out;
  }
}

static void
shared_mlp_run (const ActHead *head, ActTile *tile, const float *input,
    guint first, guint n)
{
  guint last = head->n_layers - 1;
  const ActHeadLayer *layer = &head->layers[last];

  act_gemm_nn (tile->n_rows, n, layer->d_in,
      last > 0 ? hidden (head, tile, last - 1) : input, layer->d_in,
      layer->weight + first, layer->d_out, 0.0f, tile->components, n);
}

const ActHeadKind act_head_shared_mlp = {
  .name = "shared_mlp",
  .load = shared_mlp_load,
  .scratch = shared_mlp_scratch,
  .begin = shared_mlp_begin,
  .run = shared_mlp_run,
};
