/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/dashboard.h"
#include "dashboard/memberfacts.h"
#include "dashboard/rows.h"
#include "dashboard/tokenfacts.h"

/* What is said of one component by itself, as statistics and facts say it of a
 * cluster: over the samples that are stored of its cluster and in which it is
 * alive. Only rows that hold values are kept, so the cost is that of the
 * nonzeros. */
typedef struct _ActComponentFacts ActComponentFacts;

typedef struct {
  ActMemberFact fact; /* what was known */
  /* of all values; NULL edges where there are none, or no float32 has their
   * range */
  ActHistogram all;
  /* of samples whose maximum is above 0: this, and its place between 0 and 1;
   * NULL edges where there are none */
  ActHistogram peaks;
  ActHistogram places;
  double entropy;
  double concentration_ratio;
  ActTokenTable tokens;
  ActTokenTable next_tokens;

  /* the rows that hold values; row_of says which samples these are */
  ActRows rows;
  const gsize *row_of;
  /* which of them have the highest maxima (above 0), the highest first; and a
   * random choice of the active ones */
  guint n_top;
  guint n_random;
  gsize *top;
  gsize *random;
} ActComponentDetail;

/* settings and texts: the caller's; max_memory: of each of six arrays that
 * grow with a component's rows */
ActComponentFacts *act_component_facts_new (const char *folder,
    const ActDashboardSettings *settings, const ActTexts *texts,
    gsize max_memory);
void act_component_facts_free (ActComponentFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActComponentFacts, act_component_facts_free)

/* The next component: rows as of act_dashboard_add_rows (), all of which hold
 * values, and n_empty others that do not and need not come. cluster: the rows
 * of a cluster that is nothing else, NULL if there is none; while the
 * component's are the same they are not kept. cluster_row_of says which samples
 * they are; both are the caller's until the component ends. */
void act_component_facts_begin (ActComponentFacts *facts,
    const ActRows *cluster, const gsize *cluster_row_of);
gboolean act_component_facts_add_rows (ActComponentFacts *facts, gsize n_rows,
    guint64 n_empty, const guint64 *samples, const gint64 *indptr,
    const gint32 *positions, const float *values, GError **error);
/* Whether all rows that came are the cluster's, and all of these, and there are
 * as many others: then what is
 * said of one is true of the other. */
gboolean act_component_facts_is_same (const ActComponentFacts *facts);
/* fact: what is known of the same rows; tokens are started again. What detail
 * points to is readable until the next component begins; it is the caller's to
 * clear. */
gboolean act_component_facts_end (ActComponentFacts *facts,
    const ActMemberFact *fact, ActTokenFacts *tokens,
    ActComponentDetail *detail, GError **error);
void act_component_detail_clear (ActComponentDetail *detail);
