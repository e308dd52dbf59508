/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"
#include "storeinfo.h"

/* How far the shards of a plan are. */
typedef enum {
  ACT_SHARD_ABSENT,   /* nobody has begun */
  ACT_SHARD_BEGUN,    /* some of its batches are there */
  ACT_SHARD_DAMAGED,  /* some were there: files are gone or cannot be right */
  ACT_SHARD_COMPLETE, /* by its manifest and the files' sizes */
} ActShardState;

typedef struct {
  ActShardState state;
  ActStoreInfo *info; /* what is there; NULL: no manifest that can be read */
  char *fault;        /* of a shard that is damaged */
} ActShard;

void act_shard_clear (ActShard *shard);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ActShard, act_shard_clear)

/* Looks at a shard and reads none of its segments. An error: what is there is
 * not this plan's. */
gboolean act_shard_plan_look (
    const ActShardPlan *plan, guint number, ActShard *shard, GError **error);
/* The same, and of one that is complete reads all: whether the segments are as
 * they were written, of the tokens that were planned (an error if not). */
gboolean act_shard_plan_verify (
    const ActShardPlan *plan, guint number, ActShard *shard, GError **error);

/* the command that makes again what is damaged of a shard */
char *act_shard_plan_repair_command (const ActShardPlan *plan, guint number);

/* what keeps a shard from being merged, that nobody makes by running it */
typedef void (*ActShardFault) (guint number, const char *text);

/* "0,3-5": the shards that are not complete, among them those that are damaged;
 * of these, and of those that are not this plan's, which are not listed, the
 * function is told. verify: reads all that is complete. */
char *act_shard_plan_list_missing (
    const ActShardPlan *plan, gboolean verify, ActShardFault on_fault);
/* ACT_TOOL_ERROR_MISSING if not all are complete: which shards, which batches,
 * and what repairs them. */
gboolean act_shard_plan_check_complete (
    const ActShardPlan *plan, GError **error);
/* Whether a store that somebody names, of a shard or merged of some, is this
 * plan's and has its files. An error: what differs and what to do; of a shard
 * that is not complete ACT_TOOL_ERROR_MISSING. */
gboolean act_shard_plan_check_store (
    const ActShardPlan *plan, const char *folder, GError **error);
