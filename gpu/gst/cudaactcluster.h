/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "gpu/gpuclusters.h"

G_BEGIN_DECLS

/* Parent of the clustering elements on a CUDA device. A child sets kind and
 * the base class's reduction in its class_init. */

#define GST_TYPE_ACT_CUDA_CLUSTER (gst_act_cuda_cluster_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstActCudaCluster, gst_act_cuda_cluster, GST,
    ACT_CUDA_CLUSTER, GstActClusterBase)

struct _GstActCudaClusterClass {
  GstActClusterBaseClass parent_class;

  ActGpuReduction kind;
};

GST_ELEMENT_REGISTER_DECLARE (cudaactclustermax);
GST_ELEMENT_REGISTER_DECLARE (cudaactclustermean);
GST_ELEMENT_REGISTER_DECLARE (cudaactclustersum);

G_END_DECLS
