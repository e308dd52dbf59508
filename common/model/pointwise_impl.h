/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of every pointwise_ISA.c: plain C that the compiler turns into
 * that file's instructions. ACT_POINTWISE_TABLE and ACT_POINTWISE_NAME say
 * what the table is called. */

#include "config.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "model/gelu.h"
#include "model/pointwise.h"

/* The sums and maxima of a row run in LANES lanes whatever the width of a
 * register is, so that their order is the same everywhere. */
#define LANES ACT_POINTWISE_LANES
typedef float Lanes __attribute__ ((vector_size (4 * LANES)));
typedef gint32 LaneBits __attribute__ ((vector_size (4 * LANES)));

static inline Lanes
lanes_load (const float *x)
{
  Lanes v;

  memcpy (&v, x, sizeof v);
  return v;
}

static inline void
lanes_store (float *x, Lanes v)
{
  memcpy (x, &v, sizeof v);
}

/* the first n, at most LANES; the others are 0 */
static inline Lanes
lanes_load_some (const float *x, gsize n)
{
  Lanes v = { 0 };

  if (n >= LANES)
    return lanes_load (x);
  memcpy (&v, x, n * sizeof *x);
  return v;
}

static inline void
lanes_store_some (float *x, gsize n, Lanes v)
{
  if (n >= LANES)
    lanes_store (x, v);
  else
    memcpy (x, &v, n * sizeof *x);
}

static inline Lanes
lanes_set (float value)
{
  return (Lanes){ 0 } + value;
}

static inline Lanes
lanes_select (LaneBits mask, Lanes yes, Lanes no)
{
  return (Lanes) ((mask & (LaneBits) yes) | (~mask & (LaneBits) no));
}

static inline Lanes
lanes_max (Lanes a, Lanes b)
{
  return lanes_select (a > b, a, b);
}

static inline float
lanes_sum (Lanes v)
{
  float x[LANES];

  memcpy (x, &v, sizeof x);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++)
      x[i] += x[i + width];
  return x[0];
}

static inline float
lanes_largest (Lanes v)
{
  float x[LANES], largest;

  memcpy (x, &v, sizeof x);
  largest = x[0];
  for (int i = 1; i < LANES; i++)
    largest = x[i] > largest ? x[i] : largest;
  return largest;
}

/* e^x for x <= 0, within 1.2e-7 relatively; 0 below -87. x = n ln 2 + r, with
 * ln 2 in two parts so that r is exact, and a minimax polynomial for e^r. */
static inline Lanes
lanes_exp (Lanes x)
{
  const float round = 12582912.0f; /* 1.5 * 2^23: adding it rounds */
  Lanes n = (x * 0x1.715476p+0f + round) - round;
  Lanes r = (x - n * 0x1.63p-1f) + n * 0x1.bd0106p-13f;
  Lanes p = lanes_set (0x1.6a1a72p-10f);
  LaneBits scale;

  p = p * r + 0x1.123fc6p-7f;
  p = p * r + 0x1.555916p-5f;
  p = p * r + 0x1.55548ap-3f;
  p = p * r + 0x1.fffffcp-2f;
  p = p * (r * r) + r + 1.0f;
  /* 2^n is its exponent bits; n comes out of the float that rounded it */
  scale = ((LaneBits) (n + round) + 127) << 23;
  return lanes_select (
      x < lanes_set (-87.0f), lanes_set (0.0f), p * (Lanes) scale);
}

/* 1 / (1 + e^-x) */
static inline Lanes
lanes_sigmoid (Lanes x)
{
  LaneBits negative = x < lanes_set (0.0f);
  Lanes e = lanes_exp (lanes_select (negative, x, -x));

  return lanes_select (negative, e, lanes_set (1.0f)) / (1.0f + e);
}

static void
rms_norm (gsize n_rows, gsize n_cols, const float *restrict x,
    const float *restrict weight, float eps, float *restrict out)
{
  for (gsize row = 0; row < n_rows; row++, x += n_cols, out += n_cols) {
    Lanes squares = { 0 };
    float sum, scale;
    gsize i;

    for (i = 0; i + LANES <= n_cols; i += LANES) {
      Lanes v = lanes_load (x + i);

      squares += v * v;
    }
    sum = lanes_sum (squares);
    for (; i < n_cols; i++)
      sum += x[i] * x[i];
    scale = 1.0f / sqrtf (sum / (float) n_cols + eps);
    for (i = 0; i < n_cols; i++)
      out[i] = x[i] * scale * weight[i];
  }
}

