/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/countrows.h"
#include "dashboard/dashboard.h"

/* cluster_facts.jsonl, samples.npz and component_activations.npz, beside the
 * files that a dashboard always has. The dashboard gives each cluster that has
 * a line in clusters.jsonl; whoever has the rows of its components gives these
 * before the next cluster begins, all of them or none. In memory are up to
 * max_memory of one component's nonzeros, some bytes a shown sample, and counts
 * of the vocabulary; lines wait in a file until all coactivations are known. */

/* texts, run and viewer are the caller's, and stay; texts grow until the
 * samples have ended. viewer gets the same, and what comes of it; NULL: none.
 * coactivations are those of all clusters, and end before the facts do. */
ActFacts *act_facts_new (const char *folder,
    const ActDashboardSettings *settings, const ActCriteria *criteria,
    const ActDashboardRun *run, ActTexts *texts, ActViewer *viewer,
    ActCountRows *coactivations, gsize max_memory, GError **error);
void act_facts_free (ActFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActFacts, act_facts_free)

void act_facts_end_samples (ActFacts *facts);

/* A cluster's line: rows, what statistics name of them, and which samples they
 * are. description, rows and
 * row_of stay the caller's until the line ends. */
gboolean act_facts_begin_line (ActFacts *facts, guint cluster,
    const ActDashboardCluster *description, const ActRows *rows,
    const ActStatistics *statistics, const gsize *row_of, GError **error);
/* Of any cluster, with a line or not: [n_clusters]. */
gboolean act_facts_add_coactivations (ActFacts *facts, guint cluster,
    const gint64 *coactivations, GError **error);
/* The line's components, if they come; for a cluster without a line these do
 * nothing. counts [n_members, n_members]. */
gboolean act_facts_add_member_coactivations (
    ActFacts *facts, const gint64 *counts, GError **error);
void act_facts_begin_member (ActFacts *facts);
gboolean act_facts_add_member_rows (ActFacts *facts, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error);
gboolean act_facts_end_member (ActFacts *facts, GError **error);
gboolean act_facts_end_line (ActFacts *facts, GError **error);

/* The texts' file has been written. */
gboolean act_facts_finish (
    ActFacts *facts, const gint *cancelled, GError **error);
