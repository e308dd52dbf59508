/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>
#include <gst/activations/gstactcaps.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_ASSIGNMENT (gst_act_assignment_get_type ())

typedef struct _GstActAssignment GstActAssignment;

/**
 * GstActAssignment:
 *
 * Which components belong to which cluster. Clusters are in ascending order
 * of their ids; the members of a cluster are columns, in the order of the
 * file. Whether a component may be in several clusters is up to whoever uses
 * it. Immutable once made, reference counted.
 */
GST_ACT_API
GType gst_act_assignment_get_type (void);

GST_ACT_API
GstActAssignment *gst_act_assignment_new (const GstActInfo *info,
    const gchar *run, gint iteration, guint n_clusters, const gint64 *ids,
    const guint *n_members, const guint *members, GError **error);

GST_ACT_API
GstActAssignment *gst_act_assignment_new_from_file (const GstActInfo *info,
    const gchar *run, gint iteration, const gchar *filename, GError **error);

GST_ACT_API
GstActAssignment *gst_act_assignment_ref (GstActAssignment *assignment);

GST_ACT_API
void gst_act_assignment_unref (GstActAssignment *assignment);

GST_ACT_API
guint gst_act_assignment_get_n_clusters (const GstActAssignment *assignment);

GST_ACT_API
gint64 gst_act_assignment_get_id (
    const GstActAssignment *assignment, guint cluster);

GST_ACT_API
const gchar *gst_act_assignment_get_name (
    const GstActAssignment *assignment, guint cluster);

GST_ACT_API
const guint *gst_act_assignment_get_members (
    const GstActAssignment *assignment, guint cluster, guint *n_members);

GST_ACT_API
const gchar *gst_act_assignment_get_run (const GstActAssignment *assignment);

GST_ACT_API
gint gst_act_assignment_get_iteration (const GstActAssignment *assignment);

GST_ACT_API
const gchar *gst_act_assignment_get_fingerprint (
    const GstActAssignment *assignment);

GST_ACT_API
gboolean gst_act_assignment_get_partition (
    const GstActAssignment *assignment, gint32 *cluster_of, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstActAssignment, gst_act_assignment_unref)

G_END_DECLS
