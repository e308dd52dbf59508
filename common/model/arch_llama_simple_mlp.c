/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>

#include "acterror.h"
#include "formats/json.h"
#include "model/architectures.h"
#include "model/ops.h"

/* LlamaSimpleMLP: RMS norms, rotary positions on the two halves of a head,
 * grouped-query attention, an MLP with one input matrix and tanh-GELU, no
 * biases. What follows the last block (ln_f, logits) no module reads. */

static const ActStep first[] = {
  { &act_op_embedding, "wte", { ACT_SLOT_NONE }, ACT_SLOT_RESIDUAL },
};

static const ActStep block[] = {
  { &act_op_rms_norm, "rms_1", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "attn.q_proj", { ACT_SLOT_NORMED }, ACT_SLOT_QUERY,
      .is_module = TRUE },
  { &act_op_linear, "attn.k_proj", { ACT_SLOT_NORMED }, ACT_SLOT_KEY,
      .is_module = TRUE },
  { &act_op_linear, "attn.v_proj", { ACT_SLOT_NORMED }, ACT_SLOT_VALUE,
      .is_module = TRUE },
  { &act_op_rotary_halves, "attn.rotary_q", { ACT_SLOT_QUERY },
      ACT_SLOT_QUERY },
  { &act_op_rotary_halves, "attn.rotary_k", { ACT_SLOT_KEY }, ACT_SLOT_KEY },
  { &act_op_attention, "attn.softmax",
      { ACT_SLOT_QUERY, ACT_SLOT_KEY, ACT_SLOT_VALUE }, ACT_SLOT_MIXED },
  { &act_op_linear, "attn.o_proj", { ACT_SLOT_MIXED }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE },
  { &act_op_rms_norm, "rms_2", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "mlp.c_fc", { ACT_SLOT_NORMED }, ACT_SLOT_HIDDEN,
      .is_module = TRUE },
  { &act_op_gelu_tanh, "mlp.gelu", { ACT_SLOT_HIDDEN }, ACT_SLOT_HIDDEN },
  { &act_op_linear, "mlp.down_proj", { ACT_SLOT_HIDDEN }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE },
};

static gboolean
check_heads (const ActModelConfig *config, GError **error)
{
  if (config->n_embd % config->n_head != 0
      || config->n_embd / config->n_head % 2 != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s': \"n_embd\" is %u, expected \"n_head\" (%u) times an even "
        "number",
        config->filename, config->n_embd, config->n_head);
    return FALSE;
  }
  if (config->n_key_value_heads > config->n_head
      || config->n_head % config->n_key_value_heads != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s': \"n_head\" is %u, expected a multiple of "
        "\"n_key_value_heads\" (%u)",
        config->filename, config->n_head, config->n_key_value_heads);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_numbers (const ActModelConfig *config, GError **error)
{
  if (!(config->rms_norm_eps >= 0) || config->rms_norm_eps > 1) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': \"rms_norm_eps\" is %g, expected 0..1", config->filename,
        config->rms_norm_eps);
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

static gboolean
read_config (ActModelConfig *config, JsonObject *object, GError **error)
{
  const struct {
    const char *field;
    guint largest;
    guint *value;
  } sizes[] = {
    { "block_size", ACT_MODEL_MAX_SIZE, &config->block_size },
    { "vocab_size", ACT_MODEL_MAX_SIZE, &config->vocab_size },
    { "n_ctx", ACT_MODEL_MAX_SIZE, &config->n_ctx },
    { "n_layer", ACT_MODEL_MAX_LAYERS, &config->n_layer },
    { "n_embd", ACT_MODEL_MAX_SIZE, &config->n_embd },
    { "n_head", ACT_MODEL_MAX_SIZE, &config->n_head },
    { "n_key_value_heads", ACT_MODEL_MAX_SIZE, &config->n_key_value_heads },
    { "n_intermediate", ACT_MODEL_MAX_SIZE, &config->n_intermediate },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (!act_model_config_get_size (config, object, sizes[i].field,
            sizes[i].largest, sizes[i].value, error))
      return FALSE;
  return act_model_config_expect (config, object, "mlp_bias", FALSE, error)
      && act_model_config_expect (config, object, "attn_bias", FALSE, error)
      && act_model_config_expect (
          config, object, "rotary_adjacent_pairs", FALSE, error)
      && act_model_config_expect (
          config, object, "use_grouped_query_attention", TRUE, error)
      && act_json_get_double (object, "rms_norm_eps", config->filename,
          &config->rms_norm_eps, error)
      && act_json_get_double (
          object, "rotary_base", config->filename, &config->rotary_base, error)
      && check_heads (config, error) && check_numbers (config, error);
}

static void
slot_widths (const ActModelConfig *config, guint widths[ACT_N_SLOTS])
{
  guint head_size = config->n_embd / config->n_head;

  widths[ACT_SLOT_RESIDUAL] = config->n_embd;
  widths[ACT_SLOT_NORMED] = config->n_embd;
  widths[ACT_SLOT_QUERY] = config->n_embd;
  widths[ACT_SLOT_KEY] = head_size * config->n_key_value_heads;
  widths[ACT_SLOT_VALUE] = head_size * config->n_key_value_heads;
  widths[ACT_SLOT_MIXED] = config->n_embd;
  widths[ACT_SLOT_HIDDEN] = config->n_intermediate;
}

const ActArchitecture act_architecture_llama_simple_mlp = {
  .name = "LlamaSimpleMLP",
  .blocks = "h",
  .first = first,
  .n_first = G_N_ELEMENTS (first),
  .block = block,
  .n_block = G_N_ELEMENTS (block),
  .read_config = read_config,
  .widths = slot_widths,
};
