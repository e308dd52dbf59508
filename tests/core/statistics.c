/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dashboard's rules, one by one: sums, medians, histograms, rankings,
 * criteria, token counts. */
#include "acterror.h"
#include "dashboard/criteria.h"
#include "dashboard/histogram.h"
#include "dashboard/order.h"
#include "dashboard/statistics.h"
#include "dashboard/sums.h"
#include "dashboard/texts.h"
#include "dashboard/tokencount.h"
#include "teststrings.h"

#include <math.h>
#include <string.h>

/* The order of additions as the golden README says it, over dense values. */
static float
plain_pairwise (const float *v, gsize n)
{
  float lane[8], sum = 0.0f;
  gsize i, half;

  if (n < 8) {
    for (i = 0; i < n; i++)
      sum += v[i];
    return sum;
  }
  if (n <= 128) {
    for (i = 0; i < 8; i++)
      lane[i] = v[i];
    for (; i < n - n % 8; i++)
      lane[i % 8] += v[i];
    sum = ((lane[0] + lane[1]) + (lane[2] + lane[3]))
        + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    for (; i < n; i++)
      sum += v[i];
    return sum;
  }
  half = n / 2;
  half -= half % 8;
  return plain_pairwise (v, half) + plain_pairwise (v + half, n - half);
}

static float
plain_sum (const float *v, gsize n)
{
  float sum = 0.0f;

  for (gsize i = 0; i < n; i += 8192)
    sum += plain_pairwise (v + i, MIN (8192, n - i));
  return sum;
}

/* rows of their own from dense values */
typedef struct {
  ActRows rows;
  gsize *indptr;
  gint32 *positions;
  float *values;
  guint32 *full;
} Sparse;

static void
sparse_init (Sparse *s, const float *dense, gsize n_rows, guint n_ctx)
{
  gsize k = 0, n_full = 0;

  s->full = g_new (guint32, n_rows + 1);
  s->indptr = g_new0 (gsize, n_rows + 1);
  s->positions = g_new (gint32, n_rows * n_ctx);
  s->values = g_new (float, n_rows *n_ctx);
  for (gsize i = 0; i < n_rows; i++) {
    for (guint p = 0; p < n_ctx; p++)
      if (dense[i * n_ctx + p] != 0.0f) {
        s->positions[k] = p;
        s->values[k++] = dense[i * n_ctx + p];
      }
    s->indptr[i + 1] = k;
    s->full[n_full] = i;
    n_full += s->indptr[i] < k;
  }
  s->rows = (ActRows){ n_ctx, n_rows, s->indptr, s->positions, s->values,
    s->full, n_full };
}

static void
sparse_clear (Sparse *s)
{
  g_free (s->indptr);
  g_free (s->positions);
  g_free (s->values);
  g_free (s->full);
}

static float *
random_dense (GRand *rand, gsize n, double density, gboolean negative)
{
  float *dense = g_new (float, n);

  for (gsize i = 0; i < n; i++) {
    float v = (float) g_rand_double_range (rand, negative ? -1 : 0, 1);
    dense[i] = g_rand_double (rand) < density ? v : 0.0f;
  }
  return dense;
}

static void
assert_same_bits (float a, float b)
{
  guint32 x, y;

  memcpy (&x, &a, 4);
  memcpy (&y, &b, 4);
  g_assert_cmphex (x, ==, y);
}

