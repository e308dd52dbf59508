/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The forward pass's own functions: each instruction set against the C
 * library in double, and bit by bit against plain C. */

#include <glib.h>
#include <math.h>
#include <string.h>

#include "model/pointwise.h"

static const gsize sizes[] = { 0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127,
  128, 129, 1000 };

static float *
random_floats (gsize n, double scale)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (n + 1);
  float *x = g_new (float, MAX (n, 1));

  for (gsize i = 0; i < n; i++)
    x[i] = g_rand_double_range (rand, -scale, scale);
  return x;
}

static void
assert_within (float found, double expected, double tolerance)
{
  double allowed = tolerance * MAX (1, fabs (expected));

  if (!(fabs (found - expected) <= allowed))
    g_error ("found %.9g, expected %.17g", found, expected);
}

static double
exact_gelu_erf (double x)
{
  return 0.5 * x * erfc (-x * M_SQRT1_2);
}

static double
exact_gelu_tanh (double x)
{
  double u = sqrt (2 / M_PI) * (x + 0.044715 * x * x * x);

  return x / (1 + exp (-2 * u));
}

/* a fine grid over all that matters, and far out */
#define N_GRID 400001

static float *
grid (void)
{
  float *x = g_new (float, N_GRID);

  for (gsize i = 0; i < N_GRID - 8; i++)
    x[i] = -20 + 40.0 * i / (N_GRID - 8);
  memcpy (x + N_GRID - 8,
      (float[]){ 0.0f, -0.0f, 1e-30f, -1e-30f, 1e5f, -1e5f, 1e30f, -1e30f },
      8 * sizeof (float));
  return x;
}

static void
test_gelu (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  const float bias = 0;
  g_autofree float *x = grid ();
  g_autofree float *erf_form = g_memdup2 (x, N_GRID * sizeof *x);
  g_autofree float *tanh_form = g_memdup2 (x, N_GRID * sizeof *x);
  double largest = 0;

  pointwise->bias_gelu_erf (N_GRID, 1, &bias, erf_form);
  pointwise->gelu_tanh (N_GRID, tanh_form);
  for (gsize i = 0; i < N_GRID; i++) {
    assert_within (erf_form[i], exact_gelu_erf (x[i]), 3e-7);
    assert_within (tanh_form[i], exact_gelu_tanh (x[i]), 3e-7);
    if (fabsf (x[i]) < 1)
      largest = MAX (largest, fabs (erf_form[i] - exact_gelu_erf (x[i])));
  }
  g_test_message ("erf form below 1: largest error %.2e", largest);
}

static void
test_gelu_spreads_nan (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  float x[20], y[20], bias[20] = { 0 };

  for (guint i = 0; i < 20; i++)
    x[i] = y[i] = i == 3 ? NAN : i == 17 ? INFINITY : 1;
  pointwise->gelu_tanh (20, x);
  pointwise->bias_gelu_erf (1, 20, bias, y);
  for (guint i = 0; i < 20; i++) {
    g_assert_true (!isfinite (x[i]) == (i == 3 || i == 17));
    g_assert_true (!isfinite (y[i]) == (i == 3 || i == 17));
  }
}

static void
test_bias (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    g_autofree float *x = random_floats (3 * n, 2);
    g_autofree float *bias = random_floats (n, 1);
    g_autofree float *gelu = g_memdup2 (x, MAX (3 * n, 1) * sizeof *x);
    g_autofree float *clamp = g_memdup2 (x, MAX (3 * n, 1) * sizeof *x);

    pointwise->bias_gelu_erf (3, n, bias, gelu);
    g_assert_true (pointwise->bias_clamp (3, n, bias, clamp));
    for (gsize i = 0; i < 3 * n; i++) {
      float z = x[i] + bias[i % n];

      assert_within (gelu[i], exact_gelu_erf (z), 3e-7);
      g_assert_true (clamp[i] == CLAMP (z, 0, 1) && !signbit (clamp[i]));
    }
  }
}

static void
test_clamp_finds_nonfinite (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
  float bias[35] = { 0 };

  for (guint b = 0; b < G_N_ELEMENTS (bad); b++) {
    for (gsize at = 0; at < 35; at++) {
      float x[35] = { 0 };

      x[at] = bad[b];
      g_assert_false (pointwise->bias_clamp (1, 35, bias, x));
    }
  }
}

