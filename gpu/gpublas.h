/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpustatus.h"

/* The functions of cuBLAS that products need, with its numbers for the
 * enumerations, so that neither its header nor its library is needed to build;
 * the library is loaded when it is first asked for. */

ACT_GPU_BEGIN_DECLS

enum {
  ACT_BLAS_OP_N = 0,
  ACT_BLAS_OP_T = 1,
  ACT_BLAS_R_32F = 0,
  ACT_BLAS_R_16BF = 14,
  ACT_BLAS_COMPUTE_32F = 68,
  ACT_BLAS_COMPUTE_32F_FAST_TF32 = 77,
  ACT_BLAS_GEMM_DEFAULT = -1,
};

typedef struct {
  int (*create) (void **handle);
  int (*destroy) (void *handle);
  int (*set_stream) (void *handle, ActGpuStream stream);
  int (*set_workspace) (void *handle, void *memory, size_t size);
  /* cublasGemmStridedBatchedEx: column-major */
  int (*gemm) (void *handle, int op_a, int op_b, int m, int n, int k,
      const void *alpha, const void *a, int a_type, int lda, long long a_stride,
      const void *b, int b_type, int ldb, long long b_stride, const void *beta,
      void *c, int c_type, int ldc, long long c_stride, int n_batches,
      int compute, int algorithm);
} ActGpuBlas;

/* NULL: it cannot be loaded */
const ActGpuBlas *act_gpu_blas (void);

ACT_GPU_END_DECLS
