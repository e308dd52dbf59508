/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "elements/actclusterpartition.h"

G_BEGIN_DECLS

#define GST_TYPE_ACT_CLUSTER_MEAN (gst_act_cluster_mean_get_type ())
G_DECLARE_FINAL_TYPE (GstActClusterMean, gst_act_cluster_mean, GST,
    ACT_CLUSTER_MEAN, GstActClusterPartition)

GST_ELEMENT_REGISTER_DECLARE (actclustermean);

G_END_DECLS
