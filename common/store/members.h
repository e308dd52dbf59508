/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/coactivation.h"
#include "store/store.h"

/* Which components belong to which cluster. */
typedef struct {
  const guint *n_members; /* [n_clusters] */
  const guint *members;   /* columns, cluster after cluster */
} ActMembers;

/* Coactivations between the members of each cluster, counted from the batches'
 * rows as they pass: with a bit set a component, or, where values are few for
 * so many components, position by position. For small clusters: their pairs are
 * few, and this is cheaper than putting the components' values into columns. */
typedef struct {
  guint n_clusters;
  const guint *n_members; /* [n_clusters] */
  const guint *members;
  gsize *start;   /* [n_clusters] a cluster's counts */
  gint64 *counts; /* [n_members, n_members] for each small cluster */

  /*< private >*/
  guint n_components;
  guint n_sets;
  guint *set_of; /* [n_components]; n_sets, which nobody reads: no member */
  guint64 *sets; /* [n_sets + 1], of a stretch of positions; or NULL */
  gsize n_pairs; /* of members of one cluster, each with itself too */
  gsize n_places;
  /* which members of small clusters a component is: [n_components + 1] starts
   * of places [n_places] */
  guint *place_start;
  struct _ActMemberPlace *places;
  /* of one position: the members that were met [n_places], and for each cluster
   * the last of them */
  struct _ActMemberMet *met;
  guint *last_met; /* [n_clusters]; G_MAXUINT between positions */
} ActMemberCounts;

/* Up to this many members a cluster is small. */
#define ACT_MEMBERS_FEW 32

/* members stay the caller's, and as long as self */
void act_member_counts_init (ActMemberCounts *self, const ActMembers *members,
    guint n_clusters, guint n_components);
void act_member_counts_clear (ActMemberCounts *self);

/* clusters [n_clusters]: where one has no cells in this batch nothing counts,
 * nor do components that are dead in it. NULL: every cluster counts. */
void act_member_counts_add (ActMemberCounts *self, gsize n_positions,
    const ActStoredBatch *batch, const ActColumn *clusters);

/* [n_members, n_members], complete after _finish; NULL: not a small one */
void act_member_counts_finish (ActMemberCounts *self);
const gint64 *act_member_counts_get (
    const ActMemberCounts *self, guint cluster);
