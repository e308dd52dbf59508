/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/statistics.h"

/* Writes the files of a dashboard into a folder: first the samples, then one
 * cluster after another, each of whose rows come in any number of pieces.
 *
 *   act_dashboard_add_samples ()*, act_dashboard_end_samples (),
 *   { act_dashboard_begin_cluster (), act_dashboard_add_rows ()*,
 *     act_dashboard_end_cluster () }*, act_dashboard_finish ()
 *
 * What grows with the run (the samples' tokens and texts, and the rows of one
 * cluster) is in memory up to a limit; what is more goes to files without a
 * name in folder. */
typedef struct _ActDashboard ActDashboard;

/* what facts.h writes */
typedef struct {
  gboolean enabled;
  guint n_random;
  guint64 seed;
  guint n_coactivating;
  guint min_token_count; /* of tokens ranked by lift */
} ActFactsSettings;

typedef struct _ActFacts ActFacts;
typedef struct _ActViewer ActViewer;

typedef struct {
  guint n_samples;
  const char *criteria; /* act_criteria_parse () */
  guint hist_bins;
  double activation_threshold;
  guint top_n_tokens;
  gboolean referenced_texts; /* only texts that are named; else all */
  /* of all arrays that grow with the run; 0: the default */
  gsize max_memory;
  gboolean viewer;            /* the data of the page; needs facts */
  gboolean component_details; /* in it, of components by themselves */
  ActFactsSettings facts;
} ActDashboardSettings;

#define ACT_DASHBOARD_MAX_MEMORY ((gsize) 512 << 20)

/* What was run. Strings may be NULL where a comment says so. */
typedef struct {
  guint n_ctx;
  guint vocab_size;
  const char *tokenizer; /* fingerprints, or NULL */
  const char *model;
  const char *assignment;
  const char *reduction; /* or NULL */
  const char *run;
  gint iteration;
  guint n_modules;
  const char *const *modules;
  const guint *components; /* of each module */
  guint n_clusters;
  const char *incomplete; /* NULL, or what of the run is missing */
} ActDashboardRun;

typedef struct {
  const char *name;
  gint64 id;
  guint n_members;
  const guint *members; /* columns */
} ActDashboardCluster;

/* folder exists and is empty; strings: transfer full. What run points to is
 * copied. */
ActDashboard *act_dashboard_new (const char *folder,
    const ActDashboardSettings *settings, const ActDashboardRun *run,
    ActStrings *strings, GError **error);
void act_dashboard_free (ActDashboard *dashboard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDashboard, act_dashboard_free)

/* as act_texts_add () */
gboolean act_dashboard_add_samples (ActDashboard *dashboard,
    const guint64 *samples, const gint32 *tokens, gsize n_samples,
    GError **error);
gboolean act_dashboard_end_samples (ActDashboard *dashboard, GError **error);

/* clusters ascend */
gboolean act_dashboard_begin_cluster (ActDashboard *dashboard, guint cluster,
    const ActDashboardCluster *description, GError **error);
/* rows of samples that were added: indptr [n_rows + 1] from 0, positions below
 * n_ctx and ascending within a row. Zeros among the values are dropped. */
gboolean act_dashboard_add_rows (ActDashboard *dashboard, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error);
/* coactivations [n_clusters], or NULL where there are none */
gboolean act_dashboard_end_cluster (
    ActDashboard *dashboard, const gint64 *coactivations, GError **error);

/* NULL where they are not written. Rows of the components of the cluster that
 * ended last go there. */
ActFacts *act_dashboard_get_facts (const ActDashboard *dashboard);

/* ids [n_clusters]: the clusters' numbers. All files are there then, but
 * run_info.json, and its copy for the page. */
gboolean act_dashboard_finish (
    ActDashboard *dashboard, const gint64 *ids, GError **error);
/* From any thread: act_dashboard_finish () gives up with
 * G_IO_ERROR_CANCELLED. */
void act_dashboard_cancel (ActDashboard *dashboard);

guint64 act_dashboard_get_n_samples (const ActDashboard *dashboard);
