/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasesrc.h>

#include "planned.h"
#include "stored.h"

/* The part of a run that a source of batches gives, in samples of the file:
 * caps, range, shard, what is left out because it is stored, seeks, position
 * and duration, and the announcements act-complete and act-progress.
 * Everything counts samples and batches from the beginning of the file, so
 * that parts of one run can be put together. */

/* the sample that a batch begins with, in a file that is not cut to a range */
typedef guint64 (*GstActFirstSample) (GstBaseSrc *src, guint64 batch);

/* reads the tokens of a batch of n_samples from first_sample on */
typedef gboolean (*GstActReadTokens) (GstBaseSrc *src, guint64 batch,
    guint64 first_sample, guint n_samples, gint32 *tokens, GError **error);

/* from first to before end */
typedef struct {
  guint64 first_batch, end_batch;
  guint64 first, end; /* samples; the outer batches may be cut by them */
} GstActRange;

typedef struct {
  GstActFirstSample first_sample;
  GstActReadTokens read_tokens;
  char *input; /* where the tokens are from, for messages */
  guint n_ctx;
  GstActShard shard; /* as it was at start */
  GstActRange whole; /* the run, as the other properties have it */
  /* where all of that is a part of a longer run; count 0: it is not */
  GstActShard place;
  guint64 run_batches, run_samples;
  GstActRange range;   /* of it, the shard */
  guint64 start, stop; /* of this, the samples that the segment asks for */
  guint64 next;        /* sample that comes next */
  guint64 next_batch;  /* batch that it is in */
  gboolean begun;      /* asked what is stored */
  GstActStored stored; /* what was answered */
  gboolean announced;  /* act-complete is on its way */
  gint64 last_report;  /* monotonic time */
  GstCaps *caps;       /* object lock: a query may come from any thread */
} GstActSourceRun;

void gst_act_source_run_init (GstActSourceRun *run, GstBaseSrc *src,
    const GstActShard *shard, const GstActRange *whole,
    GstActFirstSample first_sample);

/* All that there is here is a part of a longer run, of which is known whether
 * it has its beginning and its end; after init. As a shard it calls itself 0 of
 * 2 if it has the beginning, 1 of 2 if it has the end, 1 of 3 in the middle. */
void gst_act_source_run_set_place (GstActSourceRun *run, gboolean has_first,
    gboolean has_last, guint64 run_batches, guint64 run_samples);

/* How batches that are stored, or planned, are compared; after init. input says
 * in messages where they are from. */
void gst_act_source_run_set_tokens (GstActSourceRun *run, const char *input,
    guint n_ctx, GstActReadTokens read_tokens);

/* at stop; the caps are the template's again */
void gst_act_source_run_clear (GstActSourceRun *run, GstBaseSrc *src);

/* What get_caps gives from start on; takes caps. */
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

/* The first thing in create: GST_FLOW_OK if next_batch is to be made, EOS if
 * there is none, which is announced unless it was; ERROR, with a message, if
 * what is stored does not fit the run. */
GstFlowReturn gst_act_source_run_begin_batch (
    GstActSourceRun *run, GstBaseSrc *src);

/* The last thing in create: n_samples are in the buffer that is about to be
 * pushed. Announces the run's total before the last one, and progress. */
void gst_act_source_run_end_batch (
    GstActSourceRun *run, GstBaseSrc *src, guint n_samples);
