/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/stage.h"

#include "acterror.h"
#include "formats/json.h"
#include "tokenizer/charclass.h"

/* a new kind gets a line here */
static const ActStageKind *const normalizer_kinds[] = {
  &act_normalizer_bert,
  &act_normalizer_byte_level,
  &act_normalizer_lowercase,
  &act_normalizer_nfc,
  &act_normalizer_nfd,
  &act_normalizer_nfkc,
  &act_normalizer_nfkd,
  &act_normalizer_precompiled,
  &act_normalizer_prepend,
  &act_normalizer_replace,
  &act_normalizer_sequence,
  &act_normalizer_strip,
  &act_normalizer_strip_accents,
  NULL,
};
static const ActStageKind *const pre_tokenizer_kinds[] = {
  &act_pre_tokenizer_bert,
  &act_pre_tokenizer_byte_level,
  &act_pre_tokenizer_char_delimiter_split,
  &act_pre_tokenizer_digits,
  &act_pre_tokenizer_metaspace,
  &act_pre_tokenizer_punctuation,
  &act_pre_tokenizer_sequence,
  &act_pre_tokenizer_split,
  &act_pre_tokenizer_whitespace,
  &act_pre_tokenizer_whitespace_split,
  NULL,
};
static const ActStageKind *const model_kinds[] = {
  &act_model_bpe,
  &act_model_unigram,
  &act_model_word_level,
  &act_model_word_piece,
  NULL,
};

/* a Sequence within a Sequence within ... */
#define MAX_DEPTH 16

static char *
list_types (const ActStageKind *const *kinds)
{
  GString *list = g_string_new (NULL);

  for (gsize i = 0; kinds[i] != NULL; i++)
    g_string_append_printf (list, "%s%s", i == 0 ? "" : ", ", kinds[i]->type);
  return g_string_free (list, FALSE);
}

gboolean
act_stage_set_too_long (const char *name, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': it makes more of a text than %" G_GSIZE_FORMAT
      " bytes, the longest that is supported",
      name, ACT_STAGE_MAX_TEXT);
  return FALSE;
}

const char *
act_stage_get_type (JsonNode *node)
{
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  node = json_object_get_member (json_node_get_object (node), "type");
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

gboolean
act_stage_is_null (JsonNode *node)
{
  return node == NULL || JSON_NODE_HOLDS_NULL (node);
}

static gboolean
check_fields (JsonObject *config, const char *stage, const ActStageKind *kind,
    const ActStageContext *context, GError **error)
{
  g_autofree char *known = NULL;
  JsonObjectIter iter;
  const char *field;
  JsonNode *node;

  json_object_iter_init (&iter, config);
  while (json_object_iter_next (&iter, &field, &node)) {
    if (g_str_equal (field, "type") || g_strv_contains (kind->fields, field)
        || act_stage_field_is_unset (config, field))
      continue;
    known = g_strjoinv (", ", (char **) kind->fields);
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': %s '%s' with '%s' is not supported (supported: %s)",
        context->name, stage, kind->type, field,
        known[0] == '\0' ? "no fields" : known);
    return FALSE;
  }
  return TRUE;
}

static gpointer
stage_new (JsonNode *node, const char *stage, const ActStageKind *const *kinds,
    const char *default_type, const ActStageContext *context, GError **error)
{
  g_autofree char *known = NULL;
  JsonObject *config;
  const char *type;

  if (context->depth > MAX_DEPTH) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': %s is nested more than %d times", context->name, stage,
        MAX_DEPTH);
    return NULL;
  }
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': '%s' is no object",
        context->name, stage);
    return NULL;
  }
  config = json_node_get_object (node);
  type = act_stage_get_type (node);
  if (type == NULL)
    type = default_type;
  if (type == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': '%s' has no string 'type'", context->name, stage);
    return NULL;
  }
  for (gsize i = 0; kinds[i] != NULL; i++) {
    if (g_str_equal (kinds[i]->type, type))
      return check_fields (config, stage, kinds[i], context, error)
          ? kinds[i]->new_from_json (config, context, error)
          : NULL;
  }
  known = list_types (kinds);
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': %s '%s' is not supported (supported: %s)", context->name, stage,
      type, known);
  return NULL;
}

