/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sourcerun.h"

#include <gst/activations/gstactevents.h>

#define REPORT_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)

void
gst_act_source_run_init (GstActSourceRun *run, guint64 first, guint64 end)
{
  run->first = run->start = run->next = first;
  run->end = run->stop = end;
  run->last_report = g_get_monotonic_time ();
}

void
gst_act_source_run_take_caps (
    GstActSourceRun *run, GstBaseSrc *src, GstCaps *caps)
{
  GstCaps *old;

  GST_OBJECT_LOCK (src);
  old = run->caps;
  run->caps = caps;
  GST_OBJECT_UNLOCK (src);
  gst_clear_caps (&old);
}

GstCaps *
gst_act_source_run_get_caps (
    GstActSourceRun *run, GstBaseSrc *src, GstCaps *filter)
{
  GstCaps *caps = NULL, *result;

  GST_OBJECT_LOCK (src);
  gst_caps_replace (&caps, run->caps);
  GST_OBJECT_UNLOCK (src);
  if (caps == NULL)
    caps = gst_pad_get_pad_template_caps (GST_BASE_SRC_PAD (src));
  if (filter == NULL)
    return caps;
  result = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (caps);
  return result;
}

gboolean
gst_act_source_run_seek (
    GstActSourceRun *run, GstBaseSrc *src, GstSegment *segment)
{
  if (segment->format != GST_FORMAT_DEFAULT || segment->rate <= 0.0)
    return FALSE;
  GST_OBJECT_LOCK (src);
  run->start = CLAMP (segment->position, run->first, run->end);
  run->stop = segment->stop == GST_CLOCK_TIME_NONE
      ? run->end
      : CLAMP (segment->stop, run->start, run->end);
  run->next = run->start;
  segment->start = segment->position = segment->time = run->start;
  /* the base class ends the stream once this position is reached */
  segment->stop = run->stop;
  segment->duration = run->end;
  GST_OBJECT_UNLOCK (src);
  return TRUE;
}

gboolean
gst_act_source_run_query (
    GstActSourceRun *run, GstBaseSrc *src, GstQuery *query)
{
  GstFormat format;
  guint64 end;

  if (GST_QUERY_TYPE (query) != GST_QUERY_DURATION)
    return FALSE;
  gst_query_parse_duration (query, &format, NULL);
  if (format != GST_FORMAT_DEFAULT
      || !GST_OBJECT_FLAG_IS_SET (src, GST_BASE_SRC_FLAG_STARTED))
    return FALSE;
  GST_OBJECT_LOCK (src);
  end = run->end;
  GST_OBJECT_UNLOCK (src);
  gst_query_set_duration (query, format, end);
  return TRUE;
}

/* The base class queues the event, and sends it after the segment and right
 * before the buffer that create () returns. */
static void
announce_total (GstActSourceRun *run, GstBaseSrc *src)
{
  GST_ELEMENT_GET_CLASS (src)->send_event (
      GST_ELEMENT (src), gst_act_event_new_complete (run->stop - run->start));
}

static void
report (GstActSourceRun *run, GstBaseSrc *src)
{
  run->last_report = g_get_monotonic_time ();
  gst_element_post_message (GST_ELEMENT (src),
      gst_act_message_new_progress (GST_OBJECT (src), "samples",
          run->next - run->start, run->stop - run->start));
}

gboolean
gst_act_source_run_ended (GstActSourceRun *run, GstBaseSrc *src)
{
  if (run->next < run->stop)
    return FALSE;
  /* no buffer comes that could carry it along */
  if (run->start == run->stop) {
    gst_pad_push_event (GST_BASE_SRC_PAD (src), gst_act_event_new_complete (0));
    report (run, src);
  }
  return TRUE;
}

void
gst_act_source_run_advance (
    GstActSourceRun *run, GstBaseSrc *src, guint n_samples)
{
  run->next += n_samples;
  if (run->next >= run->stop)
    announce_total (run, src);
  if (run->next >= run->stop
      || g_get_monotonic_time () - run->last_report >= REPORT_INTERVAL)
    report (run, src);
}
