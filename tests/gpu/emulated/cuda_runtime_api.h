/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* For tests: the part of CUDA's runtime that the project uses, on the CPU.
 * Device memory is host memory full of NaN. A stream does nothing until it is
 * waited for, or an event in it, or until another that is waited for waits for
 * such an event: so what is not ordered behind what it needs comes too early.
 * Names and types are those of CUDA's header of this name, which this one
 * stands for. */

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorNotReady = 600,
  cudaErrorLaunchFailure = 719,
} cudaError_t;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault,
};
#ifndef __cplusplus
typedef enum cudaMemcpyKind cudaMemcpyKind;
#endif

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUmemPoolHandle_st *cudaMemPool_t;
typedef void (*cudaHostFn_t) (void *data);

#define cudaStreamDefault 0
#define cudaStreamNonBlocking 1
#define cudaEventDefault 0
#define cudaEventDisableTiming 2
#define cudaEventBlockingSync 1
#define cudaHostAllocDefault 0
#define cudaHostAllocPortable 1

typedef enum {
  cudaMemPoolReuseAllowInternalDependencies = 3,
  cudaMemPoolAttrReleaseThreshold = 4,
  cudaMemPoolAttrUsedMemHigh = 8,
} cudaMemPoolAttr;

typedef enum {
  cudaMemAllocationTypePinned = 1,
} cudaMemAllocationType;

typedef enum {
  cudaMemLocationTypeDevice = 1,
} cudaMemLocationType;

struct cudaMemPoolProps {
  cudaMemAllocationType allocType;
  struct {
    cudaMemLocationType type;
    int id;
  } location;
};

struct cudaDeviceProp {
  char name[256];
};

typedef enum {
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrL2CacheSize = 38,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMemoryPoolsSupported = 115,
} cudaDeviceAttr;

typedef enum {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
} cudaFuncAttribute;

cudaError_t cudaGetDeviceCount (int *n);
cudaError_t cudaGetDevice (int *device);
cudaError_t cudaSetDevice (int device);
cudaError_t cudaDeviceSynchronize (void);
cudaError_t cudaDeviceGetAttribute (
    int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaGetDeviceProperties (
    struct cudaDeviceProp *properties, int device);
cudaError_t cudaDriverGetVersion (int *version);
cudaError_t cudaRuntimeGetVersion (int *version);

cudaError_t cudaMalloc (void **memory, size_t size);
cudaError_t cudaFree (void *memory);
cudaError_t cudaMallocAsync (void **memory, size_t size, cudaStream_t stream);
cudaError_t cudaFreeAsync (void *memory, cudaStream_t stream);
cudaError_t cudaMallocHost (void **memory, size_t size);
cudaError_t cudaHostAlloc (void **memory, size_t size, unsigned flags);
cudaError_t cudaFreeHost (void *memory);
cudaError_t cudaMemGetInfo (size_t *free, size_t *total);
cudaError_t cudaDeviceGetDefaultMemPool (cudaMemPool_t *pool, int device);
cudaError_t cudaMemPoolSetAttribute (
    cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value);
cudaError_t cudaMemPoolGetAttribute (
    cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value);
cudaError_t cudaMemPoolCreate (
    cudaMemPool_t *pool, const struct cudaMemPoolProps *properties);
cudaError_t cudaMemPoolDestroy (cudaMemPool_t pool);
cudaError_t cudaMemPoolTrimTo (cudaMemPool_t pool, size_t size);
cudaError_t cudaMallocFromPoolAsync (
    void **memory, size_t size, cudaMemPool_t pool, cudaStream_t stream);

cudaError_t cudaMemcpy (
    void *to, const void *from, size_t size, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync (void *to, const void *from, size_t size,
    cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemset (void *to, int value, size_t size);
cudaError_t cudaMemsetAsync (
    void *to, int value, size_t size, cudaStream_t stream);

cudaError_t cudaStreamCreate (cudaStream_t *stream);
cudaError_t cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamCreateWithPriority (
    cudaStream_t *stream, unsigned flags, int priority);
cudaError_t cudaDeviceGetStreamPriorityRange (int *least, int *greatest);
cudaError_t cudaStreamDestroy (cudaStream_t stream);
cudaError_t cudaStreamSynchronize (cudaStream_t stream);
cudaError_t cudaStreamQuery (cudaStream_t stream);
cudaError_t cudaStreamWaitEvent (
    cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaLaunchHostFunc (
    cudaStream_t stream, cudaHostFn_t function, void *data);
cudaError_t cudaEventCreate (cudaEvent_t *event);
cudaError_t cudaEventCreateWithFlags (cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy (cudaEvent_t event);
cudaError_t cudaEventRecord (cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery (cudaEvent_t event);
cudaError_t cudaEventSynchronize (cudaEvent_t event);
cudaError_t cudaEventElapsedTime (float *ms, cudaEvent_t from, cudaEvent_t to);

cudaError_t cudaGetLastError (void);
cudaError_t cudaPeekAtLastError (void);
const char *cudaGetErrorString (cudaError_t error);
const char *cudaGetErrorName (cudaError_t error);

/* What tests ask and say. */
typedef struct {
  size_t n_uploads, uploaded; /* copies and their bytes */
  size_t n_downloads, downloaded;
  size_t n_device_copies, device_copied;
  size_t n_launches;
  size_t n_urgent;               /* launches in streams of high priority */
  size_t n_waits;                /* of the host, for what was not done yet */
  size_t n_allocated, allocated; /* device memory now */
  size_t peak;                   /* bytes, the most so far */
  size_t pinned;                 /* bytes of pinned memory now */
} ActEmulatedCounts;

/* once the streams have done all that they were given */
void act_emulated_get_counts (ActEmulatedCounts *counts);
/* of the counts: all but what is allocated now; the peak starts from that */
void act_emulated_reset_counts (void);
/* How many devices there are: 1 at first, or what ACT_EMULATED_DEVICES in the
 * environment says; 0 is cudaErrorNoDevice. */
void act_emulated_set_n_devices (int n);
/* bytes of device memory; 0: no limit */
void act_emulated_set_memory (size_t size);
/* bytes of pinned memory; 0: no limit */
void act_emulated_set_pinned (size_t size);
/* bytes of shared memory that a block may have: 227 KiB at first */
void act_emulated_set_shared (size_t size);
cudaError_t act_emulated_allow_shared (int size);
/* The n-th launch from now on fails (1: the next), with this error. */
void act_emulated_fail_launch (size_t n, cudaError_t error);
/* All that waits from now on finds this error, as after a kernel that failed
 * while it ran; cudaSuccess: none. */
void act_emulated_fail_waits (cudaError_t error);
/* What is not there: "blas" is no cuBLAS, "kernels" no code for the device;
 * NULL: nothing. At first what ACT_EMULATED_MISSING in the environment says. */
void act_emulated_set_missing (const char *what);

#ifdef __cplusplus
}
#endif