gboolean
act_normalizer_new (JsonNode *node, const ActStageContext *context,
    ActNormalizer **normalizer, GError **error)
{
  *normalizer = NULL;
  if (act_stage_is_null (node))
    return TRUE;
  *normalizer =
      stage_new (node, "normalizer", normalizer_kinds, NULL, context, error);
  return *normalizer != NULL;
}

gboolean
act_pre_tokenizer_new (JsonNode *node, const ActStageContext *context,
    ActPreTokenizer **pre_tokenizer, GError **error)
{
  *pre_tokenizer = NULL;
  if (act_stage_is_null (node))
    return TRUE;
  *pre_tokenizer = stage_new (
      node, "pre_tokenizer", pre_tokenizer_kinds, NULL, context, error);
  return *pre_tokenizer != NULL;
}

ActTokenModel *
act_token_model_new (
    JsonNode *node, const ActStageContext *context, GError **error)
{
  if (act_stage_is_null (node)) {
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

void
act_normalizer_free (ActNormalizer *normalizer)
{
  if (normalizer != NULL)
    normalizer->free (normalizer);
}

void
act_pre_tokenizer_free (ActPreTokenizer *pre_tokenizer)
{
  if (pre_tokenizer != NULL)
    pre_tokenizer->free (pre_tokenizer);
}

void
act_token_model_free (ActTokenModel *model)
{
  if (model != NULL)
    model->free (model);
}

gboolean
act_stage_get_flag (JsonObject *config, const char *field, gboolean fallback,
    const ActStageContext *context, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (config, field);

  *value = fallback;
  if (act_stage_is_null (node))
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

const char *
act_stage_get_string (JsonObject *config, const char *field,
    const char *fallback, const ActStageContext *context, GError **error)
{
  JsonNode *node = json_object_get_member (config, field);

  if (act_stage_is_null (node) && fallback != NULL)
    return fallback;
  if (!act_stage_is_null (node) && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': '%s' is no string",
      context->name, field);
  return NULL;
}

GString *
act_stage_get_bytes (JsonObject *config, const char *field,
    const char *fallback, const ActStageContext *context, GError **error)
{
  const char *string =
      act_stage_get_string (config, field, fallback, context, error);
  GString *bytes;

  if (string == NULL)
    return NULL;
  bytes = g_string_new (NULL);
  act_json_append_bytes (bytes, string);
  return bytes;
}

gboolean
act_stage_get_char (JsonObject *config, const char *field, const char *fallback,
    const ActStageContext *context, gunichar *value, GError **error)
{
  GString *bytes =
      act_stage_get_bytes (config, field, fallback, context, error);
  const guint8 *p;
  gboolean one;

  if (bytes == NULL)
    return FALSE;
  p = (const guint8 *) bytes->str;
  *value = bytes->len > 0 ? act_utf8_next (&p) : 0;
  one = bytes->len > 0 && (const char *) p == bytes->str + bytes->len;
  g_string_free (bytes, TRUE);
  if (!one)
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': '%s' is not just one character", context->name, field);
  return one;
}

gboolean
act_stage_get_uint (JsonObject *config, const char *field, guint32 fallback,
    const ActStageContext *context, guint32 *value, GError **error)
{
  JsonNode *node = json_object_get_member (config, field);

  *value = fallback;
  if (act_stage_is_null (node))
    return TRUE;
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_INT64
      && json_node_get_int (node) >= 0
      && json_node_get_int (node) <= G_MAXINT32) {
    *value = (guint32) json_node_get_int (node);
    return TRUE;
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': '%s' is no integer from 0 to %d", context->name, field,
      G_MAXINT32);
  return FALSE;
}

JsonObject *
act_stage_get_object (JsonObject *config, const char *field, const char *of,
    const ActStageContext *context, GError **error)
{
  JsonNode *node = json_object_get_member (config, field);

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': '%s' has no object '%s'", context->name, of, field);
  return NULL;
}

JsonArray *
act_stage_get_list (JsonObject *config, const char *field, const char *of,
    const ActStageContext *context, GError **error)
{
  JsonNode *node = json_object_get_member (config, field);

  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    return json_node_get_array (node);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': '%s' has no list '%s'", context->name, of, field);
  return NULL;
}

gboolean
act_stage_field_is_unset (JsonObject *config, const char *field)
{
  JsonNode *node = json_object_get_member (config, field);

  if (act_stage_is_null (node))
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
