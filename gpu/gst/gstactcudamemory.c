/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudamemory-private.h"

#include <gst/activations/activations.h>

#include <string.h>

#include "gpu/cudaruntime.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

static GstActCudaDevice *
device_of (const GstMemory *memory)
{
  return gst_act_cuda_allocator_get_device (
      GST_ACT_CUDA_ALLOCATOR (memory->allocator));
}

/* the memory whose data, host copy and event a part has too */
static GstActCudaMemory *
root_of (GstMemory *memory)
{
  return (GstActCudaMemory *) (memory->parent ? memory->parent : memory);
}

static GstActCudaMemory *
wrap (GstAllocator *allocator, GstMemoryFlags flags, GstMemory *parent,
    gpointer data, gsize maxsize, gsize offset, gsize size)
{
  GstActCudaMemory *self = g_new0 (GstActCudaMemory, 1);

  gst_memory_init (GST_MEMORY_CAST (self), flags, allocator, parent, maxsize,
      255, offset, size);
  g_mutex_init (&self->lock);
  self->data = data;
  return self;
}

GstMemory *
gst_act_cuda_memory_wrap (GstActCudaAllocator *allocator, gpointer data,
    gsize size, gsize maxsize, gpointer ready)
{
  GstActCudaMemory *self =
      wrap (GST_ALLOCATOR (allocator), 0, NULL, data, maxsize, 0, size);

  self->ready = ready;
  return GST_MEMORY_CAST (self);
}

/* With the lock; takes host. Whoever mapped the old one has a reference of his
 * own. */
static void
replace_host (GstActCudaMemory *root, GstActCudaHost *host, gsize size)
{
  g_clear_pointer (&root->host, gst_act_cuda_host_unref);
  root->host = host;
  root->host_size = size;
  root->n_maps = 0;
}

/* With the lock: makes host hold the first size bytes, and have room for so
 * many. */
static gboolean
download (GstActCudaMemory *root, gsize size, gsize room, GError **error)
{
  GstActCudaHost *host;

  if (root->host != NULL && root->host_size >= size && root->host->size >= room)
    return TRUE;
  host = gst_act_cuda_host_new (
      device_of (&root->parent), MAX (size, room), error);
  if (host == NULL)
    return FALSE;
  if (root->filled
      && !gst_act_cuda_host_download (
          host, root->data, size, root->ready, error)) {
    gst_act_cuda_host_unref (host);
    return FALSE;
  }
  replace_host (root, host, size);
  return TRUE;
}

/* With the lock: the same for who writes to it. Nobody else has it then, as the
 * plain memory of gst_act_cuda_memory_to_host () does, and nothing is still on
 * its way from it to the device. */
static gboolean
make_own (GstActCudaMemory *root, gsize size, GError **error)
{
  GstActCudaHost *own;

  if (!download (root, size, root->parent.maxsize, error))
    return FALSE;
  if (g_atomic_int_get (&root->host->ref_count) == 1 + root->n_maps)
    return gst_act_cuda_host_wait (root->host, error);
  own = gst_act_cuda_host_new (
      device_of (&root->parent), root->parent.maxsize, error);
  if (own == NULL)
    return FALSE;
  memcpy (own->data, root->host->data, root->host_size);
  replace_host (root, own, root->host_size);
  return TRUE;
}

/* of the whole memory: GStreamer adds the offset of a part */
static gpointer
map (GstMemory *memory, GstMapInfo *info, gsize maxsize)
{
  GstActCudaMemory *root = root_of (memory);
  gsize size = memory->offset + memory->size;
  g_autoptr (GError) error = NULL;
  gpointer data = NULL;

  g_mutex_lock (&root->lock);
  if ((info->flags & GST_MAP_WRITE) != 0 ? make_own (root, size, &error)
                                         : download (root, size, 0, &error)) {
    info->user_data[0] = gst_act_cuda_host_ref (root->host);
    info->user_data[1] = GSIZE_TO_POINTER (memory->offset);
    root->n_maps++;
    data = root->host->data;
  }
  g_mutex_unlock (&root->lock);
  if (data == NULL)
    GST_ERROR_OBJECT (memory->allocator, "%s", error->message);
  return data;
}

