/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/charclass.h"

#include <string.h>

typedef struct {
  guint32 first, last;
  guint8 bits;
} ActCharRange;

#include "charclass_table.h"

const guint8 *
act_char_classes (void)
{
  static guint8 *classes;

  if (g_once_init_enter (&classes)) {
    guint8 *made = g_malloc0 (0x110000);

    for (gsize i = 0; i < G_N_ELEMENTS (char_ranges); i++)
      memset (made + char_ranges[i].first, char_ranges[i].bits,
          char_ranges[i].last - char_ranges[i].first + 1);
    g_once_init_leave (&classes, made);
  }
  return classes;
}

gboolean
act_utf8_append_without (
    GString *out, const char *text, gsize length, guint class)
{
  const guint8 *classes = act_char_classes ();
  const guint8 *p = (const guint8 *) text, *end = p + length, *done = p;
  gboolean first = FALSE;

  while (p < end) {
    const guint8 *at = p;

    if (!(classes[act_utf8_next (&p)] & class))
      continue;
    first = first || at == (const guint8 *) text;
    g_string_append_len (out, (const char *) done, at - done);
    done = p;
  }
  g_string_append_len (out, (const char *) done, end - done);
  return first;
}

/* length of the character at text, 0 if there is none; then *bad says how
 * many bytes belong together (Unicode's "maximal subpart") */
static gsize
check_char (const guint8 *text, gsize length, gsize *bad)
{
  guint8 c = text[0], low = 0x80, high = 0xbf;
  gsize n;

  *bad = 1;
  if (c < 0x80)
    return 1;
  if (c < 0xc2 || c > 0xf4)
    return 0;
  n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  if (c == 0xe0)
    low = 0xa0; /* overlong */
  else if (c == 0xed)
    high = 0x9f; /* surrogates */
  else if (c == 0xf0)
    low = 0x90;
  else if (c == 0xf4)
    high = 0x8f; /* above U+10FFFF */
  for (gsize i = 1; i < n; i++) {
    if (i == length || text[i] < low || text[i] > high)
      return 0;
    *bad = i + 1;
    low = 0x80;
    high = 0xbf;
  }
  return n;
}

gboolean
act_utf8_check (const char *text, gsize length, gsize *valid, gsize *bad)
{
  const guint8 *p = (const guint8 *) text;
  gsize i = 0;

  *bad = 0;
  while (i < length) {
    gsize n;

    if (i + 8 <= length) {
      guint64 word;

      memcpy (&word, p + i, 8);
      if ((word & G_GUINT64_CONSTANT (0x8080808080808080)) == 0) {
        i += 8;
        continue;
      }
    }
    n = check_char (p + i, length - i, bad);
    if (n == 0) {
      *valid = i;
      return FALSE;
    }
    i += n;
  }
  *valid = length;
  *bad = 0;
  return TRUE;
}

GString *
act_utf8_replace (const char *text, gsize length)
{
  GString *out = g_string_sized_new (length);
  gsize valid, bad;

  while (!act_utf8_check (text, length, &valid, &bad)) {
    g_string_append_len (out, text, (gssize) valid);
    g_string_append (out, "\357\277\275");
    text += valid + bad;
    length -= valid + bad;
  }
  return g_string_append_len (out, text, (gssize) length);
}
