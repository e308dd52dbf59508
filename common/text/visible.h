/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Text of unknown origin as a terminal may be given it. Whatever could move
 * the cursor, change colours or the direction of writing, or would not be seen
 * at all is written out: a newline as ↵, a tab as →, others as <U+200B>, and
 * bytes that are no UTF-8 as <0xc3>. The result is printable UTF-8 on one line;
 * text without such characters stays as it is. */

typedef enum {
  ACT_VISIBLE_TEXT,   /* blanks stay blanks */
  ACT_VISIBLE_BLANKS, /* a blank shows as ␣, for single tokens */
} ActVisibleFlags;

void act_visible_append (
    GString *out, const char *text, gsize length, ActVisibleFlags flags);

/* How many columns valid UTF-8 takes: two for wide characters (Chinese), none
 * for those that go onto the one before (accents). */
guint act_text_width (const char *text, gsize length);

/* Appends so much of text as fits into so many columns; where that is not all,
 * the last of them is "…". -> columns */
guint act_text_append_cut (
    GString *out, const char *text, gsize length, guint width);