static float
row_mean (gsize n_cols, const float *x)
{
  Lanes sums = { 0 };
  float sum;
  gsize i;

  for (i = 0; i + LANES <= n_cols; i += LANES)
    sums += lanes_load (x + i);
  sum = lanes_sum (sums);
  for (; i < n_cols; i++)
    sum += x[i];
  return sum / (float) n_cols;
}

static float
row_variance (gsize n_cols, const float *x, float mean)
{
  Lanes squares = { 0 };
  float sum;
  gsize i;

  for (i = 0; i + LANES <= n_cols; i += LANES) {
    Lanes v = lanes_load (x + i) - mean;

    squares += v * v;
  }
  sum = lanes_sum (squares);
  for (; i < n_cols; i++)
    sum += (x[i] - mean) * (x[i] - mean);
  return sum / (float) n_cols;
}

static void
layer_norm (gsize n_rows, gsize n_cols, const float *restrict x,
    const float *restrict weight, const float *restrict bias, float eps,
    float *restrict out)
{
  for (gsize row = 0; row < n_rows; row++, x += n_cols, out += n_cols) {
    float mean = row_mean (n_cols, x);
    float scale = 1.0f / sqrtf (row_variance (n_cols, x, mean) + eps);

    for (gsize i = 0; i < n_cols; i++)
      out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
  }
}

static void
add_bias (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  for (gsize row = 0; row < n_rows; row++, x += n_cols)
    for (gsize i = 0; i < n_cols; i++)
      x[i] += bias[i];
}

static void
silu_times (gsize n, const float *restrict gate, float *restrict x)
{
  for (gsize i = 0; i < n; i += LANES) {
    gsize some = n - i;
    Lanes g = lanes_load_some (gate + i, some);

    lanes_store_some (
        x + i, some, lanes_load_some (x + i, some) * g * lanes_sigmoid (g));
  }
}

static void
gelu_tanh (gsize n, float *restrict x)
{
  for (gsize i = 0; i < n; i++)
    x[i] = act_gelu_tanh (x[i]);
}

static void
bias_gelu_erf (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  for (gsize row = 0; row < n_rows; row++, x += n_cols)
    for (gsize i = 0; i < n_cols; i++)
      x[i] = act_gelu_erf (x[i] + bias[i]);
}

static gboolean
bias_clamp (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  const gint32 magnitude = 0x7fffffff, infinity = 0x7f800000;
  gint32 largest = 0;

  for (gsize row = 0; row < n_rows; row++, x += n_cols) {
    for (gsize i = 0; i < n_cols; i++) {
      float z = x[i] + bias[i];
      gint32 bits;

      memcpy (&bits, &z, sizeof bits);
      bits &= magnitude;
      largest = bits > largest ? bits : largest;
      z = z < 1.0f ? z : 1.0f;
      x[i] = z > 0.0f ? z : 0.0f;
    }
  }
  return largest < infinity;
}

/* x = end (x + bias); FALSE when some x + bias is NaN or infinite */
static inline __attribute__ ((always_inline)) gboolean
bias_end (gsize n_rows, gsize n_cols, const float *restrict bias,
    float *restrict x, Lanes (*end) (Lanes z))
{
  LaneBits bad = { 0 };

  for (gsize row = 0; row < n_rows; row++, x += n_cols) {
    for (gsize i = 0; i < n_cols; i += LANES) {
      gsize some = n_cols - i;
      Lanes z =
          lanes_load_some (x + i, some) + lanes_load_some (bias + i, some);

      bad |= ((LaneBits) z & 0x7fffffff) >= 0x7f800000;
      lanes_store_some (x + i, some, end (z));
    }
  }
  for (int i = 0; i < LANES; i++)
    if (bad[i])
      return FALSE;
  return TRUE;
}

static gboolean
bias_sigmoid (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  return bias_end (n_rows, n_cols, bias, x, lanes_sigmoid);
}

static inline Lanes
lanes_clamp_leaky (Lanes z)
{
  Lanes above = 1.0f + 0.01f * (z - 1.0f);

  z = lanes_select (z > lanes_set (0.0f), z, lanes_set (0.0f));
  return lanes_select (z > lanes_set (1.0f), above, z);
}

static gboolean
bias_clamp_leaky (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  return bias_end (n_rows, n_cols, bias, x, lanes_clamp_leaky);
}

/* f (1 - z) = 1 - f (z), and with t below one half nothing cancels: far out
 * both terms of f are 0. */
