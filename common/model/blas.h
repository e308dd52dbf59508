/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <cblas.h>
#include <glib.h>

/* The matrix products of the forward pass, row-major with row strides. */

/* c [m, n] = alpha a [m, k] b [n, k]^T + beta c */
static inline void
act_gemm_nt (gsize m, gsize n, gsize k, float alpha, const float *a, gsize lda,
    const float *b, gsize ldb, float beta, float *c, gsize ldc)
{
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, alpha, a, lda,
      b, ldb, beta, c, ldc);
}

/* c [m, n] = a [m, k] b [k, n] + beta c */
static inline void
act_gemm_nn (gsize m, gsize n, gsize k, const float *a, gsize lda,
    const float *b, gsize ldb, float beta, float *c, gsize ldc)
{
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, lda,
      b, ldb, beta, c, ldc);
}

/* c [m, n] = a [k, m]^T b [k, n] */
static inline void
act_gemm_tn (gsize m, gsize n, gsize k, const float *a, gsize lda,
    const float *b, gsize ldb, float *c, gsize ldc)
{
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda,
      b, ldb, 0.0f, c, ldc);
}

/* c [m, n] = a [k, m]^T b [n, k]^T */
static inline void
act_gemm_tt (gsize m, gsize n, gsize k, const float *a, gsize lda,
    const float *b, gsize ldb, float *c, gsize ldc)
{
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasTrans, m, n, k, 1.0f, a, lda, b,
      ldb, 0.0f, c, ldc);
}

/* One thread inside each product. Where the library counts its threads for
 * each calling thread (OpenMP builds), each caller must say so itself. */
void act_blas_use_one_thread (void);
