/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/blas.h"
#include "model/ops.h"
#include "model/pointwise.h"

/* its own weight, or that of the step it is tied to where it has none */
static gboolean
get_weight (
    ActOp *op, ActWeights *weights, const guint64 *shape, GError **error)
{
  const char *tensor = op->tensor;

  if (op->step->tied != NULL
      && !act_weights_has_target (weights, tensor, "weight"))
    tensor = op->step->tied;
  return act_weights_get_target (
      weights, tensor, "weight", 2, shape, &op->weight, error);
}

static gboolean
get_bias (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { op->width_out };

  if (op->step->bias == NULL || !op->step->bias (config))
    return TRUE;
  return act_weights_get_target (
      weights, op->tensor, "bias", 1, shape, &op->bias, error);
}

static void
add_bias (const ActOp *op, ActTile *tile)
{
  if (op->bias != NULL)
    act_pointwise ()->add_bias (
        tile->n_rows, op->width_out, op->bias, tile->slots[op->step->out]);
}

static gboolean
linear_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { op->width_out, op->width_in };

  return get_weight (op, weights, shape, error)
      && get_bias (op, config, weights, error);
}

static void
linear_run (const ActOp *op, ActTile *tile)
{
  act_gemm_nt (tile->n_rows, op->width_out, op->width_in, 1.0f,
      tile->slots[op->step->in[0]], op->width_in, op->weight, op->width_in,
      op->step->adds ? 1.0f : 0.0f, tile->slots[op->step->out], op->width_out);
  add_bias (op, tile);
}

const ActOpKind act_op_linear = {
  .name = "linear",
  .prepare = linear_prepare,
  .run = linear_run,
};

static gboolean
conv1d_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { op->width_in, op->width_out };

  return get_weight (op, weights, shape, error)
      && get_bias (op, config, weights, error);
}

static void
conv1d_run (const ActOp *op, ActTile *tile)
{
  act_gemm_nn (tile->n_rows, op->width_out, op->width_in,
      tile->slots[op->step->in[0]], op->width_in, op->weight, op->width_out,
      op->step->adds ? 1.0f : 0.0f, tile->slots[op->step->out], op->width_out);
  add_bias (op, tile);
}

const ActOpKind act_op_conv1d = {
  .name = "conv1d",
  .prepare = conv1d_prepare,
  .run = conv1d_run,
};
