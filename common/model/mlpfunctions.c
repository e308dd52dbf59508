/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/ops.h"
#include "model/pointwise.h"

/* What stands between an MLP's matrices. */

static gboolean
prepare_nothing (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  return TRUE;
}

static void
gelu_tanh_run (const ActOp *op, ActTile *tile)
{
  act_pointwise ()->gelu_tanh (
      tile->n_rows * op->width_out, tile->slots[op->step->out]);
}

const ActOpKind act_op_gelu_tanh = {
  .name = "gelu_tanh",
  .prepare = prepare_nothing,
  .run = gelu_tanh_run,
};

static void
silu_times_run (const ActOp *op, ActTile *tile)
{
  act_pointwise ()->silu_times (tile->n_rows * op->width_out,
      tile->slots[op->step->in[1]], tile->slots[op->step->out]);
}

const ActOpKind act_op_silu_times = {
  .name = "silu_times",
  .prepare = prepare_nothing,
  .run = silu_times_run,
};
