/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/pattern.h"
#include "tokenizer/stage.h"

typedef struct {
  ActNormalizer parent;
  char *name;
  ActPattern *pattern;
  GString *content;
} Replace;

static gboolean
replace_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  Replace *self = (Replace *) parent;
  ActMatch match = { 0 };
  gsize done = 0;
  int found;

  parent->start_dropped = FALSE;
  while ((found = act_pattern_find (self->pattern, text, length, &match, error))
      > 0) {
    if (match.from == 0 && match.to > 0 && self->content->len == 0)
      parent->start_dropped = TRUE;
    g_string_append_len (out, text + done, (gssize) (match.from - done));
    g_string_append_len (out, self->content->str, (gssize) self->content->len);
    done = match.to;
    if (!act_stage_check_text (out, self->name, error))
      return FALSE;
  }
  if (found < 0)
    return FALSE;
  g_string_append_len (out, text + done, (gssize) (length - done));
  return TRUE;
}

static void
replace_free (ActNormalizer *parent)
{
  Replace *self = (Replace *) parent;

  act_pattern_free (self->pattern);
  g_string_free (self->content, TRUE);
  g_free (self->name);
  g_free (self);
}

static gpointer
replace_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  ActPattern *pattern = act_pattern_new (
      json_object_get_member (config, "pattern"), context, error);
  GString *content;
  Replace *self;

  if (pattern == NULL)
    return NULL;
  content = act_stage_get_bytes (config, "content", NULL, context, error);
  if (content == NULL) {
    act_pattern_free (pattern);
    return NULL;
  }
  self = g_new0 (Replace, 1);
  self->parent.normalize = replace_normalize;
  self->parent.free = replace_free;
  self->name = g_strdup (context->name);
  self->pattern = pattern;
  self->content = content;
  return self;
}

static const char *const fields[] = { "pattern", "content", NULL };

const ActStageKind act_normalizer_replace = {
  "Replace",
  replace_new,
  fields,
};
