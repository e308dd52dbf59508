/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "elements/actclusterpartition.h"

#include "gst/shared/partition.h"
#include "sparse/csr.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcluster_debug);
#define GST_CAT_DEFAULT gst_actcluster_debug

typedef struct {
  ActClusterReducer *reducer; /* from the first caps to stop */
} GstActClusterPartitionPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstActClusterPartition,
    gst_act_cluster_partition, GST_TYPE_ACT_CLUSTER_BASE)

static void
clear_reducer (GstActClusterPartition *self)
{
  GstActClusterPartitionPrivate *priv =
      gst_act_cluster_partition_get_instance_private (self);

  g_clear_pointer (&priv->reducer, act_cluster_reducer_free);
}

static GstActAssignment *
gst_act_cluster_partition_assign (
    GstActClusterBase *base, GstActInfo *info, GError **error)
{
  GstActClusterPartition *self = GST_ACT_CLUSTER_PARTITION (base);
  GstActClusterPartitionPrivate *priv =
      gst_act_cluster_partition_get_instance_private (self);
  g_autofree gint32 *cluster_of = NULL;
  g_autoptr (GstActAssignment) assignment =
      GST_ACT_CLUSTER_BASE_CLASS (gst_act_cluster_partition_parent_class)
          ->assign (base, info, error);

  if (assignment == NULL)
    return NULL;
  cluster_of = act_partition_get (base, assignment, info->n_components, error);
  if (cluster_of == NULL)
    return NULL;
  clear_reducer (self);
  priv->reducer = act_cluster_reducer_new (
      GST_ACT_CLUSTER_PARTITION_GET_CLASS (self)->kind, info->n_components,
      gst_act_assignment_get_n_clusters (assignment), cluster_of);
  GST_INFO_OBJECT (self, "kernels: %s", act_csr_kernel_name ());
  return g_steal_pointer (&assignment);
}

static gboolean
gst_act_cluster_partition_reduce (GstActClusterBase *base,
    GstActComponents *components, GstActClusters *clusters, GError **error)
{
  GstActClusterPartitionPrivate *priv =
      gst_act_cluster_partition_get_instance_private (
          GST_ACT_CLUSTER_PARTITION (base));
  const GstActBatch *batch = gst_act_components_get_batch (components);
  GstMemory *memory[3];
  gint64 *indptr;
  gint32 *indices;
  gfloat *values;
  gsize n = batch->n_component_values;

  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    n = act_csr_count_dense (batch->component_values, batch->n_positions,
        batch->n_components, batch->alive);
  n = act_cluster_reducer_bound (priv->reducer, batch->n_positions, n);
  memory[0] = gst_act_memory_new (
      (batch->n_positions + 1) * sizeof (gint64), (gpointer *) &indptr);
  memory[1] = gst_act_memory_new (n * sizeof (gint32), (gpointer *) &indices);
  memory[2] = gst_act_memory_new (n * sizeof (gfloat), (gpointer *) &values);

  act_cluster_reducer_set_alive (priv->reducer, batch->alive);
  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    n = act_cluster_reduce_dense (priv->reducer, batch->n_positions,
        batch->component_values, indptr, indices, values);
  else
    n = act_cluster_reduce_csr (priv->reducer, batch->n_positions,
        batch->component_indptr, batch->component_indices,
        batch->component_values, indptr, indices, values);
  return gst_act_clusters_take_csr (
      clusters, memory[0], memory[1], memory[2], n, error);
}

static gboolean
gst_act_cluster_partition_start (GstBaseTransform *trans)
{
  return act_partition_check_settings (GST_ACT_CLUSTER_BASE (trans))
      && GST_BASE_TRANSFORM_CLASS (gst_act_cluster_partition_parent_class)
             ->start (trans);
}

static gboolean
gst_act_cluster_partition_stop (GstBaseTransform *trans)
{
  clear_reducer (GST_ACT_CLUSTER_PARTITION (trans));
  return GST_BASE_TRANSFORM_CLASS (gst_act_cluster_partition_parent_class)
      ->stop (trans);
}

static void
gst_act_cluster_partition_finalize (GObject *object)
{
  clear_reducer (GST_ACT_CLUSTER_PARTITION (object));
  G_OBJECT_CLASS (gst_act_cluster_partition_parent_class)->finalize (object);
}

static void
gst_act_cluster_partition_class_init (GstActClusterPartitionClass *klass)
{
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  GstActClusterBaseClass *base_class = GST_ACT_CLUSTER_BASE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_act_cluster_partition_finalize;
  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_cluster_partition_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_cluster_partition_stop);
  base_class->assign = gst_act_cluster_partition_assign;
  base_class->reduce = gst_act_cluster_partition_reduce;
}

static void
gst_act_cluster_partition_init (GstActClusterPartition *self)
{
}
