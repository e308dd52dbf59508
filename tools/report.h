/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "outcome.h"

typedef struct {
  const char *description;  /* its file */
  GHashTable *values;       /* the variables that were given */
  const char *const *words; /* the launch line */
} ActReportInput;

/* A run as JSON: what was run, with what, what came of it. */
gboolean act_report_write (const char *filename, const ActReportInput *input,
    const ActOutcome *outcome, GError **error);
