/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gpuclusters.h"
#include "gpu/gst/gstactcudabatch.h"

G_BEGIN_DECLS

/* Cluster activations of a batch on the device: what the elements do with
 * kernels. All zero at first. */
typedef struct {
  ActGpuClusters clusters;
  GstMemory *lists;   /* the assignment on the device */
  GstMemory *scratch; /* of a batch */
  gsize last_values;  /* that the batch before had */
} ActCudaClusters;

/* cluster_of [n_columns]: below n_clusters, or -1 */
gboolean act_cuda_clusters_set (ActCudaClusters *self, GstActCudaUser *user,
    ActGpuReduction kind, gsize n_columns, gsize n_clusters,
    const gint32 *cluster_of, GError **error);
void act_cuda_clusters_clear (ActCudaClusters *self);

/* Adds the cluster activations to a batch. */
gboolean act_cuda_clusters_run (ActCudaClusters *self, GstActCudaUser *user,
    const GstActInfo *info, GstBuffer *buffer, GError **error);

G_END_DECLS
