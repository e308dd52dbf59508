/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "tokenizer/stage.h"

/* What Split and Replace look for: {"String": "text"} or {"Regex": "..."},
 * the latter in Oniguruma's Ruby syntax, which is what Hugging Face's
 * tokenizers uses. PCRE2 does the work, on what regexsyntax.h makes of it. */

typedef struct _ActPattern ActPattern;

ActPattern *act_pattern_new (
    JsonNode *node, const ActStageContext *context, GError **error);
void act_pattern_free (ActPattern *pattern);

/* begins as zeroes; from and to are places in the text, in bytes */
typedef struct {
  gsize from, to;
  gboolean any; /* there was one before */
  gsize resume; /* where to go on */
} ActMatch;

/* The next match, the leftmost first; an empty one only where no match ends.
 * 1 if there is one, 0 if not, -1 on an error. */
int act_pattern_find (ActPattern *pattern, const char *text, gsize length,
    ActMatch *match, GError **error);
