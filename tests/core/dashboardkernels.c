/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each set of dashboard kernels that this processor runs gives what plain C
 * gives, bit for bit. */
#include "dashboard/kernels.h"

#include <string.h>

#define MAX_N 5000

static const gsize sizes[] = { 0, 1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32,
  33, 63, 64, 65, 1000, MAX_N };

typedef enum { RANDOM, NEGATIVE, TIES, EQUAL, DENORMAL, N_KINDS } Kind;

/* none is zero */
static float
value_of (Kind kind, GRand *rand)
{
  double r = 1e-3 + g_rand_double (rand);

  switch (kind) {
  case NEGATIVE:
    return -r;
  case TIES:
    return g_rand_boolean (rand) ? g_rand_int_range (rand, 1, 5) / 4.0f
                                 : g_rand_int_range (rand, -4, 0) / 4.0f;
  case EQUAL:
    return 0.25f;
  case DENORMAL:
    return (g_rand_boolean (rand) ? -1 : 1) * g_rand_int_range (rand, 1, 9)
        * 0x1p-149f;
  default:
    return g_rand_boolean (rand) ? r : -1e30 * r;
  }
}

/* at an odd place, so that nothing is aligned */
static float *
fill (float *room, gsize n, Kind kind, GRand *rand)
{
  for (gsize i = 0; i < n; i++)
    room[1 + i] = value_of (kind, rand);
  return room + 1;
}

static void
check_extremes (
    const ActDashboardKernels *kernels, const float *values, gsize n)
{
  const ActDashboardKernels *c = &act_dashboard_kernels_c;
  float expected[2], got[2];
  gsize expected_place, place;

  c->extremes (values, n, &expected[0], &expected[1], &expected_place);
  kernels->extremes (values, n, &got[0], &got[1], &place);
  g_assert_cmpmem (got, sizeof got, expected, sizeof expected);
  g_assert_cmpuint (place, ==, expected_place);
}

static void
test_extremes (gconstpointer data)
{
  const ActDashboardKernels *kernels = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  g_autofree float *room = g_new (float, MAX_N + 1);

  for (Kind kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
      float *values = fill (room, sizes[s], kind, rand);

      if (sizes[s] > 0)
        check_extremes (kernels, values, sizes[s]);
      /* the largest at each place in turn, and once more at the end */
      for (gsize i = 0; i < MIN (sizes[s], 70); i++) {
        float before = values[i], end = values[sizes[s] - 1];

        values[i] = values[sizes[s] - 1] = 2e30f;
        check_extremes (kernels, values, sizes[s]);
        values[sizes[s] - 1] = end;
        values[i] = before;
      }
    }
}

static void
test_count_at_least (gconstpointer data)
{
  const ActDashboardKernels *kernels = data;
  const ActDashboardKernels *c = &act_dashboard_kernels_c;
  g_autoptr (GRand) rand = g_rand_new_with_seed (12);
  g_autofree float *room = g_new (float, MAX_N + 1);
  float edges[33];
  guint64 expected[33], got[34];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
      const float *values = fill (room, sizes[s], kind, rand);

      for (guint n = 0; n <= G_N_ELEMENTS (edges); n++) {
        for (guint e = 0; e < n; e++) {
          /* many lie on values */
          edges[e] = e % 3 == 0 ? 0.0f : value_of (kind, rand);
          expected[e] = got[e] = G_GUINT64_CONSTANT (0x100000000) + e;
        }
        got[n] = 77;
        c->count_at_least (values, sizes[s], edges, n, expected);
        kernels->count_at_least (values, sizes[s], edges, n, got);
        g_assert_cmpmem (got, n * sizeof *got, expected, n * sizeof *expected);
        g_assert_cmpuint (got[n], ==, 77);
      }
    }
}

static void
test_pick_above (gconstpointer data)
{
  const ActDashboardKernels *kernels = data;
  const ActDashboardKernels *c = &act_dashboard_kernels_c;
  static const float thresholds[] = { 0.0f, 0.25f, 0.5f, 2.0f, 0x1p-147f };
  g_autoptr (GRand) rand = g_rand_new_with_seed (13);
  g_autofree float *room = g_new (float, MAX_N + 1);
  g_autofree gint32 *positions = g_new (gint32, MAX_N);
  g_autofree gint32 *expected = g_new (gint32, MAX_N + ACT_DASHBOARD_SLACK);
  g_autofree gint32 *got = g_new (gint32, MAX_N + ACT_DASHBOARD_SLACK);

  for (gsize i = 0; i < MAX_N; i++)
    positions[i] = 3 * i + 1;
  for (Kind kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
      const float *values = fill (room, sizes[s], kind, rand);

      for (guint t = 0; t < G_N_ELEMENTS (thresholds); t++) {
        gsize n = c->pick_above (
            values, positions, sizes[s], thresholds[t], expected);

        g_assert_cmpuint (kernels->pick_above (
                              values, positions, sizes[s], thresholds[t], got),
            ==, n);
        g_assert_cmpmem (got, n * sizeof *got, expected, n * sizeof *expected);
      }
    }
}

/* and plain C what can be seen */
static void
test_by_hand (void)
{
  const ActDashboardKernels *c = &act_dashboard_kernels_c;
  static const float values[] = { 0.5f, -1.0f, 2.0f, 2.0f, 0.25f };
  static const gint32 positions[] = { 3, 4, 8, 9, 20 };
  static const float edges[] = { 0.25f, 2.0f, -1.0f };
  guint64 at_least[] = { 0, 10, 0 };
  gint32 picked[5 + ACT_DASHBOARD_SLACK];
  float max, min;
  gsize place;

  c->extremes (values, 5, &max, &min, &place);
  g_assert_cmpfloat (max, ==, 2.0f);
  g_assert_cmpfloat (min, ==, -1.0f);
  g_assert_cmpuint (place, ==, 2);
  c->count_at_least (values, 5, edges, 3, at_least);
  g_assert_cmpuint (at_least[0], ==, 4);
  g_assert_cmpuint (at_least[1], ==, 12);
  g_assert_cmpuint (at_least[2], ==, 5);
  g_assert_cmpuint (c->pick_above (values, positions, 5, 0.25f, picked), ==, 3);
  g_assert_cmpint (picked[0], ==, 3);
  g_assert_cmpint (picked[1], ==, 8);
  g_assert_cmpint (picked[2], ==, 9);
}

int
main (int argc, char **argv)
{
  const ActDashboardKernels *kernels;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dashboard-kernels/by-hand", test_by_hand);
  for (guint i = 0; (kernels = act_dashboard_kernels_nth (i)) != NULL; i++) {
    static const struct {
      const char *name;
      GTestDataFunc test;
    } tests[] = { { "extremes", test_extremes },
      { "count-at-least", test_count_at_least },
      { "pick-above", test_pick_above } };

    for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
      g_autofree char *path = g_strdup_printf (
          "/dashboard-kernels/%s/%s", kernels->name, tests[t].name);

      g_test_add_data_func (path, kernels, tests[t].test);
    }
  }
  return g_test_run ();
}
