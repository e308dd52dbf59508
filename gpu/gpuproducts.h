/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpustatus.h"

/* Matrix products, by cuBLAS, which is loaded when the first is asked for. */

ACT_GPU_BEGIN_DECLS

typedef enum {
  ACT_GPU_PRECISION_FP32, /* true float32: no TF32 */
  ACT_GPU_PRECISION_TF32,
  ACT_GPU_PRECISION_BF16, /* inputs rounded to bfloat16, sums in float32 */
} ActGpuPrecision;

/* cuBLAS's handle, for the device that is current; one for each stream, used
 * by one thread at a time. Its device workspace is allocated here, so that no
 * product allocates. */
typedef struct _ActGpuProducts ActGpuProducts;

ActGpuStatus act_gpu_products_new (
    ActGpuPrecision precision, ActGpuProducts **products);
void act_gpu_products_free (ActGpuProducts *products);
ActGpuPrecision act_gpu_products_get_precision (const ActGpuProducts *products);
/* bytes of an element of a product's inputs: 4, or 2 */
size_t act_gpu_products_element_size (const ActGpuProducts *products);

/* For i below n: c_i [n_rows, n_cols] = a_i [n_rows, n_inner] b_i + beta c_i,
 * all row-major with row strides, b [n_inner, n_cols], or its transpose where
 * b_transposed is set; c float32. Matrix i begins i times a's stride behind
 * the first, which may be 0. */
typedef struct {
  size_t n_rows, n_cols, n_inner;
  const void *a, *b;
  size_t a_row, b_row;
  int b_transposed;
  float beta;
  float *c;
  size_t c_row;
  size_t n, a_stride, b_stride, c_stride;
} ActGpuProduct;

ActGpuStatus act_gpu_product (ActGpuProducts *products,
    const ActGpuProduct *product, ActGpuStream stream);

/* float32 to bfloat16, to the nearest, ties to even */
ActGpuStatus act_gpu_to_bf16 (
    size_t n, const float *in, void *out, ActGpuStream stream);

ACT_GPU_END_DECLS
