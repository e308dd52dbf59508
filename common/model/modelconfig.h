/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* config.json, checked field by field. Which architectures, importance
 * functions and sigmoids there are is known to their tables alone. */

#define ACT_MODEL_MAX_HIDDEN 16
/* of any one dimension; products of two then fit a gsize by far */
#define ACT_MODEL_MAX_SIZE (1 << 24)
#define ACT_MODEL_MAX_LAYERS 4096

typedef struct {
  char *name;
  guint n_components; /* C */
  guint d_in, d_out;
  guint first_column;
} ActModelModule;

typedef struct {
  char *filename; /* of config.json, for messages */

  char *architecture; /* model_type */
  guint vocab_size, block_size, n_ctx;
  guint n_layer, n_embd, n_head, n_key_value_heads, n_intermediate;
  double norm_eps, rotary_base;
  gboolean rotary_adjacent_pairs;
  gboolean combined_qkv; /* one matrix for queries, keys and values */
  gboolean attn_bias, mlp_bias;

  /* of a file with the target model's tensors alone, NULL: they are in
   * model.safetensors, as "target_model." and their names */
  char *target_weights_file;

  char *head;    /* ci_fn_type */
  char *sigmoid; /* sigmoid_type */
  guint n_hidden;
  guint hidden[ACT_MODEL_MAX_HIDDEN]; /* ci_fn_hidden_dims */

  guint n_modules;
  ActModelModule *modules;
  guint n_components;
} ActModelConfig;

/* Its largest values leave room for sums and products of a few in 64 bits;
 * three times a size fits a guint. */

/* For architectures: a size from 1 to largest; a boolean that must be so. */
gboolean act_model_config_get_size (const ActModelConfig *config,
    JsonObject *object, const char *field, guint largest, guint *value,
    GError **error);
gboolean act_model_config_get_boolean (const ActModelConfig *config,
    JsonObject *object, const char *field, gboolean *value, GError **error);
gboolean act_model_config_expect (const ActModelConfig *config,
    JsonObject *object, const char *field, gboolean supported, GError **error);

/* root: what config.json holds; filename: for messages */
ActModelConfig *act_model_config_new (
    JsonNode *root, const char *filename, GError **error);
ActModelConfig *act_model_config_read (const char *folder, GError **error);
void act_model_config_free (ActModelConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActModelConfig, act_model_config_free)
