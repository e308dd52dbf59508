/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gpublas.h by the BLAS that the CPU has. */

#include "gpublas.h"

#include <cblas.h>

#include <cstring>
#include <vector>

namespace
{

int
create (void **handle)
{
  static int one;

  *handle = &one;
  return 0;
}

int
destroy (void *)
{
  return 0;
}

int
set_stream (void *, ActGpuStream)
{
  return 0;
}

int
set_workspace (void *, void *, size_t)
{
  return 0;
}

/* column-major, with rows ld apart in memory: n_lines lines of ld */
std::vector<float>
widen (const void *from, size_t n_lines, size_t ld, size_t length)
{
  const uint16_t *bf16 = static_cast<const uint16_t *> (from);
  std::vector<float> wide (n_lines * ld);

  for (size_t line = 0; line < n_lines; line++) {
    for (size_t i = 0; i < length; i++) {
      uint32_t bits = (uint32_t) bf16[line * ld + i] << 16;

      memcpy (&wide[line * ld + i], &bits, sizeof bits);
    }
  }
  return wide;
}

int
gemm (void *, int op_a, int op_b, int m, int n, int k, const void *alpha,
    const void *a, int a_type, int lda, long long a_stride, const void *b,
    int b_type, int ldb, long long b_stride, const void *beta, void *c,
    int c_type, int ldc, long long c_stride, int n_batches, int, int)
{
  size_t element = a_type == ACT_BLAS_R_16BF ? 2 : 4;

  if (c_type != ACT_BLAS_R_32F || a_type != b_type || m < 1 || n < 1 || k < 1)
    return 7; /* CUBLAS_STATUS_INVALID_VALUE */
  for (int i = 0; i < n_batches; i++) {
    const void *from_a =
        static_cast<const char *> (a) + (size_t) i * a_stride * element;
    const void *from_b =
        static_cast<const char *> (b) + (size_t) i * b_stride * element;
    float *to = static_cast<float *> (c) + (size_t) i * c_stride;
    std::vector<float> wide_a, wide_b;

    if (element == 2) {
      wide_a = widen (from_a, op_a == ACT_BLAS_OP_N ? k : m, lda,
          op_a == ACT_BLAS_OP_N ? m : k);
      wide_b = widen (from_b, op_b == ACT_BLAS_OP_N ? n : k, ldb,
          op_b == ACT_BLAS_OP_N ? k : n);
      from_a = wide_a.data ();
      from_b = wide_b.data ();
    }
    cblas_sgemm (CblasColMajor,
        op_a == ACT_BLAS_OP_N ? CblasNoTrans : CblasTrans,
        op_b == ACT_BLAS_OP_N ? CblasNoTrans : CblasTrans, m, n, k,
        *static_cast<const float *> (alpha),
        static_cast<const float *> (from_a), lda,
        static_cast<const float *> (from_b), ldb,
        *static_cast<const float *> (beta), to, ldc);
  }
  return 0;
}

const ActGpuBlas blas = { create, destroy, set_stream, set_workspace, gemm };

} // namespace

const ActGpuBlas *
act_gpu_blas (void)
{
  return &blas;
}
