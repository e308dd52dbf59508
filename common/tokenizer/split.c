/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/pattern.h"
#include "tokenizer/splitter.h"
#include "tokenizer/stage.h"

typedef struct {
  ActPreTokenizer parent;
  ActPattern *pattern;
  ActSplitBehavior behavior;
  gboolean invert;
} Split;

static gboolean
split_cut (ActPreTokenizer *parent, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  Split *self = (Split *) parent;
  ActSplitter splitter = { self->behavior, text, at_start, func, user_data };
  ActMatch match = { 0 };
  gsize done = 0;
  int found;

  while ((found = act_pattern_find (self->pattern, text, length, &match, error))
      > 0) {
    if (done < match.from
        && !act_splitter_add (
            &splitter, text + done, text + match.from, self->invert, error))
      return FALSE;
    if (!act_splitter_add (&splitter, text + match.from, text + match.to,
            !self->invert, error))
      return FALSE;
    done = match.to;
  }
  if (found < 0
      || (done < length
          && !act_splitter_add (
              &splitter, text + done, text + length, self->invert, error)))
    return FALSE;
  return act_splitter_finish (&splitter, error);
}

static void
split_free (ActPreTokenizer *parent)
{
  act_pattern_free (((Split *) parent)->pattern);
  g_free (parent);
}

static gpointer
split_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  ActSplitBehavior behavior;
  ActPattern *pattern;
  gboolean invert;
  Split *self;

  if (!act_split_behavior_parse (config, NULL, context, &behavior, error)
      || !act_stage_get_flag (config, "invert", FALSE, context, &invert, error))
    return NULL;
  pattern = act_pattern_new (
      json_object_get_member (config, "pattern"), context, error);
  if (pattern == NULL)
    return NULL;
  self = g_new0 (Split, 1);
  self->parent.cut = split_cut;
  self->parent.free = split_free;
  self->pattern = pattern;
  self->behavior = behavior;
  self->invert = invert;
  return self;
}

static const char *const fields[] = { "pattern", "behavior", "invert", NULL };

const ActStageKind act_pre_tokenizer_split = {
  "Split",
  split_new,
  fields,
};
