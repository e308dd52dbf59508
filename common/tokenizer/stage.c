/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/stage.h"

#include "acterror.h"

/* a new kind gets a line here */
static const ActStageKind *const normalizer_kinds[] = {
  NULL,
};
static const ActStageKind *const pre_tokenizer_kinds[] = {
  &act_pre_tokenizer_byte_level,
  NULL,
};
static const ActStageKind *const model_kinds[] = {
  &act_model_bpe,
  NULL,
};

static char *
list_types (const ActStageKind *const *kinds)
{
  GString *list = g_string_new (NULL);

  for (gsize i = 0; kinds[i] != NULL; i++)
    g_string_append_printf (list, "%s%s", i == 0 ? "" : ", ", kinds[i]->type);
  return g_string_free (list, FALSE);
}

static const char *
get_type (JsonObject *config)
{
  JsonNode *node = json_object_get_member (config, "type");

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static gboolean
is_null (JsonNode *node)
{
  return node == NULL || JSON_NODE_HOLDS_NULL (node);
}

static gpointer
stage_new (JsonNode *node, const char *stage, const ActStageKind *const *kinds,
    const char *default_type, const ActStageContext *context, GError **error)
{
  g_autofree char *known = NULL;
  JsonObject *config;
  const char *type;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': '%s' is no object",
        context->name, stage);
    return NULL;
  }
  config = json_node_get_object (node);
  type = get_type (config);
  if (type == NULL)
    type = default_type;
  if (type == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': '%s' has no string 'type'", context->name, stage);
    return NULL;
  }
  for (gsize i = 0; kinds[i] != NULL; i++) {
    if (g_str_equal (kinds[i]->type, type))
      return kinds[i]->new_from_json (config, context, error);
  }
  known = list_types (kinds);
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': %s '%s' is not supported (supported: %s)", context->name, stage,
      type, known[0] == '\0' ? "null" : known);
  return NULL;
}

gboolean
act_normalizer_new (JsonNode *node, const ActStageContext *context,
    ActNormalizer **normalizer, GError **error)
{
  *normalizer = NULL;
  if (is_null (node))
    return TRUE;
  *normalizer =
      stage_new (node, "normalizer", normalizer_kinds, NULL, context, error);
  return *normalizer != NULL;
}

ActPreTokenizer *
act_pre_tokenizer_new (
    JsonNode *node, const ActStageContext *context, GError **error)
{
  /* without one, a byte-level vocabulary is looked up by characters that it
   * does not have (a blank is not its stand-in), and they would be lost */
  if (is_null (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': pre_tokenizer null is not supported (supported: ByteLevel)",
        context->name);
    return NULL;
  }
  return stage_new (
      node, "pre_tokenizer", pre_tokenizer_kinds, NULL, context, error);
}

ActModel *
act_model_new (JsonNode *node, const ActStageContext *context, GError **error)
{
  if (is_null (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': no 'model', is it a tokenizer.json?", context->name);
    return NULL;
  }
  /* older files leave the type out */
  return stage_new (node, "model", model_kinds,
      JSON_NODE_HOLDS_OBJECT (node)
              && json_object_has_member (json_node_get_object (node), "merges")
          ? "BPE"
          : NULL,
      context, error);
}

gboolean
act_post_processor_check (
    JsonNode *node, const ActStageContext *context, GError **error)
{
  const char *type;

  if (is_null (node))
    return TRUE;
  type = JSON_NODE_HOLDS_OBJECT (node) ? get_type (json_node_get_object (node))
                                       : NULL;
  /* ByteLevel only moves offsets */
  if (g_strcmp0 (type, "ByteLevel") == 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': post_processor '%s' is not supported (supported: null, "
      "ByteLevel)",
      context->name, type == NULL ? "without a type" : type);
  return FALSE;
}

gboolean
act_stage_get_flag (JsonObject *config, const char *field, gboolean fallback,
    const ActStageContext *context, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (config, field);

  *value = fallback;
  if (is_null (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_BOOLEAN) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': '%s' is neither true nor false", context->name, field);
    return FALSE;
  }
  *value = json_node_get_boolean (node);
  return TRUE;
}

gboolean
act_stage_field_is_unset (JsonObject *config, const char *field)
{
  JsonNode *node = json_object_get_member (config, field);

  if (is_null (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  switch (json_node_get_value_type (node)) {
  case G_TYPE_STRING:
    return json_node_get_string (node)[0] == '\0';
  case G_TYPE_BOOLEAN:
    return !json_node_get_boolean (node);
  case G_TYPE_INT64:
    return json_node_get_int (node) == 0;
  case G_TYPE_DOUBLE:
    return json_node_get_double (node) == 0;
  default:
    return FALSE;
  }
}

gunichar
act_byte_stand_in (guint8 byte)
{
  gunichar next = 0x100;

  for (guint i = 0; i < 256; i++) {
    gboolean itself =
        (i >= '!' && i <= '~') || (i >= 0xa1 && i <= 0xff && i != 0xad);

    if (i == byte)
      return itself ? i : next;
    if (!itself)
      next++;
  }
  return 0;
}