static inline Lanes
lanes_swish_hard (Lanes z)
{
  LaneBits upper = z > lanes_set (0.5f);
  Lanes t = lanes_select (upper, 1.0f - z, z);
  Lanes f = t * lanes_sigmoid (10.0f * t)
      + (1.0f - t) * lanes_sigmoid (10.0f * (t - 1.0f));

  return lanes_select (upper, 1.0f - f, f);
}

static gboolean
bias_swish_hard (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  return bias_end (n_rows, n_cols, bias, x, lanes_swish_hard);
}

static void
lines_gelu_erf (gsize n_units, gsize n, const float *restrict weight,
    const float *restrict bias, const float *restrict x, float *restrict out)
{
  for (gsize unit = 0; unit < n_units; unit++, out += n)
    for (gsize i = 0; i < n; i++)
      out[i] = act_gelu_erf (weight[unit] * x[i] + bias[unit]);
}

static void
lines_bias_gelu_erf (
    gsize n_units, gsize n, const float *restrict bias, float *restrict x)
{
  for (gsize unit = 0; unit < n_units; unit++, x += n)
    for (gsize i = 0; i < n; i++)
      x[i] = act_gelu_erf (x[i] + bias[unit]);
}

static void
lines_weigh (gsize n_units, gsize n, const float *restrict weight,
    const float *restrict x, float *restrict out)
{
  memset (out, 0, n * sizeof *out);
  for (gsize unit = 0; unit < n_units; unit++, x += n)
    for (gsize i = 0; i < n; i++)
      out[i] += weight[unit] * x[i];
}

static void
rotate_halves (gsize n_heads, gsize n_pairs, const float *restrict cos,
    const float *restrict sin, float *restrict x)
{
  for (gsize head = 0; head < n_heads; head++, x += 2 * n_pairs) {
    for (gsize i = 0; i < n_pairs; i++) {
      float a = x[i], b = x[i + n_pairs];

      x[i] = a * cos[i] - b * sin[i];
      x[i + n_pairs] = b * cos[i] + a * sin[i];
    }
  }
}

static void
rotate_adjacent (gsize n_heads, gsize n_pairs, const float *restrict cos,
    const float *restrict sin, float *restrict x)
{
  for (gsize head = 0; head < n_heads; head++, x += 2 * n_pairs) {
    for (gsize i = 0; i < n_pairs; i++) {
      float a = x[2 * i], b = x[2 * i + 1];

      x[2 * i] = a * cos[i] - b * sin[i];
      x[2 * i + 1] = b * cos[i] + a * sin[i];
    }
  }
}

static void
softmax_causal (
    gsize n_rows, gsize n_cols, gsize stride, gsize n_first, float *scores)
{
  for (gsize row = 0; row < n_rows; row++, scores += stride) {
    gsize n = n_first + row, n_padded = (n + LANES - 1) / LANES * LANES;
    Lanes largest = lanes_set (-FLT_MAX), sum = { 0 }, scale;

    for (gsize i = n; i < n_padded; i++)
      scores[i] = -FLT_MAX;
    for (gsize i = 0; i < n_padded; i += LANES)
      largest = lanes_max (lanes_load (scores + i), largest);
    largest = lanes_set (lanes_largest (largest));
    for (gsize i = 0; i < n_padded; i += LANES) {
      Lanes e = lanes_exp (lanes_load (scores + i) - largest);

      lanes_store (scores + i, e);
      sum += e;
    }
    scale = lanes_set (1.0f / lanes_sum (sum));
    for (gsize i = 0; i < n_padded; i += LANES)
      lanes_store (scores + i, lanes_load (scores + i) * scale);
    if (n_cols > n_padded)
      memset (scores + n_padded, 0, (n_cols - n_padded) * sizeof *scores);
  }
}

const ActPointwise ACT_POINTWISE_TABLE = {
  .name = ACT_POINTWISE_NAME,
  .rms_norm = rms_norm,
  .layer_norm = layer_norm,
  .add_bias = add_bias,
  .silu_times = silu_times,
  .gelu_tanh = gelu_tanh,
  .bias_gelu_erf = bias_gelu_erf,
  .bias_clamp = bias_clamp,
  .bias_sigmoid = bias_sigmoid,
  .bias_clamp_leaky = bias_clamp_leaky,
  .bias_swish_hard = bias_swish_hard,
  .rotate_halves = rotate_halves,
  .rotate_adjacent = rotate_adjacent,
  .lines_gelu_erf = lines_gelu_erf,
  .lines_bias_gelu_erf = lines_bias_gelu_erf,
  .lines_weigh = lines_weigh,
  .softmax_causal = softmax_causal,
};
