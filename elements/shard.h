/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Which batches of a run a source gives: a shard of them, and of these not
 * those that are stored downstream already. */

typedef struct {
  guint index, count;
  gboolean skip_stored;
  guint64 tokens_digest; /* what the shard's are to have; 0: whatever */
  gboolean post_digests;
} GstActShard;

#define GST_ACT_SHARD_DEFAULT ((GstActShard){ 0, 1, TRUE, 0, FALSE })

/* The properties shard-index, shard-count, skip-stored, tokens-digest and
 * post-digests, in this order, from props[first_id] on. */
#define GST_ACT_SHARD_N_PROPS 5
void gst_act_shard_install_properties (GParamSpec **props, guint first_id);
/* FALSE if id is none of them */
gboolean gst_act_shard_set_property (
    GstActShard *shard, guint id, guint first_id, const GValue *value);
gboolean gst_act_shard_get_property (
    const GstActShard *shard, guint id, guint first_id, GValue *value);

gboolean gst_act_shard_check (const GstActShard *shard, GError **error);

/* of n_batches batches, those from *first to before *end */
void gst_act_shard_get_range (
    const GstActShard *shard, guint64 n_batches, guint64 *first, guint64 *end);
