/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What all launchers of gpu/ share. A launcher takes device pointers (their
 * names begin with d_ where host pointers stand beside them), sizes, a
 * workspace and a stream; it enqueues, never allocates nor waits, and returns
 * a status. The workspace's size comes from the function of the same name
 * ending in _workspace_size; its content on entry does not matter, it begins
 * on 256 bytes and belongs to the call until the stream has passed it.
 *
 * These headers know neither CUDA nor C++. */

#ifdef __cplusplus
#define ACT_GPU_BEGIN_DECLS extern "C" {
#define ACT_GPU_END_DECLS }
#else
#define ACT_GPU_BEGIN_DECLS
#define ACT_GPU_END_DECLS
#endif

ACT_GPU_BEGIN_DECLS

/* a cudaStream_t */
typedef struct CUstream_st *ActGpuStream;

/* 0: enqueued; above: a cudaError_t, from ACT_GPU_ERROR_PRODUCTS on a
 * cublasStatus_t added to it; below: one of these */
typedef int ActGpuStatus;
enum {
  ACT_GPU_OK = 0,
  ACT_GPU_ERROR_SIZE = -1,      /* a size is out of the kernels' range */
  ACT_GPU_ERROR_WORKSPACE = -2, /* the workspace is too small */
  ACT_GPU_ERROR_NO_BLAS = -3,   /* cuBLAS cannot be loaded */
  ACT_GPU_ERROR_PRODUCTS = 100000,
};

/* for messages; static */
const char *act_gpu_status_string (ActGpuStatus status);

/* What a launcher leaves on the device of a result whose size depends on the
 * data. n_values is right also where it is above the capacity: then overflow
 * is 1, nothing was written beyond the capacity, and the call is repeated with
 * arrays of n_values elements. */
typedef struct {
  int64_t n_values;
  uint64_t first_bad; /* (row << 32) | column of the first NaN or infinity, */
                      /* ACT_GPU_NONE: all are finite */
  int32_t overflow;
  int32_t bad_token; /* a position whose token id is out of range, -1: none */
} ActGpuResult;

#define ACT_GPU_NONE UINT64_MAX

/* CSR arrays on the device: indptr [n_rows + 1], indices and values
 * [capacity] */
typedef struct {
  int64_t *indptr;
  int32_t *indices;
  float *values;
  int64_t capacity;
} ActGpuCsr;

ACT_GPU_END_DECLS
