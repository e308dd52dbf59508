/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/coactivation.h"
#include "store/members.h"
#include "store/store.h"

/* The values of a group of clusters over the whole run, column by column, from
 * two passes over the stored batches: one counts, one fills. So a group takes
 * 8 bytes a value, and 4 a column and batch. Of components only those are in
 * columns whose rows are wanted, and the members of large clusters. */

typedef struct {
  guint first; /* cluster */
  guint n_clusters;
  gsize n_batches;

  /* columns: the group's clusters, then components */
  guint n_columns;
  gint32 *column_of; /* [n_components], -1: in no column */
  guint32 *n_values; /* [n_columns, n_batches], ACT_GATHER_DEAD or'ed in */
  gsize *start;      /* [n_columns] a column's first cell */
  ActCell *cells;    /* position within the batch, ascending, and value */
  ActCoactivation coactivation; /* the group's rows of the matrix */
  ActMemberCounts member_counts;
} ActGather;

/* The component is dead in that batch: no rows, whatever values say. */
#define ACT_GATHER_DEAD 0x80000000u
#define ACT_GATHER_COUNT(n) ((n) &0x7fffffffu)

typedef enum {
  ACT_DRAIN_RUN,
  ACT_DRAIN_END,
  ACT_DRAIN_CANCELLED,
  ACT_DRAIN_ERROR,
} ActDrainResult;

/* Asked between batches; TRUE gives up. */
typedef gboolean (*ActCancelled) (gpointer user_data);

/* Whether the members of a cluster of n_members are in columns. */
#define ACT_GATHER_HAS_MEMBERS(n_members, component_rows)                      \
  ((component_rows) || (n_members) > ACT_MEMBERS_FEW)

/* ACT_DRAIN_RUN if it is done; gather must be zero or cleared before.
 * all_samples: coactivations within a cluster count in all batches. */
ActDrainResult act_gather_init (ActGather *gather, ActStore *store,
    const ActMembers *members, gboolean component_rows, gboolean all_samples,
    guint first, guint n_clusters, ActCancelled cancelled, gpointer user_data,
    GError **error);
void act_gather_clear (ActGather *gather);
