/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/ops.h"
#include "model/pointwise.h"

static gboolean
rms_norm_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { op->width_out };

  op->eps = config->norm_eps;
  return act_weights_get_target (
      weights, op->tensor, "weight", 1, shape, &op->weight, error);
}

static void
rms_norm_run (const ActOp *op, ActTile *tile)
{
  act_pointwise ()->rms_norm (tile->n_rows, op->width_out,
      tile->slots[op->step->in[0]], op->weight, op->eps,
      tile->slots[op->step->out]);
}

const ActOpKind act_op_rms_norm = {
  .name = "rms_norm",
  .prepare = rms_norm_prepare,
  .run = rms_norm_run,
};

static gboolean
layer_norm_prepare (ActOp *op, const ActModelConfig *config,
    ActWeights *weights, GError **error)
{
  const guint64 shape[] = { op->width_out };

  op->eps = config->norm_eps;
  return act_weights_get_target (
             weights, op->tensor, "weight", 1, shape, &op->weight, error)
      && act_weights_get_target (
          weights, op->tensor, "bias", 1, shape, &op->bias, error);
}

static void
layer_norm_run (const ActOp *op, ActTile *tile)
{
  act_pointwise ()->layer_norm (tile->n_rows, op->width_out,
      tile->slots[op->step->in[0]], op->weight, op->bias, op->eps,
      tile->slots[op->step->out]);
}

const ActOpKind act_op_layer_norm = {
  .name = "layer_norm",
  .prepare = layer_norm_prepare,
  .run = layer_norm_run,
};
