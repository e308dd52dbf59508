/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>

#include "acterror.h"
#include "formats/json.h"
#include "model/arch_llama.h"
#include "model/archparts.h"
#include "model/ops.h"

const ActStep act_llama_first[] = {
  { &act_op_embedding, "wte", { ACT_SLOT_NONE }, ACT_SLOT_RESIDUAL,
      .is_module = TRUE },
  { NULL },
};

const ActStep act_llama_attention[] = {
  { &act_op_rms_norm, "rms_1", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "attn.q_proj", { ACT_SLOT_NORMED }, ACT_SLOT_QUERY,
      .is_module = TRUE, .when = act_when_separate_qkv,
      .bias = act_when_attn_bias },
  { &act_op_linear, "attn.k_proj", { ACT_SLOT_NORMED }, ACT_SLOT_KEY,
      .is_module = TRUE, .when = act_when_separate_qkv,
      .bias = act_when_attn_bias },
  { &act_op_linear, "attn.v_proj", { ACT_SLOT_NORMED }, ACT_SLOT_VALUE,
      .is_module = TRUE, .when = act_when_separate_qkv,
      .bias = act_when_attn_bias },
  { &act_op_linear, "attn.c_attn", { ACT_SLOT_NORMED }, ACT_SLOT_QKV,
      .is_module = TRUE, .when = act_when_combined_qkv,
      .bias = act_when_attn_bias },
  { &act_op_rotary, "attn.rotary_q", { ACT_SLOT_QUERY }, ACT_SLOT_QUERY },
  { &act_op_rotary, "attn.rotary_k", { ACT_SLOT_KEY }, ACT_SLOT_KEY },
  { &act_op_attention, "attn.softmax",
      { ACT_SLOT_QUERY, ACT_SLOT_KEY, ACT_SLOT_VALUE }, ACT_SLOT_MIXED },
  { &act_op_linear, "attn.o_proj", { ACT_SLOT_MIXED }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_attn_bias },
  { NULL },
};

const ActStep act_llama_last[] = {
  { &act_op_rms_norm, "ln_f", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "lm_head", { ACT_SLOT_NORMED }, ACT_SLOT_LOGITS,
      .is_module = TRUE, .tied = "wte" },
  { NULL },
};

static gboolean
check_rotary (const ActModelConfig *config, GError **error)
{
  if (config->n_embd / config->n_head % 2 != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s': \"n_embd\" is %u, expected \"n_head\" (%u) times an even "
        "number",
        config->filename, config->n_embd, config->n_head);
    return FALSE;
  }
  if (!(config->rotary_base >= 1) || !isfinite (config->rotary_base)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': \"rotary_base\" is %g, expected at least 1", config->filename,
        config->rotary_base);
    return FALSE;
  }
  return TRUE;
}

/* With one matrix for queries, keys and values each head has its own, and
 * n_key_value_heads means nothing. */
static gboolean
read_key_value_heads (
    ActModelConfig *config, JsonObject *object, GError **error)
{
  gboolean grouped;

  if (!act_model_config_get_boolean (
          config, object, "use_grouped_query_attention", &grouped, error))
    return FALSE;
  config->combined_qkv = !grouped;
  config->n_key_value_heads = config->n_head;
  return !grouped
      || act_model_config_get_size (config, object, "n_key_value_heads",
          ACT_MODEL_MAX_SIZE, &config->n_key_value_heads, error);
}

static gboolean
read_numbers (ActModelConfig *config, JsonObject *object, GError **error)
{
  return act_model_config_get_boolean (
             config, object, "mlp_bias", &config->mlp_bias, error)
      && act_model_config_get_boolean (
          config, object, "attn_bias", &config->attn_bias, error)
      && act_model_config_get_boolean (config, object, "rotary_adjacent_pairs",
          &config->rotary_adjacent_pairs, error)
      && act_json_get_double (
          object, "rms_norm_eps", config->filename, &config->norm_eps, error)
      && act_json_get_double (
          object, "rotary_base", config->filename, &config->rotary_base, error);
}

gboolean
act_llama_read_config (
    ActModelConfig *config, JsonObject *object, GError **error)
{
  static const ActSizeField sizes[] = {
    { "block_size", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, block_size) },
    { "vocab_size", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, vocab_size) },
    { "n_ctx", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_ctx) },
    { "n_layer", ACT_MODEL_MAX_LAYERS,
        G_STRUCT_OFFSET (ActModelConfig, n_layer) },
    { "n_embd", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_embd) },
    { "n_head", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_head) },
    { "n_intermediate", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, n_intermediate) },
  };

  return act_arch_read_sizes (
             config, object, sizes, G_N_ELEMENTS (sizes), error)
      && read_key_value_heads (config, object, error)
      && read_numbers (config, object, error)
      && act_arch_check_heads (config, error)
      && act_arch_check_eps (config, "rms_norm_eps", error)
      && check_rotary (config, error);
}
