/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/activity.h"

/* What is said of the components of a cluster, one after another, and
 * component_activations.npz: their activations at the samples that are shown of
 * the cluster, and how often they are active together. docs/formats.md has the
 * arrays. */
typedef struct _ActMemberFacts ActMemberFacts;

typedef struct {
  guint64 n_samples; /* of the batches in which it is alive */
  guint64 n_active_positions;
  guint64 n_active_samples;
  double sum;
  double mass; /* sum of the absolute values */
  float min;
  float max;
  float median;
} ActMemberFact;

/* max_memory: of one component's nonzeros; more are in a file in folder */
ActMemberFacts *act_member_facts_new (const char *folder, guint n_ctx,
    float threshold, gsize max_memory, GError **error);
void act_member_facts_free (ActMemberFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActMemberFacts, act_member_facts_free)

/* The next line: its shown samples, ascending, the caller's until it ends. */
void act_member_facts_begin_line (
    ActMemberFacts *facts, const guint64 *shown, gsize n_shown);
/* counts [n_members, n_members]; once a line at most */
gboolean act_member_facts_add_coactivations (ActMemberFacts *facts,
    const gint64 *counts, guint n_members, GError **error);

/* The line's next component: rows as of act_dashboard_add_rows (), and n_empty
 * others that hold no values and need not come. */
void act_member_facts_begin (ActMemberFacts *facts);
gboolean act_member_facts_add_rows (ActMemberFacts *facts, gsize n_rows,
    guint64 n_empty, const guint64 *samples, const gint64 *indptr,
    const gint32 *positions, const float *values, GError **error);
gboolean act_member_facts_end (
    ActMemberFacts *facts, ActMemberFact *fact, GError **error);

void act_member_facts_end_line (ActMemberFacts *facts);
gboolean act_member_facts_finish (
    ActMemberFacts *facts, const gint *cancelled, GError **error);
