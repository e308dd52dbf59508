/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <reading/reading.h>

#include "screen.h"

/* What is asked of a dashboard. Each view appends its text, or JSON, and gives
 * FALSE with an error where the dashboard does not have it, or is damaged. */
typedef struct {
  const ActShownDashboard *dashboard;
  ActScreen screen;
  gboolean json;
  guint limit;           /* of rows or examples */
  const char *sort;      /* NULL: the view's own */
  const char *criterion; /* NULL: the first */
} ActShowRequest;

/* all clusters, or those of the limit that come first */
gboolean act_show_list (
    const ActShowRequest *request, GString *out, GError **error);
gboolean act_show_cluster (const ActShowRequest *request, const char *id,
    GString *out, GError **error);
gboolean act_show_component (const ActShowRequest *request, const char *label,
    GString *out, GError **error);
/* the clusters that are active at a token: by its string as it is in the
 * vocabulary, or by its text with or without the blank before it */
gboolean act_show_token_clusters (const ActShowRequest *request,
    const char *text, GString *out, GError **error);
