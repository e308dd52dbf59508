/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a reader takes for one character: the extended grapheme clusters of
 * Unicode's UAX #29, with the properties that Hugging Face's tokenizers has
 * (graphemes_table.h). */

typedef enum {
  ACT_GRAPHEME_OTHER,
  ACT_GRAPHEME_CR,
  ACT_GRAPHEME_LF,
  ACT_GRAPHEME_CONTROL,
  ACT_GRAPHEME_EXTEND,
  ACT_GRAPHEME_LINKER, /* of two consonants; extends too */
  ACT_GRAPHEME_ZWJ,
  ACT_GRAPHEME_SPACING_MARK,
  ACT_GRAPHEME_PREPEND,
  ACT_GRAPHEME_L, /* parts of a Hangul syllable, and whole ones */
  ACT_GRAPHEME_V,
  ACT_GRAPHEME_T,
  ACT_GRAPHEME_LV,
  ACT_GRAPHEME_LVT,
  ACT_GRAPHEME_REGIONAL,
  ACT_GRAPHEME_PICTOGRAPH,
  ACT_GRAPHEME_CONSONANT,
} ActGraphemeClass;

/* one byte, an ActGraphemeClass, a code point */
const guint8 *act_grapheme_classes (void);

/* bytes of the first cluster; text is valid UTF-8 and not empty */
gsize act_grapheme_length (
    const guint8 *classes, const char *text, gsize length);
