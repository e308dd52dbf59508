/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "model/ops.h"
#include "model/pointwise.h"

static gboolean
embedding_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { config->vocab_size, op->width_out };

  return act_weights_get_target (
      weights, op->tensor, "weight", 2, shape, &op->weight, error);
}

static void
embedding_run (const ActOp *op, ActTile *tile)
{
  float *out = tile->slots[op->step->out];
  gsize width = op->width_out;

  for (gsize row = 0; row < tile->n_rows; row++)
    memcpy (out + row * width, op->weight + (gsize) tile->tokens[row] * width,
        width * sizeof (float));
}

const ActOpKind act_op_embedding = {
  .name = "embedding",
  .takes_tokens = TRUE,
  .prepare = embedding_prepare,
  .run = embedding_run,
};

static gboolean
positions_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { config->block_size, op->width_out };

  return act_weights_get_target (
      weights, op->tensor, "weight", 2, shape, &op->weight, error);
}

/* a row of weights for each position; a sample has at most block_size */
static void
positions_run (const ActOp *op, ActTile *tile)
{
  gsize width = op->width_out;
  float *out = tile->slots[op->step->out];

  for (gsize row = 0; row < tile->n_rows; row++)
    act_pointwise ()->add_bias (1, width,
        op->weight + row % tile->sequence_length * width, out + row * width);
}

const ActOpKind act_op_positions = {
  .name = "positions",
  .prepare = positions_prepare,
  .run = positions_run,
};
