/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-actclustermean
 * @short_description: activation of each cluster: the mean of its members
 *
 * A component may be in one cluster at most.
 *
 * Sink: float32 component activations (n_positions, n_components), dense or
 * CSR, all finite.
 * Src: the batch with float32 cluster activations (n_positions, n_clusters) in
 * CSR added: the sum over the members (float32, in column order) divided by the
 * number of all members, the dead ones counted as 0.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdeadfilter !
 * actclustermean clusters=tests/data/golden/basic/clusters.json ! fakesink
 * ]|
 */

#include "config.h"

#include "elements/actclustermean.h"

struct _GstActClusterMean {
  GstActClusterPartition parent_instance;
};

G_DEFINE_FINAL_TYPE (
    GstActClusterMean, gst_act_cluster_mean, GST_TYPE_ACT_CLUSTER_PARTITION)
GST_ELEMENT_REGISTER_DEFINE (
    actclustermean, "actclustermean", GST_RANK_NONE, GST_TYPE_ACT_CLUSTER_MEAN)

static void
gst_act_cluster_mean_class_init (GstActClusterMeanClass *klass)
{
  GST_ACT_CLUSTER_PARTITION_CLASS (klass)->kind = ACT_CLUSTER_MEAN;
  GST_ACT_CLUSTER_BASE_CLASS (klass)->reduction = "mean";
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Cluster activations, mean", "Filter/Activations",
      "Activation of each cluster of components: the mean of all its members, "
      "dead ones counted as 0",
      "The gst-activations authors");
}

static void
gst_act_cluster_mean_init (GstActClusterMean *self)
{
}
