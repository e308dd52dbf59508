/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* Causal-importance functions: a head turns what a module is given into the
 * activations of its components. */

/* From a head's last layer to an activation, in place: x [n_rows, n_cols],
 * bias [n_cols] is added first. FALSE when a sum is NaN or infinite. */
typedef struct {
  const char *name; /* sigmoid_type */
  gboolean (*apply) (gsize n_rows, gsize n_cols, const float *bias, float *x);
} ActSigmoid;

typedef struct {
  const char *name; /* ci_fn_type */
  /* NULL on error; with weights->load FALSE what comes is only freed */
  ActHead *(*load) (const ActModelConfig *config, const ActModelModule *module,
      ActWeights *weights, GError **error);
  /* input [n_rows, d_in] to tile->components [n_rows, C] */
  gboolean (*run) (const ActHead *head, ActTile *tile, const float *input);
} ActHeadKind;

typedef struct {
  const float *weight, *bias;
  guint d_in, d_out;
} ActHeadLayer;

struct _ActHead {
  const ActHeadKind *kind;
  const ActSigmoid *sigmoid;
  guint n_layers;
  ActHeadLayer layers[ACT_MODEL_MAX_HIDDEN + 1];
};

const ActHeadKind *act_head_kind_lookup (const char *name);
char *act_head_kind_names (void);
const ActSigmoid *act_sigmoid_lookup (const char *name);
char *act_sigmoid_names (void);
