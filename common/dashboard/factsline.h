/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/activity.h"
#include "dashboard/coactive.h"
#include "dashboard/dashboard.h"
#include "dashboard/memberfacts.h"
#include "dashboard/tokenfacts.h"
#include "formats/json.h"

/* The parts of a line of cluster_facts.jsonl, each a key and its value. */

/* what rates are of: the whole run */
typedef struct {
  guint n_ctx;
  guint64 n_samples;
} ActFactsTotals;

void act_facts_line_activation (ActJsonWriter *json,
    const ActActivity *activity, const ActFactsTotals *totals);
void act_facts_line_tokens (ActJsonWriter *json, const char *key,
    const ActTokenTable *table, const ActStrings *strings);
/* members, modules and layers; facts [n_members], or NULL: not known */
void act_facts_line_members (ActJsonWriter *json, const ActDashboardRun *run,
    const ActDashboardCluster *cluster, const ActMemberFact *facts,
    const ActFactsTotals *totals);
/* the value alone; by cluster: its line, and by line: its name */
void act_facts_line_coactive (ActJsonWriter *json,
    const ActCoactiveTable *table, const gint32 *line_of,
    const char *const *names, const ActFactsTotals *totals);
