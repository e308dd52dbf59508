/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/coactivation.h"
#include "store/columns.h"
#include "store/members.h"
#include "store/rowcounts.h"
#include "store/store.h"

/* What records are made of, from one pass over the stored batches: the values
 * of each column, and what is active together. Of components only members are
 * in columns. */

typedef struct {
  ActStore *store;
  gint32 *column_of; /* [n_components], -1: in no column */
  gboolean all_samples;
  ActColumns *columns;
  ActMemberCounts member_counts;
  /* The clusters' matrix: a row at a time where that is cheaper than.. */
  ActRowCounts *row_counts; /* or NULL */
  guint64 pair_cost, least_cost;
  /* ..as many of its rows as memory allows, all if it can */
  ActCoactivation coactivation;
  gboolean counted; /* coactivation has its rows */
} ActGather;

typedef enum {
  ACT_DRAIN_RUN,
  ACT_DRAIN_END,
  ACT_DRAIN_CANCELLED,
  ACT_DRAIN_ERROR,
} ActDrainResult;

/* Asked between batches; TRUE gives up. */
typedef gboolean (*ActCancelled) (gpointer user_data);

typedef struct {
  ActMembers members;   /* those that are wanted; or none */
  gboolean all_samples; /* every batch counts within a cluster */
  gsize max_memory;     /* for columns, and about as much for counts */
  const char *folder;   /* for what does not fit; NULL: the system's */
  ActCancelled cancelled;
  gpointer user_data;
} ActGatherSettings;

/* ACT_DRAIN_RUN if it is done; gather must be zero or cleared before. */
ActDrainResult act_gather_init (ActGather *gather, ActStore *store,
    const ActGatherSettings *settings, GError **error);
void act_gather_clear (ActGather *gather);

/* The cluster's row of the matrix [n_clusters], until the next call. Clusters
 * ascend from call to call. ACT_DRAIN_RUN: here it is. */
ActDrainResult act_gather_get_coactivations (ActGather *gather, guint cluster,
    const ActGatherSettings *settings, const gint64 **counts, GError **error);