static void
test_rms_norm (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  for (guint s = 1; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    g_autofree float *x = random_floats (2 * n, 3);
    g_autofree float *weight = random_floats (n, 2);
    g_autofree float *out = g_new (float, 2 * n);

    pointwise->rms_norm (2, n, x, weight, 1e-6f, out);
    for (gsize row = 0; row < 2; row++) {
      double mean = 0;

      for (gsize i = 0; i < n; i++)
        mean += (double) x[row * n + i] * x[row * n + i] / n;
      for (gsize i = 0; i < n; i++)
        assert_within (out[row * n + i],
            x[row * n + i] / sqrt (mean + 1e-6) * weight[i], 4e-7);
    }
  }
}

static void
test_rotary (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  for (guint s = 1; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    g_autofree float *x = random_floats (6 * n, 3);
    g_autofree float *y = g_memdup2 (x, 6 * n * sizeof *x);
    g_autofree float *c = random_floats (n, 1);
    g_autofree float *t = random_floats (n + 1, 1);

    pointwise->rotate_halves (3, n, c, t, y);
    for (gsize head = 0; head < 3; head++) {
      const float *a = x + head * 2 * n, *b = a + n;

      for (gsize i = 0; i < n; i++) {
        assert_within (y[head * 2 * n + i],
            (double) a[i] * c[i] - (double) b[i] * t[i], 4e-7);
        assert_within (y[head * 2 * n + n + i],
            (double) b[i] * c[i] + (double) a[i] * t[i], 4e-7);
      }
    }
  }
}

static void
test_rotary_adjacent (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  for (guint s = 1; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    g_autofree float *x = random_floats (6 * n, 3);
    g_autofree float *y = g_memdup2 (x, 6 * n * sizeof *x);
    g_autofree float *c = random_floats (n, 1);
    g_autofree float *t = random_floats (n + 1, 1);

    pointwise->rotate_adjacent (3, n, c, t, y);
    for (gsize i = 0; i < 3 * n; i++) {
      double a = x[2 * i], b = x[2 * i + 1];

      assert_within (y[2 * i], a * c[i % n] - b * t[i % n], 4e-7);
      assert_within (y[2 * i + 1], b * c[i % n] + a * t[i % n], 4e-7);
    }
  }
}

static double
exact_sigmoid (double x)
{
  return 1 / (1 + exp (-x));
}

static double
exact_clamp_leaky (double z)
{
  return z > 1 ? 1 + 0.01 * (z - 1) : MAX (z, 0);
}

/* as the reference writes it */
static double
exact_swish_hard (double z)
{
  return 1 - z + (z - 1) * exact_sigmoid (10 * (1 - z))
      + z * exact_sigmoid (10 * z);
}

typedef gboolean (*End) (
    gsize n_rows, gsize n_cols, const float *bias, float *x);

/* over a grid, at each length, and with NaN and infinity anywhere */
static void
check_end (End end, double (*exact) (double z))
{
  const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
  const float zero = 0;
  g_autofree float *z = grid ();
  g_autofree float *found = g_memdup2 (z, N_GRID * sizeof *z);

  /* beyond 1e5 the reference's own sum loses all its digits */
  g_assert_true (end (N_GRID - 2, 1, &zero, found));
  for (gsize i = 0; i < N_GRID - 2; i++) {
    assert_within (found[i], exact (z[i]), 5e-7);
    g_assert_false (found[i] == 0 && signbit (found[i]));
  }
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    g_autofree float *x = random_floats (3 * n, 2);
    g_autofree float *bias = random_floats (n, 1);
    g_autofree float *y = g_memdup2 (x, MAX (3 * n, 1) * sizeof *x);

    g_assert_true (end (3, n, bias, y));
    for (gsize i = 0; i < 3 * n; i++)
      assert_within (y[i], exact (x[i] + bias[i % n]), 5e-7);
  }
  for (guint b = 0; b < G_N_ELEMENTS (bad); b++) {
    for (gsize at = 0; at < 35; at++) {
      float x[35] = { 0 }, bias[35] = { 0 };

      x[at] = bad[b];
      g_assert_false (end (1, 35, bias, x));
    }
  }
}

static void
test_ends (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  check_end (pointwise->bias_sigmoid, exact_sigmoid);
  check_end (pointwise->bias_clamp_leaky, exact_clamp_leaky);
  check_end (pointwise->bias_swish_hard, exact_swish_hard);
}

