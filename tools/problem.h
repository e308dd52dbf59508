/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* An error or warning of a run as its user reads it: one line each. */
typedef struct {
  char *element; /* NULL: no element's */
  char *text;
  char *hint; /* what to do about it, or NULL */
} ActProblem;

ActProblem *act_problem_new (
    const char *element, const char *text, const char *hint);
/* of an error or warning message */
ActProblem *act_problem_new_from_message (GstMessage *message);
/* of what gst_parse_launch() says */
ActProblem *act_problem_new_from_parse_error (const GError *error);
void act_problem_free (ActProblem *problem);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActProblem, act_problem_free)

/* "kind: element: text (hint)" on standard error */
void act_problem_print (const ActProblem *problem, const char *kind);
