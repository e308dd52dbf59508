/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How often token strings occur, and how concentrated they are. Made for one
 * vocabulary and used for one cluster after another. */
typedef struct _ActTokenCount ActTokenCount;

typedef struct {
  guint32 string;
  guint64 count;
} ActTokenRank;

typedef struct {
  guint n_unique;
  guint64 n_counted;
  double entropy;
  double concentration_ratio;
  ActTokenRank *ranking; /* [n_unique], by falling count, then first counted */
} ActTokenStatistics;

ActTokenCount *act_token_count_new (guint n_strings);
void act_token_count_free (ActTokenCount *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenCount, act_token_count_free)

void act_token_count_add (ActTokenCount *count, guint32 string);
/* strings[positions[i]], one after another; n below 2^31 */
void act_token_count_add_positions (ActTokenCount *count,
    const guint32 *strings, const gint32 *positions, gsize n);
/* By falling count, then first counted; starts again. */
ActTokenRank *act_token_count_rank (ActTokenCount *count, guint *n);
/* and starts again; statistics->ranking is the caller's */
void act_token_count_finish (
    ActTokenCount *count, ActTokenStatistics *statistics);
