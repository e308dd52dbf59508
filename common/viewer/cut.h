/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "viewer/detail.h"

/* What of a line is not on the page, so that no file gets too large. */
typedef struct {
  /* lists of samples: how long they are, and how much of them is shown */
  guint n_top;
  guint n_random;
  guint n_top_shown;
  guint n_random_shown;
  guint n_items; /* that other lists keep; 0: all */
  guint n_members;
  guint n_kept;    /* members that have details; 0: all */
  guint left_out;  /* gboolean: others are not listed either */
  guint no_masses; /* gboolean: it is the first that are kept */
} ActCut;

gboolean act_cut_shows_all (const ActCut *cut);
/* for the reader; NULL: nothing is cut */
char *act_cut_describe (const ActCut *cut);

/* Of longer lines of clusters.jsonl and cluster_facts.jsonl, together, lists
 * are cut. */
#define ACT_MAX_FACTS ((gsize) 3 << 19)

/* Does so with those of line, whose histograms have n_bins; buffers [2] hold
 * them then. -> how many items lists keep at most; 0: all */
guint act_cut_facts (
    ActDetailLine *line, guint n_bins, GString *const *buffers);
