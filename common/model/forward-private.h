/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/csrcollect.h"
#include "model/forward.h"
#include "model/head.h"
#include "model/model-private.h"
#include "model/pool.h"

/* a worker's buffers for one tile */
typedef struct {
  float *floats;
} ActWorkspace;

/* the first component that is not finite */
typedef struct {
  gboolean set;
  gsize row;
  guint column;
  float value;
} ActFailure;

/* tile.c: floats of a workspace for tiles of n_rows at most */
gsize act_tile_workspace_size (
    const ActForward *forward, gsize n_rows, guint sequence_length);
/* for act_pool_run (): data is the ActForward */
void act_tile_run (gpointer data, guint worker, gsize index);
guint act_tile_n_samples (guint sequence_length);

struct _ActForward {
  ActModel *model;
  ActPlan *plan;
  ActWeights weights;
  guint8 *selected;
  ActPool *pool;
  ActWorkspace *workspaces;
  guint sequence_length; /* that the workspaces are for */
  ActCsrCollect csr;

  /* of the run under way */
  const gint32 *tokens;
  gsize n_samples;
  const ActForwardSink *sink;
  GMutex lock; /* of failure */
  ActFailure failure;
};
