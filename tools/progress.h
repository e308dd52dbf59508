/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* How far a run is, on standard error: a bar with rate and time left if that
 * is a terminal, a plain line now and then otherwise. */
typedef struct _ActProgress ActProgress;

typedef enum {
  ACT_PROGRESS_AUTO,
  ACT_PROGRESS_NONE,
} ActProgressMode;

/* asks the pipeline for position and duration as long as no element says more
 * by act-progress messages */
ActProgress *act_progress_new (GstElement *pipeline, ActProgressMode mode);
void act_progress_handle_message (ActProgress *progress, GstMessage *message);
/* draws; call every ACT_PROGRESS_INTERVAL_MS */
void act_progress_tick (ActProgress *progress);
/* takes the bar away, before anything else is printed */
void act_progress_clear (ActProgress *progress);
void act_progress_free (ActProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActProgress, act_progress_free)

#define ACT_PROGRESS_INTERVAL_MS 200
