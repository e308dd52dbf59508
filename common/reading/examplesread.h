/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "reading/reading.h"

/* A sample of a cluster, or of a component, with its activations. */
typedef struct {
  guint64 row;       /* of samples.npz or activations.npz */
  gint64 sample;     /* index in the run, -1: not known */
  guint64 line;      /* of text_samples.jsonl */
  GString *hash;     /* of the text */
  GPtrArray *tokens; /* GString, one for each position */
  float *values;     /* as many */
  guint n_positions;
} ActShownExample;

void act_shown_example_free (gpointer example);
/* where the maximum is; the first of equals */
guint act_shown_example_get_peak (const ActShownExample *example);

/* ActShownExamples of the cluster, the best first, at most limit: those of a
 * list of the facts, with exact activations; or, facts NULL, those of a
 * criterion, rounded to float16. Either is named by key as in
 * act_shown_cluster_get_criterion (); an error lists the keys. */
GPtrArray *act_shown_examples_read (const ActShownDashboard *dashboard,
    const ActShownCluster *cluster, const ActShownFacts *facts, const char *key,
    guint limit, GError **error);

/* The samples shown of a cluster at which one of its members is highest, with
 * that member's activations. Needs facts with members. */
GPtrArray *act_shown_member_examples_read (const ActShownDashboard *dashboard,
    const ActShownCluster *cluster, guint member, guint limit, GError **error);
