/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "acterror.h"
#include "formats/json.h"
#include "model/arch_gpt2.h"
#include "model/architectures.h"
#include "model/archparts.h"
#include "model/ops.h"

/* gpt2: GPT-2 as Hugging Face's transformers saves it: config.json's own
 * fields, matrices [d_in, d_out] (Conv1D), and "transformer." before all names
 * but lm_head's, or not, as GPT2LMHeadModel or GPT2Model was saved. */

static const ActStep block[] = {
  { &act_op_layer_norm, "ln_1", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_conv1d, "attn.c_attn", { ACT_SLOT_NORMED }, ACT_SLOT_QKV,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_attention, "attn.softmax",
      { ACT_SLOT_QUERY, ACT_SLOT_KEY, ACT_SLOT_VALUE }, ACT_SLOT_MIXED },
  { &act_op_conv1d, "attn.c_proj", { ACT_SLOT_MIXED }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_always },
  { &act_op_layer_norm, "ln_2", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_conv1d, "mlp.c_fc", { ACT_SLOT_NORMED }, ACT_SLOT_HIDDEN,
      .is_module = TRUE, .bias = act_when_always },
  { &act_op_gelu_tanh, "mlp.gelu", { ACT_SLOT_HIDDEN }, ACT_SLOT_HIDDEN },
  { &act_op_conv1d, "mlp.c_proj", { ACT_SLOT_HIDDEN }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_always },
  { NULL },
};

/* what changes the function must be as in GPT-2 where it is there */
static gboolean
expect_boolean (const ActModelConfig *config, JsonObject *object,
    const char *field, gboolean expected, GError **error)
{
  return !json_object_has_member (object, field)
      || act_model_config_expect (config, object, field, expected, error);
}

static gboolean
check_function (
    const ActModelConfig *config, JsonObject *object, GError **error)
{
  const char *function = act_json_get_string (
      object, "activation_function", config->filename, error);

  if (function == NULL)
    return FALSE;
  if (g_str_equal (function, "gelu_new")
      || g_str_equal (function, "gelu_pytorch_tanh"))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': \"activation_function\": \"%s\" is not supported, only "
      "\"gelu_new\" and \"gelu_pytorch_tanh\"",
      config->filename, function);
  return FALSE;
}

/* null or missing: four times the residual's */
static gboolean
read_inner (ActModelConfig *config, JsonObject *object, GError **error)
{
  config->n_intermediate = 4 * config->n_embd;
  return !json_object_has_member (object, "n_inner")
      || json_object_get_null_member (object, "n_inner")
      || act_model_config_get_size (config, object, "n_inner",
          4 * ACT_MODEL_MAX_SIZE, &config->n_intermediate, error);
}

static gboolean
read_config (ActModelConfig *config, JsonObject *object, GError **error)
{
  static const ActSizeField sizes[] = {
    { "n_positions", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, block_size) },
    { "vocab_size", ACT_MODEL_MAX_SIZE,
        G_STRUCT_OFFSET (ActModelConfig, vocab_size) },
    { "n_layer", ACT_MODEL_MAX_LAYERS,
        G_STRUCT_OFFSET (ActModelConfig, n_layer) },
    { "n_embd", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_embd) },
    { "n_head", ACT_MODEL_MAX_SIZE, G_STRUCT_OFFSET (ActModelConfig, n_head) },
  };

  if (!act_arch_read_sizes (config, object, sizes, G_N_ELEMENTS (sizes), error)
      || !read_inner (config, object, error)
      || !act_json_get_double (object, "layer_norm_epsilon", config->filename,
          &config->norm_eps, error))
    return FALSE;
  config->n_key_value_heads = config->n_head;
  config->combined_qkv = TRUE;
  return check_function (config, object, error)
      && expect_boolean (config, object, "scale_attn_weights", TRUE, error)
      && expect_boolean (
          config, object, "scale_attn_by_inverse_layer_idx", FALSE, error)
      && expect_boolean (config, object, "add_cross_attention", FALSE, error)
      && act_arch_check_heads (config, error)
      && act_arch_check_eps (config, "layer_norm_epsilon", error);
}

const ActArchitecture act_architecture_gpt2_hf = {
  .name = "gpt2",
  .blocks = "h",
  .outer = "transformer.",
  .first = act_gpt2_first,
  .block = { block },
  .last = act_gpt2_last,
  .read_config = read_config,
  .slots = act_arch_slots,
};