/* With the lock: what is in its stream by now has filled it anew. */
static gboolean
mark_ready (GstActCudaMemory *root, GError **error)
{
  static gsize n_versions;

  root->filled = TRUE;
  root->version = (gsize) g_atomic_pointer_add (&n_versions, 1) + 1;
  return gst_act_cuda_check (act_cudart_event_record (root->ready,
                                 gst_act_cuda_device_get_stream (
                                     device_of (&root->parent), root->stream)),
      "what the CUDA device does cannot be followed", error);
}

/* With the lock: what was mapped of host goes to where it belongs, once nobody
 * reads what was there. */
static gboolean
upload (GstActCudaMemory *root, GstActCudaHost *host, gsize offset, gsize size,
    GError **error)
{
  GstActCudaDevice *device = device_of (&root->parent);

  gst_act_cuda_device_enter (device);
  for (guint i = 0; i < GST_ACT_CUDA_N_STREAMS; i++)
    if (i != root->stream && root->n_readers[i] > 0)
      gst_act_cuda_device_join (device, root->stream, i);
  /* made while this was mapped, of what was there before */
  if (root->host != host)
    replace_host (root, NULL, 0);
  return gst_act_cuda_host_upload (host, offset, (guint8 *) root->data + offset,
             size, root->stream, error)
      && mark_ready (root, error);
}

static void
unmap (GstMemory *memory, GstMapInfo *info)
{
  GstActCudaMemory *root = root_of (memory);
  GstActCudaHost *host = info->user_data[0];
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&root->lock);
  if ((info->flags & GST_MAP_WRITE) != 0
      && !upload (root, host, GPOINTER_TO_SIZE (info->user_data[1]), info->size,
          &error))
    GST_ERROR_OBJECT (memory->allocator, "%s", error->message);
  if (root->host == host)
    root->n_maps--;
  g_mutex_unlock (&root->lock);
  gst_act_cuda_host_unref (host);
}

static GstMemory *
copy (GstMemory *memory, gssize offset, gssize size)
{
  gsize n = size < 0 ? memory->size - (gsize) MAX (offset, 0) : (gsize) size;
  g_autoptr (GError) error = NULL;
  GstMemory *to =
      gst_act_cuda_memory_new (GST_ACT_CUDA_ALLOCATOR (memory->allocator),
          GST_ACT_CUDA_STREAM_BATCH, n, &error);
  const guint8 *from = to != NULL
      ? gst_act_cuda_memory_use (memory, GST_ACT_CUDA_STREAM_BATCH, &error)
      : NULL;

  if (from == NULL
      || !gst_act_cuda_check (
          act_cudart_copy (((GstActCudaMemory *) to)->data, from + offset, n,
              ACT_CUDART_ON_DEVICE,
              gst_act_cuda_device_get_stream (
                  device_of (memory), GST_ACT_CUDA_STREAM_BATCH)),
          "a copy on the device failed", &error)) {
    GST_ERROR_OBJECT (memory->allocator, "%s", error->message);
    g_clear_pointer (&to, gst_memory_unref);
    return NULL;
  }
  gst_act_cuda_memory_filled (to, n);
  return to;
}

static GstMemory *
share (GstMemory *memory, gssize offset, gssize size)
{
  GstActCudaMemory *root = root_of (memory);

  if (size < 0)
    size = (gssize) memory->size - offset;
  return GST_MEMORY_CAST (wrap (memory->allocator,
      GST_MINI_OBJECT_FLAGS (memory) | GST_MINI_OBJECT_FLAG_LOCK_READONLY,
      GST_MEMORY_CAST (root), root->data, memory->maxsize,
      (gsize) ((gssize) memory->offset + offset), (gsize) size));
}

