/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"
#include "storeinfo.h"

/* How far the shards of a plan are. */
typedef enum {
  ACT_SHARD_ABSENT,   /* nobody has begun */
  ACT_SHARD_BEGUN,    /* some of its batches are there */
  ACT_SHARD_COMPLETE, /* by its manifest; nothing has been read */
} ActShardState;

/* An error: what is there is not this plan's, or cannot be read. info, unless
 * it is absent: what is there (transfer full). */
gboolean act_plan_state (const ActPlan *plan, guint shard, ActShardState *state,
    ActStoreInfo **info, GError **error);

/* ACT_TOOL_ERROR_MISSING if not all are complete: which shards, and which
 * batches. */
gboolean act_plan_check_complete (const ActPlan *plan, GError **error);
/* "0,3-5": the shards that are not complete */
char *act_plan_list_missing (const ActPlan *plan, GError **error);
