/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pre-tokenizers that look at a character at a time: WhitespaceSplit,
 * Whitespace (\w+|[^\w\s]+), BertPreTokenizer, Punctuation, Digits and
 * CharDelimiterSplit. */
#include "tokenizer/charclass.h"
#include "tokenizer/splitter.h"
#include "tokenizer/stage.h"

typedef struct {
  ActPreTokenizer parent;
  ActSplitBehavior behavior;
  gunichar delimiter;
  const guint8 *classes;
} CharSplit;

static void
char_split_free (ActPreTokenizer *parent)
{
  g_free (parent);
}

static CharSplit *
char_split_new (void)
{
  CharSplit *self = g_new0 (CharSplit, 1);

  self->parent.free = char_split_free;
  self->classes = act_char_classes ();
  return self;
}

static const char *const no_fields[] = { NULL };

/* ---- words between white space ---- */

/* What a character goes on with: the bits of its class that count. White space
 * is left out. A character with alone is a piece by itself. */
static gboolean
cut_runs (const guint8 *classes, guint mask, guint alone, const char *text,
    gsize length, gboolean at_start, ActPieceFunc func, gpointer user_data,
    GError **error)
{
  const guint8 *begin = (const guint8 *) text, *end = begin + length;
  const guint8 *p = begin, *from = begin;
  guint current = ACT_CHAR_SPACE;

  for (;;) {
    const guint8 *at = p;
    guint class = ACT_CHAR_SPACE;

    if (p < end)
      class = classes[act_utf8_next (&p)] & mask;
    if (class & ACT_CHAR_SPACE)
      class = ACT_CHAR_SPACE;
    if (class == current && !(class & alone) && at < end)
      continue;
    if (!(current & ACT_CHAR_SPACE)
        && !func ((const char *) from, (gsize) (at - from),
            at_start && from == begin, user_data, error))
      return FALSE;
    if (at == end)
      return TRUE;
    from = at;
    current = class;
  }
}

static gboolean
whitespace_split_cut (ActPreTokenizer *self, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  return cut_runs (((CharSplit *) self)->classes, ACT_CHAR_SPACE, 0, text,
      length, at_start, func, user_data, error);
}

static gpointer
whitespace_split_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  CharSplit *self = char_split_new ();

  self->parent.cut = whitespace_split_cut;
  return self;
}

const ActStageKind act_pre_tokenizer_whitespace_split = {
  "WhitespaceSplit",
  whitespace_split_new,
  no_fields,
};

static gboolean
whitespace_cut (ActPreTokenizer *self, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  return cut_runs (((CharSplit *) self)->classes,
      ACT_CHAR_SPACE | ACT_CHAR_WORD, 0, text, length, at_start, func,
      user_data, error);
}

static gpointer
whitespace_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  CharSplit *self = char_split_new ();

  self->parent.cut = whitespace_cut;
  return self;
}

const ActStageKind act_pre_tokenizer_whitespace = {
  "Whitespace",
  whitespace_new,
  no_fields,
};

static gboolean
bert_cut (ActPreTokenizer *self, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  return cut_runs (((CharSplit *) self)->classes,
      ACT_CHAR_SPACE | ACT_CHAR_PUNCTUATION, ACT_CHAR_PUNCTUATION, text, length,
      at_start, func, user_data, error);
}

static gpointer
bert_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  CharSplit *self = char_split_new ();

  self->parent.cut = bert_cut;
  return self;
}

const ActStageKind act_pre_tokenizer_bert = {
  "BertPreTokenizer",
  bert_new,
  no_fields,
};

/* ---- each character of a kind is a match ---- */

typedef gboolean (*IsMatch) (const CharSplit *self, gunichar c);

static gboolean
cut_matches (CharSplit *self, IsMatch is_match, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  ActSplitter splitter = { self->behavior, text, at_start, func, user_data };
  const guint8 *p = (const guint8 *) text, *end = p + length, *done = p;

  while (p < end) {
    const guint8 *at = p;

    if (!is_match (self, act_utf8_next (&p)))
      continue;
    if ((done < at
            && !act_splitter_add (&splitter, (const char *) done,
                (const char *) at, FALSE, error))
        || !act_splitter_add (
            &splitter, (const char *) at, (const char *) p, TRUE, error))
      return FALSE;
    done = p;
  }
  if (done < end
      && !act_splitter_add (
          &splitter, (const char *) done, (const char *) end, FALSE, error))
    return FALSE;
  return act_splitter_finish (&splitter, error);
}

static gboolean
is_punctuation (const CharSplit *self, gunichar c)
{
  return (self->classes[c] & ACT_CHAR_PUNCTUATION) != 0;
}

static gboolean
punctuation_cut (ActPreTokenizer *self, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  return cut_matches ((CharSplit *) self, is_punctuation, text, length,
      at_start, func, user_data, error);
}

static gpointer
punctuation_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  const ActSplitBehavior fallback = ACT_SPLIT_ISOLATED;
  ActSplitBehavior behavior;
  CharSplit *self;

  if (!act_split_behavior_parse (config, &fallback, context, &behavior, error))
    return NULL;
  self = char_split_new ();
  self->parent.cut = punctuation_cut;
  self->behavior = behavior;
  return self;
}

static const char *const punctuation_fields[] = { "behavior", NULL };

const ActStageKind act_pre_tokenizer_punctuation = {
  "Punctuation",
  punctuation_new,
  punctuation_fields,
};

/* numbers by Rust's tables, which follow a later Unicode than \p{N} of the
 * regular expressions */
static gboolean
is_numeric (const CharSplit *self, gunichar c)
{
  return (self->classes[c] & ACT_CHAR_NUMBER) || (c >= 0x11de0 && c <= 0x11de9)
      || (c >= 0x16ff4 && c <= 0x16ff6);
}

static gboolean
digits_cut (ActPreTokenizer *self, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  return cut_matches ((CharSplit *) self, is_numeric, text, length, at_start,
      func, user_data, error);
}

static gpointer
digits_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  gboolean individual;
  CharSplit *self;

  if (!act_stage_get_flag (
          config, "individual_digits", FALSE, context, &individual, error))
    return NULL;
  self = char_split_new ();
  self->parent.cut = digits_cut;
  self->behavior = individual ? ACT_SPLIT_ISOLATED : ACT_SPLIT_CONTIGUOUS;
  return self;
}

static const char *const digits_fields[] = { "individual_digits", NULL };

const ActStageKind act_pre_tokenizer_digits = {
  "Digits",
  digits_new,
  digits_fields,
};

static gboolean
is_delimiter (const CharSplit *self, gunichar c)
{
  return c == self->delimiter;
}

static gboolean
delimiter_cut (ActPreTokenizer *self, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  return cut_matches ((CharSplit *) self, is_delimiter, text, length, at_start,
      func, user_data, error);
}

static gpointer
delimiter_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  gunichar delimiter;
  CharSplit *self;

  if (!act_stage_get_char (
          config, "delimiter", NULL, context, &delimiter, error))
    return NULL;
  self = char_split_new ();
  self->parent.cut = delimiter_cut;
  self->behavior = ACT_SPLIT_REMOVED;
  self->delimiter = delimiter;
  return self;
}

static const char *const delimiter_fields[] = { "delimiter", NULL };

const ActStageKind act_pre_tokenizer_char_delimiter_split = {
  "CharDelimiterSplit",
  delimiter_new,
  delimiter_fields,
};
