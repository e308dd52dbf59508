/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

#include "gpu/gst/gstactcudaallocator.h"

G_BEGIN_DECLS

/* What all elements on a device have in common, whatever their parent class:
 * the property cuda-device-id; device and allocator, found in the pipeline or
 * made at READY; pads that take memory of both kinds, so that a wrong link is
 * refused with a message that says what to insert, and not with none. */

#define GST_ACT_CUDA_CONTEXT_TYPE "gst.act.CudaDevice"

/* both memories, the device's first; what is after the media type follows */
#define GST_ACT_CUDA_CAPS(media, rest)                                         \
  media "(" GST_ACT_CAPS_FEATURE_MEMORY_CUDA ")" rest "; " media rest

#define GST_ACT_CUDA_TOKENS_CAPS                                               \
  GST_ACT_CUDA_CAPS (GST_ACT_MEDIA_TYPE_TOKENS, ", format=(string)S32LE")
#define GST_ACT_CUDA_COMPONENTS_CAPS                                           \
  GST_ACT_CUDA_CAPS (GST_ACT_MEDIA_TYPE_COMPONENTS,                            \
      ", format=(string)F32LE, layout=(string){ csr, dense }")
#define GST_ACT_CUDA_CLUSTERS_CAPS                                             \
  GST_ACT_CUDA_CAPS (GST_ACT_MEDIA_TYPE_CLUSTERS,                              \
      ", format=(string)F32LE, layout=(string){ csr, dense }")

typedef struct _GstActCudaUser GstActCudaUser;

struct _GstActCudaUser {
  GstBaseTransform *trans;
  GstElementClass *parent_class;

  gboolean needs_products;        /* READY looks for cuBLAS: set in init */
  GstActCudaStream stream;        /* of its kernels: set in init */
  gint device_id;                 /* property, -1: whichever there is */
  GstActCudaAllocator *allocator; /* from READY on; with the object lock */
  GstActCudaWait wait;
  GstCaps *refused; /* caps that an error was posted about */
};

/* Installs the property as id and takes over what this file does of the
 * class's functions. */
void gst_act_cuda_user_class_init (gpointer klass, guint property_id);
/* in init; parent_class is the element's */
void gst_act_cuda_user_init (
    GstActCudaUser *user, gpointer element, gpointer parent_class);
void gst_act_cuda_user_finalize (GstActCudaUser *user);

/* the class's query function, for one that has its own: who else asks for the
 * device is told */
gboolean gst_act_cuda_user_query (
    GstBaseTransform *trans, GstPadDirection direction, GstQuery *query);

/* for the class's property functions */
void gst_act_cuda_user_set_device_id (GstActCudaUser *user, gint id);
gint gst_act_cuda_user_get_device_id (GstActCudaUser *user);

gboolean gst_act_cuda_caps_are_on_device (const GstCaps *caps);
/* caps with both features, the device's first; takes caps */
GstCaps *gst_act_cuda_caps_in_both (GstCaps *caps);
/* in the computer's memory only; takes caps */
GstCaps *gst_act_cuda_caps_on_host (GstCaps *caps);
/* those that filter (NULL: none) lets through, in its order; takes caps */
GstCaps *gst_act_cuda_caps_filtered (GstCaps *caps, GstCaps *filter);
/* leaves what is on the device, if there is anything; takes caps */
GstCaps *gst_act_cuda_caps_prefer_device (GstCaps *caps);

/* Whether what comes and what goes is on the device: in set_caps. Posts what
 * to insert where it is not. */
gboolean gst_act_cuda_user_check_links (
    GstActCudaUser *user, GstCaps *incaps, GstCaps *outcaps);
gboolean gst_act_cuda_user_check_input (GstActCudaUser *user, GstCaps *incaps);
gboolean gst_act_cuda_user_check_output (
    GstActCudaUser *user, GstCaps *outcaps);

/* Posts why caps are refused, once for each; FALSE. */
gboolean gst_act_cuda_user_refuse (
    GstActCudaUser *user, GstCaps *caps, const gchar *reason);

GstActCudaDevice *gst_act_cuda_user_get_device (GstActCudaUser *user);
gpointer gst_act_cuda_user_get_stream (GstActCudaUser *user);

/* A batch comes to the device: waits for room. FLUSHING when cancelled. */
GstFlowReturn gst_act_cuda_user_wait (GstActCudaUser *user, guint64 budget);
/* the property memory-budget of elements that wait */
void gst_act_cuda_install_budget (GObjectClass *klass, guint property_id);
/* budget 0: half of what the device has free */
guint64 gst_act_cuda_user_settle_budget (GstActCudaUser *user, guint64 budget);

/* Posts an error about a batch; its size goes before, since most that fails
 * has to do with it. */
GstFlowReturn gst_act_cuda_user_fail (
    GstActCudaUser *user, GstBuffer *batch, GError *error);

G_END_DECLS
