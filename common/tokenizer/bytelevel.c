/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GPT-2's pre-tokenizer. Its pattern, alternatives tried in this order:
 *   's|'t|'re|'ve|'m|'ll|'d
 *   | ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+
 *   |\s+(?!\S)|\s+
 * as a scanner: each character belongs to just one of the four classes, so a
 * run of one class, with a blank before it or not, is all there is to match. */
#include "tokenizer/stage.h"

#include <string.h>

#include "tokenizer/charclass.h"

#define CLASS_MASK (ACT_CHAR_SPACE | ACT_CHAR_LETTER | ACT_CHAR_NUMBER)

typedef struct {
  ActPreTokenizer parent;
  gboolean add_prefix_space;
  gboolean use_regex;
  const guint8 *classes;
  GString *scratch;
} ByteLevel;

/* length of 's 't 're 've 'm 'll 'd at text, 0 if there is none */
static gsize
contraction (const guint8 *text, const guint8 *end)
{
  if (end - text < 2)
    return 0;
  switch (text[1]) {
  case 's':
  case 't':
  case 'm':
  case 'd':
    return 2;
  case 'r':
  case 'v':
    return end - text > 2 && text[2] == 'e' ? 3 : 0;
  case 'l':
    return end - text > 2 && text[2] == 'l' ? 3 : 0;
  default:
    return 0;
  }
}

static const guint8 *
skip_class (
    const guint8 *classes, const guint8 *text, const guint8 *end, guint class)
{
  while (text < end) {
    const guint8 *next = text;

    if ((classes[act_utf8_next (&next)] & CLASS_MASK) != class)
      break;
    text = next;
  }
  return text;
}

/* end of the piece that begins at text */
static const guint8 *
next_piece (const guint8 *classes, const guint8 *text, const guint8 *end)
{
  const guint8 *next = text, *last;
  guint class;

  if (*text == '\'') {
    gsize n = contraction (text, end);

    if (n > 0)
      return text + n;
  }
  if (*text == ' ' && text + 1 < end) {
    next = text + 1;
    class = classes[act_utf8_next (&next)] & CLASS_MASK;
    if (class != ACT_CHAR_SPACE)
      return skip_class (classes, next, end, class);
    next = text;
  }
  class = classes[act_utf8_next (&next)] & CLASS_MASK;
  next = skip_class (classes, next, end, class);
  if (class != ACT_CHAR_SPACE || next == end)
    return next;
  /* \s+(?!\S): all but the last one, which goes with what follows; a single
   * one is \s+ */
  last = next;
  act_utf8_previous (&last);
  return last == text ? next : last;
}

static gboolean
byte_level_cut (ActPreTokenizer *parent, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  ByteLevel *self = (ByteLevel *) parent;
  const guint8 *p, *end;

  if (length == 0)
    return TRUE;
  if (self->add_prefix_space && text[0] != ' ') {
    g_string_assign (self->scratch, " ");
    g_string_append_len (self->scratch, text, (gssize) length);
    text = self->scratch->str;
    length++;
  }
  if (!self->use_regex)
    return func (text, length, at_start, user_data, error);

  p = (const guint8 *) text;
  end = p + length;
  while (p < end) {
    const guint8 *next = next_piece (self->classes, p, end);

    if (!func (
            (const char *) p, (gsize) (next - p), at_start, user_data, error))
      return FALSE;
    at_start = FALSE;
    p = next;
  }
  return TRUE;
}

static void
byte_level_free (ActPreTokenizer *parent)
{
  ByteLevel *self = (ByteLevel *) parent;

  g_string_free (self->scratch, TRUE);
  g_free (self);
}

static gpointer
byte_level_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  gboolean add_prefix_space, use_regex;
  ByteLevel *self;

  if (!act_stage_get_flag (
          config, "add_prefix_space", TRUE, context, &add_prefix_space, error)
      || !act_stage_get_flag (
          config, "use_regex", TRUE, context, &use_regex, error))
    return NULL;

  self = g_new0 (ByteLevel, 1);
  self->parent.cut = byte_level_cut;
  self->parent.free = byte_level_free;
  self->parent.bytes = TRUE;
  self->add_prefix_space = add_prefix_space;
  self->use_regex = use_regex;
  self->classes = act_char_classes ();
  self->scratch = g_string_new (NULL);
  return self;
}

/* trim_offsets is of no account here */
static const char *const fields[] = { "add_prefix_space", "use_regex",
  "trim_offsets", NULL };

const ActStageKind act_pre_tokenizer_byte_level = {
  "ByteLevel",
  byte_level_new,
  fields,
};
