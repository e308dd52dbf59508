/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Which batches of a run a source gives: a shard of them, and of these not
 * those that are stored downstream already. */

typedef struct {
  guint index, count;
  gboolean skip_stored;
} GstActShard;

#define GST_ACT_SHARD_DEFAULT ((GstActShard){ 0, 1, TRUE })

/* The properties shard-index, shard-count and skip-stored, in this order, at
 * props[first_id] and the two after it. */
#define GST_ACT_SHARD_N_PROPS 3
void gst_act_shard_install_properties (GParamSpec **props, guint first_id);
/* FALSE if id is none of the three */
gboolean gst_act_shard_set_property (
    GstActShard *shard, guint id, guint first_id, const GValue *value);
gboolean gst_act_shard_get_property (
    const GstActShard *shard, guint id, guint first_id, GValue *value);

gboolean gst_act_shard_check (const GstActShard *shard, GError **error);

/* of n_batches batches, those from *first to before *end */
void gst_act_shard_get_range (
    const GstActShard *shard, guint64 n_batches, guint64 *first, guint64 *end);
