/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The little that the allocator and the elements use of the CUDA runtime, in
 * plain C without CUDA's types. cudaruntime.c makes it of cudart; the tests
 * have another that runs on the CPU and counts (tests/gpu/emulated).
 *
 * Streams, events and pools are opaque pointers. A status is a cudaError_t:
 * 0 is success. Copies and frees are in the order of their stream. Pointers
 * belong to the device that is current in the calling thread. */

#ifdef __cplusplus
extern "C" {
#endif

typedef int ActCudartStatus;
#define ACT_CUDART_OUT_OF_MEMORY 2

typedef enum {
  ACT_CUDART_TO_DEVICE,
  ACT_CUDART_TO_HOST,
  ACT_CUDART_ON_DEVICE,
} ActCudartCopy;

/* "no CUDA-capable device is detected" */
const char *act_cudart_status_text (ActCudartStatus status);

ActCudartStatus act_cudart_device_count (int *n);
ActCudartStatus act_cudart_device_name (int device, char *name, size_t size);
/* of the calling thread */
ActCudartStatus act_cudart_set_device (int device);
ActCudartStatus act_cudart_memory_info (size_t *n_free, size_t *total);

/* memory that was freed stays with its pool until it is trimmed */
ActCudartStatus act_cudart_pool_new (int device, void **pool);
void act_cudart_pool_trim (void *pool);
/* the most bytes that were in use at once; 0: not known */
size_t act_cudart_pool_get_peak (void *pool);
void act_cudart_pool_free (void *pool);
ActCudartStatus act_cudart_alloc (
    void *pool, size_t size, void *stream, void **data);
void act_cudart_free (void *data, void *stream);

/* pinned */
ActCudartStatus act_cudart_host_alloc (size_t size, void **data);
void act_cudart_host_free (void *data);

/* urgent: what is in it goes before what is in others */
ActCudartStatus act_cudart_stream_new (int urgent, void **stream);
void act_cudart_stream_free (void *stream);
ActCudartStatus act_cudart_stream_synchronize (void *stream);
/* what comes next in the stream comes after the event */
ActCudartStatus act_cudart_stream_wait (void *stream, void *event);

ActCudartStatus act_cudart_event_new (void **event);
void act_cudart_event_free (void *event);
ActCudartStatus act_cudart_event_record (void *event, void *stream);
/* whether all before it is done; where the device failed, too */
int act_cudart_event_is_past (void *event);
ActCudartStatus act_cudart_event_synchronize (void *event);

/* What all threads have asked for so far. */
typedef struct {
  uint64_t n_to_device, to_device; /* copies and their bytes */
  uint64_t n_to_host, to_host;
} ActCudartCopies;

void act_cudart_get_copies (ActCudartCopies *copies);

ActCudartStatus act_cudart_copy (void *to, const void *from, size_t size,
    ActCudartCopy direction, void *stream);

#ifdef __cplusplus
}
#endif
