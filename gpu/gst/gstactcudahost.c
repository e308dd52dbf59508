/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudahost.h"

#include <gst/activations/activations.h>

#include "gpu/cudaruntime.h"
#include "gpu/gst/gstactcudadevice-private.h"

#define MAX_SPARE_SIZE ((gsize) 1 << 30)
#define MIN_SIZE ((gsize) 4096)
/* How many of a size, and bytes of it, may be on their way before one is waited
 * for. To pin more is slow, but so is to wait until the device has come to a
 * copy. */
#define MAX_BUSY 8
#define MAX_BUSY_SIZE ((gsize) 64 << 20)

static void
destroy (GstActCudaHost *host)
{
  if (host->busy != NULL) {
    act_cudart_event_synchronize (host->busy);
    act_cudart_event_free (host->busy);
  }
  act_cudart_host_free (host->data);
  g_free (host);
}

void
gst_act_cuda_host_pool_init (GstActCudaHostPool *pool)
{
  g_mutex_init (&pool->lock);
  g_queue_init (&pool->spare);
  pool->size = 0;
}

void
gst_act_cuda_host_pool_clear (GstActCudaHostPool *pool)
{
  g_queue_clear_full (&pool->spare, (GDestroyNotify) destroy);
  g_mutex_clear (&pool->lock);
}

static gboolean
is_idle (const GstActCudaHost *host)
{
  return host->busy == NULL || act_cudart_event_is_past (host->busy);
}

/* One of about the size, the last used first, from which nothing is on its way
 * to the device. Where there is none but max_busy others, the longest unused of
 * those, which is to be waited for; else NULL. */
static GstActCudaHost *
take (GstActCudaHostPool *pool, gsize size, guint max_busy)
{
  GList *found = NULL, *busy = NULL;
  GstActCudaHost *host = NULL;
  guint n_busy = 0;

  g_mutex_lock (&pool->lock);
  for (GList *i = pool->spare.tail; i != NULL && found == NULL; i = i->prev) {
    host = i->data;
    if (host->size < size || host->size - size > MAX (size / 4, MIN_SIZE))
      continue;
    if (is_idle (host)) {
      found = i;
    } else {
      busy = i;
      n_busy++;
    }
  }
  if (found == NULL && n_busy >= max_busy)
    found = busy;
  host = found != NULL ? found->data : NULL;
  if (found != NULL) {
    pool->size -= host->size;
    g_queue_delete_link (&pool->spare, found);
  }
  g_mutex_unlock (&pool->lock);
  return host;
}

/* until no more than size bytes are kept */
static void
shrink (GstActCudaHostPool *pool, gsize size)
{
  GQueue gone = G_QUEUE_INIT;

  g_mutex_lock (&pool->lock);
  while (pool->size > size) {
    GstActCudaHost *oldest = g_queue_pop_head (&pool->spare);

    pool->size -= oldest->size;
    g_queue_push_tail (&gone, oldest);
  }
  g_mutex_unlock (&pool->lock);
  /* not with the lock: it waits for the device */
  g_queue_clear_full (&gone, (GDestroyNotify) destroy);
}

static void
give (GstActCudaHostPool *pool, GstActCudaHost *host)
{
  g_mutex_lock (&pool->lock);
  g_queue_push_tail (&pool->spare, host);
  pool->size += host->size;
  g_mutex_unlock (&pool->lock);
  shrink (pool, MAX_SPARE_SIZE);
}

/* What is still on its way to the device must not be written over. */
gboolean
gst_act_cuda_host_wait (GstActCudaHost *host, GError **error)
{
  if (host->busy == NULL)
    return TRUE;
  if (!gst_act_cuda_check (act_cudart_event_synchronize (host->busy),
          "the CUDA device failed in what it was asked before", error))
    return FALSE;
  gst_act_cuda_device_give_event (host->device, g_steal_pointer (&host->busy));
  return TRUE;
}

static void
set_no_memory_error (GstActCudaDevice *device, gsize size,
    ActCudartStatus status, GError **error)
{
  g_autofree gchar *needed = g_format_size (size);

  g_set_error (error, GST_ACT_ERROR,
      status == ACT_CUDART_OUT_OF_MEMORY ? GST_ACT_ERROR_NO_SPACE
                                         : GST_ACT_ERROR_FAILED,
      "%s of pinned memory, for a copy from or to '%s', cannot be had: %s",
      needed, gst_act_cuda_device_get_name (device),
      act_cudart_status_text (status));
}