void
gst_act_cuda_memory_init_allocator (GstAllocator *allocator)
{
  allocator->mem_type = GST_ACT_CUDA_MEMORY_TYPE;
  allocator->mem_map_full = map;
  allocator->mem_unmap_full = unmap;
  allocator->mem_copy = copy;
  allocator->mem_share = share;
  GST_OBJECT_FLAG_SET (allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

gboolean
gst_is_act_cuda_memory (GstMemory *memory)
{
  return GST_IS_ACT_CUDA_ALLOCATOR (memory->allocator);
}

gboolean
gst_act_cuda_memory_is_on (GstMemory *memory, GstActCudaDevice *device)
{
  return gst_is_act_cuda_memory (memory) && device_of (memory) == device;
}

gpointer
gst_act_cuda_memory_get_data (GstMemory *memory)
{
  return (guint8 *) root_of (memory)->data + memory->offset;
}

gconstpointer
gst_act_cuda_memory_use (
    GstMemory *memory, GstActCudaStream stream, GError **error)
{
  GstActCudaMemory *root = root_of (memory);
  GstActCudaDevice *device = device_of (memory);
  gboolean done = TRUE;

  gst_act_cuda_device_enter (device);
  g_mutex_lock (&root->lock);
  if (stream != root->stream && !root->filled)
    gst_act_cuda_device_join (device, stream, root->stream);
  else if (stream != root->stream)
    done = gst_act_cuda_check (
        act_cudart_stream_wait (
            gst_act_cuda_device_get_stream (device, stream), root->ready),
        "the CUDA device failed before a batch", error);
  root->n_readers[stream]++;
  g_mutex_unlock (&root->lock);
  return done ? gst_act_cuda_memory_get_data (memory) : NULL;
}

void
gst_act_cuda_memory_used (GstMemory *memory, GstActCudaStream stream)
{
  GstActCudaMemory *root = root_of (memory);

  g_mutex_lock (&root->lock);
  root->n_readers[stream]--;
  g_mutex_unlock (&root->lock);
}

void
gst_act_cuda_memory_filled (GstMemory *memory, gsize used)
{
  GstActCudaMemory *self = (GstActCudaMemory *) memory;

  g_return_if_fail (memory->parent == NULL && used <= memory->maxsize);

  gst_memory_resize (memory, 0, MAX (used, 1));
  g_mutex_lock (&self->lock);
  mark_ready (self, NULL);
  replace_host (self, NULL, 0);
  g_mutex_unlock (&self->lock);
}

gboolean
gst_act_cuda_memory_fill (
    GstMemory *memory, gconstpointer data, gsize size, GError **error)
{
  GstActCudaMemory *self = (GstActCudaMemory *) memory;
  GstActCudaHost *host;
  gboolean done;

  g_return_val_if_fail (memory->parent == NULL && size <= memory->size, FALSE);

  host = gst_act_cuda_host_new (device_of (memory), memory->size, error);
  if (host == NULL)
    return FALSE;
  memcpy (host->data, data, size);
  g_mutex_lock (&self->lock);
  replace_host (self, host, memory->size);
  done = upload (self, host, 0, memory->size, error);
  g_mutex_unlock (&self->lock);
  return done;
}

GstMemory *
gst_act_cuda_memory_to_host (GstMemory *memory, GError **error)
{
  GstActCudaMemory *root = root_of (memory);
  GstActCudaHost *host = NULL;

  g_mutex_lock (&root->lock);
  if (download (root, memory->offset + memory->size, 0, error))
    host = gst_act_cuda_host_ref (root->host);
  g_mutex_unlock (&root->lock);
  if (host == NULL)
    return NULL;
  return gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, host->data,
      host->size, memory->offset, memory->size, host,
      (GDestroyNotify) gst_act_cuda_host_unref);
}
