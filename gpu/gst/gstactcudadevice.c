/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudadevice.h"

#include <gst/activations/activations.h>

#include "gpu/cudaruntime.h"
#include "gpu/gst/gstactcudadevice-private.h"
#include "gpu/gst/gstactcudaprobe.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

struct _GstActCudaDevice {
  GstObject parent;

  guint id;
  gchar name[256];
  gpointer pool;
  gpointer streams[GST_ACT_CUDA_N_STREAMS];
  GMutex lock;
  GPtrArray *events; /* that nobody uses now */
  GstActCudaHostPool host;
};

G_DEFINE_FINAL_TYPE (GstActCudaDevice, gst_act_cuda_device, GST_TYPE_OBJECT)

gboolean
gst_act_cuda_check (int status, const gchar *what, GError **error)
{
  if (status == 0)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED, "%s: %s", what,
      act_cudart_status_text (status));
  return FALSE;
}

static gboolean
find_device (guint id, GError **error)
{
  int n = 0;
  ActCudartStatus status = act_cudart_device_count (&n);

  if (status != 0 || n == 0) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED,
        "there is no CUDA device to run on (%s); the elements without 'cuda' "
        "in their names do the same on the CPU",
        status != 0 ? act_cudart_status_text (status) : "none is found");
    return FALSE;
  }
  if (id >= (guint) n) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "there is no CUDA device %u, expected property 'cuda-device-id' to be "
        "below %d",
        id, n);
    return FALSE;
  }
  return TRUE;
}

static gboolean
open_streams (GstActCudaDevice *self, GError **error)
{
  for (guint i = 0; i < GST_ACT_CUDA_N_STREAMS; i++)
    if (!gst_act_cuda_check (
            act_cudart_stream_new (
                i != GST_ACT_CUDA_STREAM_MODEL, &self->streams[i]),
            "the CUDA device gives no stream", error))
      return FALSE;
  return TRUE;
}

static gboolean
open_device (GstActCudaDevice *self, GError **error)
{
  int id = (int) self->id;

  return gst_act_cuda_check (act_cudart_set_device (id),
             "the CUDA device cannot be used", error)
      && gst_act_cuda_check (
          act_cudart_device_name (id, self->name, sizeof self->name),
          "the CUDA device does not say its name", error)
      && gst_act_cuda_check (act_cudart_pool_new (id, &self->pool),
          "the CUDA device gives no pool of memory", error)
      && open_streams (self, error);
}

GstActCudaDevice *
gst_act_cuda_device_new (guint id, GError **error)
{
  g_autoptr (GstActCudaDevice) self = NULL;

  if (!find_device (id, error))
    return NULL;
  self = gst_object_ref_sink (g_object_new (GST_TYPE_ACT_CUDA_DEVICE, NULL));
  self->id = id;
  if (!open_device (self, error) || !gst_act_cuda_probe_kernels (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

guint
gst_act_cuda_device_get_id (GstActCudaDevice *device)
{
  return device->id;
}

const gchar *
gst_act_cuda_device_get_name (GstActCudaDevice *device)
{
  return device->name;
}

gpointer
gst_act_cuda_device_get_pool (GstActCudaDevice *device)
{
  return device->pool;
}

gpointer
gst_act_cuda_device_get_stream (
    GstActCudaDevice *device, GstActCudaStream stream)
{
  return device->streams[stream];
}

void
gst_act_cuda_device_join (
    GstActCudaDevice *device, GstActCudaStream stream, GstActCudaStream other)
{
  gpointer event = gst_act_cuda_device_take_event (device);

  if (event == NULL
      || act_cudart_event_record (event, device->streams[other]) != 0
      || act_cudart_stream_wait (device->streams[stream], event) != 0)
    act_cudart_stream_synchronize (device->streams[other]);
  gst_act_cuda_device_give_event (device, event);
}

void
gst_act_cuda_device_synchronize (GstActCudaDevice *device)
{
  for (guint i = 0; i < GST_ACT_CUDA_N_STREAMS; i++)
    if (device->streams[i] != NULL)
      act_cudart_stream_synchronize (device->streams[i]);
}

void
gst_act_cuda_device_enter (GstActCudaDevice *device)
{
  act_cudart_set_device ((int) device->id);
}

gpointer
gst_act_cuda_device_take_event (GstActCudaDevice *device)
{
  gpointer event = NULL;

  g_mutex_lock (&device->lock);
  if (device->events->len > 0)
    event =
        g_ptr_array_steal_index_fast (device->events, device->events->len - 1);
  g_mutex_unlock (&device->lock);
  if (event == NULL && act_cudart_event_new (&event) != 0)
    return NULL;
  return event;
}

void
gst_act_cuda_device_give_event (GstActCudaDevice *device, gpointer event)
{
  if (event == NULL)
    return;
  g_mutex_lock (&device->lock);
  g_ptr_array_add (device->events, event);
  g_mutex_unlock (&device->lock);
}

GstActCudaHostPool *
gst_act_cuda_device_get_host_pool (GstActCudaDevice *device)
{
  return &device->host;
}

/* what tests/gpu/store.py reads */
static void
log_use (GstActCudaDevice *self)
{
  ActCudartCopies copies;

  act_cudart_get_copies (&copies);
  GST_INFO_OBJECT (self,
      "device %u: %" G_GUINT64_FORMAT " bytes to it in %" G_GUINT64_FORMAT
      " copies, %" G_GUINT64_FORMAT " bytes from it in %" G_GUINT64_FORMAT
      " copies, at most %" G_GSIZE_FORMAT " bytes of its memory in use",
      self->id, copies.to_device, copies.n_to_device, copies.to_host,
      copies.n_to_host, act_cudart_pool_get_peak (self->pool));
}

static void
gst_act_cuda_device_finalize (GObject *object)
{
  GstActCudaDevice *self = GST_ACT_CUDA_DEVICE (object);

  if (self->pool != NULL)
    act_cudart_set_device ((int) self->id);
  gst_act_cuda_device_synchronize (self);
  if (self->streams[0] != NULL)
    log_use (self);
  gst_act_cuda_host_pool_clear (&self->host);
  g_ptr_array_unref (self->events);
  for (guint i = 0; i < GST_ACT_CUDA_N_STREAMS; i++)
    g_clear_pointer (&self->streams[i], act_cudart_stream_free);
  g_clear_pointer (&self->pool, act_cudart_pool_free);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_act_cuda_device_parent_class)->finalize (object);
}

static void
gst_act_cuda_device_class_init (GstActCudaDeviceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_act_cuda_device_finalize;
}

static void
gst_act_cuda_device_init (GstActCudaDevice *self)
{
  g_mutex_init (&self->lock);
  gst_act_cuda_host_pool_init (&self->host);
  self->events = g_ptr_array_new_with_free_func (act_cudart_event_free);
}
