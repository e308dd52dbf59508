/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "reading/examplesread.h"

GPtrArray *act_shown_examples_new (void);
/* with hash; sample -1: not known */
ActShownExample *act_shown_example_new (
    guint64 row, gint64 sample, const char *hash);
/* whether all of its activations are finite */
gboolean act_shown_example_check (
    const ActShownExample *example, GError **error);
/* gives each example its tokens; by line where by_line is set, else by hash */
gboolean act_shown_examples_add_texts (const ActShownDashboard *dashboard,
    GPtrArray *examples, gboolean by_line, GError **error);
/* (transfer container): the examples by ascending row */
GPtrArray *act_shown_examples_by_row (const GPtrArray *examples);
/* the lines of the texts, from samples.npz */
gboolean act_shown_examples_add_lines (
    const ActShownDashboard *dashboard, GPtrArray *examples, GError **error);
