/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "reading/lines.h"

/* A line of cluster_facts.jsonl. What the numbers mean is in docs/facts.md. */

typedef struct {
  GString *key;
  GArray *rows;      /* guint64, of samples.npz */
  GArray *samples;   /* guint64, indices in the run */
  GPtrArray *hashes; /* GString */
} ActShownSamples;

/* lists of equal length */
typedef struct {
  GPtrArray *tokens; /* GString */
  GArray *counts, *run_counts;
  GArray *given_active, *given_token, *lifts;
} ActShownRanking;

typedef struct {
  guint64 n_positions, n_active_positions, n_unique;
  ActShownRanking *by_count, *by_lift;
} ActShownTokens;

typedef struct {
  GString *label;
  guint64 n_samples, n_active_positions, n_active_samples;
  double mean, min, max, median, position_rate, sample_rate, mass;
  double mass_share; /* negative: not known */
} ActShownMember;

/* lists of equal length */
typedef struct {
  GPtrArray *names; /* GString */
  GArray *counts, *jaccards, *lifts;
} ActShownCoactive;

typedef struct {
  guint64 line;
  GString *name;
  guint64 n_samples, n_active_positions, n_active_samples;
  double sum, mean, position_rate, sample_rate;
  GPtrArray *samples; /* ActShownSamples */
  ActShownTokens tokens, next_tokens;
  GPtrArray *members;         /* ActShownMember; empty: not known */
  ActShownCoactive *coactive; /* by count */
} ActShownFacts;

void act_shown_facts_free (ActShownFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShownFacts, act_shown_facts_free)

typedef enum {
  ACT_SHOWN_ALL,
  ACT_SHOWN_TOKENS, /* the name and the tokens alone */
} ActShownPart;

/* The next line's; NULL after the last. */
gboolean act_shown_facts_next (
    ActLines *lines, ActShownPart part, ActShownFacts **facts, GError **error);

/* as act_shown_cluster_get_criterion () */
const ActShownSamples *act_shown_facts_get_samples (
    const ActShownFacts *facts, const char *key);
