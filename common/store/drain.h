/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/gather.h"

/* Records of a store, in bounded runs of rows: first the tokens of all
 * samples, then cluster after cluster its rows, with its last run its
 * coactivations, and on request the rows of each of its members. A row is a
 * sample; which rows there are follows the golden rules:
 *   cluster: all samples of the batches in which any of its values is not 0
 *   member: the same, but for batches in which it is dead;
 * or with all_samples every batch counts as one in which a cluster is active,
 * unless it is silent in all of them. Then nothing depends on how samples
 * were cut into batches, but for what is dead.
 * Each has at least one run, if only an empty one. */

typedef enum {
  ACT_RUN_SAMPLES,
  ACT_RUN_CLUSTER,
  ACT_RUN_COMPONENT,
} ActRunKind;

typedef struct {
  ActMembers members;
  gboolean component_rows;
  gboolean all_samples;
  gsize max_rows;     /* of a run; 0: no limit */
  gsize max_values;   /* of a run of more than one row; 0: no limit */
  gsize max_memory;   /* about; 0: the default. More goes into a file */
  const char *folder; /* of that file; NULL: the system's */
  ActCancelled cancelled;
  gpointer user_data;
} ActDrainSettings;

typedef struct {
  ActRunKind kind;
  guint cluster;
  gint member; /* -1: the cluster itself */
  gboolean first;
  gboolean last;
  gboolean end; /* no run of anything comes after this one */
  guint64 first_row;
  gsize n_rows;
  gsize n_values; /* tokens: n_rows * n_ctx */
  guint64 total_rows;
  /* with a cluster's last run, valid until the next call; member_coactivations
   * is NULL for a cluster without members, and without component_rows */
  const gint64 *coactivations;        /* [n_clusters] */
  const gint64 *member_coactivations; /* [n_members, n_members] */
  guint n_members;
} ActRun;

typedef struct _ActDrain ActDrain;

/* The store must not change while it is drained; members stay the caller's. */
ActDrain *act_drain_new (ActStore *store, const ActDrainSettings *settings);
void act_drain_free (ActDrain *drain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDrain, act_drain_free)

/* ACT_DRAIN_RUN: *run says what the next run is and how large; fill it with
 * one of the functions below, or go on to skip it. */
ActDrainResult act_drain_next (ActDrain *drain, ActRun *run, GError **error);

/* samples [n_rows] indices in the whole run; tokens [n_rows, n_ctx] */
gboolean act_drain_fill_tokens (
    ActDrain *drain, guint64 *samples, gint32 *tokens, GError **error);

/* samples [n_rows], indptr [n_rows + 1] from 0, positions in the sample and
 * values [n_values] */
void act_drain_fill_rows (ActDrain *drain, guint64 *samples, gint64 *indptr,
    gint32 *positions, float *values);
