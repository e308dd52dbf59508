/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/safetensors.h"

/* Tensors as float32: in place in the mapped file where they are F32, else
 * widened once. Used in two passes over the same code: the first only checks
 * names and shapes, the second gives data. */
typedef struct {
  const ActSafetensors *file;
  const ActSafetensors *target; /* the target model's: file, or one more */
  const char *target_prefix;    /* before its tensors' names */
  gboolean load;
  GPtrArray *widened; /* owns what had to be widened */
} ActWeights;

/* data is NULL unless load; then all values are finite */
gboolean act_weights_get (ActWeights *weights, const char *name, guint n_dims,
    const guint64 *shape, const float **data, GError **error);
/* the same of the target model's tensor NAME.which */
gboolean act_weights_get_target (ActWeights *weights, const char *name,
    const char *which, guint n_dims, const guint64 *shape, const float **data,
    GError **error);
gboolean act_weights_has_target (
    const ActWeights *weights, const char *name, const char *which);
/* memory of n floats for BLAS and vector instructions; free () it */
float *act_floats_new (gsize n, GError **error);
