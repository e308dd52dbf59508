/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudaallocator.h"

#include <gst/activations/activations.h>

#include "gpu/cudaruntime.h"
#include "gpu/gst/gstactcudamemory-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

struct _GstActCudaAllocator {
  GstAllocator parent;

  GstActCudaDevice *device;
  GMutex lock;
  GCond room;
  guint64 used, peak;
};

G_DEFINE_FINAL_TYPE (
    GstActCudaAllocator, gst_act_cuda_allocator, GST_TYPE_ALLOCATOR)

GstActCudaAllocator *
gst_act_cuda_allocator_new (GstActCudaDevice *device)
{
  GstActCudaAllocator *self =
      gst_object_ref_sink (g_object_new (GST_TYPE_ACT_CUDA_ALLOCATOR, NULL));

  self->device = gst_object_ref (device);
  return self;
}

GstActCudaDevice *
gst_act_cuda_allocator_get_device (GstActCudaAllocator *allocator)
{
  return allocator->device;
}

guint64
gst_act_cuda_allocator_get_used (GstActCudaAllocator *allocator, guint64 *peak)
{
  guint64 used;

  g_mutex_lock (&allocator->lock);
  used = allocator->used;
  if (peak != NULL)
    *peak = allocator->peak;
  g_mutex_unlock (&allocator->lock);
  return used;
}

gboolean
gst_act_cuda_allocator_wait (
    GstActCudaAllocator *allocator, guint64 budget, GstActCudaWait *wait)
{
  gboolean cancelled;

  g_mutex_lock (&allocator->lock);
  while (allocator->used >= MAX (budget, 1) && !wait->cancelled)
    g_cond_wait (&allocator->room, &allocator->lock);
  cancelled = wait->cancelled;
  g_mutex_unlock (&allocator->lock);
  return !cancelled;
}

void
gst_act_cuda_allocator_set_cancelled (
    GstActCudaAllocator *allocator, GstActCudaWait *wait, gboolean cancelled)
{
  g_mutex_lock (&allocator->lock);
  wait->cancelled = cancelled;
  g_cond_broadcast (&allocator->room);
  g_mutex_unlock (&allocator->lock);
}

static void
set_no_memory_error (GstActCudaAllocator *self, gsize size, GError **error)
{
  gsize n_free = 0, total = 0;
  g_autofree gchar *needed = g_format_size (size);
  g_autofree gchar *used =
      g_format_size (gst_act_cuda_allocator_get_used (self, NULL));
  g_autofree gchar *left = NULL, *all = NULL;

  act_cudart_memory_info (&n_free, &total);
  left = g_format_size (n_free);
  all = g_format_size (total);
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_NO_SPACE,
      "%s more of the memory of '%s' are needed, %s of its %s are free, and "
      "%s are taken by the batches under way",
      needed, gst_act_cuda_device_get_name (self->device), left, all, used);
}

/* What was freed may lie in the pool in pieces, or be freed later in a stream:
 * a second try comes after both. */
static gpointer
allocate (GstActCudaAllocator *self, GstActCudaStream which, gsize size,
    GError **error)
{
  gpointer pool = gst_act_cuda_device_get_pool (self->device);
  gpointer stream = gst_act_cuda_device_get_stream (self->device, which);
  gpointer data = NULL;
  ActCudartStatus status;

  gst_act_cuda_device_enter (self->device);
  status = act_cudart_alloc (pool, size, stream, &data);
  if (status == ACT_CUDART_OUT_OF_MEMORY) {
    gst_act_cuda_device_synchronize (self->device);
    act_cudart_pool_trim (pool);
    status = act_cudart_alloc (pool, size, stream, &data);
  }
  if (status == 0)
    return data;
  if (status == ACT_CUDART_OUT_OF_MEMORY)
    set_no_memory_error (self, size, error);
  else
    gst_act_cuda_check (status, "no device memory", error);
  return NULL;
}

static void
account (GstActCudaAllocator *self, gssize size)
{
  g_mutex_lock (&self->lock);
  self->used = (guint64) ((gint64) self->used + size);
  self->peak = MAX (self->peak, self->used);
  if (size < 0)
    g_cond_broadcast (&self->room);
  g_mutex_unlock (&self->lock);
}

