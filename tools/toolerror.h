/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Exit codes: 1 and 2 follow from which of these an error is. */
#define ACT_TOOL_ERROR (g_quark_from_static_string ("act-tool-error-quark"))

typedef enum {
  ACT_TOOL_ERROR_FAILED,  /* the run or its set-up failed: 1 */
  ACT_TOOL_ERROR_USAGE,   /* what was typed is not valid: 2 */
  ACT_TOOL_ERROR_MISSING, /* parts of a run are not there: 3 */
} ActToolError;

enum {
  ACT_EXIT_OK = 0,
  ACT_EXIT_FAILED = 1,
  ACT_EXIT_USAGE = 2,
  ACT_EXIT_MISSING = 3,
  ACT_EXIT_REQUEUE = 75, /* EX_TEMPFAIL: run it again and it goes on */
  ACT_EXIT_SIGNAL = 128, /* + the signal's number */
};
