/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the forward pass does between its matrix products. Everything is
 * float32, row-major, n_rows x n_cols without gaps unless a stride is given.
 *
 * The table is stamped out of one C source (pointwise_impl.h) for each
 * instruction set; sums run over 16 lanes in a fixed order and nothing is
 * contracted, so all give the same bits. GST_ACTIVATIONS_CPU=c|avx2|avx512
 * forces one. */
typedef struct {
  const char *name;

  /* out = x / sqrt (mean (x^2) + eps) * weight, the mean over a row */
  void (*rms_norm) (gsize n_rows, gsize n_cols, const float *x,
      const float *weight, float eps, float *out);
  /* out = (x - m) / sqrt (mean ((x - m)^2) + eps) * weight + bias, m the mean
   * of a row */
  void (*layer_norm) (gsize n_rows, gsize n_cols, const float *x,
      const float *weight, const float *bias, float eps, float *out);
  /* x = x + bias */
  void (*add_bias) (gsize n_rows, gsize n_cols, const float *bias, float *x);
  /* x = x gate / (1 + e^-gate) */
  void (*silu_times) (gsize n, const float *gate, float *x);
  /* the tanh form of GELU, within 3e-7 of the exact one (relative above 1) */
  void (*gelu_tanh) (gsize n, float *x);
  /* x = GELU (x + bias), the erf form, as exact */
  void (*bias_gelu_erf) (
      gsize n_rows, gsize n_cols, const float *bias, float *x);
  /* x = x + bias clamped to 0..1, +0.0 for -0.0; FALSE when some x + bias is
   * NaN or infinite (what is stored there is of no meaning) */
  gboolean (*bias_clamp) (
      gsize n_rows, gsize n_cols, const float *bias, float *x);
  /* The same for other ends of an importance function, z = x + bias:
   * 1 / (1 + e^-z); */
  gboolean (*bias_sigmoid) (
      gsize n_rows, gsize n_cols, const float *bias, float *x);
  /* z clamped to 0..1, but 1 + 0.01 (z - 1) above 1; */
  gboolean (*bias_clamp_leaky) (
      gsize n_rows, gsize n_cols, const float *bias, float *x);
  /* z s (10 z) + (1 - z) s (10 (z - 1)), s (t) = 1 / (1 + e^-t) */
  gboolean (*bias_swish_hard) (
      gsize n_rows, gsize n_cols, const float *bias, float *x);
  /* (a, b) of each head's two halves turns to (a cos - b sin, b cos + a sin);
   * x [n_heads, 2 * n_pairs], cos and sin [n_pairs] */
  void (*rotate_halves) (gsize n_heads, gsize n_pairs, const float *cos,
      const float *sin, float *x);
  /* the same for the pairs (2i, 2i + 1) of a head */
  void (*rotate_adjacent) (gsize n_heads, gsize n_pairs, const float *cos,
      const float *sin, float *x);
  /* For arrays with a line of n floats for each unit: line u is GELU, the erf
   * form, of weight[u] x + bias[u] with the same line x for all; */
  void (*lines_gelu_erf) (gsize n_units, gsize n, const float *weight,
      const float *bias, const float *x, float *out);
  /* of the line's own x + bias[u]; */
  void (*lines_bias_gelu_erf) (
      gsize n_units, gsize n, const float *bias, float *x);
  /* out [n] is the sum over the units of weight[u] times line u, from the
   * first on. */
  void (*lines_weigh) (
      gsize n_units, gsize n, const float *weight, const float *x, float *out);
  /* Row r of scores has n_first + r entries that count; they become their
   * softmax, those behind them up to n_cols zero. stride is a multiple of
   * ACT_POINTWISE_LANES, at least n_cols; what lies behind n_cols is
   * overwritten. n_first > 0, n_first + n_rows - 1 <= n_cols. */
  void (*softmax_causal) (
      gsize n_rows, gsize n_cols, gsize stride, gsize n_first, float *scores);
} ActPointwise;

#define ACT_POINTWISE_LANES 16

/* the table in use */
const ActPointwise *act_pointwise (void);

/* the n-th of those that run on this processor, the best first, or NULL; for
 * tests */
const ActPointwise *act_pointwise_nth (guint n);
