/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>
#include <gst/base/gstbasetransform.h>
#include <gst/activations/gstactassignment.h>
#include <gst/activations/gstactcaps.h>
#include <gst/activations/gstactcomponents.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_CLUSTER_BASE (gst_act_cluster_base_get_type ())
GST_ACT_API
G_DECLARE_DERIVABLE_TYPE (GstActClusterBase, gst_act_cluster_base, GST,
    ACT_CLUSTER_BASE, GstBaseTransform)

/**
 * GstActClusterBaseClass:
 * @parent_class: parent
 * @reduction: name of the reduction, goes into the caps; set in class_init, or
 *   with gst_act_cluster_base_class_set_reduction()
 * @assign: optional: makes the assignment. The default reads the file in the
 *   property "clusters". A subclass that computes its own, or that refuses
 *   some, overrides it.
 * @reduce: from a batch's component activations to its cluster activations:
 *   appends a row for each position to @clusters
 *
 * Base class of the elements that turn component activations into cluster
 * activations. It handles caps, blocks, the assignment and errors; a subclass
 * needs @reduce alone.
 */
struct _GstActClusterBaseClass {
  GstBaseTransformClass parent_class;

  const gchar *reduction;

  GstActAssignment *(*assign) (
      GstActClusterBase *self, GstActInfo *info, GError **error);
  gboolean (*reduce) (GstActClusterBase *self, GstActComponents *components,
      GstActClusters *clusters, GError **error);

  /*< private >*/
  /* @reduce fails where a component activation is not finite; which, the base
   * class then says */
  gboolean checks_finite;
  gpointer _gst_reserved[GST_PADDING_LARGE - 1];
};

GST_ACT_API
GstActAssignment *gst_act_cluster_base_assign (
    GstActClusterBase *self, GstActInfo *info, GError **error);

GST_ACT_API
gboolean gst_act_cluster_base_reduce (GstActClusterBase *self,
    GstActComponents *components, GstActClusters *clusters, GError **error);

GST_ACT_API
void gst_act_cluster_base_class_set_reduction (
    GstActClusterBaseClass *klass, const gchar *reduction);

GST_ACT_API
GstActAssignment *gst_act_cluster_base_get_assignment (GstActClusterBase *self);

G_END_DECLS
