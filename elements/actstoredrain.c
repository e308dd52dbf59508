/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "actstoredrain.h"

#include <gst/base/gstflowcombiner.h>

#include "actstorerecords.h"

GST_DEBUG_CATEGORY_EXTERN (actstore_debug);
#define GST_CAT_DEFAULT actstore_debug

gboolean
gst_act_store_cancelled (gpointer data)
{
  GstActStore *self = data;
  gboolean cancelled;

  g_mutex_lock (&self->lock);
  cancelled = self->flushing || self->stopping;
  g_mutex_unlock (&self->lock);
  return cancelled;
}

gboolean
gst_act_store_progress_is_due (GstActStore *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->last_progress != 0
      && now - self->last_progress
          < self->progress_interval * G_TIME_SPAN_MILLISECOND)
    return FALSE;
  self->last_progress = now;
  return TRUE;
}

void
gst_act_store_post_progress (
    GstActStore *self, const gchar *unit, guint64 done, guint64 total)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_act_message_new_progress (GST_OBJECT (self), unit, done, total));
}

/* --- source pads --- */

static GList *
gst_act_store_ref_src_pads (GstActStore *self)
{
  GList *pads;

  GST_OBJECT_LOCK (self);
  pads = g_list_copy_deep (
      GST_ELEMENT (self)->srcpads, (GCopyFunc) (void *) gst_object_ref, NULL);
  GST_OBJECT_UNLOCK (self);
  return pads;
}

static void
free_pads (GList *pads)
{
  g_list_free_full (pads, gst_object_unref);
}

/* Whether a pad has had what comes before records: it may have been requested
 * late, and a flush takes the segment away. */
static gboolean
gst_act_store_pad_is_ready (GstActStore *self, GstPad *pad)
{
  g_autoptr (GstEvent) segment =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);

  return segment != NULL
      && GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (pad), "act-run"))
      == self->run;
}

static GstEvent *
gst_act_store_new_stream_start (GstActStore *self, GstPad *pad)
{
  g_autofree gchar *stream_id =
      gst_pad_create_stream_id (pad, GST_ELEMENT (self), GST_PAD_NAME (pad));
  g_autoptr (GstEvent) upstream =
      gst_pad_get_sticky_event (self->sink_pad, GST_EVENT_STREAM_START, 0);
  GstEvent *event = gst_event_new_stream_start (stream_id);
  guint group_id;

  if (upstream != NULL && gst_event_parse_group_id (upstream, &group_id))
    gst_event_set_group_id (event, group_id);
  return event;
}

/* Pushes what must come before the first record or gap. */
static void
gst_act_store_prepare_pad (GstActStore *self, GstPad *pad)
{
  GstSegment segment;

  if (gst_act_store_pad_is_ready (self, pad))
    return;
  g_object_set_data (G_OBJECT (pad), "act-run", GUINT_TO_POINTER (self->run));
  gst_pad_push_event (pad, gst_act_store_new_stream_start (self, pad));
  if (self->record_caps == NULL)
    return;
  gst_pad_push_event (pad, gst_event_new_caps (self->record_caps));
  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  if (self->vocabulary != NULL)
    gst_pad_push_event (pad, gst_event_ref (self->vocabulary));
  if (self->assignment_event != NULL)
    gst_pad_push_event (pad, gst_event_ref (self->assignment_event));
}

void
gst_act_store_push_event (GstActStore *self, GstEvent *event)
{
  GList *pads = gst_act_store_ref_src_pads (self);

  for (GList *l = pads; l != NULL; l = l->next) {
    gst_act_store_prepare_pad (self, l->data);
    gst_pad_push_event (l->data, gst_event_ref (event));
  }
  free_pads (pads);
  gst_event_unref (event);
}

/* To the pads that have had what comes before; the others get it with that. */
void
gst_act_store_push_sticky (GstActStore *self, GstEvent *event)
{
  GList *pads = gst_act_store_ref_src_pads (self);

  for (GList *l = pads; l != NULL; l = l->next)
    if (gst_act_store_pad_is_ready (self, l->data))
      gst_pad_push_event (l->data, gst_event_ref (event));
  free_pads (pads);
}

