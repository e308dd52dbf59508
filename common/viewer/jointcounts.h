/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Of some positions of a run, how many each of many sets of positions has.
 * Small sets are listed by position, so that the work is what is found; large
 * ones, of which that would be much, are bits, which are counted 64 at a time.
 * Either way the counts are exact. */
typedef struct _ActJointCounts ActJointCounts;

/* sets of positions, one after another: set i has positions from ends[i - 1]
 * to ends[i] */
typedef struct {
  const guint32 *positions;
  const guint64 *ends;
  guint n;
} ActPositionSets;

/* queries: what will be counted, by which it is decided what is cheap; only
 * their ends are looked at. Sets and queries may go afterwards. folder: for
 * what is more than some megabytes. */
ActJointCounts *act_joint_counts_new (const char *folder, guint64 n_positions,
    const ActPositionSets *sets, const ActPositionSets *queries,
    GError **error);
void act_joint_counts_free (ActJointCounts *counts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActJointCounts, act_joint_counts_free)

/* positions [n]: each once, in any order */
void act_joint_counts_count (
    ActJointCounts *counts, const guint32 *positions, gsize n);

typedef struct {
  guint32 set;
  guint32 count;
} ActJointCount;

/* what was counted last, of the sets that have any of it, in no order: found
 * has room for all sets; -> how many */
guint act_joint_counts_get (const ActJointCounts *counts, ActJointCount *found);
