/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "elements/actclusterpartition.h"

G_BEGIN_DECLS

#define GST_TYPE_ACT_CLUSTER_SUM (gst_act_cluster_sum_get_type ())
G_DECLARE_FINAL_TYPE (GstActClusterSum, gst_act_cluster_sum, GST,
    ACT_CLUSTER_SUM, GstActClusterPartition)

GST_ELEMENT_REGISTER_DECLARE (actclustersum);

G_END_DECLS