static void
test_sums (void)
{
  static const guint shapes[][2] = { { 1, 1 }, { 1, 7 }, { 1, 8 }, { 1, 9 },
    { 3, 43 }, { 1, 128 }, { 1, 129 }, { 7, 100 }, { 1, 8191 }, { 1, 8192 },
    { 1, 8193 }, { 3, 9000 }, { 200, 512 }, { 5000, 3 } };
  static const double densities[] = { 0.0, 0.0005, 0.02, 0.5, 1.0 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (guint d = 0; d < G_N_ELEMENTS (densities); d++)
      for (guint negative = 0; negative < 2; negative++) {
        gsize n = shapes[i][0] * shapes[i][1];
        g_autofree float *dense =
            random_dense (rand, n, densities[d], negative);
        Sparse s;

        sparse_init (&s, dense, shapes[i][0], shapes[i][1]);
        assert_same_bits (act_sum_rows (&s.rows), plain_sum (dense, n));
        sparse_clear (&s);
      }
}

/* what cancels leaves +0.0, as adding from +0.0 does */
static void
test_sum_of_opposites (void)
{
  static const float dense[] = { 1, -1, 0, 0, 2, -2, 0, 0, 0, 0, 0, 3, -3 };
  Sparse s;

  sparse_init (&s, dense, 1, G_N_ELEMENTS (dense));
  assert_same_bits (act_sum_rows (&s.rows), 0.0f);
  sparse_clear (&s);
}

static int
compare_floats (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return x < y ? -1 : x > y;
}

static void
test_median (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  static const gsize sizes[] = { 1, 2, 3, 4, 63, 64, 65, 66, 1000, 1001, 5000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes) * 20; i++) {
    gsize n = sizes[i % G_N_ELEMENTS (sizes)], n_values = 0;
    g_autofree float *dense = random_dense (rand, n, (i % 7) / 6.0, i % 3 == 0);
    g_autofree float *values = g_new (float, n);
    float expected;

    for (gsize k = 0; k < n; k++) {
      /* ties */
      if (i % 2 == 0)
        dense[k] = roundf (dense[k] * 4) / 4;
      if (dense[k] != 0.0f)
        values[n_values++] = dense[k];
    }
    qsort (dense, n, sizeof *dense, compare_floats);
    expected =
        n % 2 == 1 ? dense[n / 2] : (dense[n / 2 - 1] + dense[n / 2]) / 2.0f;
    g_assert_cmpfloat (
        act_median_f32 (values, n_values, n - n_values), ==, expected);
  }
  /* more zeros than 32 bits count */
  {
    static const float values[] = { 1, 2, 3 };

    g_assert_cmpfloat (
        act_median_f32 (values, 3, G_GUINT64_CONSTANT (0x100000001)), ==, 0);
  }
}

