/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"
#include "dashboard/tokencount.h"

/* At which tokens a cluster is active, and before which, compared with how
 * often these come in the whole run. */

/* Pairs of a position and a token: the token at the position, or the next one.
 * Of the latter there are none at a sample's last position. */
typedef struct {
  guint32 string;
  guint64 count; /* at active positions */
  guint64 total; /* in the run */
} ActTokenFact;

typedef struct {
  guint64 n_pairs;        /* in the run */
  guint64 n_active_pairs; /* at active positions */
  guint n_unique;         /* strings among these */
  guint n_by_count;
  guint n_by_lift;
  ActTokenFact *by_count; /* falling count */
  ActTokenFact *by_lift;  /* falling count / total, of those counted often */
} ActTokenTable;

void act_token_table_clear (ActTokenTable *table);

typedef struct _ActTokenFacts ActTokenFacts;

/* Counts the run's tokens. Tables name at most n_top strings, by lift only
 * those counted min_count times. */
ActTokenFacts *act_token_facts_new (
    const ActTexts *texts, guint n_top, guint min_count);
void act_token_facts_free (ActTokenFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenFacts, act_token_facts_free)

/* A row's positions whose values are above the threshold; tokens [n_ctx] of its
 * sample. */
void act_token_facts_add_row (ActTokenFacts *facts, const guint32 *tokens,
    const gint32 *positions, const float *values, gsize n, float threshold);
/* ranking [n]: of the tokens at the same positions, as ActTokenCount makes it.
 * Starts again; both tables are the caller's to clear. */
void act_token_facts_finish (ActTokenFacts *facts, const ActTokenRank *ranking,
    guint n, ActTokenTable *here, ActTokenTable *next);
