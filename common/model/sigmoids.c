/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/head.h"
#include "model/pointwise.h"

/* z clamped to 0..1. leaky_hard has its leak in the gradient alone. */
static gboolean
apply_hard (gsize n_rows, gsize n_cols, const float *bias, float *x)
{
  return act_pointwise ()->bias_clamp (n_rows, n_cols, bias, x);
}

static gboolean
apply_normal (gsize n_rows, gsize n_cols, const float *bias, float *x)
{
  return act_pointwise ()->bias_sigmoid (n_rows, n_cols, bias, x);
}

static gboolean
apply_upper_leaky_hard (gsize n_rows, gsize n_cols, const float *bias, float *x)
{
  return act_pointwise ()->bias_clamp_leaky (n_rows, n_cols, bias, x);
}

static gboolean
apply_swish_hard (gsize n_rows, gsize n_cols, const float *bias, float *x)
{
  return act_pointwise ()->bias_swish_hard (n_rows, n_cols, bias, x);
}

static const ActSigmoid sigmoids[] = {
  { "normal", apply_normal },
  { "hard", apply_hard },
  { "leaky_hard", apply_hard },
  { "upper_leaky_hard", apply_upper_leaky_hard },
  { "swish_hard", apply_swish_hard },
};

const ActSigmoid *
act_sigmoid_lookup (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (sigmoids); i++)
    if (g_str_equal (sigmoids[i].name, name))
      return &sigmoids[i];
  return NULL;
}

char *
act_sigmoid_names (void)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sigmoids); i++)
    g_string_append_printf (
        names, "%s\"%s\"", i > 0 ? ", " : "", sigmoids[i].name);
  return g_string_free (names, FALSE);
}
