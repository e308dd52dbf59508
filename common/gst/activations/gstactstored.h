/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

typedef struct _GstActBatchRange GstActBatchRange;

/**
 * GstActBatchRange:
 * @first_batch: index in the whole run of the first batch
 * @n_batches: how many batches follow each other from there, 1 at least
 * @first_sample: index in the whole run of the first batch's first sample
 * @n_samples: samples of all these batches, at least one a batch
 *
 * Batches of a run that come one after the other.
 */
struct _GstActBatchRange {
  guint64 first_batch;
  guint64 n_batches;
  guint64 first_sample;
  guint64 n_samples;
};

GST_ACT_API
GstQuery *gst_act_query_new_stored (void);

GST_ACT_API
void gst_act_query_set_shard (
    GstQuery *query, guint shard_index, guint shard_count);

GST_ACT_API
gboolean gst_act_query_parse_shard (
    GstQuery *query, guint *shard_index, guint *shard_count);

GST_ACT_API
gboolean gst_act_query_is_stored (GstQuery *query);

GST_ACT_API
void gst_act_query_set_stored (
    GstQuery *query, const GstActBatchRange *ranges, guint n_ranges);

GST_ACT_API
gboolean gst_act_query_parse_stored (GstQuery *query, GArray **ranges);

GST_ACT_API
void gst_act_query_set_stream (GstQuery *query, GstCaps *caps);

GST_ACT_API
GstCaps *gst_act_query_parse_stream (GstQuery *query);

GST_ACT_API
void gst_act_query_set_refusal (GstQuery *query, const gchar *reason);

GST_ACT_API
gchar *gst_act_query_parse_refusal (GstQuery *query);

GST_ACT_API
void gst_act_query_set_digests (GstQuery *query, const gchar *store,
    const guint64 *digests, gsize n_digests);

GST_ACT_API
gboolean gst_act_query_parse_digests (
    GstQuery *query, gchar **store, GArray **digests);

GST_ACT_API
guint64 gst_act_tokens_digest (const gint32 *tokens, gsize n_tokens);

GST_ACT_API
gboolean gst_act_batch_ranges_skip (
    GArray *ranges, guint64 batch, guint64 *next_batch, guint64 *next_sample);

G_END_DECLS
