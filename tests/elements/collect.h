/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs a pipeline whose last element is named "sink", and says what reached
 * it. For tests that look at whole runs, errors among them. */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

typedef struct {
  GPtrArray *buffers;
  GstCaps *caps;
  gint64 complete;      /* what act-complete said, -1: it did not come */
  guint buffers_before; /* when act-complete came */
  guint shard_index, shard_count; /* what else it said */
  guint64 first_batch, run_batches, run_samples;
  gboolean has_vocabulary; /* before the first buffer */
  gboolean segment_format_is_default;
  gchar *error; /* text of the first error message */
  guint n_errors;
  gboolean eos;
  GstStructure *summary; /* last element message of the name asked for */
  guint64 progress_done, progress_total; /* in bytes */
  guint64 samples_done, samples_total;
} Collected;

static inline void
collected_free (Collected *c)
{
  g_ptr_array_unref (c->buffers);
  gst_clear_caps (&c->caps);
  gst_clear_structure (&c->summary);
  g_free (c->error);
  g_free (c);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Collected, collected_free)

static inline void
collect_event (Collected *c, GstEvent *event)
{
  g_autoptr (GstActVocabulary) vocabulary = NULL;
  guint64 n;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    GstCaps *caps;

    gst_event_parse_caps (event, &caps);
    gst_caps_replace (&c->caps, caps);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
    const GstSegment *segment;

    gst_event_parse_segment (event, &segment);
    c->segment_format_is_default = segment->format == GST_FORMAT_DEFAULT;
  } else if (gst_act_event_parse_complete (event, &n)) {
    g_assert_cmpint (c->complete, ==, -1);
    c->complete = (gint64) n;
    c->buffers_before = c->buffers->len;
    g_assert_true (gst_act_event_parse_complete_shard (event, NULL,
        &c->shard_index, &c->shard_count, &c->first_batch, &c->run_batches,
        &c->run_samples));
  } else if (gst_act_event_parse_vocabulary (event, &vocabulary)) {
    g_assert_cmpuint (c->buffers->len, ==, 0);
    c->has_vocabulary = TRUE;
  }
}

static inline GstPadProbeReturn
collect_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Collected *c = data;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    g_ptr_array_add (
        c->buffers, gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));
  else
    collect_event (c, GST_PAD_PROBE_INFO_EVENT (info));
  return GST_PAD_PROBE_OK;
}

static inline void
collect_message (Collected *c, GstMessage *message, const gchar *summary)
{
  const gchar *unit;
  guint64 done, total;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    if (c->n_errors++ == 0)
      c->error = g_strdup (error->message);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    c->eos = TRUE;
  } else if (gst_act_message_parse_progress (message, &unit, &done, &total)) {
    gboolean bytes = g_str_equal (unit, "bytes");

    *(bytes ? &c->progress_done : &c->samples_done) = done;
    *(bytes ? &c->progress_total : &c->samples_total) = total;
  } else if (summary != NULL && gst_message_has_name (message, summary)) {
    gst_clear_structure (&c->summary);
    c->summary = gst_structure_copy (gst_message_get_structure (message));
  }
}

/* once through, from NULL to PLAYING to NULL */
static inline Collected *
collect_pipeline (GstElement *pipeline, const gchar *summary)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  Collected *c = g_new0 (Collected, 1);
  gulong probe;

  c->complete = -1;
  c->buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  probe = gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      collect_probe, c, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!c->eos && c->n_errors == 0) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
            GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);

    g_assert_nonnull (message);
    collect_message (c, message, summary);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_pad_remove_probe (pad, probe);
  return c;
}

static inline Collected *
collect (const gchar *line, const gchar *summary)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  return collect_pipeline (pipeline, summary);
}
