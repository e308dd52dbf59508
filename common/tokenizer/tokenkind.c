/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/tokenkind.h"

#include <string.h>

#include "tokenizer/charclass.h"
#include "tokenizer/stage.h"

#define BLANK "\xe2\x96\x81"    /* ▁ */
#define BYTE_BLANK "\xc4\xa0"   /* Ġ */
#define BYTE_NEWLINE "\xc4\x8a" /* Ċ */

static gboolean
begins_with (const char *token, gsize length, const char *prefix)
{
  gsize n = strlen (prefix);

  return length >= n && memcmp (token, prefix, n) == 0;
}

void
act_token_signs_add (ActTokenSigns *self, const char *token, gsize length)
{
  self->n_byte_level += begins_with (token, length, BYTE_BLANK)
      || begins_with (token, length, BYTE_NEWLINE);
  self->n_sentencepiece += begins_with (token, length, BLANK);
  /* "##" alone is a heading's */
  self->n_wordpiece +=
      length > 2 && begins_with (token, length, "##") && token[2] != '#';
}

ActTokenKind
act_token_signs_get_kind (const ActTokenSigns *self)
{
  guint64 most =
      MAX (self->n_byte_level, MAX (self->n_sentencepiece, self->n_wordpiece));

  if (most == 0)
    return ACT_TOKENS_PLAIN;
  if (self->n_byte_level == most)
    return ACT_TOKENS_BYTE_LEVEL;
  return self->n_sentencepiece == most ? ACT_TOKENS_SENTENCEPIECE
                                       : ACT_TOKENS_WORDPIECE;
}

/* FALSE, and nothing appended: a character is none of the 256, so it is a
 * string of another kind (an added token) */
static gboolean
decode_bytes (const char *token, gsize length, GString *out)
{
  const guint8 *p = (const guint8 *) token, *end = p + length;
  gsize before = out->len;

  while (p < end) {
    int byte = act_byte_of_stand_in (act_utf8_next (&p));

    if (byte < 0) {
      g_string_truncate (out, before);
      return FALSE;
    }
    g_string_append_c (out, (char) byte);
  }
  return TRUE;
}

/* "<0x0A>" */
static gboolean
decode_byte_token (const char *token, gsize length, GString *out)
{
  int high, low;

  if (length != 6 || !begins_with (token, length, "<0x") || token[5] != '>')
    return FALSE;
  high = g_ascii_xdigit_value (token[3]);
  low = g_ascii_xdigit_value (token[4]);
  if (high < 0 || low < 0)
    return FALSE;
  g_string_append_c (out, (char) (high << 4 | low));
  return TRUE;
}

static void
decode_sentencepiece (const char *token, gsize length, GString *out)
{
  const gsize n = strlen (BLANK);

  if (decode_byte_token (token, length, out))
    return;
  for (gsize i = 0; i < length;) {
    gboolean blank = begins_with (token + i, length - i, BLANK);

    g_string_append_c (out, blank ? ' ' : token[i]);
    i += blank ? n : 1;
  }
}

void
act_token_decode (
    ActTokenKind kind, const char *token, gsize length, GString *out)
{
  switch (kind) {
  case ACT_TOKENS_BYTE_LEVEL:
    if (decode_bytes (token, length, out))
      return;
    break;
  case ACT_TOKENS_SENTENCEPIECE:
    decode_sentencepiece (token, length, out);
    return;
  case ACT_TOKENS_WORDPIECE:
    if (length > 2 && begins_with (token, length, "##")) {
      token += 2;
      length -= 2;
    } else {
      g_string_append_c (out, ' ');
    }
    break;
  case ACT_TOKENS_PLAIN:
    break;
  }
  g_string_append_len (out, token, (gssize) length);
}
