/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "acterror.h"
#include "model/archparts.h"

gboolean
act_when_always (const ActModelConfig *config)
{
  return TRUE;
}

gboolean
act_when_separate_qkv (const ActModelConfig *config)
{
  return !config->combined_qkv;
}

gboolean
act_when_combined_qkv (const ActModelConfig *config)
{
  return config->combined_qkv;
}

gboolean
act_when_attn_bias (const ActModelConfig *config)
{
  return config->attn_bias;
}

gboolean
act_when_mlp_bias (const ActModelConfig *config)
{
  return config->mlp_bias;
}

gboolean
act_arch_read_sizes (ActModelConfig *config, JsonObject *object,
    const ActSizeField *fields, guint n_fields, GError **error)
{
  for (guint i = 0; i < n_fields; i++)
    if (!act_model_config_get_size (config, object, fields[i].field,
            fields[i].largest, G_STRUCT_MEMBER_P (config, fields[i].offset),
            error))
      return FALSE;
  return TRUE;
}

gboolean
act_arch_check_heads (const ActModelConfig *config, GError **error)
{
  if (config->n_embd % config->n_head != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s': \"n_embd\" is %u, expected a multiple of \"n_head\" (%u)",
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

gboolean
act_arch_check_eps (
    const ActModelConfig *config, const char *field, GError **error)
{
  if (config->norm_eps >= 0 && config->norm_eps <= 1)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': \"%s\" is %g, expected 0..1", config->filename, field,
      config->norm_eps);
  return FALSE;
}

/* Queries, keys and values of a combined matrix lie in its output. */
void
act_arch_slots (const ActModelConfig *config, ActSlotShape slots[ACT_N_SLOTS])
{
  guint n = config->n_embd;
  guint kv = n / config->n_head * config->n_key_value_heads;

  slots[ACT_SLOT_RESIDUAL].width = n;
  slots[ACT_SLOT_NORMED].width = n;
  slots[ACT_SLOT_QUERY].width = n;
  slots[ACT_SLOT_KEY].width = kv;
  slots[ACT_SLOT_VALUE].width = kv;
  slots[ACT_SLOT_MIXED].width = n;
  slots[ACT_SLOT_GATE].width = config->n_intermediate;
  slots[ACT_SLOT_HIDDEN].width = config->n_intermediate;
  slots[ACT_SLOT_LOGITS].width = config->vocab_size;
  if (!config->combined_qkv)
    return;
  slots[ACT_SLOT_QKV].width = n + 2 * kv;
  slots[ACT_SLOT_QUERY].of = ACT_SLOT_QKV;
  slots[ACT_SLOT_KEY].of = ACT_SLOT_QKV;
  slots[ACT_SLOT_KEY].first = n;
  slots[ACT_SLOT_VALUE].of = ACT_SLOT_QKV;
  slots[ACT_SLOT_VALUE].first = n + kv;
}
