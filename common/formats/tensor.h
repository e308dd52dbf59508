/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What .npy and .safetensors have in common: element types and shapes. */

typedef enum {
  ACT_DTYPE_BOOL,
  ACT_DTYPE_U8,
  ACT_DTYPE_I8,
  ACT_DTYPE_U16,
  ACT_DTYPE_I16,
  ACT_DTYPE_F16,
  ACT_DTYPE_BF16,
  ACT_DTYPE_U32,
  ACT_DTYPE_I32,
  ACT_DTYPE_F32,
  ACT_DTYPE_U64,
  ACT_DTYPE_I64,
  ACT_DTYPE_F64,
} ActDtype;

#define ACT_TENSOR_MAX_DIMS 8

/* A named array, row-major and little-endian. data points into whatever was
 * read and is aligned for the element type. */
typedef struct {
  const char *name;
  ActDtype dtype;
  guint n_dims;
  guint64 shape[ACT_TENSOR_MAX_DIMS];
  gsize n_elements;
  gsize size; /* bytes */
  const void *data;
} ActTensor;

gsize act_dtype_size (ActDtype dtype);
const char *act_dtype_name (ActDtype dtype); /* as in safetensors, "F32" */
gboolean act_dtype_from_name (const char *name, ActDtype *dtype);

/* Sets n_elements and size from dtype, n_dims and shape; an error when they
 * overflow. */
gboolean act_tensor_set_sizes (ActTensor *tensor, GError **error);

/* "[4, 128]"; (transfer full) */
char *act_tensor_shape_to_string (guint n_dims, const guint64 *shape);

/* Widens n elements of F32, F16 or BF16, exactly. src needs no alignment. */
gboolean act_to_f32 (
    ActDtype dtype, const void *src, gsize n, float *dst, GError **error);

/* float32 to float16, to nearest, ties to even; -> bits */
guint16 act_f32_to_f16 (float value);
float act_f16_to_f32 (guint16 bits);
