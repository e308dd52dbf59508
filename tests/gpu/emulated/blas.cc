/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gpublas.h by the BLAS that the CPU has. */

#include "gpublas.h"

#include <cblas.h>

#include <cstring>
#include <vector>

#include "state.h"

namespace
{

struct Handle {
  cudaStream_t stream;
};

int
create (void **handle)
{
  *handle = new Handle ();
  return 0;
}

int
destroy (void *handle)
{
  delete static_cast<Handle *> (handle);
  return 0;
}

int
set_stream (void *handle, ActGpuStream stream)
{
  static_cast<Handle *> (handle)->stream = stream;
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

/* the arguments of gemm (), with alpha and beta as they were */
struct Product {
  int op_a, op_b, m, n, k;
  float alpha;
  const void *a;
  int lda;
  long long a_stride;
  const void *b;
  int ldb;
  long long b_stride;
  float beta;
  float *c;
  int ldc;
  long long c_stride;
  size_t element;
};

void
multiply (const Product &p, int i)
{
  const void *a = static_cast<const char *> (p.a) + i * p.a_stride * p.element;
  const void *b = static_cast<const char *> (p.b) + i * p.b_stride * p.element;
  bool a_plain = p.op_a == ACT_BLAS_OP_N, b_plain = p.op_b == ACT_BLAS_OP_N;
  std::vector<float> wide_a, wide_b;

  if (p.element == 2) {
    wide_a = widen (a, a_plain ? p.k : p.m, p.lda, a_plain ? p.m : p.k);
    wide_b = widen (b, b_plain ? p.n : p.k, p.ldb, b_plain ? p.k : p.n);
    a = wide_a.data ();
    b = wide_b.data ();
  }
  cblas_sgemm (CblasColMajor, a_plain ? CblasNoTrans : CblasTrans,
      b_plain ? CblasNoTrans : CblasTrans, p.m, p.n, p.k, p.alpha,
      static_cast<const float *> (a), p.lda, static_cast<const float *> (b),
      p.ldb, p.beta, p.c + i * p.c_stride, p.ldc);
}

int
gemm (void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha,
    const void *a, int a_type, int lda, long long a_stride, const void *b,
    int b_type, int ldb, long long b_stride, const void *beta, void *c,
    int c_type, int ldc, long long c_stride, int n_batches, int, int)
{
  Product p = { op_a, op_b, m, n, k, *static_cast<const float *> (alpha), a,
    lda, a_stride, b, ldb, b_stride, *static_cast<const float *> (beta),
    static_cast<float *> (c), ldc, c_stride,
    a_type == ACT_BLAS_R_16BF ? (size_t) 2 : 4 };

  if (c_type != ACT_BLAS_R_32F || a_type != b_type || m < 1 || n < 1 || k < 1)
    return 7; /* CUBLAS_STATUS_INVALID_VALUE */
  act_emulated_enqueue (static_cast<Handle *> (handle)->stream, [=] () {
    for (int i = 0; i < n_batches; i++)
      multiply (p, i);
  });
  return 0;
}

const ActGpuBlas blas = { create, destroy, set_stream, set_workspace, gemm };

} // namespace

const ActGpuBlas *
act_gpu_blas (void)
{
  return act_emulated_is_missing ("blas") ? nullptr : &blas;
}
