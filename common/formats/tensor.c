/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tensor.h"

#include <string.h>

#include "acterror.h"

static const struct {
  const char *name;
  gsize size;
} dtypes[] = {
  [ACT_DTYPE_BOOL] = { "BOOL", 1 },
  [ACT_DTYPE_U8] = { "U8", 1 },
  [ACT_DTYPE_I8] = { "I8", 1 },
  [ACT_DTYPE_U16] = { "U16", 2 },
  [ACT_DTYPE_I16] = { "I16", 2 },
  [ACT_DTYPE_F16] = { "F16", 2 },
  [ACT_DTYPE_BF16] = { "BF16", 2 },
  [ACT_DTYPE_U32] = { "U32", 4 },
  [ACT_DTYPE_I32] = { "I32", 4 },
  [ACT_DTYPE_F32] = { "F32", 4 },
  [ACT_DTYPE_U64] = { "U64", 8 },
  [ACT_DTYPE_I64] = { "I64", 8 },
  [ACT_DTYPE_F64] = { "F64", 8 },
};

gsize
act_dtype_size (ActDtype dtype)
{
  g_return_val_if_fail (dtype < G_N_ELEMENTS (dtypes), 0);
  return dtypes[dtype].size;
}

const char *
act_dtype_name (ActDtype dtype)
{
  g_return_val_if_fail (dtype < G_N_ELEMENTS (dtypes), NULL);
  return dtypes[dtype].name;
}

gboolean
act_dtype_from_name (const char *name, ActDtype *dtype)
{
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++) {
    if (strcmp (dtypes[i].name, name) == 0) {
      *dtype = i;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
act_tensor_set_sizes (ActTensor *tensor, GError **error)
{
  gsize n = 1, size;
  gboolean empty = FALSE;

  g_return_val_if_fail (tensor->n_dims <= ACT_TENSOR_MAX_DIMS, FALSE);
  /* a dimension of 0 must not hide that the others overflow */
  for (guint i = 0; i < tensor->n_dims; i++) {
    guint64 dim = tensor->shape[i];

    empty = empty || dim == 0;
    if (dim > G_MAXSIZE || (dim != 0 && !g_size_checked_mul (&n, n, dim)))
      goto overflow;
  }
  if (!g_size_checked_mul (&size, n, act_dtype_size (tensor->dtype))
      || size > G_MAXSSIZE)
    goto overflow;
  tensor->n_elements = empty ? 0 : n;
  tensor->size = empty ? 0 : size;
  return TRUE;

overflow : {
  g_autofree char *shape =
      act_tensor_shape_to_string (tensor->n_dims, tensor->shape);

  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "shape %s has more elements than can be addressed", shape);
  return FALSE;
}
}

char *
act_tensor_shape_to_string (guint n_dims, const guint64 *shape)
{
  GString *s = g_string_new ("[");

  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (
        s, "%s%" G_GUINT64_FORMAT, i > 0 ? ", " : "", shape[i]);
  g_string_append_c (s, ']');
  return g_string_free (s, FALSE);
}

static inline float
float_from_bits (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

float
act_f16_to_f32 (guint16 bits)
{
  guint32 sign = (guint32) (bits & 0x8000) << 16;
  guint32 rest = bits & 0x7fff;
  float value;

  if (rest >= 0x7c00) /* infinity, NaN with its payload */
    return float_from_bits (sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest >= 0x0400) /* the exponent's bias goes from 15 to 127 */
    return float_from_bits (sign | ((rest << 13) + (112u << 23)));
  /* subnormal: a whole multiple of 2^-24, which float32 holds exactly */
  value = (float) rest * 0x1p-24f;
  return sign ? -value : value;
}

guint16
act_f32_to_f16 (float value)
{
  guint32 bits, sign, rest;

  memcpy (&bits, &value, sizeof bits);
  sign = bits >> 16 & 0x8000;
  rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) { /* a NaN stays one: never an all-zero payload */
    guint32 payload = rest >> 13 & 0x3ff;

    return sign | 0x7c00 | (payload ? payload : 0x200);
  }
  if (rest >= 0x47800000) /* 65536 and above */
    return sign | 0x7c00;
  if (rest >= 0x38800000) { /* normal in float16: 2^-14 and above */
    guint32 half = (rest - (112u << 23)) >> 13;
    guint32 cut = rest & 0x1fff;

    /* the carry may go into the exponent, up to infinity: as it should */
    half += cut > 0x1000 || (cut == 0x1000 && (half & 1));
    return sign | half;
  }
  if (rest <= 0x33000000) /* up to 2^-25, the tie to even included */
    return sign;
  {
    guint32 shift = 126 - (rest >> 23); /* 14..24 */
    guint32 mantissa = (rest & 0x7fffff) | 0x800000;
    guint32 half = mantissa >> shift;
    guint32 cut = mantissa & ((1u << shift) - 1);
    guint32 tie = 1u << (shift - 1);

    half += cut > tie || (cut == tie && (half & 1));
    return sign | half;
  }
}

static inline guint16
load_u16 (const guint8 *src)
{
  guint16 bits;

  memcpy (&bits, src, sizeof bits);
  return bits;
}

gboolean
act_to_f32 (
    ActDtype dtype, const void *src, gsize n, float *dst, GError **error)
{
  const guint8 *bytes = src;

  switch (dtype) {
  case ACT_DTYPE_F32:
    if (n > 0)
      memcpy (dst, src, n * sizeof (float));
    return TRUE;
  case ACT_DTYPE_F16:
    for (gsize i = 0; i < n; i++)
      dst[i] = act_f16_to_f32 (load_u16 (bytes + 2 * i));
    return TRUE;
  case ACT_DTYPE_BF16:
    for (gsize i = 0; i < n; i++)
      dst[i] = float_from_bits ((guint32) load_u16 (bytes + 2 * i) << 16);
    return TRUE;
  default:
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "element type %s, expected F32, F16 or BF16", act_dtype_name (dtype));
    return FALSE;
  }
}
