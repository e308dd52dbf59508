/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>
#include <gst/activations/gstactassignment.h>
#include <gst/activations/gstactvocabulary.h>

G_BEGIN_DECLS

/* act-complete: serialized, not sticky; the total that a whole run has. */
GST_ACT_API
GstEvent *gst_act_event_new_complete (guint64 n_samples);

GST_ACT_API
gboolean gst_act_event_parse_complete (GstEvent *event, guint64 *n_samples);

GST_ACT_API
GstEvent *gst_act_event_new_complete_shard (guint64 n_samples,
    guint shard_index, guint shard_count, guint64 first_batch,
    guint64 run_batches, guint64 run_samples);

GST_ACT_API
gboolean gst_act_event_parse_complete_shard (GstEvent *event,
    guint64 *n_samples, guint *shard_index, guint *shard_count,
    guint64 *first_batch, guint64 *run_batches, guint64 *run_samples);

/* act-incomplete: sticky; what comes is not all of a run. */
GST_ACT_API
GstEvent *gst_act_event_new_incomplete (const gchar *missing);

GST_ACT_API
gboolean gst_act_event_parse_incomplete (
    GstEvent *event, const gchar **missing);

/* act-vocabulary and act-assignment: sticky, after SEGMENT, before the first
 * buffer. */
GST_ACT_API
GstEvent *gst_act_event_new_vocabulary (GstActVocabulary *vocabulary);

GST_ACT_API
gboolean gst_act_event_parse_vocabulary (
    GstEvent *event, GstActVocabulary **vocabulary);

GST_ACT_API
GstEvent *gst_act_event_new_assignment (GstActAssignment *assignment);

GST_ACT_API
gboolean gst_act_event_parse_assignment (
    GstEvent *event, GstActAssignment **assignment);

/* act-progress: element message, how far a source or a store is. */
GST_ACT_API
GstMessage *gst_act_message_new_progress (
    GstObject *source, const gchar *unit, guint64 done, guint64 total);

GST_ACT_API
GstMessage *gst_act_message_new_progress_estimate (
    GstObject *source, const gchar *unit, guint64 done, guint64 total);

GST_ACT_API
gboolean gst_act_message_parse_progress (
    GstMessage *message, const gchar **unit, guint64 *done, guint64 *total);

GST_ACT_API
gboolean gst_act_message_progress_is_estimate (GstMessage *message);

G_END_DECLS
