/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text/visible.h"

#include "tokenizer/charclass.h"

static guint
width_of (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

/* Letters, marks, numbers, punctuation, symbols and the one blank of ASCII. A
 * mark that nothing precedes would go onto whatever is printed before. */
static gboolean
is_plain (gunichar c, gboolean first)
{
  switch (g_unichar_type (c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_UNASSIGNED:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return FALSE;
  case G_UNICODE_SPACE_SEPARATOR:
    return c == ' ';
  case G_UNICODE_NON_SPACING_MARK:
  case G_UNICODE_ENCLOSING_MARK:
  case G_UNICODE_SPACING_MARK:
    return !first && c != 0x034f; /* the one mark that joins, unseen */
  default:
    /* letters without a shape: Hangul fillers */
    return c != 0x115f && c != 0x1160 && c != 0x3164 && c != 0xffa0;
  }
}

static void
append_character (
    GString *out, gunichar c, gboolean first, ActVisibleFlags flags)
{
  if (c == ' ' && flags == ACT_VISIBLE_BLANKS)
    g_string_append (out, "\xe2\x90\xa3"); /* ␣ */
  else if (c == '\n')
    g_string_append (out, "\xe2\x86\xb5"); /* ↵ */
  else if (c == '\t')
    g_string_append (out, "\xe2\x86\x92"); /* → */
  else if (is_plain (c, first))
    g_string_append_unichar (out, c);
  else
    g_string_append_printf (out, "<U+%04X>", c);
}

void
act_visible_append (
    GString *out, const char *text, gsize length, ActVisibleFlags flags)
{
  gboolean first = TRUE;

  while (length > 0) {
    gsize valid = length, bad = 0;
    const guint8 *p = (const guint8 *) text, *end;

    if (act_utf8_check (text, length, &valid, &bad)) {
      valid = length;
      bad = 0;
    }
    for (end = p + valid; p < end; first = FALSE)
      append_character (out, act_utf8_next (&p), first, flags);
    for (gsize i = 0; i < bad; i++)
      g_string_append_printf (out, "<0x%02x>", (guint8) text[valid + i]);
    first = first && bad == 0;
    text += valid + bad;
    length -= valid + bad;
  }
}

guint
act_text_width (const char *text, gsize length)
{
  const guint8 *p = (const guint8 *) text, *end = p + length;
  guint width = 0;

  while (p < end)
    width += width_of (act_utf8_next (&p));
  return width;
}

guint
act_text_append_cut (GString *out, const char *text, gsize length, guint width)
{
  const guint8 *p = (const guint8 *) text, *end = p + length;
  guint used = 0;

  if (act_text_width (text, length) <= width) {
    g_string_append_len (out, text, (gssize) length);
    return act_text_width (text, length);
  }
  if (width == 0)
    return 0;
  while (p < end) {
    const guint8 *next = p;
    guint more = width_of (act_utf8_next (&next));

    if (used + more > width - 1)
      break;
    g_string_append_len (out, (const char *) p, next - p);
    used += more;
    p = next;
  }
  g_string_append (out, "\xe2\x80\xa6"); /* … */
  return used + 1;
}