/* far out, where a sum of large numbers would leave nothing of the answer */
static void
test_swish_far_out (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  float x[] = { 1e4f, -1e4f, 3e38f, -3e38f, 1e20f }, bias[5] = { 0 };

  g_assert_true (pointwise->bias_swish_hard (1, 5, bias, x));
  for (guint i = 0; i < 5; i++)
    g_assert_cmpfloat (x[i], ==, i % 2 == 0);
}

static void
test_layer_norm (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  for (guint s = 1; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    g_autofree float *x = random_floats (2 * n, 3);
    g_autofree float *weight = random_floats (n, 2);
    g_autofree float *bias = random_floats (n, 1);
    g_autofree float *out = g_new (float, 2 * n);

    pointwise->layer_norm (2, n, x, weight, bias, 1e-5f, out);
    for (gsize row = 0; row < 2; row++) {
      const float *in = x + row * n;
      double mean = 0, variance = 0;

      for (gsize i = 0; i < n; i++)
        mean += (double) in[i] / n;
      for (gsize i = 0; i < n; i++)
        variance += (in[i] - mean) * (in[i] - mean) / n;
      for (gsize i = 0; i < n; i++)
        assert_within (out[row * n + i],
            (in[i] - mean) / sqrt (variance + 1e-5) * weight[i] + bias[i],
            2e-6);
    }
  }
}

static void
test_elementwise (gconstpointer data)
{
  const ActPointwise *pointwise = data;

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s], size = MAX (3 * n, 1) * sizeof (float);
    g_autofree float *x = random_floats (3 * n, 4);
    g_autofree float *gate = random_floats (3 * n, 30);
    g_autofree float *sums = g_memdup2 (x, size);
    g_autofree float *gated = g_memdup2 (x, size);

    pointwise->add_bias (3, n, gate, sums);
    pointwise->silu_times (3 * n, gate, gated);
    for (gsize i = 0; i < 3 * n; i++) {
      g_assert_true (sums[i] == x[i] + gate[i % n]);
      assert_within (
          gated[i], (double) gate[i] * exact_sigmoid (gate[i]) * x[i], 6e-7);
    }
  }
}

/* three units over lines of each length */
static void
test_lines (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  const float weight[] = { 0.7f, -1.3f, 0.25f }, bias[] = { 0.5f, 0, -2 };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s], size = MAX (3 * n, 1) * sizeof (float);
    g_autofree float *x = random_floats (3 * n, 4);
    g_autofree float *spread = g_memdup2 (x, size);
    g_autofree float *own = g_memdup2 (x, size);
    g_autofree float *sum = g_new (float, MAX (n, 1));

    pointwise->lines_gelu_erf (3, n, weight, bias, x, spread);
    pointwise->lines_bias_gelu_erf (3, n, bias, own);
    pointwise->lines_weigh (3, n, weight, x, sum);
    for (gsize i = 0; i < 3 * n; i++) {
      assert_within (spread[i],
          exact_gelu_erf (weight[i / n] * x[i % n] + bias[i / n]), 3e-7);
      assert_within (own[i], exact_gelu_erf (x[i] + bias[i / n]), 3e-7);
    }
    for (gsize i = 0; i < n; i++)
      assert_within (sum[i],
          (double) weight[0] * x[i] + (double) weight[1] * x[n + i]
              + (double) weight[2] * x[2 * n + i],
          4e-7);
  }
}

static void
check_softmax_row (
    const float *scores, const float *found, gsize n, gsize n_cols)
{
  double sum = 0;
  float largest = -INFINITY;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, scores[i]);
  for (gsize i = 0; i < n; i++)
    sum += exp ((double) scores[i] - largest);
  for (gsize i = 0; i < n; i++)
    assert_within (found[i], exp ((double) scores[i] - largest) / sum, 3e-7);
  for (gsize i = n; i < n_cols; i++)
    g_assert_true (found[i] == 0);
}

static void
test_softmax (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  const double scales[] = { 1, 30, 1000 };

  for (guint s = 1; s < G_N_ELEMENTS (sizes); s++) {
    gsize n_cols = sizes[s], stride = (n_cols + 15) / 16 * 16;
    gsize n_rows = MIN (5, n_cols);

    for (guint k = 0; k < G_N_ELEMENTS (scales); k++) {
      g_autofree float *x = random_floats (n_rows * stride, scales[k]);
      g_autofree float *y = g_memdup2 (x, n_rows * stride * sizeof *x);
      gsize first = n_cols - n_rows + 1;

      pointwise->softmax_causal (n_rows, n_cols, stride, first, y);
      for (gsize row = 0; row < n_rows; row++)
        check_softmax_row (
            x + row * stride, y + row * stride, first + row, n_cols);
    }
  }
}

