/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "model/ops.h"
#include "model/pointwise.h"

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
  void (*rotate) (gsize, gsize, const float *, const float *, float *) =
      op->plan->config->rotary_adjacent_pairs
      ? act_pointwise ()->rotate_adjacent
      : act_pointwise ()->rotate_halves;
  const ActRotaryTable *table = &op->plan->rotary;
  gsize n_pairs = op->head_size / 2;
  gsize stride = act_plan_stride (op->plan, op->step->out);
  float *x = tile->slots[op->step->out];

  for (gsize row = 0; row < tile->n_rows; row++, x += stride) {
    gsize first = row % tile->sequence_length * n_pairs;

    rotate (op->n_heads, n_pairs, table->cos + first, table->sin + first, x);
  }
}

const ActOpKind act_op_rotary = {
  .name = "rotary",
  .prepare = rotary_prepare,
  .set_length = rotary_set_length,
  .run = rotary_run,
};
