/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "tokenizer/stage.h"

/* Added tokens: strings that are found in the text before anything else, the
 * leftmost first and of those the longest. Those whose "normalized" is false
 * are looked for in the text as it comes, the others in what the normalizer
 * makes of the text between. */

typedef struct {
  const char *key;     /* content, as act_json_parse_with_nul () has it */
  const char *content; /* may hold NUL; if "normalized", as the normalizer
                          makes it, which is what is looked for */
  gsize length;
  gint32 id;
  gboolean special;
  gboolean normalized;
  gboolean single_word; /* not where it would be part of a longer word */
  gboolean lstrip;      /* takes the white space before it along */
  gboolean rstrip;      /* and that after it */
} ActAddedToken;

typedef struct _ActAddedTokens ActAddedTokens;

/* vocab: the model's {token: id}, or Unigram's list; a token that is there too
 * must have the same id. normalizer may be NULL. */
ActAddedTokens *act_added_tokens_new (JsonNode *list, JsonNode *vocab,
    ActNormalizer *normalizer, const ActStageContext *context, GError **error);
void act_added_tokens_free (ActAddedTokens *tokens);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActAddedTokens, act_added_tokens_free)

const ActAddedToken *act_added_tokens_find (
    const ActAddedTokens *tokens, const char *key);

/* either a token, or a piece of text between two */
typedef gboolean (*ActSpanFunc) (const ActAddedToken *token, const char *text,
    gsize length, gpointer user_data, GError **error);

gboolean act_added_tokens_split (const ActAddedTokens *tokens,
    gboolean normalized, const char *text, gsize length, ActSpanFunc func,
    gpointer user_data, GError **error);