static void
test_softmax_spreads_nan (gconstpointer data)
{
  const ActPointwise *pointwise = data;
  float scores[32] = { 0 };

  scores[9] = NAN;
  pointwise->softmax_causal (1, 20, 32, 20, scores);
  g_assert_true (isnan (scores[0]));
  memset (scores, 0, sizeof scores);
  scores[9] = INFINITY;
  pointwise->softmax_causal (1, 20, 32, 20, scores);
  g_assert_true (isnan (scores[9]));
}

/* The same bits as plain C. */
static void
test_same_bits (gconstpointer data)
{
  const ActPointwise *pointwise = data, *plain = NULL;
  const ActPointwise *last;

  for (guint i = 0; (last = act_pointwise_nth (i)) != NULL; i++)
    plain = last;
  g_assert_cmpstr (plain->name, ==, "c");
  for (guint s = 1; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s], stride = (n + 15) / 16 * 16, size = 4 * stride * 4;
    g_autofree float *x = random_floats (4 * stride, 6);
    g_autofree float *bias = random_floats (n, 1);
    g_autofree float *a = g_memdup2 (x, size);
    g_autofree float *b = g_memdup2 (x, size);

#define BOTH(CALL)                                                             \
  G_STMT_START                                                                 \
  {                                                                            \
    const ActPointwise *p = pointwise;                                         \
    float *y = a;                                                              \
    CALL;                                                                      \
    p = plain;                                                                 \
    y = b;                                                                     \
    CALL;                                                                      \
    g_assert_cmpmem (a, size, b, size);                                        \
  }                                                                            \
  G_STMT_END
    BOTH (p->gelu_tanh (4 * n, y));
    BOTH (p->bias_gelu_erf (4, n, bias, y));
    BOTH (p->rms_norm (4, n, x, bias, 1e-6f, y));
    BOTH (p->softmax_causal (MIN (4, n), n, stride, n - MIN (4, n) + 1, y));
    BOTH (p->bias_clamp (4, n, bias, y));
    memcpy (a, x, size);
    memcpy (b, x, size);
    BOTH (p->rotate_halves (2, n, bias, x, y));
    BOTH (p->rotate_adjacent (2, n, bias, x, y));
    BOTH (p->layer_norm (4, n, x, bias, bias, 1e-5f, y));
    BOTH (p->add_bias (4, n, bias, y));
    BOTH (p->silu_times (4 * n, x, y));
    BOTH (p->bias_sigmoid (4, n, bias, y));
    BOTH (p->bias_clamp_leaky (4, n, bias, y));
    memcpy (a, x, size);
    memcpy (b, x, size);
    BOTH (p->bias_swish_hard (4, n, bias, y));
    BOTH (p->lines_gelu_erf (4, n, x, x, bias, y));
    BOTH (p->lines_bias_gelu_erf (4, n, x, y));
    BOTH (p->lines_weigh (4, n, x, x, y));
#undef BOTH
  }
}

static void
add (const char *name, const ActPointwise *pointwise,
    void (*func) (gconstpointer data))
{
  g_autofree char *path =
      g_strdup_printf ("/pointwise/%s/%s", pointwise->name, name);

  g_test_add_data_func (path, pointwise, func);
}

int
main (int argc, char **argv)
{
  const ActPointwise *table;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; (table = act_pointwise_nth (i)) != NULL; i++) {
    add ("gelu", table, test_gelu);
    add ("gelu-nan", table, test_gelu_spreads_nan);
    add ("bias", table, test_bias);
    add ("clamp-nonfinite", table, test_clamp_finds_nonfinite);
    add ("rms_norm", table, test_rms_norm);
    add ("rotary", table, test_rotary);
    add ("rotary-adjacent", table, test_rotary_adjacent);
    add ("ends", table, test_ends);
    add ("swish-far-out", table, test_swish_far_out);
    add ("layer-norm", table, test_layer_norm);
    add ("elementwise", table, test_elementwise);
    add ("lines", table, test_lines);
    add ("softmax", table, test_softmax);
    add ("softmax-nan", table, test_softmax_spreads_nan);
    add ("same-bits", table, test_same_bits);
  }
  return g_test_run ();
}