/* Takes buffer. */
static GstFlowReturn
gst_act_store_push (
    GstActStore *self, GstFlowCombiner *combiner, GstBuffer *buffer)
{
  GList *pads = gst_act_store_ref_src_pads (self);
  GstFlowReturn flow = GST_FLOW_OK;

  gst_flow_combiner_clear (combiner);
  for (GList *l = pads; l != NULL; l = l->next)
    gst_flow_combiner_add_pad (combiner, l->data);
  for (GList *l = pads; l != NULL; l = l->next) {
    gst_act_store_prepare_pad (self, l->data);
    flow = gst_pad_push (l->data, gst_buffer_ref (buffer));
    /* of no concern any more: the others go on */
    if (g_object_get_data (l->data, "act-released") != NULL)
      flow = GST_FLOW_OK;
    flow = gst_flow_combiner_update_pad_flow (combiner, l->data, flow);
    if (flow == GST_FLOW_FLUSHING || flow <= GST_FLOW_NOT_NEGOTIATED)
      break;
  }
  free_pads (pads);
  gst_buffer_unref (buffer);
  return flow;
}

/* --- draining --- */

/* of what is stored, with what the source said of the whole run */
static GstEvent *
gst_act_store_new_complete (GstActStore *self)
{
  const GstActComplete *total = &self->total;
  guint64 n_samples = act_store_get_n_samples (self->store);

  return total->shard_count > 1 ? gst_act_event_new_complete_shard (n_samples,
             total->shard_index, total->shard_count, total->first_batch,
             total->run_batches, total->run_samples)
                                : gst_act_event_new_complete (n_samples);
}

static ActDrainResult
gst_act_store_drain_run (GstActStore *self, ActDrain *drain, const ActRun *run,
    GstFlowCombiner *combiner, GstFlowReturn *flow, GError **error)
{
  GstBuffer *buffer =
      gst_act_records_buffer_new (drain, run, self->info, error);

  if (buffer == NULL)
    return ACT_DRAIN_ERROR;
  /* before the last buffer: what is behind knows that it is whole when it
   * has that */
  if (run->end)
    gst_act_store_push_event (self, gst_act_store_new_complete (self));
  *flow = gst_act_store_push (self, combiner, buffer);
  if (run->kind == ACT_RUN_CLUSTER && run->last
      && (run->cluster + 1 == self->info->n_clusters
          || gst_act_store_progress_is_due (self)))
    gst_act_store_post_progress (
        self, "clusters", run->cluster + 1, self->info->n_clusters);
  return ACT_DRAIN_RUN;
}

static GstFlowReturn
gst_act_store_drain (
    GstActStore *self, const GstActRecordsMembers *members, GError **error)
{
  /* half of a record's bytes for 8 bytes a value, half for 16 a row */
  ActDrainSettings settings = {
    .members = { members->n_members, members->members },
    .component_rows = self->component_records,
    .all_samples = self->sample_scope == GST_ACT_STORE_ALL_SAMPLES,
    .max_values = self->max_record_size / 16,
    .max_rows = self->max_record_size / 32,
    .max_memory = self->max_memory / 4,
    .folder = self->folder != NULL ? self->folder->path : NULL,
    .cancelled = gst_act_store_cancelled,
    .user_data = self,
  };
  g_autoptr (ActDrain) drain = act_drain_new (self->store, &settings);
  GstFlowCombiner *combiner = gst_flow_combiner_new ();
  GstFlowReturn flow = GST_FLOW_OK;
  ActDrainResult result;
  ActRun run;

  do {
    result = act_drain_next (drain, &run, error);
    if (result == ACT_DRAIN_RUN)
      result =
          gst_act_store_drain_run (self, drain, &run, combiner, &flow, error);
  } while (result == ACT_DRAIN_RUN && flow == GST_FLOW_OK);
  gst_flow_combiner_free (combiner);
  if (result == ACT_DRAIN_CANCELLED)
    return GST_FLOW_FLUSHING;
  return result == ACT_DRAIN_ERROR ? GST_FLOW_ERROR : flow;
}

gboolean
gst_act_store_drain_all (GstActStore *self)
{
  GstActRecordsMembers members = { NULL };
  g_autoptr (GError) error = NULL;
  GstFlowReturn flow = GST_FLOW_ERROR;

  if (self->assignment == NULL
      || gst_act_records_get_members (
          &members, self->assignment, self->info, &error))
    flow = gst_act_store_drain (self, &members, &error);
  gst_act_records_clear_members (&members);

  GST_DEBUG_OBJECT (self, "drained: %s", gst_flow_get_name (flow));
  if (error != NULL)
    gst_act_element_post_error (GST_ELEMENT (self), error);
  else if (flow == GST_FLOW_NOT_LINKED || flow == GST_FLOW_NOT_NEGOTIATED)
    GST_ELEMENT_FLOW_ERROR (self, flow);
  return flow == GST_FLOW_OK || flow == GST_FLOW_EOS;
}
