/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gpuproducts.h"

#include <new>

#include "fours.cuh"
#include "gpublas.h"
#include "launch.cuh"

/* what NVIDIA recommends for Hopper; less elsewhere, but it is little */
#define WORKSPACE_SIZE ((size_t) 32 << 20)

struct _ActGpuProducts {
  const ActGpuBlas *blas;
  void *handle;
  void *workspace;
  ActGpuPrecision precision;
  ActGpuStream stream; /* that the handle has, once has_stream is set */
  bool has_stream;
};

ActGpuStatus
act_gpu_products_new (ActGpuPrecision precision, ActGpuProducts **products)
{
  const ActGpuBlas *blas = act_gpu_blas ();
  ActGpuProducts *self = new (std::nothrow) ActGpuProducts ();
  int status;

  if (blas == NULL || self == NULL) {
    delete self;
    return blas == NULL ? ACT_GPU_ERROR_NO_BLAS
                        : (ActGpuStatus) cudaErrorMemoryAllocation;
  }
  self->blas = blas;
  self->precision = precision;
  status = (int) cudaMalloc (&self->workspace, WORKSPACE_SIZE);
  if (status != 0) {
    delete self;
    return status;
  }
  status = blas->create (&self->handle);
  if (status != 0) {
    act_gpu_products_free (self);
    return ACT_GPU_ERROR_PRODUCTS + status;
  }
  *products = self;
  return ACT_GPU_OK;
}

void
act_gpu_products_free (ActGpuProducts *self)
{
  if (self == NULL)
    return;
  if (self->handle != NULL)
    self->blas->destroy (self->handle);
  cudaFree (self->workspace);
  delete self;
}

ActGpuPrecision
act_gpu_products_get_precision (const ActGpuProducts *self)
{
  return self->precision;
}

size_t
act_gpu_products_element_size (const ActGpuProducts *self)
{
  return self->precision == ACT_GPU_PRECISION_BF16 ? sizeof (uint16_t)
                                                   : sizeof (float);
}

/* COMPUTE_32F with float32 inputs is true float32: TF32 has a name of its own
 */
static int
compute_type (ActGpuPrecision precision)
{
  return precision == ACT_GPU_PRECISION_TF32 ? ACT_BLAS_COMPUTE_32F_FAST_TF32
                                             : ACT_BLAS_COMPUTE_32F;
}

/* The stream and, as setting it forgets that, the workspace. Both calls take
 * longer than to launch a small kernel, so only where it is another. */
static int
set_stream (ActGpuProducts *self, ActGpuStream stream)
{
  int status;

  if (self->has_stream && self->stream == stream)
    return 0;
  status = self->blas->set_stream (self->handle, stream);
  if (status == 0)
    status = self->blas->set_workspace (
        self->handle, self->workspace, WORKSPACE_SIZE);
  self->stream = stream;
  self->has_stream = status == 0;
  return status;
}

/* cuBLAS takes columns for rows: c^T = b^T a^T. */
ActGpuStatus
act_gpu_product (
    ActGpuProducts *self, const ActGpuProduct *p, ActGpuStream stream)
{
  const size_t most = ACT_GPU_MAX_SIZE;
  const float one = 1.0f;
  int type = self->precision == ACT_GPU_PRECISION_BF16 ? ACT_BLAS_R_16BF
                                                       : ACT_BLAS_R_32F;
  int status;

  if (p->n_rows == 0 || p->n_cols == 0 || p->n == 0)
    return ACT_GPU_OK;
  if (p->n_rows > most || p->n_cols > most || p->n_inner > most
      || p->a_row > most || p->b_row > most || p->c_row > most || p->n > most
      || p->n_inner == 0)
    return ACT_GPU_ERROR_SIZE;
  status = set_stream (self, stream);
  if (status == 0)
    status = self->blas->gemm (self->handle,
        p->b_transposed ? ACT_BLAS_OP_T : ACT_BLAS_OP_N, ACT_BLAS_OP_N,
        (int) p->n_cols, (int) p->n_rows, (int) p->n_inner, &one, p->b, type,
        (int) p->b_row, (long long) p->b_stride, p->a, type, (int) p->a_row,
        (long long) p->a_stride, &p->beta, p->c, ACT_BLAS_R_32F, (int) p->c_row,
        (long long) p->c_stride, (int) p->n, compute_type (self->precision),
        ACT_BLAS_GEMM_DEFAULT);
  return status != 0 ? ACT_GPU_ERROR_PRODUCTS + status : ACT_GPU_OK;
}

/* four values a thread, side by side */
static __global__ void
to_bf16 (size_t n, const float *in, uint16_t *out, bool vector)
{
  for (size_t at = 4 * act_thread (); at < n; at += 4 * act_n_threads ()) {
    float v[4];

    act_read4 (in, at, n, vector, v);
    act_store4 (out, at, n, vector, v);
  }
}

ActGpuStatus
act_gpu_to_bf16 (size_t n, const float *in, void *out, ActGpuStream stream)
{
  if (n == 0)
    return ACT_GPU_OK;
  ACT_LAUNCH (to_bf16, act_gpu_n_blocks (n, 4 * ACT_BLOCK), ACT_BLOCK, 0,
      stream, n, in, static_cast<uint16_t *> (out),
      reinterpret_cast<uintptr_t> (in) % 16 == 0
          && reinterpret_cast<uintptr_t> (out) % 8 == 0);
  return act_gpu_launched ();
}
