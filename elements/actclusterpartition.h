/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "sparse/cluster.h"

G_BEGIN_DECLS

/* Parent of the clustering elements whose clusters share no component. A
 * child sets kind and the base class's reduction in its class_init. */

#define GST_TYPE_ACT_CLUSTER_PARTITION (gst_act_cluster_partition_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstActClusterPartition, gst_act_cluster_partition,
    GST, ACT_CLUSTER_PARTITION, GstActClusterBase)

struct _GstActClusterPartitionClass {
  GstActClusterBaseClass parent_class;

  ActClusterReduction kind;
};

G_END_DECLS
