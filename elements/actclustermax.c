/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-actclustermax
 * @short_description: activation of each cluster: its largest member
 *
 * A component may be in one cluster at most.
 *
 * Sink: float32 component activations (n_positions, n_components), dense or
 * CSR, all finite.
 * Src: the batch with float32 cluster activations (n_positions, n_clusters) in
 * CSR added: the maximum over the members that are alive. There is no floor at
 * 0: it is negative where all are; a member without a value counts as 0; it is
 * 0 where no member is alive.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdeadfilter !
 * actclustermax clusters=tests/data/golden/basic/clusters.json ! fakesink
 * ]|
 */

#include "config.h"

#include "elements/actclustermax.h"

struct _GstActClusterMax {
  GstActClusterPartition parent_instance;
};

G_DEFINE_FINAL_TYPE (
    GstActClusterMax, gst_act_cluster_max, GST_TYPE_ACT_CLUSTER_PARTITION)
GST_ELEMENT_REGISTER_DEFINE (
    actclustermax, "actclustermax", GST_RANK_NONE, GST_TYPE_ACT_CLUSTER_MAX)

static void
gst_act_cluster_max_class_init (GstActClusterMaxClass *klass)
{
  GST_ACT_CLUSTER_PARTITION_CLASS (klass)->kind = ACT_CLUSTER_MAX;
  GST_ACT_CLUSTER_BASE_CLASS (klass)->reduction = "max";
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Cluster activations, maximum", "Filter/Activations",
      "Activation of each cluster of components: the largest among its members "
      "that are alive",
      "The gst-activations authors");
}

static void
gst_act_cluster_max_init (GstActClusterMax *self)
{
}
