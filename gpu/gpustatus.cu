/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gpustatus.h"

#include <cuda_runtime_api.h>

const char *
act_gpu_status_string (ActGpuStatus status)
{
  switch (status) {
  case ACT_GPU_ERROR_SIZE:
    return "a size is out of the kernels' range";
  case ACT_GPU_ERROR_WORKSPACE:
    return "the workspace is too small";
  case ACT_GPU_ERROR_NO_BLAS:
    return "cuBLAS cannot be loaded (libcublas.so.13 or .12)";
  default:
    return status >= ACT_GPU_ERROR_PRODUCTS
        ? "cuBLAS refuses a matrix product"
        : cudaGetErrorString ((cudaError_t) status);
  }
}
