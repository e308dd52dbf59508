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
} ActPlanRunOptions;

/* Makes one shard of a plan, or goes on with it; gives the exit code. Clears
 * the options' strings. values stand in for the plan's. */
int act_plan_run (const ActPlanRunOptions *options, GHashTable *values);
