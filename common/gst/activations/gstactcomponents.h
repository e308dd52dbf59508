/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>
#include <gst/activations/gstactbatchmeta.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_COMPONENTS (gst_act_components_get_type ())

typedef struct _GstActComponents GstActComponents;

/**
 * GstActComponents:
 *
 * The component activations of one batch, readable while the call lasts that
 * they were given to. Either CSR or dense; gst_act_components_get_row() reads
 * both alike.
 */
GST_ACT_API
GType gst_act_components_get_type (void);

GST_ACT_API
GstActComponents *gst_act_components_new (const GstActBatch *batch);

GST_ACT_API
GstActComponents *gst_act_components_ref (GstActComponents *components);

GST_ACT_API
void gst_act_components_unref (GstActComponents *components);

GST_ACT_API
const GstActBatch *gst_act_components_get_batch (GstActComponents *components);

GST_ACT_API
gsize gst_act_components_get_n_positions (GstActComponents *components);

GST_ACT_API
guint gst_act_components_get_n_components (GstActComponents *components);

GST_ACT_API
GstActLayout gst_act_components_get_layout (GstActComponents *components);

GST_ACT_API
gboolean gst_act_components_is_alive (
    GstActComponents *components, guint column);

GST_ACT_API
void gst_act_components_get_row (GstActComponents *components, gsize position,
    gsize *n_values, const gint32 **columns, const gfloat **values);

GST_ACT_API
gboolean gst_act_batch_check_finite (
    const GstActBatch *batch, const GstActInfo *info, GError **error);

#define GST_TYPE_ACT_CLUSTERS (gst_act_clusters_get_type ())

typedef struct _GstActClusters GstActClusters;

/**
 * GstActClusters:
 *
 * The cluster activations of one batch while they are made: rows (positions)
 * are appended in order, each with its nonzeros.
 */
GST_ACT_API
GType gst_act_clusters_get_type (void);

GST_ACT_API
GstActClusters *gst_act_clusters_new (gsize n_positions, guint n_clusters);

GST_ACT_API
GstActClusters *gst_act_clusters_ref (GstActClusters *clusters);

GST_ACT_API
void gst_act_clusters_unref (GstActClusters *clusters);

GST_ACT_API
guint gst_act_clusters_get_n_clusters (GstActClusters *clusters);

GST_ACT_API
gboolean gst_act_clusters_append_row (GstActClusters *clusters, gsize n_values,
    const gint32 *indices, const gfloat *values, GError **error);

GST_ACT_API
gboolean gst_act_clusters_take_csr (GstActClusters *clusters, GstMemory *indptr,
    GstMemory *indices, GstMemory *values, gsize n_values, GError **error);

GST_ACT_API
gboolean gst_act_clusters_store (
    GstActClusters *clusters, GstBuffer *buffer, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstActComponents, gst_act_components_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstActClusters, gst_act_clusters_unref)

G_END_DECLS
