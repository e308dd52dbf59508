/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/arch_gpt2.h"
#include "model/architectures.h"
#include "model/archparts.h"
#include "model/ops.h"

/* GPT2Simple: GPT-2 with a matrix each for queries, keys and values. */

static const ActStep block[] = {
  { &act_op_layer_norm, "ln_1", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "attn.q_proj", { ACT_SLOT_NORMED }, ACT_SLOT_QUERY,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_linear, "attn.k_proj", { ACT_SLOT_NORMED }, ACT_SLOT_KEY,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_linear, "attn.v_proj", { ACT_SLOT_NORMED }, ACT_SLOT_VALUE,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_attention, "attn.softmax",
      { ACT_SLOT_QUERY, ACT_SLOT_KEY, ACT_SLOT_VALUE }, ACT_SLOT_MIXED },
  { &act_op_linear, "attn.o_proj", { ACT_SLOT_MIXED }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_always },
  { &act_op_layer_norm, "ln_2", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "mlp.c_fc", { ACT_SLOT_NORMED }, ACT_SLOT_HIDDEN,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_gelu_tanh, "mlp.gelu", { ACT_SLOT_HIDDEN }, ACT_SLOT_HIDDEN },
  { &act_op_linear, "mlp.down_proj", { ACT_SLOT_HIDDEN }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_always },
  { NULL },
};

static gboolean
read_config (ActModelConfig *config, JsonObject *object, GError **error)
{
  return act_gpt2_read_config (config, object, FALSE, error);
}

const ActArchitecture act_architecture_gpt2_simple = {
  .name = "GPT2Simple",
  .blocks = "h",
  .first = act_gpt2_first,
  .block = { block },
  .last = act_gpt2_last,
  .read_config = read_config,
  .slots = act_arch_slots,
};
