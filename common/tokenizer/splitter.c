/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/splitter.h"

#include "acterror.h"

gboolean
act_split_behavior_parse (JsonObject *config, const ActSplitBehavior *fallback,
    const ActStageContext *context, ActSplitBehavior *behavior, GError **error)
{
  static const char *const names[] = { "Removed", "Isolated",
    "MergedWithPrevious", "MergedWithNext", "Contiguous" };
  const char *name;

  if (fallback != NULL
      && act_stage_is_null (json_object_get_member (config, "behavior"))) {
    *behavior = *fallback;
    return TRUE;
  }
  name = act_stage_get_string (config, "behavior", NULL, context, error);
  if (name == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (name, names[i])) {
      *behavior = (ActSplitBehavior) i;
      return TRUE;
    }
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': 'behavior' '%s' is not supported (supported: Removed, Isolated, "
      "MergedWithPrevious, MergedWithNext, Contiguous)",
      context->name, name);
  return FALSE;
}

static gboolean
emit (ActSplitter *self, const char *from, const char *to, GError **error)
{
  return from == to
      || self->func (from, (gsize) (to - from),
          self->at_start && from == self->begin, self->user_data, error);
}

/* the pending one goes, this one waits */
static gboolean
replace_pending (
    ActSplitter *self, const char *from, const char *to, GError **error)
{
  gboolean ok = !self->pending || emit (self, self->from, self->to, error);

  self->pending = TRUE;
  self->from = from;
  self->to = to;
  return ok;
}

static gboolean
add_before_next (ActSplitter *self, const char *from, const char *to,
    gboolean is_match, GError **error)
{
  if (is_match)
    return replace_pending (self, from, to, error);
  if (self->pending)
    from = self->from;
  self->pending = FALSE;
  return emit (self, from, to, error);
}

gboolean
act_splitter_add (ActSplitter *self, const char *from, const char *to,
    gboolean is_match, GError **error)
{
  gboolean was_match = self->was_match;

  self->was_match = is_match;
  switch (self->behavior) {
  case ACT_SPLIT_REMOVED:
    return is_match || emit (self, from, to, error);
  case ACT_SPLIT_ISOLATED:
    return emit (self, from, to, error);
  case ACT_SPLIT_MERGED_WITH_NEXT:
    return add_before_next (self, from, to, is_match, error);
  case ACT_SPLIT_MERGED_WITH_PREVIOUS:
    if (!self->pending || !is_match || was_match)
      return replace_pending (self, from, to, error);
    break;
  case ACT_SPLIT_CONTIGUOUS:
    if (!self->pending || is_match != was_match)
      return replace_pending (self, from, to, error);
    break;
  }
  self->to = to;
  return TRUE;
}

gboolean
act_splitter_finish (ActSplitter *self, GError **error)
{
  return !self->pending || emit (self, self->from, self->to, error);
}
