/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-actclustersum
 * @short_description: activation of each cluster: the sum of its members
 *
 * A component may be in one cluster at most.
 *
 * Sink: float32 component activations (n_positions, n_components), dense or
 * CSR, all finite.
 * Src: the batch with float32 cluster activations (n_positions, n_clusters) in
 * CSR added: the sum over the members, in float32, in column order one by one.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdeadfilter !
 * actclustersum clusters=tests/data/golden/basic/clusters.json ! fakesink
 * ]|
 */

#include "config.h"

#include "elements/actclustersum.h"

struct _GstActClusterSum {
  GstActClusterPartition parent_instance;
};

G_DEFINE_FINAL_TYPE (
    GstActClusterSum, gst_act_cluster_sum, GST_TYPE_ACT_CLUSTER_PARTITION)
GST_ELEMENT_REGISTER_DEFINE (
    actclustersum, "actclustersum", GST_RANK_NONE, GST_TYPE_ACT_CLUSTER_SUM)

static void
gst_act_cluster_sum_class_init (GstActClusterSumClass *klass)
{
  GST_ACT_CLUSTER_PARTITION_CLASS (klass)->kind = ACT_CLUSTER_SUM;
  GST_ACT_CLUSTER_BASE_CLASS (klass)->reduction = "sum";
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Cluster activations, sum", "Filter/Activations",
      "Activation of each cluster of components: the sum of its members",
      "The gst-activations authors");
}

static void
gst_act_cluster_sum_init (GstActClusterSum *self)
{
}
