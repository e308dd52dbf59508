/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudaallocator.h"

G_BEGIN_DECLS

/* How the elements of a pipeline come to share a device, its stream and its
 * allocator: a GstContext for each device, as GStreamer does with displays. */

/* (transfer full) (nullable): of a context of ours, if it is of device id (-1:
 * of any) */
GstActCudaAllocator *gst_act_cuda_context_get (GstContext *context, gint id);

/* Answers a CONTEXT query. FALSE: it is not ours, or there is none yet. */
gboolean gst_act_cuda_context_answer (
    GstQuery *query, GstActCudaAllocator *allocator);

/* (transfer full): found if it is of the device, else what the neighbours or
 * the application have, else a new one, which others are told of. */
GstActCudaAllocator *gst_act_cuda_context_ensure (
    GstElement *element, GstActCudaAllocator *found, gint id, GError **error);

G_END_DECLS
