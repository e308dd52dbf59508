/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudadevice.h"
#include "gpu/gst/gstactcudahost.h"

G_BEGIN_DECLS

/* Memory of a device, from a pool that is used again in the order of the
 * device's streams. It belongs to the stream that it is made for, and is filled
 * in that; others that read it say so.
 *
 * To the host it looks like plain memory: to map it for reading downloads it,
 * once at most, and only the bytes in use; to unmap what was mapped for writing
 * uploads it. Copies of a buffer share it. */

#define GST_ACT_CUDA_MEMORY_TYPE "ActCUDAMemory"

#define GST_TYPE_ACT_CUDA_ALLOCATOR (gst_act_cuda_allocator_get_type ())
G_DECLARE_FINAL_TYPE (GstActCudaAllocator, gst_act_cuda_allocator, GST,
    ACT_CUDA_ALLOCATOR, GstAllocator)

GstActCudaAllocator *gst_act_cuda_allocator_new (GstActCudaDevice *device);
/* (transfer none) */
GstActCudaDevice *gst_act_cuda_allocator_get_device (
    GstActCudaAllocator *allocator);

/* Bytes that are in use now, and the most that ever were. */
guint64 gst_act_cuda_allocator_get_used (
    GstActCudaAllocator *allocator, guint64 *peak);

/* Waits until less than budget bytes are in use. Whoever brings a batch to the
 * device waits, once a batch and before it has memory for it; those behind do
 * not, for what they wait for might be their own. FALSE: cancelled. */
typedef struct {
  gboolean cancelled; /* with the allocator's lock, once there is one */
} GstActCudaWait;

gboolean gst_act_cuda_allocator_wait (
    GstActCudaAllocator *allocator, guint64 budget, GstActCudaWait *wait);
void gst_act_cuda_allocator_set_cancelled (
    GstActCudaAllocator *allocator, GstActCudaWait *wait, gboolean cancelled);

/* Memory of at least one byte. An error says what the device has. */
GstMemory *gst_act_cuda_memory_new (GstActCudaAllocator *allocator,
    GstActCudaStream stream, gsize size, GError **error);
/* The same for what an element keeps from batch to batch: to wait until that is
 * gone would be to wait for ever. */
GstMemory *gst_act_cuda_memory_new_uncounted (GstActCudaAllocator *allocator,
    GstActCudaStream stream, gsize size, GError **error);

/* whether it is memory of this device */
gboolean gst_act_cuda_memory_is_on (
    GstMemory *memory, GstActCudaDevice *device);
gboolean gst_is_act_cuda_memory (GstMemory *memory);
/* Where it is on the device: for kernels in its own stream. */
gpointer gst_act_cuda_memory_get_data (GstMemory *memory);
/* The same for kernels that read it in any stream, which come after what filled
 * it; it stays until they are done. NULL: the device failed. */
gconstpointer gst_act_cuda_memory_use (
    GstMemory *memory, GstActCudaStream stream, GError **error);
/* They are done: the host waited for something behind them. Who does not say so
 * leaves it to the memory's end to wait for all that is in the stream then. */
void gst_act_cuda_memory_used (GstMemory *memory, GstActCudaStream stream);
/* To be called behind the kernels that fill it, by its only owner; used: bytes
 * from its begin that hold something. */
void gst_act_cuda_memory_filled (GstMemory *memory, gsize used);
/* The same for what comes from the host: copies size bytes of data to its
 * begin, through pinned memory, which whoever maps it for reading later finds.
 */
gboolean gst_act_cuda_memory_fill (
    GstMemory *memory, gconstpointer data, gsize size, GError **error);
/* (transfer full): plain memory with its contents, downloaded if nobody did
 * yet. It outlives the device's. */
GstMemory *gst_act_cuda_memory_to_host (GstMemory *memory, GError **error);

G_END_DECLS
