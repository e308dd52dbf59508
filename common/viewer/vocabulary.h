/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

/* vocabulary-NNN.js: all token strings, by number. Other files hold the strings
 * of what they name; the page loads these only to look for a string. */
gboolean act_viewer_vocabulary_write (const char *folder,
    const ActStrings *strings, const gint *cancelled, guint *n_parts,
    GError **error);

/* What strings stand for, by what the vocabulary looks like:
 *   "bytes"   every character is a byte (GPT-2), U+0120 a blank
 *   "pieces"  ## goes on with a word, all else begins one (WordPiece)
 *   "meta"    U+2581 is a blank, <0xE2> a byte (SentencePiece)
 *   "plain"   themselves */
const char *act_viewer_vocabulary_kind (const ActStrings *strings);
