/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tokenizer/stage.h"

/* What becomes of the matches of a pre-tokenizer: pieces by themselves, parts
 * of those beside them, or nothing. */
typedef enum {
  ACT_SPLIT_REMOVED,
  ACT_SPLIT_ISOLATED,
  ACT_SPLIT_MERGED_WITH_PREVIOUS,
  ACT_SPLIT_MERGED_WITH_NEXT,
  ACT_SPLIT_CONTIGUOUS, /* one piece of matches side by side */
} ActSplitBehavior;

/* "behavior" of a JSON object; fallback where it has none */
gboolean act_split_behavior_parse (JsonObject *config,
    const ActSplitBehavior *fallback, const ActStageContext *context,
    ActSplitBehavior *behavior, GError **error);

typedef struct {
  ActSplitBehavior behavior;
  const char *begin; /* of the text */
  gboolean at_start; /* of the text */
  ActPieceFunc func;
  gpointer user_data;
  /* what may still grow */
  const char *from, *to;
  gboolean pending, was_match;
} ActSplitter;

/* The text's spans in order, each of them a match or what is between two.
 * FALSE with an error of the function. */
gboolean act_splitter_add (ActSplitter *splitter, const char *from,
    const char *to, gboolean is_match, GError **error);
gboolean act_splitter_finish (ActSplitter *splitter, GError **error);
