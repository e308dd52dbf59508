/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"

/* The words of one shard's pipeline. overrides may be NULL: values in place of
 * the plan's. An error if the description has changed since. */
GStrv act_shard_plan_expand (const ActShardPlan *plan, const char *store,
    guint index, guint count, GHashTable *overrides, GError **error);

/* Fills in whose run it is and how long: runs a shard that has no batch, which
 * reads and negotiates everything; of a description for CUDA devices on the
 * CPU, as the results are the same run. With measure also what a batch costs,
 * on the device. digests gets those of the tokens of all batches (guint64), if
 * the source says them. Gives an exit code; what was wrong has been said. */
int act_shard_plan_probe (
    ActShardPlan *plan, gboolean measure, GArray *digests);
