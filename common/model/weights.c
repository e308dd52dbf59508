/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "acterror.h"
#include "model/weights.h"
#include "sparse/csr.h"

#define ALIGNMENT 64

float *
act_floats_new (gsize n, GError **error)
{
  gsize size;
  void *memory = NULL;

  if (!g_size_checked_mul (&size, n, sizeof (float))
      || posix_memalign (&memory, ALIGNMENT, MAX (size, 1)) != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "not enough memory for %" G_GSIZE_FORMAT " floats", n);
    return NULL;
  }
  return memory;
}

/* "[3, 17]" of the element at a flat index; (transfer full) */
static char *
index_to_string (const ActTensor *tensor, gsize flat)
{
  guint64 index[ACT_TENSOR_MAX_DIMS];

  for (guint i = tensor->n_dims; i-- > 0;) {
    index[i] = flat % tensor->shape[i];
    flat /= tensor->shape[i];
  }
  return act_tensor_shape_to_string (tensor->n_dims, index);
}

static gboolean
check_finite (const ActSafetensors *file, const ActTensor *tensor,
    const float *data, GError **error)
{
  gssize bad = act_find_nonfinite (data, tensor->n_elements);
  g_autofree char *index = NULL;

  if (bad < 0)
    return TRUE;
  index = index_to_string (tensor, bad);
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': tensor '%s' is %s at %s, expected finite values",
      act_safetensors_get_filename (file), tensor->name,
      isnan (data[bad]) ? "NaN" : "infinite", index);
  return FALSE;
}

static const float *
widen (ActWeights *weights, const ActTensor *tensor, GError **error)
{
  float *data;

  if (tensor->dtype == ACT_DTYPE_F32)
    return tensor->data;
  data = act_floats_new (tensor->n_elements, error);
  if (data == NULL)
    return NULL;
  g_ptr_array_add (weights->widened, data);
  if (!act_to_f32 (
          tensor->dtype, tensor->data, tensor->n_elements, data, error))
    return NULL;
  return data;
}

static gboolean
get (ActWeights *weights, const ActSafetensors *file, const char *name,
    guint n_dims, const guint64 *shape, const float **data, GError **error)
{
  const ActTensor *tensor =
      act_safetensors_require (file, name, n_dims, shape, error);
  const float *floats;

  *data = NULL;
  if (tensor == NULL)
    return FALSE;
  if (tensor->dtype != ACT_DTYPE_F32 && tensor->dtype != ACT_DTYPE_F16
      && tensor->dtype != ACT_DTYPE_BF16) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': tensor '%s' has type %s, expected F32, F16 or BF16",
        act_safetensors_get_filename (file), name,
        act_dtype_name (tensor->dtype));
    return FALSE;
  }
  if (!weights->load)
    return TRUE;
  floats = widen (weights, tensor, error);
  if (floats == NULL || !check_finite (file, tensor, floats, error))
    return FALSE;
  *data = floats;
  return TRUE;
}

gboolean
act_weights_get (ActWeights *weights, const char *name, guint n_dims,
    const guint64 *shape, const float **data, GError **error)
{
  return get (weights, weights->file, name, n_dims, shape, data, error);
}

gboolean
act_weights_get_target (ActWeights *weights, const char *name,
    const char *which, guint n_dims, const guint64 *shape, const float **data,
    GError **error)
{
  g_autofree char *full =
      g_strdup_printf ("%s%s.%s", weights->target_prefix, name, which);

  return get (weights, weights->target, full, n_dims, shape, data, error);
}

gboolean
act_weights_has_target (
    const ActWeights *weights, const char *name, const char *which)
{
  g_autofree char *full =
      g_strdup_printf ("%s%s.%s", weights->target_prefix, name, which);

  return act_safetensors_lookup (weights->target, full) != NULL;
}
