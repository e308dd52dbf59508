/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Classes of characters, the same on every machine and as Hugging Face's
 * tokenizers has them: GLib's own tables follow the Unicode version of the
 * GLib that happens to be installed. */
typedef enum {
  ACT_CHAR_SPACE = 1 << 0,  /* \s */
  ACT_CHAR_LETTER = 1 << 1, /* \p{L} */
  ACT_CHAR_NUMBER = 1 << 2, /* \p{N} */
  ACT_CHAR_WORD = 1 << 3,   /* \w, what single_word tokens look at */
  ACT_CHAR_PUNCTUATION = 1 << 4,
  ACT_CHAR_MARK = 1 << 5,         /* what StripAccents removes */
  ACT_CHAR_BERT_MARK = 1 << 6,    /* and what BertNormalizer does */
  ACT_CHAR_BERT_CONTROL = 1 << 7, /* what its clean_text removes */
} ActCharClass;

/* one byte of ActCharClass bits a code point, 0x110000 of them */
const guint8 *act_char_classes (void);

/* text must be valid UTF-8 and not at its end */
static inline gunichar
act_utf8_next (const guint8 **text)
{
  const guint8 *p = *text;
  gunichar c = p[0];

  if (c < 0x80) {
    *text = p + 1;
    return c;
  }
  if (c < 0xe0) {
    *text = p + 2;
    return (c & 0x1f) << 6 | (p[1] & 0x3f);
  }
  if (c < 0xf0) {
    *text = p + 3;
    return (c & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
  }
  *text = p + 4;
  return (c & 0x07) << 18 | (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6
      | (p[3] & 0x3f);
}

/* the character before text, which must not be at its start */
static inline gunichar
act_utf8_previous (const guint8 **text)
{
  const guint8 *p = *text - 1;

  while ((*p & 0xc0) == 0x80)
    p--;
  *text = p;
  return act_utf8_next (&p);
}

/* appends text without the characters of a class; TRUE if the first one was
 * left out */
gboolean act_utf8_append_without (
    GString *out, const char *text, gsize length, guint class);

/* Where UTF-8 stops being valid: TRUE if all of it is; else *valid bytes are,
 * and the *bad bytes after them are what Python's errors="replace" turns into
 * one U+FFFD. U+0000 is a character like any other. */
gboolean act_utf8_check (
    const char *text, gsize length, gsize *valid, gsize *bad);

/* text with each such place replaced by U+FFFD */
GString *act_utf8_replace (const char *text, gsize length);
