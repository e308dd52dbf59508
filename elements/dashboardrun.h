/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "dashboard/dashboard.h"

G_BEGIN_DECLS

/* What actdashboardsink does with the records of one run: checks that they
 * come in a store's order and hands them to the dashboard's core. */
typedef struct _DashboardRun DashboardRun;

/* folder: an empty one; vocabulary may be NULL as long as no sample comes;
 * incomplete: NULL, or what of the run is missing */
DashboardRun *dashboard_run_new (const gchar *folder, GstActInfo *info,
    GstActAssignment *assignment, GstActVocabulary *vocabulary,
    const gchar *incomplete, const ActDashboardSettings *settings,
    GError **error);
void dashboard_run_free (DashboardRun *run);

gboolean dashboard_run_take (
    DashboardRun *run, GstBuffer *buffer, GError **error);
/* Why the records are not those of a whole run of n_samples; NULL if they
 * are. */
gchar *dashboard_run_what_lacks (const DashboardRun *run, guint64 n_samples);

/* where the files went, for run_info.json */
typedef struct {
  GDateTime *date;
  gint64 started_us;
  const gchar *title;
  const gchar *location;
  const gchar *vocabulary_file;
} DashboardRunOrigin;

/* writes what is left to be written */
gboolean dashboard_run_finish (
    DashboardRun *run, const DashboardRunOrigin *origin, GError **error);
/* from any thread: dashboard_run_finish () gives up */
void dashboard_run_cancel (DashboardRun *run);

/* said both before the records and when they come */
gboolean dashboard_run_check_vocabulary (
    GstActVocabulary *vocabulary, GError **error);

G_END_DECLS
