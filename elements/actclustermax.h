/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "elements/actclusterpartition.h"

G_BEGIN_DECLS

#define GST_TYPE_ACT_CLUSTER_MAX (gst_act_cluster_max_get_type ())
G_DECLARE_FINAL_TYPE (GstActClusterMax, gst_act_cluster_max, GST,
    ACT_CLUSTER_MAX, GstActClusterPartition)

GST_ELEMENT_REGISTER_DECLARE (actclustermax);

G_END_DECLS
