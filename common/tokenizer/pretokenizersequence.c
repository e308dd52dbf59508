/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each member cuts the pieces of the one before it. */
#include "tokenizer/stage.h"

typedef struct _Sequence Sequence;

typedef struct {
  Sequence *sequence;
  guint index;
  ActPreTokenizer *cutter;
  GString *stand_ins; /* where the one before it gives bytes, else NULL */
} Member;

struct _Sequence {
  ActPreTokenizer parent;
  GArray *members;
  /* of the call */
  ActPieceFunc func;
  gpointer user_data;
};

/* a piece of the member before this one */
static gboolean
cut_on (const char *text, gsize length, gboolean at_start, gpointer user_data,
    GError **error)
{
  Member *member = user_data;
  Sequence *self = member->sequence;
  gboolean is_last = member->index + 1 == self->members->len;

  if (member->stand_ins != NULL) {
    g_string_truncate (member->stand_ins, 0);
    act_byte_stand_ins_append (member->stand_ins, text, length);
    text = member->stand_ins->str;
    length = member->stand_ins->len;
  }
  if (is_last)
    return member->cutter->cut (member->cutter, text, length, at_start,
        self->func, self->user_data, error);
  return member->cutter->cut (member->cutter, text, length, at_start, cut_on,
      &g_array_index (self->members, Member, member->index + 1), error);
}

static gboolean
sequence_cut (ActPreTokenizer *parent, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  Sequence *self = (Sequence *) parent;

  if (length == 0)
    return TRUE;
  if (self->members->len == 0)
    return func (text, length, at_start, user_data, error);
  self->func = func;
  self->user_data = user_data;
  return cut_on (
      text, length, at_start, &g_array_index (self->members, Member, 0), error);
}

static void
member_clear (gpointer data)
{
  Member *member = data;

  act_pre_tokenizer_free (member->cutter);
  if (member->stand_ins != NULL)
    g_string_free (member->stand_ins, TRUE);
}

static void
sequence_free (ActPreTokenizer *parent)
{
  g_array_unref (((Sequence *) parent)->members);
  g_free (parent);
}

static gpointer
sequence_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  JsonArray *list = act_stage_get_list (
      config, "pretokenizers", "pre_tokenizer", context, error);
  ActStageContext inner = *context;
  Sequence *self;

  if (list == NULL)
    return NULL;
  inner.depth++;
  self = g_new0 (Sequence, 1);
  self->parent.cut = sequence_cut;
  self->parent.free = sequence_free;
  self->members = g_array_new (FALSE, FALSE, sizeof (Member));
  g_array_set_clear_func (self->members, member_clear);
  for (guint i = 0; i < json_array_get_length (list); i++) {
    Member member = { self, self->members->len, NULL, NULL };

    if (!act_pre_tokenizer_new (
            json_array_get_element (list, i), &inner, &member.cutter, error)) {
      sequence_free (&self->parent);
      return NULL;
    }
    if (member.cutter == NULL)
      continue;
    g_array_append_val (self->members, member);
    if (self->parent.bytes)
      g_array_index (self->members, Member, member.index).stand_ins =
          g_string_new (NULL);
    self->parent.bytes = member.cutter->bytes;
  }
  return self;
}

static const char *const fields[] = { "pretokenizers", NULL };

const ActStageKind act_pre_tokenizer_sequence = {
  "Sequence",
  sequence_new,
  fields,
};
