/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/postprocessor.h"

#include "acterror.h"
#include "tokenizer/vocab.h"

#define MAX_DEPTH 16

static gboolean
unsupported (const ActStageContext *context, const char *what, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': post_processor with %s is not supported", context->name, what);
  return FALSE;
}

/* what is put on later is further out */
static void
put_round (ActPostProcessor *post, GArray *before, GArray *after)
{
  g_array_prepend_vals (post->before, before->data, before->len);
  g_array_append_vals (post->after, after->data, after->len);
}

/* ---- BertProcessing, RobertaProcessing: ["token", id] ---- */

static gboolean
append_pair (JsonObject *config, const char *field, GArray *ids,
    const ActStageContext *context, GError **error)
{
  JsonArray *pair =
      act_stage_get_list (config, field, "post_processor", context, error);
  guint32 id;

  if (pair == NULL)
    return FALSE;
  if (json_array_get_length (pair) != 2) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': '%s' is not [\"token\", id]", context->name, field);
    return FALSE;
  }
  if (!act_vocab_parse_id (
          json_array_get_element (pair, 1), field, context->name, &id, error))
    return FALSE;
  g_array_append_val (ids, id);
  return TRUE;
}

static gboolean
read_bert (ActPostProcessor *post, JsonObject *config, guint depth,
    const ActStageContext *context, GError **error)
{
  g_autoptr (GArray) before = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) after = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (!append_pair (config, "cls", before, context, error)
      || !append_pair (config, "sep", after, context, error))
    return FALSE;
  put_round (post, before, after);
  return TRUE;
}

/* ---- TemplateProcessing ---- */

/* {"[CLS]": {"id": "[CLS]", "ids": [101], "tokens": ["[CLS]"]}} */
static gboolean
append_special (JsonObject *specials, const char *name, GArray *ids,
    const ActStageContext *context, GError **error)
{
  JsonObject *special =
      act_stage_get_object (specials, name, "special_tokens", context, error);
  JsonArray *list = special == NULL
      ? NULL
      : act_stage_get_list (special, "ids", name, context, error);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    guint32 id;

    if (!act_vocab_parse_id (
            json_array_get_element (list, i), name, context->name, &id, error))
      return FALSE;
    g_array_append_val (ids, id);
  }
  return list != NULL;
}

/* {"SpecialToken": {"id": ...}} or {"Sequence": {"id": "A"}} */
static gboolean
read_template_part (JsonNode *node, JsonObject *specials, GArray *before,
    GArray *after, gboolean *text_came, const ActStageContext *context,
    GError **error)
{
  JsonObject *part =
      JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonObject *inner;
  const char *id;

  if (part != NULL && json_object_has_member (part, "Sequence")) {
    inner = act_stage_get_object (part, "Sequence", "single", context, error);
    id = inner == NULL
        ? NULL
        : act_stage_get_string (inner, "id", NULL, context, error);
    if (id == NULL)
      return FALSE;
    if (*text_came || !g_str_equal (id, "A"))
      return unsupported (context, "more than one text in 'single'", error);
    *text_came = TRUE;
    return TRUE;
  }
  if (part == NULL || !json_object_has_member (part, "SpecialToken")) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': a part of 'single' is neither a SpecialToken nor a Sequence",
        context->name);
    return FALSE;
  }
  inner = act_stage_get_object (part, "SpecialToken", "single", context, error);
  id = inner == NULL ? NULL
                     : act_stage_get_string (inner, "id", NULL, context, error);
  return id != NULL
      && append_special (
          specials, id, *text_came ? after : before, context, error);
}

static gboolean
read_template (ActPostProcessor *post, JsonObject *config, guint depth,
    const ActStageContext *context, GError **error)
{
  g_autoptr (GArray) before = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) after = g_array_new (FALSE, FALSE, sizeof (gint32));
  gboolean text_came = FALSE;
  JsonObject *specials;
  JsonArray *single;

  specials = act_stage_get_object (
      config, "special_tokens", "post_processor", context, error);
  if (specials == NULL)
    return FALSE;
  single =
      act_stage_get_list (config, "single", "post_processor", context, error);
  if (single == NULL)
    return FALSE;
  for (guint i = 0; i < json_array_get_length (single); i++) {
    if (!read_template_part (json_array_get_element (single, i), specials,
            before, after, &text_came, context, error))
      return FALSE;
  }
  if (!text_came)
    return unsupported (context, "no text in 'single'", error);
  put_round (post, before, after);
  return TRUE;
}

/* ---- all ---- */

/* it only moves offsets */
static gboolean
read_byte_level (ActPostProcessor *post, JsonObject *config, guint depth,
    const ActStageContext *context, GError **error)
{
  return TRUE;
}

static gboolean read_sequence (ActPostProcessor *post, JsonObject *config,
    guint depth, const ActStageContext *context, GError **error);

/* a new kind gets a line here */
static const struct {
  const char *type;
  gboolean (*read) (ActPostProcessor *post, JsonObject *config, guint depth,
      const ActStageContext *context, GError **error);
} kinds[] = {
  { "BertProcessing", read_bert },
  { "ByteLevel", read_byte_level },
  { "RobertaProcessing", read_bert },
  { "Sequence", read_sequence },
  { "TemplateProcessing", read_template },
};

static gboolean
read_node (ActPostProcessor *post, JsonNode *node, guint depth,
    const ActStageContext *context, GError **error)
{
  const char *type = act_stage_get_type (node);

  if (depth > MAX_DEPTH)
    return unsupported (context, "so many Sequences in each other", error);
  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (kinds); i++) {
    if (g_str_equal (kinds[i].type, type))
      return kinds[i].read (
          post, json_node_get_object (node), depth, context, error);
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': post_processor '%s' is not supported (supported: null, "
      "BertProcessing, ByteLevel, RobertaProcessing, Sequence, "
      "TemplateProcessing)",
      context->name, type == NULL ? "without a type" : type);
  return FALSE;
}

static gboolean
read_sequence (ActPostProcessor *post, JsonObject *config, guint depth,
    const ActStageContext *context, GError **error)
{
  JsonArray *list = act_stage_get_list (
      config, "processors", "post_processor", context, error);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    if (!read_node (
            post, json_array_get_element (list, i), depth + 1, context, error))
      return FALSE;
  }
  return list != NULL;
}

ActPostProcessor *
act_post_processor_new (
    JsonNode *node, const ActStageContext *context, GError **error)
{
  g_autoptr (ActPostProcessor) post = g_new0 (ActPostProcessor, 1);

  post->before = g_array_new (FALSE, FALSE, sizeof (gint32));
  post->after = g_array_new (FALSE, FALSE, sizeof (gint32));
  if (!act_stage_is_null (node) && !read_node (post, node, 0, context, error))
    return NULL;
  return g_steal_pointer (&post);
}

void
act_post_processor_free (ActPostProcessor *post)
{
  if (post == NULL)
    return;
  g_array_unref (post->before);
  g_array_unref (post->after);
  g_free (post);
}
