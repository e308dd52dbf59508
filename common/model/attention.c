/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>

#include "model/blas.h"
#include "model/ops.h"
#include "model/pointwise.h"

/* Causal attention, a head of a sample at a time and in it a block of queries:
 * scores = q k^T / sqrt (D) over the keys up to the block's end, softmax of
 * what is not ahead, times v. So scores take BLOCK x sequence floats only, and
 * little is computed of the half that the mask throws away. */
#define BLOCK ACT_ATTENTION_BLOCK

static gboolean
attention_prepare (ActOp *op, const ActModelConfig *config, ActWeights *weights,
    GError **error)
{
  op->head_size = config->n_embd / config->n_head;
  op->n_heads = config->n_head;
  op->n_kv_heads = config->n_key_value_heads;
  return TRUE;
}

static gsize
scores_stride (guint sequence_length)
{
  return (sequence_length + ACT_POINTWISE_LANES - 1) / ACT_POINTWISE_LANES
      * ACT_POINTWISE_LANES;
}

static gsize
attention_scratch (const ActOp *op, guint sequence_length)
{
  return BLOCK * scores_stride (sequence_length);
}

/* q, k, v and out at a sample's first row and a head's first column */
static void
attend (const ActOp *op, ActTile *tile, const float *q, const float *k,
    const float *v, float *out)
{
  gsize size = op->head_size, out_stride = op->width_out;
  gsize q_stride = act_plan_stride (op->plan, op->step->in[0]);
  gsize kv_stride = act_plan_stride (op->plan, op->step->in[1]);
  gsize stride = scores_stride (tile->sequence_length);
  float scale = 1.0 / sqrt (size);

  for (gsize first = 0; first < tile->sequence_length; first += BLOCK) {
    gsize n = MIN (BLOCK, tile->sequence_length - first), end = first + n;

    act_gemm_nt (n, end, size, scale, q + first * q_stride, q_stride, k,
        kv_stride, 0.0f, tile->scratch, stride);
    act_pointwise ()->softmax_causal (n, end, stride, first + 1, tile->scratch);
    act_gemm_nn (n, size, end, tile->scratch, stride, v, kv_stride, 0.0f,
        out + first * out_stride, out_stride);
  }
}

static void
attention_run (const ActOp *op, ActTile *tile)
{
  const float *q = tile->slots[op->step->in[0]];
  const float *k = tile->slots[op->step->in[1]];
  const float *v = tile->slots[op->step->in[2]];
  float *out = tile->slots[op->step->out];
  gsize size = op->head_size;
  gsize q_stride = act_plan_stride (op->plan, op->step->in[0]);
  gsize kv_stride = act_plan_stride (op->plan, op->step->in[1]);
  guint shared_by = op->n_heads / op->n_kv_heads;

  for (guint sample = 0; sample < tile->n_samples; sample++) {
    gsize row = (gsize) sample * tile->sequence_length;

    for (guint head = 0; head < op->n_heads; head++) {
      gsize kv = row * kv_stride + head / shared_by * size;

      attend (op, tile, q + row * q_stride + head * size, k + kv, v + kv,
          out + row * op->width_out + head * size);
    }
  }
}

const ActOpKind act_op_attention = {
  .name = "attention",
  .prepare = attention_prepare,
  .run = attention_run,
  .scratch = attention_scratch,
};
