/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "elements/actclusterpartition.h"

#include "gst/shared/partition.h"
#include "sparse/csr.h"
#include "sparse/csrarrays.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcluster_debug);
#define GST_CAT_DEFAULT gst_actcluster_debug

typedef struct {
  ActClusterReducer *reducer; /* from the first caps to stop */

  /* indptr and indices of a batch in which no cluster is 0 anywhere: all that
   * are like it, and as long, have the same */
  GstMemory *full[2];
  gsize n_full_rows;
  gboolean was_full; /* the last batch */
} GstActClusterPartitionPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstActClusterPartition,
    gst_act_cluster_partition, GST_TYPE_ACT_CLUSTER_BASE)

static void
clear_reducer (GstActClusterPartition *self)
{
  GstActClusterPartitionPrivate *priv =
      gst_act_cluster_partition_get_instance_private (self);

  g_clear_pointer (&priv->reducer, act_cluster_reducer_free);
  g_clear_pointer (&priv->full[0], gst_memory_unref);
  g_clear_pointer (&priv->full[1], gst_memory_unref);
  priv->n_full_rows = 0;
  priv->was_full = FALSE;
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

/* Component activations that are not 0: at least so many that all have room.
 * Where most are not 0, to count them would save little memory. */
static gsize
count_most (const GstActBatch *batch)
{
  if (batch->layout == GST_ACT_LAYOUT_CSR
      || act_csr_estimate_density (
             batch->component_values, batch->n_positions, batch->n_components)
          > ACT_CSR_MOST_DENSITY)
    return batch->n_component_values;
  return act_csr_count_dense (batch->component_values, batch->n_positions,
      batch->n_components, batch->alive);
}

/* In place of new memory that a store would keep for each batch. */
static void
share_full (GstActClusterPartitionPrivate *priv, gsize n_rows, GstMemory **new)
{
  for (guint i = 0; i < 2; i++) {
    if (priv->n_full_rows != n_rows) {
      g_clear_pointer (&priv->full[i], gst_memory_unref);
      priv->full[i] = gst_memory_ref (new[i]);
      gst_act_memory_set_common (new[i]);
    } else {
      gst_memory_unref (new[i]);
      new[i] = gst_memory_ref (priv->full[i]);
    }
  }
  priv->n_full_rows = n_rows;
}

/* -> number of values, G_MAXSIZE if what comes is not all finite */
static gsize
reduce (ActClusterReducer *reducer, const GstActBatch *batch, gint64 *indptr,
    gint32 *indices, gfloat *values)
{
  act_cluster_reducer_set_alive (reducer, batch->alive);
  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    return act_cluster_reduce_dense (reducer, batch->n_positions,
        batch->component_values, indptr, indices, values);
  if (act_find_nonfinite (batch->component_values, batch->n_component_values)
      >= 0)
    return G_MAXSIZE;
  return act_cluster_reduce_csr (reducer, batch->n_positions,
      batch->component_indptr, batch->component_indices,
      batch->component_values, indptr, indices, values);
}

/* As the last batch was, without a zero: nothing but its values is made. NULL:
 * it is not, or something is wrong with it. */
static GstMemory *
reduce_full (GstActClusterPartitionPrivate *priv, const GstActBatch *batch,
    gsize n_values)
{
  gfloat *values;
  GstMemory *memory;

  if (!priv->was_full || batch->layout != GST_ACT_LAYOUT_DENSE
      || priv->n_full_rows != batch->n_positions)
    return NULL;
  memory =
      gst_act_memory_new (n_values * sizeof (gfloat), (gpointer *) &values);
  act_cluster_reducer_set_alive (priv->reducer, batch->alive);
  if (act_cluster_reduce_full (
          priv->reducer, batch->n_positions, batch->component_values, values))
    return memory;
  gst_memory_unref (memory);
  return NULL;
}

/* the blocks of the clusters; G_MAXSIZE: what comes is not all finite */
static gsize
make_blocks (GstActClusterPartitionPrivate *priv, const GstActBatch *batch,
    gsize n_clusters, GstMemory **memory)
{
  const gsize n_rows = batch->n_positions, n_full = n_rows * n_clusters;
  gint64 *indptr;
  gint32 *indices;
  gfloat *values;
  gsize n;

  memory[2] = reduce_full (priv, batch, n_full);
  if (memory[2] != NULL) {
    memory[0] = gst_memory_ref (priv->full[0]);
    memory[1] = gst_memory_ref (priv->full[1]);
    return n_full;
  }
  n = act_cluster_reducer_bound (priv->reducer, n_rows, count_most (batch));
  memory[0] =
      gst_act_memory_new ((n_rows + 1) * sizeof (gint64), (gpointer *) &indptr);
  memory[1] = gst_act_memory_new (n * sizeof (gint32), (gpointer *) &indices);
  memory[2] = gst_act_memory_new (n * sizeof (gfloat), (gpointer *) &values);
  n = reduce (priv->reducer, batch, indptr, indices, values);
  priv->was_full = n == n_full;
  if (priv->was_full)
    share_full (priv, n_rows, memory);
  return n;
}

static gboolean
gst_act_cluster_partition_reduce (GstActClusterBase *base,
    GstActComponents *components, GstActClusters *clusters, GError **error)
{
  GstActClusterPartitionPrivate *priv =
      gst_act_cluster_partition_get_instance_private (
          GST_ACT_CLUSTER_PARTITION (base));
  GstMemory *memory[3];
  gsize n = make_blocks (priv, gst_act_components_get_batch (components),
      gst_act_clusters_get_n_clusters (clusters), memory);

  if (n != G_MAXSIZE)
    return gst_act_clusters_take_csr (
        clusters, memory[0], memory[1], memory[2], n, error);
  for (guint i = 0; i < 3; i++)
    gst_memory_unref (memory[i]);
  g_set_error (
      error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE, "an activation is not finite");
  return FALSE;
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
  base_class->checks_finite = TRUE;
}

static void
gst_act_cluster_partition_init (GstActClusterPartition *self)
{
}
