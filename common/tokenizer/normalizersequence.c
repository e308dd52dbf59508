/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/stage.h"

typedef struct {
  ActNormalizer parent;
  char *name;
  GPtrArray *members;
  GString *scratch[2];
} Sequence;

static gboolean
sequence_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  Sequence *self = (Sequence *) parent;

  parent->start_dropped = FALSE;
  for (guint i = 0; i < self->members->len; i++) {
    ActNormalizer *member = g_ptr_array_index (self->members, i);
    GString *to = self->scratch[i % 2];

    g_string_truncate (to, 0);
    if (!member->normalize (member, text, length, to, error)
        || !act_stage_check_text (to, self->name, error))
      return FALSE;
    parent->start_dropped = parent->start_dropped || member->start_dropped;
    text = to->str;
    length = to->len;
  }
  g_string_append_len (out, text, (gssize) length);
  return TRUE;
}

static void
sequence_free (ActNormalizer *parent)
{
  Sequence *self = (Sequence *) parent;

  g_ptr_array_unref (self->members);
  for (guint i = 0; i < 2; i++)
    g_string_free (self->scratch[i], TRUE);
  g_free (self->name);
  g_free (self);
}

static void
member_free (gpointer member)
{
  act_normalizer_free (member);
}

static gpointer
sequence_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  JsonArray *list =
      act_stage_get_list (config, "normalizers", "normalizer", context, error);
  ActStageContext inner = *context;
  Sequence *self;

  if (list == NULL)
    return NULL;
  inner.depth++;
  self = g_new0 (Sequence, 1);
  self->parent.normalize = sequence_normalize;
  self->parent.free = sequence_free;
  self->name = g_strdup (context->name);
  self->members = g_ptr_array_new_with_free_func (member_free);
  for (guint i = 0; i < 2; i++)
    self->scratch[i] = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (list); i++) {
    ActNormalizer *member;

    if (!act_normalizer_new (
            json_array_get_element (list, i), &inner, &member, error)) {
      sequence_free (&self->parent);
      return NULL;
    }
    if (member != NULL)
      g_ptr_array_add (self->members, member);
  }
  return self;
}

static const char *const fields[] = { "normalizers", NULL };

const ActStageKind act_normalizer_sequence = {
  "Sequence",
  sequence_new,
  fields,
};
