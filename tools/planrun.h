/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "command.h"

typedef struct {
  char *plan;
  char *shard;    /* a number, or NULL */
  char *variable; /* name of what holds it, or NULL */
  int offset;
  gboolean wait;
  gboolean repair;
  const ActCommandOptions *common;
} ActShardPlanRun;

/* Makes one shard of a plan, or goes on with it; gives the exit code. Clears
 * the options' strings. values stand in for the plan's. */
int act_shard_plan_run (const ActShardPlanRun *options, GHashTable *values);
