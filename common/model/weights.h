/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/safetensors.h"

/* Tensors as float32: in place in the mapped file where they are F32, else
 * widened once. Used in two passes over the same code: the first only checks
 * names and shapes, the second gives data. */
typedef struct {
  const ActSafetensors *file;
  gboolean load;
  GPtrArray *widened; /* owns what had to be widened */
} ActWeights;

/* data is NULL unless load; then all values are finite */
gboolean act_weights_get (ActWeights *weights, const char *name, guint n_dims,
    const guint64 *shape, const float **data, GError **error);
/* memory of n floats for BLAS and vector instructions; free () it */
float *act_floats_new (gsize n, GError **error);
