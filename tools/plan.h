/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <store/manifest.h>

/* so that who reads the plan can hold it */
#define ACT_PLAN_MAX_SHARDS 1000000

/* A run cut into shards, put down once, before any of them is made: what every
 * machine that makes one has to know, and what a merge can ask for. */
typedef struct {
  char *filename; /* of the plan, absolute */

  char *description; /* name or file */
  char *sha256;      /* of the description's text */
  char *folder;      /* paths in the variables begin there */
  GHashTable *variables;
  char *title; /* of the run's dashboards */

  ActIdentity *identity; /* of every shard's store */
  gboolean clusters_stored;
  guint segment_size;
  guint64 run_batches;
  guint64 run_samples;
  guint64 first_batch;

  guint n_shards;
  guint64 *tokens;    /* digest of each shard's; NULL: the source did not say */
  char *stores;       /* folder of the shards' stores, from that of the plan */
  guint lock_silence; /* seconds */

  /* what it took on the machine that planned; 0: not measured */
  double startup_seconds;
  double batch_seconds;
} ActShardPlan;

ActShardPlan *act_shard_plan_new (void);
void act_shard_plan_free (ActShardPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShardPlan, act_shard_plan_free)

ActShardPlan *act_shard_plan_read (const char *filename, GError **error);
/* whole or not at all */
gboolean act_shard_plan_write (const ActShardPlan *plan, GError **error);

/* from its first batch to before end */
void act_shard_plan_get_range (
    const ActShardPlan *plan, guint shard, guint64 *first, guint64 *end);
/* (transfer full): the absolute folder of a shard's store */
char *act_shard_plan_get_store (const ActShardPlan *plan, guint shard);
/* (transfer full): what was run, in words, from the variables */
char *act_shard_plan_make_title (const ActShardPlan *plan);
/* an error if another plan in the plan's folder has its stores where this one
 * has */
gboolean act_shard_plan_check_alone (const ActShardPlan *plan, GError **error);
/* From the digests of all batches to those of the shards, once their number is
 * known. */
void act_shard_plan_set_tokens (
    ActShardPlan *plan, const guint64 *digests, guint64 n_digests);
/* digest of a description's text, as in a plan */
char *act_shard_plan_digest (const char *filename, GError **error);
