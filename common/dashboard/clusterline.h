/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/dashboard.h"

/* A cluster's line of clusters.jsonl, with its newline, appended to out.
 * row_of: the sample of each row, for the hashes. */
void act_cluster_line_write (GString *out, const ActDashboardRun *run,
    const ActDashboardCluster *cluster, const ActStatistics *statistics,
    const ActStatisticsSettings *settings, guint top_n_tokens,
    const ActTexts *texts, const gsize *row_of);