static GstMemory *
memory_new (GstActCudaAllocator *allocator, GstActCudaStream stream, gsize size,
    gboolean counted, GError **error)
{
  GstMemory *memory;
  gsize rounded;
  gpointer data, ready;

  if (!g_size_checked_add (&rounded, MAX (size, 1), 255)) {
    set_no_memory_error (allocator, size, error);
    return NULL;
  }
  rounded &= ~(gsize) 255;
  data = allocate (allocator, stream, rounded, error);
  if (data == NULL)
    return NULL;
  ready = gst_act_cuda_device_take_event (allocator->device);
  if (ready == NULL) {
    act_cudart_free (
        data, gst_act_cuda_device_get_stream (allocator->device, stream));
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "the CUDA device gives no event");
    return NULL;
  }
  memory =
      gst_act_cuda_memory_wrap (allocator, data, MAX (size, 1), rounded, ready);
  ((GstActCudaMemory *) memory)->stream = stream;
  ((GstActCudaMemory *) memory)->counted = counted;
  if (counted)
    account (allocator, (gssize) rounded);
  return memory;
}

GstMemory *
gst_act_cuda_memory_new (GstActCudaAllocator *allocator,
    GstActCudaStream stream, gsize size, GError **error)
{
  return memory_new (allocator, stream, size, TRUE, error);
}

GstMemory *
gst_act_cuda_memory_new_uncounted (GstActCudaAllocator *allocator,
    GstActCudaStream stream, gsize size, GError **error)
{
  return memory_new (allocator, stream, size, FALSE, error);
}

/* for whoever fills it by mapping it */
static GstMemory *
gst_act_cuda_allocator_alloc (
    GstAllocator *allocator, gsize size, GstAllocationParams *params)
{
  g_autoptr (GError) error = NULL;
  GstMemory *memory =
      gst_act_cuda_memory_new (GST_ACT_CUDA_ALLOCATOR (allocator),
          GST_ACT_CUDA_STREAM_UPLOAD, size, &error);

  if (memory == NULL)
    GST_WARNING_OBJECT (allocator, "%s", error->message);
  return memory;
}

/* After what filled it and what reads it still. Not in the stream that it was
 * made for: that may have the next forward passes before it. */
static void
free_data (GstActCudaAllocator *self, GstActCudaMemory *mem)
{
  gpointer stream = gst_act_cuda_device_get_stream (
      self->device, GST_ACT_CUDA_STREAM_DOWNLOAD);

  gst_act_cuda_device_enter (self->device);
  if (!mem->filled || act_cudart_stream_wait (stream, mem->ready) != 0)
    gst_act_cuda_device_join (
        self->device, GST_ACT_CUDA_STREAM_DOWNLOAD, mem->stream);
  for (guint i = 0; i < GST_ACT_CUDA_N_STREAMS; i++)
    if (mem->n_readers[i] > 0)
      gst_act_cuda_device_join (self->device, GST_ACT_CUDA_STREAM_DOWNLOAD, i);
  act_cudart_free (mem->data, stream);
}

static void
gst_act_cuda_allocator_free (GstAllocator *allocator, GstMemory *memory)
{
  GstActCudaAllocator *self = GST_ACT_CUDA_ALLOCATOR (allocator);
  GstActCudaMemory *mem = (GstActCudaMemory *) memory;

  if (memory->parent == NULL) {
    free_data (self, mem);
    gst_act_cuda_device_give_event (self->device, mem->ready);
    g_clear_pointer (&mem->host, gst_act_cuda_host_unref);
    if (mem->counted)
      account (self, -(gssize) memory->maxsize);
  }
  g_mutex_clear (&mem->lock);
  g_free (mem);
}

static void
gst_act_cuda_allocator_finalize (GObject *object)
{
  GstActCudaAllocator *self = GST_ACT_CUDA_ALLOCATOR (object);

  gst_clear_object (&self->device);
  g_cond_clear (&self->room);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_act_cuda_allocator_parent_class)->finalize (object);
}

static void
gst_act_cuda_allocator_class_init (GstActCudaAllocatorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_act_cuda_allocator_finalize;
  GST_ALLOCATOR_CLASS (klass)->alloc = gst_act_cuda_allocator_alloc;
  GST_ALLOCATOR_CLASS (klass)->free = gst_act_cuda_allocator_free;
}

static void
gst_act_cuda_allocator_init (GstActCudaAllocator *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->room);
  gst_act_cuda_memory_init_allocator (GST_ALLOCATOR (self));
}
