/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* Causal-importance functions: a head turns what a module is given into the
 * activations of its components, ACT_HEAD_COLUMNS components at a time at
 * most, so that memory does not grow with their number. */
#define ACT_HEAD_COLUMNS 2048

/* From a head's last layer to an activation, in place: x [n_rows, n_cols],
 * bias [n_cols] is added first. FALSE when a sum is NaN or infinite. */
typedef struct {
  const char *name; /* sigmoid_type */
  gboolean (*apply) (gsize n_rows, gsize n_cols, const float *bias, float *x);
} ActSigmoid;

typedef struct {
  const char *name;      /* ci_fn_type */
  gboolean takes_tokens; /* also on an embedding, whose input is the tokens */
  guint min_hidden;      /* fewest hidden layers */
  /* sets what depends on the tensors: layers, v, bias */
  gboolean (*load) (ActHead *head, ActWeights *weights, GError **error);
  /* floats of scratch, kept from begin to the last run */
  gsize (*scratch) (const ActHead *head, gsize n_rows);
  /* what all components share, NULL: nothing; input [n_rows, d_in], NULL where
   * the head takes tokens */
  void (*begin) (const ActHead *head, ActTile *tile, const float *input);
  /* components first to first + n - 1 of the last layer, without its bias, to
   * tile->components [n_rows, n] */
  void (*run) (const ActHead *head, ActTile *tile, const float *input,
      guint first, guint n);
} ActHeadKind;

typedef struct {
  const float *weight, *bias;
  guint d_in, d_out;
} ActHeadLayer;

struct _ActHead {
  const ActHeadKind *kind;
  const ActSigmoid *sigmoid;
  const ActModelConfig *config;
  const ActModelModule *module;
  gboolean takes_tokens;

  guint n_layers;
  ActHeadLayer layers[ACT_MODEL_MAX_HIDDEN + 1];
  const float *v;    /* [d_in, C], NULL: not used */
  const float *bias; /* [C], of the last layer */
};

const ActHeadKind *act_head_kind_lookup (const char *name);
char *act_head_kind_names (void);
const ActSigmoid *act_sigmoid_lookup (const char *name);
char *act_sigmoid_names (void);

/* the widest hidden layer, 0: none */
guint act_head_widest_hidden (const ActHead *head);
/* "_ci_fns.MODULE.layers.N.W" or ".b" of the head's i-th layer: (transfer
 * full) */
char *act_head_tensor_name (
    const ActHead *head, guint layer, const char *which);
