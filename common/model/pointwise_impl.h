/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of every pointwise_ISA.c: plain C that the compiler turns into
 * that file's instructions. ACT_POINTWISE_TABLE and ACT_POINTWISE_NAME say
 * what the table is called. */

#include "config.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

/* GELU (x) = x Phi (x) = max (x, 0) - |x| Phi (-|x|), and Phi (-a) for a >= 0
 * is 1 / P (a)^8, P a polynomial of degree 9: one division, no branch, and an
 * error that is small where the function itself is. Its coefficients minimise
 * the largest error of a Phi (-a), which is 8e-9 for the erf form and 3e-8
 * for the tanh form; float32 arithmetic adds up to 1.7e-7. P grows without
 * bound, so large a give 0. */
#define DEFINE_GELU(NAME, C0, C1, C2, C3, C4, C5, C6, C7, C8, C9)              \
  static inline float NAME (float x)                                           \
  {                                                                            \
    float a = fabsf (x), p = C9;                                               \
                                                                               \
    p = p * a + C8;                                                            \
    p = p * a + C7;                                                            \
    p = p * a + C6;                                                            \
    p = p * a + C5;                                                            \
    p = p * a + C4;                                                            \
    p = p * a + C3;                                                            \
    p = p * a + C2;                                                            \
    p = p * a + C1;                                                            \
    p = p * a + C0;                                                            \
    p *= p;                                                                    \
    p *= p;                                                                    \
    p *= p;                                                                    \
    return (x > 0.0f ? x : 0.0f) - a / p;                                      \
  }

DEFINE_GELU (gelu_erf_value, 0x1.172b82p+0f, 0x1.bd8078p-4f, 0x1.8fbd2ap-5f,
    0x1.37c766p-7f, 0x1.b4ea5ep-11f, 0x1.63626ap-12f, -0x1.7a92c6p-17f,
    0x1.38535cp-16f, -0x1.8e7114p-19f, 0x1.c75f3p-22f)
DEFINE_GELU (gelu_tanh_value, 0x1.172b7ap+0f, 0x1.bd893p-4f, 0x1.8f451p-5f,
    0x1.3b15dep-7f, 0x1.9e3a5ep-12f, 0x1.8554a2p-11f, -0x1.35df64p-12f,
    0x1.5268dap-13f, -0x1.11ec24p-15f, 0x1.b58c3p-19f)

static void
gelu_tanh (gsize n, float *restrict x)
{
  for (gsize i = 0; i < n; i++)
    x[i] = gelu_tanh_value (x[i]);
}

static void
bias_gelu_erf (
    gsize n_rows, gsize n_cols, const float *restrict bias, float *restrict x)
{
  for (gsize row = 0; row < n_rows; row++, x += n_cols)
    for (gsize i = 0; i < n_cols; i++)
      x[i] = gelu_erf_value (x[i] + bias[i]);
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
  .gelu_tanh = gelu_tanh,
  .bias_gelu_erf = bias_gelu_erf,
  .bias_clamp = bias_clamp,
  .rotate_halves = rotate_halves,
  .softmax_causal = softmax_causal,
};
