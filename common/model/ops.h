/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* The kinds of steps an architecture is made of. */

/* embedding.c: token ids to rows of NAME.weight [vocab_size, width of out] */
extern const ActOpKind act_op_embedding;
/* adds NAME.weight [block_size, width of out], a row for each position */
extern const ActOpKind act_op_positions;

/* norms.c: RMS norm with NAME.weight [width] */
extern const ActOpKind act_op_rms_norm;
/* layer norm with NAME.weight and NAME.bias [width] */
extern const ActOpKind act_op_layer_norm;

/* linear.c: out = in NAME.weight^T, [width of out, width of in]; may add; the
 * step says whether there is a NAME.bias [width of out] */
extern const ActOpKind act_op_linear;
/* the same with NAME.weight [width of in, width of out] */
extern const ActOpKind act_op_conv1d;

/* rotary.c: turns pairs of numbers of each head of size D, in place: (i, i +
 * D/2), or (2i, 2i + 1) with config's rotary_adjacent_pairs */
extern const ActOpKind act_op_rotary;

/* queries at a time in attention */
#define ACT_ATTENTION_BLOCK 64
/* attention.c: causal softmax attention of in = {queries, keys, values}; query
 * heads share key/value heads when there are fewer of those */
extern const ActOpKind act_op_attention;

/* mlpfunctions.c: the tanh form of GELU, in place */
extern const ActOpKind act_op_gelu_tanh;
/* in = {values, gates}: silu (gate) times value, in place of the values */
extern const ActOpKind act_op_silu_times;
