/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gpu/gst/cudaactcluster.h"

#include "gpu/gst/cudaclusters.h"
#include "gst/shared/partition.h"

/* The library's base class has the file, the caps' fields and the event. What
 * it does with batches would map them; that is done here, on the device. */

typedef struct {
  GstActCudaUser cuda;
  ActCudaClusters clusters;
  GstActInfo *info; /* what the sink caps say */
} GstActCudaClusterPrivate;

enum { PROP_CUDA_DEVICE_ID = 1 };

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_CUDA_COMPONENTS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_CUDA_CLUSTERS_CAPS));

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (
    GstActCudaCluster, gst_act_cuda_cluster, GST_TYPE_ACT_CLUSTER_BASE)

static GstActCudaClusterPrivate *
private_of (gpointer self)
{
  return gst_act_cuda_cluster_get_instance_private (self);
}

static GstBaseTransformClass *
parent_transform (void)
{
  return GST_BASE_TRANSFORM_CLASS (gst_act_cuda_cluster_parent_class);
}

static GstCaps *
gst_act_cuda_cluster_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  return gst_act_cuda_caps_filtered (
      gst_act_cuda_caps_in_both (
          parent_transform ()->transform_caps (trans, direction, caps, NULL)),
      filter);
}

static GstCaps *
gst_act_cuda_cluster_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *other)
{
  return parent_transform ()->fixate_caps (
      trans, direction, caps, gst_act_cuda_caps_prefer_device (other));
}

static gboolean
gst_act_cuda_cluster_set_caps (
    GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstActCudaClusterPrivate *priv = private_of (trans);
  g_autoptr (GError) error = NULL;

  if (!gst_act_cuda_user_check_links (&priv->cuda, incaps, outcaps)
      || !parent_transform ()->set_caps (trans, incaps, outcaps))
    return FALSE;
  g_clear_pointer (&priv->info, gst_act_info_unref);
  priv->info = gst_act_info_new_from_caps (incaps, &error);
  if (priv->info == NULL)
    gst_act_element_post_error (GST_ELEMENT (trans), error);
  return priv->info != NULL;
}

static GstActAssignment *
gst_act_cuda_cluster_assign (
    GstActClusterBase *base, GstActInfo *info, GError **error)
{
  GstActCudaClusterPrivate *priv = private_of (base);
  g_autofree gint32 *cluster_of = NULL;
  g_autoptr (GstActAssignment) assignment =
      GST_ACT_CLUSTER_BASE_CLASS (gst_act_cuda_cluster_parent_class)
          ->assign (base, info, error);

  if (assignment == NULL)
    return NULL;
  cluster_of = act_partition_get (base, assignment, info->n_components, error);
  if (cluster_of == NULL)
    return NULL;
  gst_act_cuda_device_enter (gst_act_cuda_user_get_device (&priv->cuda));
  if (!act_cuda_clusters_set (&priv->clusters, &priv->cuda,
          GST_ACT_CUDA_CLUSTER_GET_CLASS (base)->kind, info->n_components,
          gst_act_assignment_get_n_clusters (assignment), cluster_of, error))
    return NULL;
  return g_steal_pointer (&assignment);
}

static GstFlowReturn
gst_act_cuda_cluster_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstActCudaClusterPrivate *priv = private_of (trans);
  GError *error = NULL;

  return act_cuda_clusters_run (
             &priv->clusters, &priv->cuda, priv->info, buffer, &error)
      ? GST_FLOW_OK
      : gst_act_cuda_user_fail (&priv->cuda, buffer, error);
}

static gboolean
gst_act_cuda_cluster_start (GstBaseTransform *trans)
{
  return act_partition_check_settings (GST_ACT_CLUSTER_BASE (trans))
      && parent_transform ()->start (trans);
}

static gboolean
gst_act_cuda_cluster_stop (GstBaseTransform *trans)
{
  GstActCudaClusterPrivate *priv = private_of (trans);

  act_cuda_clusters_clear (&priv->clusters);
  g_clear_pointer (&priv->info, gst_act_info_unref);
  return parent_transform ()->stop (trans);
}

static void
gst_act_cuda_cluster_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_CUDA_DEVICE_ID)
    gst_act_cuda_user_set_device_id (
        &private_of (object)->cuda, g_value_get_int (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_cuda_cluster_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_CUDA_DEVICE_ID)
    g_value_set_int (
        value, gst_act_cuda_user_get_device_id (&private_of (object)->cuda));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_cuda_cluster_finalize (GObject *object)
{
  GstActCudaClusterPrivate *priv = private_of (object);

  act_cuda_clusters_clear (&priv->clusters);
  g_clear_pointer (&priv->info, gst_act_info_unref);
  gst_act_cuda_user_finalize (&priv->cuda);
  G_OBJECT_CLASS (gst_act_cuda_cluster_parent_class)->finalize (object);
}

static void
gst_act_cuda_cluster_class_init (GstActCudaClusterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_cuda_cluster_set_property;
  object_class->get_property = gst_act_cuda_cluster_get_property;
  object_class->finalize = gst_act_cuda_cluster_finalize;
  gst_act_cuda_user_class_init (klass, PROP_CUDA_DEVICE_ID);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_cuda_cluster_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_cuda_cluster_stop);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_cluster_transform_caps);
  trans_class->fixate_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_cluster_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_cuda_cluster_set_caps);
  trans_class->transform_ip =
      GST_DEBUG_FUNCPTR (gst_act_cuda_cluster_transform_ip);
  GST_ACT_CLUSTER_BASE_CLASS (klass)->assign = gst_act_cuda_cluster_assign;
}

static void
gst_act_cuda_cluster_init (GstActCudaCluster *self)
{
  gst_act_cuda_user_init (
      &private_of (self)->cuda, self, gst_act_cuda_cluster_parent_class);
}
