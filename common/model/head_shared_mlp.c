/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/blas.h"
#include "model/heads.h"
#include "model/pointwise.h"

/* shared_mlp: one MLP for all components of a module, from what the module is
 * given: layers x W + b, erf-GELU between two, the sigmoid after the last.
 * With [h1, ..] hidden units: W [d_in, h1], [h1, h2], .., [hk, C]; they are
 * stored as layers 0, 2, 4, ... */

static gboolean
load_layer (ActHeadLayer *layer, const char *tensor, guint index,
    ActWeights *weights, GError **error)
{
  g_autofree char *w = g_strdup_printf ("%s.layers.%u.W", tensor, 2 * index);
  g_autofree char *b = g_strdup_printf ("%s.layers.%u.b", tensor, 2 * index);
  const guint64 w_shape[] = { layer->d_in, layer->d_out };

  return act_weights_get (weights, w, 2, w_shape, &layer->weight, error)
      && act_weights_get (weights, b, 1, w_shape + 1, &layer->bias, error);
}

static ActHead *
shared_mlp_load (const ActModelConfig *config, const ActModelModule *module,
    ActWeights *weights, GError **error)
{
  g_autofree ActHead *head = g_new0 (ActHead, 1);
  g_autofree char *tensor = g_strdup_printf ("_ci_fns.%s", module->name);
  guint d_in = module->d_in;

  g_strdelimit (tensor + sizeof "_ci_fns." - 1, ".", '-');
  head->n_layers = config->n_hidden + 1;
  for (guint i = 0; i < head->n_layers; i++) {
    ActHeadLayer *layer = &head->layers[i];

    layer->d_in = d_in;
    layer->d_out =
        i < config->n_hidden ? config->hidden[i] : module->n_components;
    if (!load_layer (layer, tensor, i, weights, error))
      return NULL;
    d_in = layer->d_out;
  }
  return g_steal_pointer (&head);
}

static gboolean
shared_mlp_run (const ActHead *head, ActTile *tile, const float *input)
{
  guint last = head->n_layers - 1;

  for (guint i = 0; i < last; i++) {
    const ActHeadLayer *layer = &head->layers[i];
    float *hidden = tile->hidden[i % 2];

    act_gemm_nn (tile->n_rows, layer->d_out, layer->d_in, input, layer->d_in,
        layer->weight, layer->d_out, hidden, layer->d_out);
    act_pointwise ()->bias_gelu_erf (
        tile->n_rows, layer->d_out, layer->bias, hidden);
    input = hidden;
  }
  act_gemm_nn (tile->n_rows, head->layers[last].d_out, head->layers[last].d_in,
      input, head->layers[last].d_in, head->layers[last].weight,
      head->layers[last].d_out, tile->components, head->layers[last].d_out);
  return head->sigmoid->apply (tile->n_rows, head->layers[last].d_out,
      head->layers[last].bias, tile->components);
}

const ActHeadKind act_head_shared_mlp = {
  .name = "shared_mlp",
  .load = shared_mlp_load,
  .run = shared_mlp_run,
};
