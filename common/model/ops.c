/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/blas.h"
#include "model/ops.h"
#include "model/pointwise.h"

static gboolean
get_weight (ActOp *op, ActWeights *weights, guint n_dims, const guint64 *shape,
    GError **error)
{
  g_autofree char *name = g_strdup_printf ("target_model.%s.weight", op->name);

  return act_weights_get (weights, name, n_dims, shape, &op->weight, error);
}

static gboolean
embedding_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { config->vocab_size, op->width_out };

  return get_weight (op, weights, 2, shape, error);
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
  .prepare = embedding_prepare,
  .run = embedding_run,
};

static gboolean
rms_norm_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { op->width_out };

  op->eps = config->rms_norm_eps;
  return get_weight (op, weights, 1, shape, error);
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
linear_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  const guint64 shape[] = { op->width_out, op->width_in };

  return get_weight (op, weights, 2, shape, error);
}

static void
linear_run (const ActOp *op, ActTile *tile)
{
  act_gemm_nt (tile->n_rows, op->width_out, op->width_in, 1.0f,
      tile->slots[op->step->in[0]], op->width_in, op->weight, op->width_in,
      op->step->adds ? 1.0f : 0.0f, tile->slots[op->step->out], op->width_out);
}

const ActOpKind act_op_linear = {
  .name = "linear",
  .prepare = linear_prepare,
  .run = linear_run,
};

static gboolean
rotary_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  op->head_size = config->n_embd / config->n_head;
  op->n_heads = op->width_out / op->head_size;
  return TRUE;
}

/* Pair i of a head of size D turns by p / base^(2i/D) at position p; from
 * position n_ctx - 1 on the angle stays, as in the training code. */
static void
fill_rotary (
    const ActModelConfig *config, ActRotaryTable *table, guint head_size)
{
  guint n_pairs = head_size / 2;

  for (guint i = 0; i < n_pairs; i++) {
    double step = pow (config->rotary_base, -2.0 * i / head_size);

    for (guint row = 0; row < table->length; row++) {
      double angle = MIN (row, config->n_ctx - 1) * step;

      table->cos[(gsize) row * n_pairs + i] = cos (angle);
      table->sin[(gsize) row * n_pairs + i] = sin (angle);
    }
  }
}

static gboolean
rotary_set_length (const ActOp *op, guint sequence_length, GError **error)
{
  ActRotaryTable *table = &op->plan->rotary;
  gsize n_pairs = op->head_size / 2;

  if (table->length >= sequence_length)
    return TRUE;
  table->length = 0;
  g_clear_pointer (&table->cos, free);
  g_clear_pointer (&table->sin, free);
  table->cos = act_floats_new (sequence_length * n_pairs, error);
  if (table->cos == NULL)
    return FALSE;
  table->sin = act_floats_new (sequence_length * n_pairs, error);
  if (table->sin == NULL)
    return FALSE;
  table->length = sequence_length;
  fill_rotary (op->plan->config, table, op->head_size);
  return TRUE;
}

static void
rotary_run (const ActOp *op, ActTile *tile)
{
  const ActPointwise *pointwise = act_pointwise ();
  const ActRotaryTable *table = &op->plan->rotary;
  gsize n_pairs = op->head_size / 2;
  float *x = tile->slots[op->step->out];

  for (gsize row = 0; row < tile->n_rows; row++, x += op->width_out) {
    gsize first = row % tile->sequence_length * n_pairs;

    pointwise->rotate_halves (
        op->n_heads, n_pairs, table->cos + first, table->sin + first, x);
  }
}

const ActOpKind act_op_rotary_halves = {
  .name = "rotary_halves",
  .prepare = rotary_prepare,
  .set_length = rotary_set_length,
  .run = rotary_run,
};

static gboolean
gelu_tanh_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
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
  .prepare = gelu_tanh_prepare,
  .run = gelu_tanh_run,
};
