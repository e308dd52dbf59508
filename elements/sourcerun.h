/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasesrc.h>

/* The part of a run that a source of batches gives, in samples of the file:
 * caps, range, seeks, position and duration, and the announcements
 * act-complete and act-progress. Everything counts samples from the beginning
 * of the file, so that parts of one run can be put together. */

typedef struct {
  guint64 first, end;  /* what the properties allow */
  guint64 start, stop; /* of these, what the segment asks for */
  guint64 next;        /* sample that comes next */
  gint64 last_report;  /* monotonic time */
  GstCaps *caps;       /* object lock: a query may come from any thread */
} GstActSourceRun;

void gst_act_source_run_init (GstActSourceRun *run, guint64 first, guint64 end);

/* What get_caps gives from start on; takes caps. NULL, in stop: the template's
 * again. */
void gst_act_source_run_take_caps (
    GstActSourceRun *run, GstBaseSrc *src, GstCaps *caps);

/* get_caps */
GstCaps *gst_act_source_run_get_caps (
    GstActSourceRun *run, GstBaseSrc *src, GstCaps *filter);

/* do_seek: takes over the segment and cuts it to the range */
gboolean gst_act_source_run_seek (
    GstActSourceRun *run, GstBaseSrc *src, GstSegment *segment);

/* answers duration queries in samples; FALSE where it is another query */
gboolean gst_act_source_run_query (
    GstActSourceRun *run, GstBaseSrc *src, GstQuery *query);

/* Whether the run is at its end; if nothing at all comes, announces that. */
gboolean gst_act_source_run_ended (GstActSourceRun *run, GstBaseSrc *src);

/* n more samples are in the buffer that is about to be pushed: announces the
 * run's total before the last one, and progress. */
void gst_act_source_run_advance (
    GstActSourceRun *run, GstBaseSrc *src, guint n_samples);
