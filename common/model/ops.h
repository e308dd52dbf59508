/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* The kinds of steps an architecture is made of. */

/* token ids to rows of NAME.weight [vocab_size, width of out] */
extern const ActOpKind act_op_embedding;
/* RMS norm with NAME.weight [width] */
extern const ActOpKind act_op_rms_norm;
/* out = in NAME.weight^T, [width of out, width of in]; may add */
extern const ActOpKind act_op_linear;
/* turns the pairs (i, i + D/2) of each head of size D, in place */
extern const ActOpKind act_op_rotary_halves;
/* queries at a time in attention */
#define ACT_ATTENTION_BLOCK 64
/* causal softmax attention of in = {queries, keys, values}; query heads share
 * key/value heads when there are fewer of those */
extern const ActOpKind act_op_attention;
/* the tanh form of GELU, in place */
extern const ActOpKind act_op_gelu_tanh;
