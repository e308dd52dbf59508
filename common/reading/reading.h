/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "reading/clusterread.h"
#include "reading/factsread.h"
#include "tokenizer/tokenkind.h"

/* A dashboard's folder, for whoever shows it. Facts are not needed: a folder
 * that an earlier pipeline wrote, or facts=false, has none. */
typedef struct {
  char *folder;
  gboolean has_facts;
  guint64 n_samples, n_positions; /* of the run; 0: not known */
  ActTokenKind kind;              /* of the token strings */
} ActShownDashboard;

/* Looks at what is there, and reads what is small. */
ActShownDashboard *act_shown_dashboard_open (
    const char *folder, GError **error);
void act_shown_dashboard_free (ActShownDashboard *dashboard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShownDashboard, act_shown_dashboard_free)

/* (transfer full): of a file in the folder */
char *act_shown_dashboard_path (
    const ActShownDashboard *dashboard, const char *name);
ActLines *act_shown_dashboard_open_lines (
    const ActShownDashboard *dashboard, const char *name, GError **error);

/* id: a cluster's name, or the number at its end. An error names those that are
 * most like it. */
ActShownCluster *act_shown_dashboard_find_cluster (
    const ActShownDashboard *dashboard, const char *id, GError **error);
/* The first cluster of that member; *index: its place among the members. */
ActShownCluster *act_shown_dashboard_find_component (
    const ActShownDashboard *dashboard, const char *label, guint *index,
    GError **error);
/* needs has_facts */
ActShownFacts *act_shown_dashboard_get_facts (
    const ActShownDashboard *dashboard, const ActShownCluster *cluster,
    GError **error);
/* n_active of a cluster over the run's positions; negative: not known */
double act_shown_dashboard_get_rate (
    const ActShownDashboard *dashboard, const ActShownCluster *cluster);
