/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/arch_gpt2.h"
#include "model/architectures.h"
#include "model/archparts.h"
#include "model/ops.h"

/* GPT2: layer norms, learned positions, one matrix for queries, keys and
 * values, tanh-GELU, biases everywhere; matrices [d_out, d_in]. */

const ActStep act_gpt2_first[] = {
  { &act_op_embedding, "wte", { ACT_SLOT_NONE }, ACT_SLOT_RESIDUAL,
      .is_module = TRUE },
  { &act_op_positions, "wpe", { ACT_SLOT_NONE }, ACT_SLOT_RESIDUAL,
      .adds = TRUE },
  { NULL },
};

static const ActStep block[] = {
  { &act_op_layer_norm, "ln_1", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "attn.c_attn", { ACT_SLOT_NORMED }, ACT_SLOT_QKV,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_attention, "attn.softmax",
      { ACT_SLOT_QUERY, ACT_SLOT_KEY, ACT_SLOT_VALUE }, ACT_SLOT_MIXED },
  { &act_op_linear, "attn.c_proj", { ACT_SLOT_MIXED }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_always },
  { &act_op_layer_norm, "ln_2", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "mlp.c_fc", { ACT_SLOT_NORMED }, ACT_SLOT_HIDDEN,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_gelu_tanh, "mlp.gelu", { ACT_SLOT_HIDDEN }, ACT_SLOT_HIDDEN },
  { &act_op_linear, "mlp.c_proj", { ACT_SLOT_HIDDEN }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_always },
  { NULL },
};

const ActStep act_gpt2_last[] = {
  { &act_op_layer_norm, "ln_f", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "lm_head", { ACT_SLOT_NORMED }, ACT_SLOT_LOGITS,
      .is_module = TRUE, .outside = TRUE, .tied = "wte" },
  { NULL },
};

gboolean
act_gpt2_read_config (ActModelConfig *config, JsonObject *object,
    gboolean combined_qkv, GError **error)
{
  static const ActSizeField sizes[] = {
    { "block_size", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, block_size) },
    { "vocab_size", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, vocab_size) },
    { "n_layer", ACT_MODEL_MAX_LAYERS,
        G_STRUCT_OFFSET (ActModelConfig, n_layer) },
    { "n_embd", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_embd) },
    { "n_head", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_head) },
  };

  if (!act_arch_read_sizes (config, object, sizes, G_N_ELEMENTS (sizes), error))
    return FALSE;
  config->n_key_value_heads = config->n_head;
  config->n_intermediate = 4 * config->n_embd;
  config->norm_eps = 1e-5;
  config->combined_qkv = combined_qkv;
  return act_arch_check_heads (config, error);
}

static gboolean
read_config (ActModelConfig *config, JsonObject *object, GError **error)
{
  return act_gpt2_read_config (config, object, TRUE, error);
}

const ActArchitecture act_architecture_gpt2 = {
  .name = "GPT2",
  .blocks = "h_torch",
  .first = act_gpt2_first,
  .block = { block },
  .last = act_gpt2_last,
  .read_config = read_config,
  .slots = act_arch_slots,
};
