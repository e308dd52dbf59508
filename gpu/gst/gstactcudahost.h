/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudadevice.h"

G_BEGIN_DECLS

/* Pinned memory of the host, which copies from and to the device go through.
 * To pin is slow, so what was freed is kept for the next batch. Reference
 * counted. */
typedef struct {
  gint ref_count;
  GstActCudaDevice *device;
  gpointer data;
  gsize size;
  gpointer busy; /* event behind the last copy to the device, NULL: none */
} GstActCudaHost;

GstActCudaHost *gst_act_cuda_host_new (
    GstActCudaDevice *device, gsize size, GError **error);
GstActCudaHost *gst_act_cuda_host_ref (GstActCudaHost *host);
void gst_act_cuda_host_unref (GstActCudaHost *host);

/* Copies size bytes from offset to the device, in a stream; host may be
 * unreferenced, but not written to, at once. */
gboolean gst_act_cuda_host_upload (GstActCudaHost *host, gsize offset,
    gpointer data, gsize size, GstActCudaStream stream, GError **error);
/* Waits until it may be written to. */
gboolean gst_act_cuda_host_wait (GstActCudaHost *host, GError **error);
/* Copies size bytes from the device that are ready after an event, beside what
 * the other streams do, and waits until they are there. */
gboolean gst_act_cuda_host_download (GstActCudaHost *host, gconstpointer data,
    gsize size, gpointer ready, GError **error);
/* The same of what a stream has made by then. */
gboolean gst_act_cuda_host_read (GstActCudaHost *host, gconstpointer data,
    gsize size, GstActCudaStream stream, GError **error);

/* what a device keeps */
typedef struct {
  GMutex lock;
  GQueue spare; /* GstActCudaHost without a device, the longest unused first */
  gsize size;
} GstActCudaHostPool;

void gst_act_cuda_host_pool_init (GstActCudaHostPool *pool);
void gst_act_cuda_host_pool_clear (GstActCudaHostPool *pool);

G_END_DECLS