/* many values, so that candidates are thrown away, against one by one */
static void
test_top_of_many (void)
{
  enum { N = 2000, TOP = 7 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  double values[N];
  gsize top[TOP];

  for (guint round = 0; round < 20; round++) {
    gboolean descending = round % 2;

    for (guint i = 0; i < N; i++)
      values[i] = g_rand_int_range (rand, 0, round < 10 ? 5 : 100000);
    g_assert_cmpuint (act_top_f64 (values, N, descending, TOP, top), ==, TOP);
    for (guint k = 0; k < TOP; k++) {
      gsize best = N;

      for (gsize i = 0; i < N; i++)
        if (!isnan (values[i])
            && (best == N
                || (descending ? values[i] > values[best]
                               : values[i] < values[best])))
          best = i;
      g_assert_cmpuint (top[k], ==, best);
      values[best] = NAN;
    }
  }
}

static void
test_top (void)
{
  static const double values[] = { 2, 5, 1, 5, 2, 1, 5 };
  static const gsize largest[] = { 1, 3, 6, 0, 4, 2, 5 };
  static const gsize smallest[] = { 2, 5, 0, 4, 1, 3, 6 };
  gsize top[7];

  for (gsize k = 0; k <= 9; k++) {
    g_assert_cmpuint (act_top_f64 (values, 7, TRUE, k, top), ==, MIN (k, 7));
    g_assert_cmpmem (
        top, MIN (k, 7) * sizeof *top, largest, MIN (k, 7) * sizeof *top);
    act_top_f64 (values, 7, FALSE, k, top);
    g_assert_cmpmem (
        top, MIN (k, 7) * sizeof *top, smallest, MIN (k, 7) * sizeof *top);
  }
}

static void
test_histogram (void)
{
  ActHistogram h;

  /* one value only: half a unit to either side */
  act_histogram_init (&h, 10, TRUE, 0.25, 0.25);
  act_histogram_add (&h, 0.25, 3);
  g_assert_cmpfloat (h.edges[0], ==, -0.25);
  g_assert_cmpfloat (h.edges[10], ==, 0.75);
  g_assert_cmpuint (h.counts[5], ==, 3);
  /* zeros come all at once, and a long run has many */
  act_histogram_add (&h, 0.25, G_GUINT64_CONSTANT (5000000000));
  g_assert_cmpuint (h.counts[5], ==, G_GUINT64_CONSTANT (5000000003));
  act_histogram_clear (&h);

  /* on edges: a value belongs to the bin above, the last to the last */
  act_histogram_init (&h, 4, FALSE, 0.0, 1.0);
  for (guint i = 0; i <= 4; i++)
    act_histogram_add (&h, i * 0.25, 1);
  g_assert_cmpuint (h.counts[0], ==, 1);
  g_assert_cmpuint (h.counts[2], ==, 1);
  g_assert_cmpuint (h.counts[3], ==, 2);
  act_histogram_clear (&h);

  /* so narrow that the scale is no float32: every value has a bin still */
  act_histogram_init (&h, 10, TRUE, 0.0, 1e-45f);
  act_histogram_add (&h, 0.0, 1);
  act_histogram_add (&h, 1e-45f, 1);
  {
    guint64 n = 0;
    for (guint i = 0; i < 10; i++)
      n += h.counts[i];
    g_assert_cmpuint (n, ==, 2);
  }
  act_histogram_clear (&h);

  /* no edge is -0.0 */
  act_histogram_init (&h, 2, TRUE, -1e-45f, 0.0);
  for (guint i = 0; i <= 2; i++)
    g_assert_false (h.edges[i] == 0.0 && signbit (h.edges[i]));
  act_histogram_clear (&h);
}

/* all values at once as one by one, between extremes of every size */
static void
test_histogram_f32 (void)
{
  static const struct {
    float low, high;
  } cases[] = { { 0, 1 }, { -2, 3 }, { 0.25f, 0.25f }, { 0, 1e-45f },
    { -1e-40f, 1e-38f }, { 1, 1.0000001f }, { -1e38f, 1e38f },
    { -3e38f, 3e38f }, { 0, 3e38f } };
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  float values[1000];

  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    for (guint n_bins = 1; n_bins <= 100; n_bins += 33) {
      ActHistogram one, all;
      float low = cases[c].low, high = cases[c].high;

      for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
        double t = g_rand_int_range (rand, 0, 201) / 200.0;
        values[i] = CLAMP ((float) (low * (1 - t) + high * t), low, high);
      }
      act_histogram_init (&one, n_bins, TRUE, low, high);
      act_histogram_init (&all, n_bins, TRUE, low, high);
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        act_histogram_add (&one, values[i], 1);
      act_histogram_add_f32 (&all, values, G_N_ELEMENTS (values));
      g_assert_cmpmem (one.counts, n_bins * sizeof *one.counts, all.counts,
          n_bins * sizeof *all.counts);
      act_histogram_clear (&one);
      act_histogram_clear (&all);
    }
}

/* on the edges and one step of a float to either side, where comparing with
 * edges must do as the rule does, whatever the range is to its place */
static void
test_histogram_edges (void)
{
  static const guint sizes[] = { 1, 2, 3, 10, 31, 32, 33, 100 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);
  float values[3 * 101];

  for (guint round = 0; round < 4000; round++) {
    guint n_bins = sizes[round % G_N_ELEMENTS (sizes)], n = 0;
    float scale = ldexp (1.0, g_rand_int_range (rand, -140, 120));
    float low = scale * (float) g_rand_double_range (rand, -1, 1);
    float range = ldexp (g_rand_double_range (rand, 0.5, 1),
                      g_rand_int_range (rand, -25, 3))
        * scale;
    float high = low + range;
    ActHistogram one, all;

    if (round % 5 == 0)
      low = 0.0f, high = scale;
    act_histogram_init (&one, n_bins, TRUE, low, high);
    act_histogram_init (&all, n_bins, TRUE, low, high);
    for (guint i = 0; i <= n_bins; i++)
      for (int step = -1; step <= 1; step++) {
        float edge = one.edges[i];
        float v = step == 0 ? edge : nextafterf (edge, step * INFINITY);

        values[n++] = CLAMP (v, low, high);
      }
    for (guint i = 0; i < n; i++)
      act_histogram_add (&one, values[i], 1);
    act_histogram_add_f32 (&all, values, n);
    g_assert_cmpmem (one.counts, n_bins * sizeof *one.counts, all.counts,
        n_bins * sizeof *all.counts);
    act_histogram_clear (&one);
    act_histogram_clear (&all);
  }
}

