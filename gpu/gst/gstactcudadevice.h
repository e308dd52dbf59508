/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A device as the elements of a pipeline share it: its pool of memory, the
 * stream that all kernels go into, and one for copies to the host, which so
 * overlap with the kernels of the next batch. */

#define GST_TYPE_ACT_CUDA_DEVICE (gst_act_cuda_device_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActCudaDevice, gst_act_cuda_device, GST, ACT_CUDA_DEVICE, GstObject)

/* (transfer full); NULL, with an error that says why, where there is none or it
 * does not run what this build has for it */
GstActCudaDevice *gst_act_cuda_device_new (guint id, GError **error);

guint gst_act_cuda_device_get_id (GstActCudaDevice *device);
const gchar *gst_act_cuda_device_get_name (GstActCudaDevice *device);
gpointer gst_act_cuda_device_get_pool (GstActCudaDevice *device);
gpointer gst_act_cuda_device_get_stream (GstActCudaDevice *device);
gpointer gst_act_cuda_device_get_copy_stream (GstActCudaDevice *device);

/* Makes it the calling thread's device: before each call that uses CUDA. */
void gst_act_cuda_device_enter (GstActCudaDevice *device);

/* events that are used again; NULL: there are no more */
gpointer gst_act_cuda_device_take_event (GstActCudaDevice *device);
void gst_act_cuda_device_give_event (GstActCudaDevice *device, gpointer event);

/* FALSE, with "WHAT: reason" as error, if the status is none of success */
gboolean gst_act_cuda_check (int status, const gchar *what, GError **error);

G_END_DECLS
