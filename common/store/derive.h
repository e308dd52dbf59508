/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sparse/cluster.h"
#include "store/store.h"

/* Cluster activations of stored batches, made again from their components. */
typedef struct _ActClusterDeriver ActClusterDeriver;

/* cluster_of [n_components], copied */
ActClusterDeriver *act_cluster_deriver_new (const ActStoreShape *shape,
    ActClusterReduction reduction, const gint32 *cluster_of);
void act_cluster_deriver_free (ActClusterDeriver *deriver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActClusterDeriver, act_cluster_deriver_free)

/* Sets batch->clusters, valid until the next call. */
void act_cluster_deriver_run (
    ActClusterDeriver *deriver, ActStoredBatch *batch);

/* "max", "mean", "sum"; FALSE for another, or NULL */
gboolean act_cluster_reduction_find (
    const char *name, ActClusterReduction *reduction);