static void
test_row_properties (void)
{
  static const struct {
    float dense[4];
    float max, min, mean, median;
    guint position;
  } cases[] = {
    { { 0, 0, 0, 0 }, 0, 0, 0, 0, 0 },
    { { 0, 0.5f, 0.5f, 0 }, 0.5f, 0, 0.25f, 0.25f, 1 },
    { { 1, 0, 0, 1 }, 1, 0, 0.5f, 0.5f, 0 },
    { { -1, -1, 0, -2 }, 0, -2, -1, -1, 2 },
    { { -1, -0.5f, -0.5f, -2 }, -0.5f, -2, -1, -0.75f, 1 },
    { { 0, 1, 2, 3 }, 3, 0, 1.5f, 1.5f, 3 },
    { { 4, 1, 2, 3 }, 4, 1, 2.5f, 2.5f, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ActRowProperties p;
    Sparse s;

    sparse_init (&s, cases[i].dense, 1, 4);
    act_row_properties (&s.rows, TRUE, TRUE, &p);
    g_assert_cmpfloat (p.max, ==, cases[i].max);
    g_assert_cmpfloat (p.min, ==, cases[i].min);
    g_assert_cmpfloat (p.mean, ==, cases[i].mean);
    g_assert_cmpfloat (p.median, ==, cases[i].median);
    g_assert_cmpuint (p.max_position, ==, cases[i].position);
    sparse_clear (&s);
  }
}

static void
test_criteria (void)
{
  static const char *const bad[] = { "", "max_activation", "max_activation-",
    "max_activation-Max", "-max", "position-max", "max_activation-max,",
    "max_activation-max,max_activation-max", "max_activation-max-3" };
  g_autoptr (GError) error = NULL;
  g_autoptr (ActCriteria) criteria =
      act_criteria_parse ("max_position-min, median_activation-max", 7, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (criteria->n, ==, 2);
  g_assert_cmpstr (criteria->items[0].key, ==, "max_position-min-7");
  g_assert_false (criteria->items[0].descending);
  g_assert_cmpstr (criteria->items[1].key, ==, "median_activation-max-7");
  g_assert_true (criteria->items[1].descending);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (act_criteria_parse (bad[i], 7, &error));
    g_assert_error (error, ACT_ERROR, ACT_ERROR_SETTINGS);
    g_clear_error (&error);
  }
}

static void
test_token_count (void)
{
  static const guint32 strings[] = { 4, 2, 4, 0, 2, 9 };
  g_autoptr (ActTokenCount) count = act_token_count_new (10);
  ActTokenStatistics s;

  /* twice: the second must not know of the first */
  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
      act_token_count_add (count, strings[i]);
    act_token_count_finish (count, &s);
    g_assert_cmpuint (s.n_unique, ==, 4);
    g_assert_cmpuint (s.n_counted, ==, 6);
    g_assert_cmpuint (s.ranking[0].string, ==, 4);
    g_assert_cmpuint (s.ranking[1].string, ==, 2);
    g_assert_cmpuint (s.ranking[2].string, ==, 0);
    g_assert_cmpuint (s.ranking[3].string, ==, 9);
    g_assert_cmpuint (s.ranking[0].count, ==, 2);
    g_assert_cmpfloat (s.concentration_ratio, ==, 2.0 / 6.0);
    g_assert_cmpfloat_with_epsilon (s.entropy, 1.32966, 1e-5);
    g_free (s.ranking);
  }

  act_token_count_finish (count, &s);
  g_assert_cmpuint (s.n_unique, ==, 0);
  g_assert_cmpfloat (s.entropy, ==, 0.0);
  g_assert_cmpfloat (s.concentration_ratio, ==, 0.0);
  g_free (s.ranking);

  /* one string alone: a little below 0 */
  act_token_count_add (count, 3);
  act_token_count_finish (count, &s);
  g_assert_cmpfloat (s.entropy, ==, -log (1.0 + 1e-10));
  g_assert_cmpfloat (s.concentration_ratio, ==, 1.0);
  g_free (s.ranking);
}

