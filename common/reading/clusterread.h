/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "reading/lines.h"

/* A line of clusters.jsonl, as far as it is for reading. Strings are as in the
 * file: the vocabulary's, and they may hold U+0000. */

typedef struct {
  GString *module;
  guint64 n_components;
} ActShownModule;

typedef struct {
  GString *token;
  guint64 count;
} ActShownToken;

typedef struct {
  GString *key;      /* "max_activation-max-20" */
  GPtrArray *hashes; /* GString: text hashes, the best first */
} ActShownCriterion;

typedef struct {
  guint64 line; /* from 0 */
  GString *name;
  GPtrArray *labels;     /* GString */
  GPtrArray *modules;    /* ActShownModule, in order of first appearance */
  GPtrArray *criteria;   /* ActShownCriterion */
  GArray *bin_edges;     /* double */
  GArray *bin_counts;    /* guint64 */
  GPtrArray *top_tokens; /* ActShownToken */
  guint64 n_samples, n_tokens;
  double mean, min, max, median;
  guint64 n_unique_tokens;
  guint64 n_active; /* positions above the threshold */
  double threshold;
} ActShownCluster;

void act_shown_cluster_free (ActShownCluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShownCluster, act_shown_cluster_free)

/* The next line's; NULL after the last. */
gboolean act_shown_cluster_next (
    ActLines *lines, ActShownCluster **cluster, GError **error);

/* (nullable): the criterion of that key, or of that key without its number;
 * NULL: the first */
const ActShownCriterion *act_shown_cluster_get_criterion (
    const ActShownCluster *cluster, const char *key);

/* whether key is name, or begins with name and a number follows */
gboolean act_shown_key_matches (const GString *key, const char *name);

/* for GPtrArrays of GString */
void act_shown_string_free (gpointer string);
GPtrArray *act_shown_strings_new (void);
