/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "shard.h"

/* Whether a source gives the tokens that somebody planned with, elsewhere and
 * before: by the digest of all batches of its shard (tokens-digest), and what
 * somebody plans with (post-digests). */

/* where the tokens are */
typedef struct {
  const char *name;                          /* for messages */
  guint64 first_batch, n_batches, n_samples; /* the whole run */
  /* of one batch of it */
  gboolean (*digest) (
      gpointer data, guint64 batch, guint64 *digest, GError **error);
  gpointer data;
} GstActPlannedTokens;

/* Before the first batch, as the shard's properties ask for it: posts digests,
 * compares. Reads tokens only where one of them does. */
gboolean gst_act_planned_check (GstElement *element, const GstActShard *shard,
    const GstActPlannedTokens *tokens, GError **error);

/* whether there is anything to do for it */
gboolean gst_act_planned_is_wanted (const GstActShard *shard);