/* a spare one, or a new one */
static GstActCudaHost *
find (GstActCudaDevice *device, gsize size, GError **error)
{
  GstActCudaHostPool *pool = gst_act_cuda_device_get_host_pool (device);
  GstActCudaHost *host =
      take (pool, size, CLAMP (MAX_BUSY_SIZE / size, 2, MAX_BUSY));
  gpointer data = NULL;
  ActCudartStatus status;

  if (host != NULL)
    return host;
  status = act_cudart_host_alloc (size, &data);
  if (status == ACT_CUDART_OUT_OF_MEMORY) {
    host = take (pool, size, 1);
    if (host != NULL)
      return host;
    shrink (pool, 0); /* those of other sizes */
    status = act_cudart_host_alloc (size, &data);
  }
  if (status != 0) {
    set_no_memory_error (device, size, status, error);
    return NULL;
  }
  host = g_new0 (GstActCudaHost, 1);
  host->data = data;
  host->size = size;
  return host;
}

GstActCudaHost *
gst_act_cuda_host_new (GstActCudaDevice *device, gsize size, GError **error)
{
  GstActCudaHost *host;
  gsize step = (gsize) 1 << (MAX (g_bit_storage (size), 4) - 4);

  /* some room, an eighth at most, so that it fits the next batch too */
  size = MAX (MIN_SIZE, (size + step - 1) / step * step);
  gst_act_cuda_device_enter (device);
  host = find (device, size, error);
  if (host == NULL)
    return NULL;
  host->ref_count = 1;
  host->device = gst_object_ref (device);
  if (gst_act_cuda_host_wait (host, error))
    return host;
  gst_act_cuda_host_unref (host);
  return NULL;
}

GstActCudaHost *
gst_act_cuda_host_ref (GstActCudaHost *host)
{
  g_atomic_int_inc (&host->ref_count);
  return host;
}

void
gst_act_cuda_host_unref (GstActCudaHost *host)
{
  GstActCudaDevice *device = host->device;

  if (!g_atomic_int_dec_and_test (&host->ref_count))
    return;
  host->device = NULL;
  gst_act_cuda_device_enter (device);
  give (gst_act_cuda_device_get_host_pool (device), host);
  gst_object_unref (device);
}

gboolean
gst_act_cuda_host_upload (GstActCudaHost *host, gsize offset, gpointer data,
    gsize size, GstActCudaStream stream, GError **error)
{
  gpointer to = gst_act_cuda_device_get_stream (host->device, stream);

  gst_act_cuda_device_enter (host->device);
  if (host->busy == NULL)
    host->busy = gst_act_cuda_device_take_event (host->device);
  if (host->busy == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "the CUDA device gives no event");
    return FALSE;
  }
  return gst_act_cuda_check (
             act_cudart_copy (data, (guint8 *) host->data + offset, size,
                 ACT_CUDART_TO_DEVICE, to),
             "the CUDA device failed in a copy or before it", error)
      && gst_act_cuda_check (act_cudart_event_record (host->busy, to),
          "a copy to the device cannot be followed", error);
}

/* behind what is in the stream by now, and waits */
static gboolean
bring (GstActCudaHost *host, gconstpointer data, gsize size, gpointer stream,
    GError **error)
{
  static const gchar failed[] = "the CUDA device failed in a copy or before it";
  gpointer done = gst_act_cuda_device_take_event (host->device);
  gboolean fine;

  if (done == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "the CUDA device gives no event");
    return FALSE;
  }
  fine = gst_act_cuda_check (act_cudart_copy (host->data, data, size,
                                 ACT_CUDART_TO_HOST, stream),
             failed, error)
      && gst_act_cuda_check (
          act_cudart_event_record (done, stream), failed, error)
      && gst_act_cuda_check (
          act_cudart_event_synchronize (done), failed, error);
  gst_act_cuda_device_give_event (host->device, done);
  return fine;
}

gboolean
gst_act_cuda_host_download (GstActCudaHost *host, gconstpointer data,
    gsize size, gpointer ready, GError **error)
{
  gpointer stream = gst_act_cuda_device_get_stream (
      host->device, GST_ACT_CUDA_STREAM_DOWNLOAD);

  gst_act_cuda_device_enter (host->device);
  return gst_act_cuda_check (act_cudart_stream_wait (stream, ready),
             "the CUDA device failed before a copy", error)
      && bring (host, data, size, stream, error);
}

gboolean
gst_act_cuda_host_read (GstActCudaHost *host, gconstpointer data, gsize size,
    GstActCudaStream stream, GError **error)
{
  gst_act_cuda_device_enter (host->device);
  return bring (host, data, size,
      gst_act_cuda_device_get_stream (host->device, stream), error);
}
