/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/countrows.h"

/* Which clusters are active together with a cluster, the strongest first. How
 * strong depends on how often the other one is active itself, which is known
 * only when all have come. */
typedef struct _ActCoactive ActCoactive;

typedef struct {
  guint cluster;
  gint64 count; /* positions at which both are above 0 */
  gint64 own;   /* at which this other one is */
  gint64 any;   /* at which one of the two is */
} ActCoactivePair;

typedef struct {
  guint64 own; /* positions at which the cluster itself is above 0 */
  gsize n_by_count;
  gsize n_by_jaccard;
  ActCoactivePair *by_count;   /* falling count, then rising cluster */
  ActCoactivePair *by_jaccard; /* falling count / any, then rising cluster */
} ActCoactiveTable;

/* rows: the caller's; n_top: of either list */
ActCoactive *act_coactive_new (ActCountRows *rows, guint n_top);
void act_coactive_free (ActCoactive *coactive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActCoactive, act_coactive_free)

/* After the last row. n_by_count is 0 where no row came. Of other clusters only
 * those that have a line are looked at: line_of [n_clusters] is not -1. */
gboolean act_coactive_get (ActCoactive *coactive, guint cluster,
    const gint32 *line_of, ActCoactiveTable *table, GError **error);
/* positions at which the cluster is above 0; 0 where no row came */
gint64 act_coactive_get_own (const ActCoactive *coactive, guint cluster);
/* After the last row: positions at which both are, of each of n others, which
 * ascend and may be the cluster itself. */
gboolean act_coactive_get_counts (ActCoactive *coactive, guint cluster,
    const guint *others, guint n, guint64 *counts, GError **error);
/* The same of pairs [n_pairs], in any order, of whatever is active at own
 * positions: the n_top of either order. */
void act_coactive_rank (ActCoactiveTable *table, guint64 own,
    const ActCoactivePair *pairs, gsize n_pairs, guint n_top);
void act_coactive_table_clear (ActCoactiveTable *table);
