/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "problem.h"

/* What a run came to: filled by the run, printed as its summary, written as
 * its report. */
typedef enum {
  ACT_RESULT_COMPLETE,
  ACT_RESULT_INCOMPLETE, /* reached its end, but without all of its input */
  ACT_RESULT_FAILED,
  ACT_RESULT_INTERRUPTED,
} ActResult;

typedef struct {
  ActResult result;
  int signal_number;     /* if interrupted */
  ActProblem *error;     /* if failed */
  const char *advice;    /* if interrupted: what to do, or NULL */
  GPtrArray *warnings;   /* of ActProblem */
  GPtrArray *notes;      /* of GstStructure: the elements' closing messages */
  GPtrArray *note_names; /* who posted each */
  GPtrArray *settings;   /* of GstStructure: an element, its set properties */
  GArray *steps;         /* of ActStep */
  guint64 n_samples;     /* seen on the way, whoever counts them */
  gint64 started_us;     /* since 1970 */
  double seconds;
} ActOutcome;

ActOutcome *act_outcome_new (void);
void act_outcome_free (ActOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActOutcome, act_outcome_free)

const char *act_outcome_get_result_name (const ActOutcome *outcome);
int act_outcome_get_exit_code (const ActOutcome *outcome);
/* keeps an element message that tells what was done: act-summary of a store,
 * act-output of whatever wrote something (its field location), others */
void act_outcome_take_note (ActOutcome *outcome, GstMessage *message);
gboolean act_note_is_output (const GstStructure *note);
/* what the elements of a pipeline were set to */
void act_outcome_take_settings (ActOutcome *outcome, GstElement *pipeline);
/* the closing lines, on standard output */
void act_outcome_print (const ActOutcome *outcome);
