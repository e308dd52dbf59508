/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What BERT does to a text: control characters out and white space to blanks,
 * blanks round Chinese characters, accents off, lower case; in this order. */
#include "tokenizer/charclass.h"
#include "tokenizer/lowercase.h"
#include "tokenizer/stage.h"
#include "tokenizer/unicodenorm.h"

typedef struct {
  ActNormalizer parent;
  gboolean clean_text, chinese, strip_accents, lowercase;
  const guint8 *classes;
  GString *scratch[2];
} Bert;

static void
clean (Bert *self, const char *text, gsize length, GString *out)
{
  const guint8 *p = (const guint8 *) text, *end = p + length, *done = p;

  while (p < end) {
    const guint8 *at = p;
    guint class = self->classes[act_utf8_next (&p)];

    if (!(class & (ACT_CHAR_BERT_CONTROL | ACT_CHAR_SPACE)) || *at == ' ')
      continue;
    g_string_append_len (out, (const char *) done, at - done);
    /* VT, FF and U+0085 are both */
    if (!(class & ACT_CHAR_BERT_CONTROL))
      g_string_append_c (out, ' ');
    else if (at == (const guint8 *) text)
      self->parent.start_dropped = TRUE;
    done = p;
  }
  g_string_append_len (out, (const char *) done, end - done);
}

/* the blocks that BERT's own code names */
static gboolean
is_chinese (gunichar c)
{
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf)
      || (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b81f)
      || (c >= 0x2b920 && c <= 0x2ceaf) || (c >= 0xf900 && c <= 0xfaff)
      || (c >= 0x2f800 && c <= 0x2fa1f);
}

static void
space_chinese (const char *text, gsize length, GString *out)
{
  const guint8 *p = (const guint8 *) text, *end = p + length, *done = p;

  while (p < end) {
    const guint8 *at = p;

    if (!is_chinese (act_utf8_next (&p)))
      continue;
    g_string_append_len (out, (const char *) done, at - done);
    g_string_append_c (out, ' ');
    g_string_append_len (out, (const char *) at, p - at);
    g_string_append_c (out, ' ');
    done = p;
  }
  g_string_append_len (out, (const char *) done, end - done);
}

static gboolean
bert_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  Bert *self = (Bert *) parent;
  GString *a = self->scratch[0], *b = self->scratch[1];

  parent->start_dropped = FALSE;
  g_string_truncate (a, 0);
  if (self->clean_text)
    clean (self, text, length, a);
  else
    g_string_append_len (a, text, (gssize) length);
  if (self->chinese) {
    g_string_truncate (b, 0);
    space_chinese (a->str, a->len, b);
    b = self->scratch[0], a = self->scratch[1];
  }
  if (self->strip_accents) {
    g_string_truncate (b, 0);
    act_unicode_normalize (ACT_NORM_NFD, a->str, a->len, b);
    g_string_truncate (a, 0);
    if (act_utf8_append_without (a, b->str, b->len, ACT_CHAR_BERT_MARK))
      parent->start_dropped = TRUE;
  }
  if (self->lowercase)
    act_utf8_lowercase (a->str, a->len, out);
  else
    g_string_append_len (out, a->str, (gssize) a->len);
  return TRUE;
}

static void
bert_free (ActNormalizer *parent)
{
  Bert *self = (Bert *) parent;

  for (guint i = 0; i < 2; i++)
    g_string_free (self->scratch[i], TRUE);
  g_free (self);
}

static gpointer
bert_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  Bert bert = { 0 };

  if (!act_stage_get_flag (
          config, "clean_text", TRUE, context, &bert.clean_text, error)
      || !act_stage_get_flag (
          config, "handle_chinese_chars", TRUE, context, &bert.chinese, error)
      || !act_stage_get_flag (
          config, "lowercase", TRUE, context, &bert.lowercase, error)
      || !act_stage_get_flag (config, "strip_accents", bert.lowercase, context,
          &bert.strip_accents, error))
    return NULL;
  bert.parent.normalize = bert_normalize;
  bert.parent.free = bert_free;
  bert.classes = act_char_classes ();
  for (guint i = 0; i < 2; i++)
    bert.scratch[i] = g_string_new (NULL);
  return g_memdup2 (&bert, sizeof (bert));
}

static const char *const fields[] = { "clean_text", "handle_chinese_chars",
  "strip_accents", "lowercase", NULL };

const ActStageKind act_normalizer_bert = {
  "BertNormalizer",
  bert_new,
  fields,
};
