/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/dashboard.h"

/* what model_info.json counts */
typedef struct {
  guint64 n_samples;
  guint64 n_texts;
  guint64 n_ambiguous;
  guint64 n_collisions;
  guint n_clusters_written;
  guint64 n_examples;
} ActModelCounts;

gboolean act_model_info_write (const char *filename, const ActDashboardRun *run,
    const ActDashboardSettings *settings, const ActCriteria *criteria,
    const ActModelCounts *counts, GError **error);
