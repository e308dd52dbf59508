/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A device as the elements of a pipeline share it: its pool of memory, and its
 * streams, which work beside each other and are put in order by the events of
 * the memories that go from one to the other. */

typedef enum {
  /* forward passes; long */
  GST_ACT_CUDA_STREAM_MODEL,
  /* what comes behind them; short, and urgent, so that a batch does not wait
   * for the next one's forward pass */
  GST_ACT_CUDA_STREAM_BATCH,
  GST_ACT_CUDA_STREAM_UPLOAD,
  GST_ACT_CUDA_STREAM_DOWNLOAD,
  GST_ACT_CUDA_N_STREAMS
} GstActCudaStream;

#define GST_TYPE_ACT_CUDA_DEVICE (gst_act_cuda_device_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActCudaDevice, gst_act_cuda_device, GST, ACT_CUDA_DEVICE, GstObject)

/* (transfer full); NULL, with an error that says why, where there is none or it
 * does not run what this build has for it */
GstActCudaDevice *gst_act_cuda_device_new (guint id, GError **error);

guint gst_act_cuda_device_get_id (GstActCudaDevice *device);
const gchar *gst_act_cuda_device_get_name (GstActCudaDevice *device);
gpointer gst_act_cuda_device_get_pool (GstActCudaDevice *device);
gpointer gst_act_cuda_device_get_stream (
    GstActCudaDevice *device, GstActCudaStream stream);
/* What comes next in a stream comes after all that is in another by now. */
void gst_act_cuda_device_join (
    GstActCudaDevice *device, GstActCudaStream stream, GstActCudaStream other);
/* waits for all streams */
void gst_act_cuda_device_synchronize (GstActCudaDevice *device);

/* Makes it the calling thread's device: before each call that uses CUDA. */
void gst_act_cuda_device_enter (GstActCudaDevice *device);

/* events that are used again; NULL: there are no more */
gpointer gst_act_cuda_device_take_event (GstActCudaDevice *device);
void gst_act_cuda_device_give_event (GstActCudaDevice *device, gpointer event);

/* FALSE, with "WHAT: reason" as error, if the status is none of success */
gboolean gst_act_cuda_check (int status, const gchar *what, GError **error);

G_END_DECLS