/* counts of one and of several bytes, many of them equal */
static void
test_token_ranking (void)
{
  enum { N = 3000 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (10);
  g_autoptr (ActTokenCount) count = act_token_count_new (N);
  g_autofree guint32 *strings = g_new (guint32, N);
  g_autofree gint32 *positions = g_new (gint32, 100000);
  ActTokenStatistics s;
  guint64 total = 0;

  /* position i is string N - 1 - i, and they are first counted in order */
  for (guint i = 0; i < N; i++)
    strings[i] = N - 1 - i;
  for (guint i = 0; i < N; i++) {
    guint n = 1 + i % 3;

    if (i % 7 == 0)
      n = g_rand_int_range (rand, 200, 999);
    if (i == 1500)
      n = 100000;
    for (guint k = 0; k < n; k++)
      positions[k] = i;
    act_token_count_add_positions (count, strings, positions, n);
    total += n;
  }
  act_token_count_finish (count, &s);
  g_assert_cmpuint (s.n_unique, ==, N);
  g_assert_cmpuint (s.n_counted, ==, total);
  g_assert_cmpuint (s.ranking[0].string, ==, N - 1 - 1500);
  g_assert_cmpuint (s.ranking[0].count, ==, 100000);
  for (guint i = 1; i < N; i++) {
    const ActTokenRank *a = &s.ranking[i - 1], *b = &s.ranking[i];

    total -= a->count;
    g_assert_true (
        a->count > b->count || (a->count == b->count && a->string > b->string));
  }
  g_assert_cmpuint (s.ranking[N - 1].count, ==, total);
  g_free (s.ranking);
}

/* each criterion's property of each row, as if none were empty */
static void
all_properties (const ActRows *rows, const ActCriteria *criteria,
    double (*values)[50], double *places)
{
  for (gsize i = 0; i < rows->n_rows; i++) {
    ActRowProperties p;
    gsize indptr[2];
    ActRows row = act_rows_get (rows, i, indptr);

    act_row_properties (&row, TRUE, TRUE, &p);
    for (guint c = 0; c < criteria->n; c++) {
      const double all[] = {
        [ACT_PROPERTY_MAX_ACTIVATION] = p.max,
        [ACT_PROPERTY_MEAN_ACTIVATION] = p.mean,
        [ACT_PROPERTY_MIN_ACTIVATION] = p.min,
        [ACT_PROPERTY_MEDIAN_ACTIVATION] = p.median,
        [ACT_PROPERTY_MAX_POSITION] = p.max_position,
      };

      values[c][i] = all[criteria->items[c].property];
    }
    places[i] = p.max_position / (double) (rows->n_ctx - 1);
  }
}

static void
assert_histogram (const ActHistogram *h, gboolean single, const double *values)
{
  ActHistogram expected;

  act_histogram_of (&expected, h->n_bins, single, values, 50, 0);
  g_assert_cmpmem (h->edges, (h->n_bins + 1) * sizeof (double), expected.edges,
      (h->n_bins + 1) * sizeof (double));
  g_assert_cmpmem (h->counts, h->n_bins * sizeof (guint64), expected.counts,
      h->n_bins * sizeof (guint64));
  act_histogram_clear (&expected);
}

static void
check_mostly_empty (const ActRows *rows, const ActCriteria *criteria,
    guint n_samples, const ActTexts *texts)
{
  static const gsize row_of[50];
  ActStatisticsSettings settings = { n_samples, criteria, 7, 0.5 };
  g_autoptr (ActTokenCount) count = act_token_count_new (1);
  g_autoptr (ActBigArray) work =
      act_big_array_new (sizeof (double), G_MAXSIZE, NULL);
  double values[10][50], places[50];
  gsize top[50];
  ActStatistics s;

  g_assert_true (act_statistics_compute (
      &s, rows, &settings, texts, row_of, count, work, NULL));
  g_assert_cmpuint (s.n_top, ==, MIN (n_samples, 50));
  all_properties (rows, criteria, values, places);
  for (guint c = 0; c < criteria->n; c++) {
    act_top_f64 (values[c], 50, criteria->items[c].descending, n_samples, top);
    g_assert_cmpmem (
        s.top[c], s.n_top * sizeof *top, top, s.n_top * sizeof *top);
    assert_histogram (&s.criteria[c],
        criteria->items[c].property != ACT_PROPERTY_MAX_POSITION, values[c]);
  }
  assert_histogram (&s.position, FALSE, places);
  act_top_f64 (values[0], 50, TRUE, 1, top);
  g_assert_cmpfloat (s.max, ==, values[0][top[0]]);
  act_statistics_clear (&s);
}

/* Rows without values are counted together, and ranked as if they were not. */
static void
test_mostly_empty (void)
{
  static const char *const list[] = { "a" };
  static const gint32 tokens[6];
  static const guint64 sample = 0;
  static const guint n_samples[] = { 1, 4, 49, 60 };
  static const double density[] = { 0, 0.005, 0.03, 0.3, 1 };
  g_autoptr (ActCriteria) criteria = act_criteria_parse (
      "max_activation-max,max_activation-min,mean_activation-max,"
      "mean_activation-min,min_activation-max,min_activation-min,"
      "median_activation-max,median_activation-min,max_position-max,"
      "max_position-min",
      1, NULL);
  g_autoptr (ActTexts) texts =
      act_texts_new (strings_of (list, 1), 6, G_MAXSIZE, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (21);

  g_assert_true (act_texts_add (texts, &sample, tokens, 1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (density) * 20; i++) {
    g_autofree float *dense = random_dense (
        rand, 50 * 6, density[i % G_N_ELEMENTS (density)], i % 2 == 0);
    Sparse s;

    sparse_init (&s, dense, 50, 6);
    for (guint k = 0; k < G_N_ELEMENTS (n_samples); k++)
      check_mostly_empty (&s.rows, criteria, n_samples[k], texts);
    sparse_clear (&s);
  }
}

/* values whose sum is no float32: an error, not an "inf" in a file */
static void
test_too_large (void)
{
  static const char *const list[] = { "a" };
  static const float dense[] = { 3e38f, 3e38f, 3e38f, 1.0f };
  static const gint32 tokens[] = { 0, 0, 0, 0 };
  static const guint64 sample = 0;
  static const gsize row_of = 0;
  g_autoptr (ActCriteria) criteria =
      act_criteria_parse ("max_activation-max", 1, NULL);
  ActStatisticsSettings settings = { 1, criteria, 10, 0.5 };
  g_autoptr (ActTexts) texts =
      act_texts_new (strings_of (list, 1), 4, G_MAXSIZE, NULL);
  g_autoptr (ActTokenCount) count = act_token_count_new (1);
  g_autoptr (ActBigArray) work =
      act_big_array_new (sizeof (double), G_MAXSIZE, NULL);
  g_autoptr (GError) error = NULL;
  ActStatistics statistics;
  Sparse s;

  g_assert_true (act_texts_add (texts, &sample, tokens, 1, NULL));
  sparse_init (&s, dense, 1, 4);
  g_assert_false (act_statistics_compute (
      &statistics, &s.rows, &settings, texts, &row_of, count, work, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  sparse_clear (&s);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dashboard/sums", test_sums);
  g_test_add_func ("/dashboard/sum-of-opposites", test_sum_of_opposites);
  g_test_add_func ("/dashboard/median", test_median);
  g_test_add_func ("/dashboard/top", test_top);
  g_test_add_func ("/dashboard/top-of-many", test_top_of_many);
  g_test_add_func ("/dashboard/histogram", test_histogram);
  g_test_add_func ("/dashboard/histogram-f32", test_histogram_f32);
  g_test_add_func ("/dashboard/histogram-edges", test_histogram_edges);
  g_test_add_func ("/dashboard/row-properties", test_row_properties);
  g_test_add_func ("/dashboard/criteria", test_criteria);
  g_test_add_func ("/dashboard/token-count", test_token_count);
  g_test_add_func ("/dashboard/token-ranking", test_token_ranking);
  g_test_add_func ("/dashboard/mostly-empty", test_mostly_empty);
  g_test_add_func ("/dashboard/too-large", test_too_large);
  return g_test_run ();
}
