/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/cudaruntime.h"

#include <cuda_runtime_api.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* cudart is linked in and looks for the driver at its first call: without one
 * each call fails, and nothing needs to be there to load the plugin. */

const char *
act_cudart_status_text (ActCudartStatus status)
{
  return cudaGetErrorString ((cudaError_t) status);
}

ActCudartStatus
act_cudart_device_count (int *n)
{
  cudaError_t status = cudaGetDeviceCount (n);

  if (status != cudaSuccess) {
    *n = 0;
    cudaGetLastError (); /* not for the next caller to find */
  }
  return status;
}

ActCudartStatus
act_cudart_device_name (int device, char *name, size_t size)
{
  struct cudaDeviceProp properties;
  cudaError_t status = cudaGetDeviceProperties (&properties, device);

  if (status == cudaSuccess)
    snprintf (name, size, "%s", properties.name);
  return status;
}

ActCudartStatus
act_cudart_set_device (int device)
{
  return cudaSetDevice (device);
}

ActCudartStatus
act_cudart_memory_info (size_t *n_free, size_t *total)
{
  return cudaMemGetInfo (n_free, total);
}

ActCudartStatus
act_cudart_pool_new (int device, void **pool)
{
  struct cudaMemPoolProps properties;
  uint64_t keep = UINT64_MAX;
  int never = 0;
  cudaMemPool_t made;
  cudaError_t status;

  memset (&properties, 0, sizeof properties);
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  status = cudaMemPoolCreate (&made, &properties);
  if (status != cudaSuccess)
    return status;
  /* the next batch needs the same again: not to go back to the driver */
  status =
      cudaMemPoolSetAttribute (made, cudaMemPoolAttrReleaseThreshold, &keep);
  /* nor for one stream to wait until another is done with what it frees */
  if (status == cudaSuccess)
    status = cudaMemPoolSetAttribute (
        made, cudaMemPoolReuseAllowInternalDependencies, &never);
  if (status != cudaSuccess)
    cudaMemPoolDestroy (made);
  else
    *pool = made;
  return status;
}

void
act_cudart_pool_trim (void *pool)
{
  cudaMemPoolTrimTo (pool, 0);
}

size_t
act_cudart_pool_get_peak (void *pool)
{
  uint64_t peak = 0;

  if (cudaMemPoolGetAttribute (pool, cudaMemPoolAttrUsedMemHigh, &peak)
      != cudaSuccess)
    cudaGetLastError ();
  return (size_t) peak;
}

void
act_cudart_pool_free (void *pool)
{
  cudaMemPoolDestroy (pool);
}

ActCudartStatus
act_cudart_alloc (void *pool, size_t size, void *stream, void **data)
{
  cudaError_t status = cudaMallocFromPoolAsync (data, size, pool, stream);

  if (status != cudaSuccess)
    cudaGetLastError ();
  return status;
}

void
act_cudart_free (void *data, void *stream)
{
  cudaFreeAsync (data, stream);
}

ActCudartStatus
act_cudart_host_alloc (size_t size, void **data)
{
  cudaError_t status = cudaHostAlloc (data, size, cudaHostAllocPortable);

  if (status != cudaSuccess)
    cudaGetLastError ();
  return status;
}

void
act_cudart_host_free (void *data)
{
  cudaFreeHost (data);
}

ActCudartStatus
act_cudart_stream_new (int urgent, void **stream)
{
  cudaStream_t made;
  int least = 0, greatest = 0;
  cudaError_t status = cudaDeviceGetStreamPriorityRange (&least, &greatest);

  if (status == cudaSuccess)
    status = cudaStreamCreateWithPriority (
        &made, cudaStreamNonBlocking, urgent ? greatest : least);
  if (status == cudaSuccess)
    *stream = made;
  return status;
}

void
act_cudart_stream_free (void *stream)
{
  cudaStreamDestroy (stream);
}

ActCudartStatus
act_cudart_stream_synchronize (void *stream)
{
  return cudaStreamSynchronize (stream);
}

ActCudartStatus
act_cudart_stream_wait (void *stream, void *event)
{
  return cudaStreamWaitEvent (stream, event, 0);
}

/* blocking: a thread that waits leaves its processor to the others */
ActCudartStatus
act_cudart_event_new (void **event)
{
  cudaEvent_t made;
  cudaError_t status = cudaEventCreateWithFlags (
      &made, cudaEventBlockingSync | cudaEventDisableTiming);

  if (status == cudaSuccess)
    *event = made;
  return status;
}

void
act_cudart_event_free (void *event)
{
  cudaEventDestroy (event);
}

ActCudartStatus
act_cudart_event_record (void *event, void *stream)
{
  return cudaEventRecord (event, stream);
}

int
act_cudart_event_is_past (void *event)
{
  if (cudaEventQuery (event) != cudaErrorNotReady)
    return 1;
  cudaGetLastError (); /* it is no error, but is kept as one */
  return 0;
}

ActCudartStatus
act_cudart_event_synchronize (void *event)
{
  return cudaEventSynchronize (event);
}

/* of each direction */
static _Atomic uint64_t n_copies[2], copied[2];

void
act_cudart_get_copies (ActCudartCopies *copies)
{
  copies->n_to_device = n_copies[ACT_CUDART_TO_DEVICE];
  copies->to_device = copied[ACT_CUDART_TO_DEVICE];
  copies->n_to_host = n_copies[ACT_CUDART_TO_HOST];
  copies->to_host = copied[ACT_CUDART_TO_HOST];
}

ActCudartStatus
act_cudart_copy (void *to, const void *from, size_t size,
    ActCudartCopy direction, void *stream)
{
  static const enum cudaMemcpyKind kinds[] = { cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };

  if (direction != ACT_CUDART_ON_DEVICE) {
    n_copies[direction]++;
    copied[direction] += size;
  }
  return cudaMemcpyAsync (to, from, size, kinds[direction], stream);
}
