/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/activity.h"
#include "dashboard/componentfacts.h"
#include "dashboard/dashboard.h"
#include "dashboard/coactive.h"
#include "dashboard/memberfacts.h"
#include "dashboard/tokenfacts.h"

/* The data of the dashboard's page: FOLDER/data/NAME.js, which docs/formats.md
 * describes. Whoever makes the lines of the dashboard gives them, in order,
 * with what is behind them, and gives the facts again when these are whole:
 *
 *   { act_viewer_set_line (), act_viewer_begin_line (),
 *     act_viewer_add_member_coactivations () at most once,
 *     { act_viewer_add_member_rows ()*, act_viewer_add_component () at most
 *       once, act_viewer_end_member () }*,
 *     act_viewer_end_line () }*,
 *   act_viewer_begin_files (), act_viewer_add_facts () for each line,
 *   act_viewer_end_files (), act_viewer_write_run ()
 *
 * Lines wait in a file; in memory is what one of them takes, and some bytes
 * each for lines, shown texts and the vocabulary. */
typedef struct _ActViewer ActViewer;

/* texts and run stay the caller's */
ActViewer *act_viewer_new (const char *folder,
    const ActDashboardSettings *settings, const ActCriteria *criteria,
    const ActDashboardRun *run, ActTexts *texts, GError **error);
void act_viewer_free (ActViewer *viewer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActViewer, act_viewer_free)

/* what a line is about */
typedef struct {
  const ActDashboardCluster *description;
  const ActStatistics *statistics;
  const ActActivity *activity;
  const ActTokenTable *tokens;
  const ActRows *rows;
  const gsize *row_of; /* which samples the rows are */
  /* which rows are listed: of each criterion, last at random */
  guint n_lists;
  const gsize *const *lists;
  const gsize *n_listed;
  /* all of them, ascending, and the row of samples.npz of the first */
  const GArray *listed; /* gsize */
  guint64 first_row;
} ActViewerLine;

/* the cluster's line of clusters.jsonl, before anything else of it */
void act_viewer_set_line (ActViewer *viewer, const char *json, gsize length);
gboolean act_viewer_begin_line (
    ActViewer *viewer, const ActViewerLine *line, GError **error);
/* counts [n_members, n_members] */
void act_viewer_add_member_coactivations (
    ActViewer *viewer, const gint64 *counts, guint n_members);
gboolean act_viewer_add_member_rows (ActViewer *viewer, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error);
gboolean act_viewer_end_member (
    ActViewer *viewer, const ActMemberFact *fact, GError **error);
/* before its member ends; NULL: it is what its cluster is */
gboolean act_viewer_add_component (
    ActViewer *viewer, const ActComponentDetail *detail, GError **error);
/* facts_length: of what is known of its line of cluster_facts.jsonl */
gboolean act_viewer_end_line (
    ActViewer *viewer, gsize facts_length, GError **error);

void act_viewer_begin_files (ActViewer *viewer);
/* a line's name, its line of cluster_facts.jsonl, and who is active with it;
 * line_of [n_clusters] */
gboolean act_viewer_add_facts (ActViewer *viewer, const char *name,
    const char *json, gsize length, const ActCoactiveTable *table,
    const gint32 *line_of, GError **error);
/* clusters [n_lines]: which one each line is about */
gboolean act_viewer_end_files (ActViewer *viewer, ActCoactive *coactive,
    const guint *clusters, const gint *cancelled, GError **error);
/* last; model_info.json is there */
gboolean act_viewer_write_run (
    ActViewer *viewer, const char *model_info, GError **error);

/* run_info.js, of the run_info.json that is in folder by now */
gboolean act_viewer_write_run_info (const char *folder, GError **error);
