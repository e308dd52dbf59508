/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts' cores, one by one: exact sums, activity, random choice, rankings,
 * token tables, layers, coactivating clusters, shown samples. */
#include "dashboard/activity.h"
#include "dashboard/coactive.h"
#include "dashboard/layers.h"
#include "dashboard/prioritysample.h"
#include "dashboard/tokenfacts.h"
#include "dashboard/topitems.h"

#include <float.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static double
sum_of (const float *values, gsize n)
{
  ActExactSum sum;

  act_exact_sum_init (&sum);
  for (gsize i = 0; i < n; i++)
    act_exact_sum_add (&sum, i % 2, values[i]);
  return act_exact_sum_get (&sum);
}

#define SUM(...)                                                               \
  sum_of ((float[]){ __VA_ARGS__ },                                            \
      sizeof ((float[]){ __VA_ARGS__ }) / sizeof (float))

static void
test_exact_sum (void)
{
  const float one = 0x1p-53f, tiny = 0x1p-149f;

  g_assert_true (sum_of (NULL, 0) == 0.0);
  g_assert_true (SUM (0.5f, 0.25f) == 0.75);
  g_assert_true (SUM (1e30f, 1.0f, -1e30f) == 1.0);
  g_assert_true (SUM (-3.0f, 1.0f) == -2.0);
  g_assert_true (SUM (tiny) == 0x1p-149);
  g_assert_true (SUM (FLT_MIN, -tiny) == (double) FLT_MIN - 0x1p-149);
  g_assert_true (SUM (FLT_MAX, FLT_MAX, tiny) == 2.0 * FLT_MAX);
  g_assert_true (SUM (-FLT_MAX, FLT_MAX) == 0.0);
  g_assert_false (signbit (SUM (-FLT_MAX, FLT_MAX, -0.0f)));
  /* half of the last place: to the even one, and away from it by any rest */
  g_assert_true (SUM (1.0f, one) == 1.0);
  g_assert_true (SUM (1.0f, one, tiny) == 1.0 + 0x1p-52);
  g_assert_true (SUM (1.0f, one, -tiny) == 1.0);
  g_assert_true (SUM (1.0f, one, one, one) == 1.0 + 0x1p-51);
  g_assert_true (SUM (-1.0f, -one, -tiny) == -1.0 - 0x1p-52);
  /* all 53 bits carry into the next power of two */
  g_assert_true (SUM (2.0f, -one) == 2.0);
  g_assert_true (SUM (2.0f, -one, -tiny) == 2.0 - 0x1p-52);
}

static void
test_exact_sum_order (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  ActExactSum sum;
  float values[1000];
  double forward, backward, absolute;

  for (guint i = 0; i < 1000; i++) {
    guint32 bits = g_rand_int (rand);
    memcpy (&values[i], &bits, 4);
    if (!isfinite (values[i]))
      values[i] = 0.0f;
  }
  forward = sum_of (values, 1000);
  act_exact_sum_init (&sum);
  for (guint i = 1000; i-- > 0;)
    act_exact_sum_add (&sum, i % 2, values[i]);
  backward = act_exact_sum_get (&sum);
  absolute = act_exact_sum_get_absolute (&sum);
  g_assert_true (forward == backward);
  for (guint i = 0; i < 1000; i++)
    values[i] = fabsf (values[i]);
  g_assert_true (sum_of (values, 1000) == absolute);
}

static void
test_activity (void)
{
  const float values[] = { 0.5f, 0.75f, -1.0f, 1.0f, 0.25f };
  ActActivity activity;

  act_activity_init (&activity, 0.5f);
  g_assert_cmpuint (act_activity_add_row (&activity, values, 3), ==, 1);
  g_assert_true (act_activity_get_min (&activity, 3) == -1.0f);
  /* all three positions hold a value so far: no zero */
  g_assert_true (act_activity_get_max (&activity, 3) == 0.75f);
  g_assert_cmpuint (act_activity_add_row (&activity, NULL, 0), ==, 0);
  g_assert_cmpuint (act_activity_add_row (&activity, values + 3, 2), ==, 1);
  g_assert_cmpuint (activity.n_samples, ==, 3);
  g_assert_cmpuint (activity.n_active_positions, ==, 2);
  g_assert_cmpuint (activity.n_active_samples, ==, 2);
  g_assert_true (act_exact_sum_get (&activity.sum) == 1.5);
  g_assert_true (act_exact_sum_get_absolute (&activity.sum) == 3.5);
  g_assert_true (act_activity_get_max (&activity, 3) == 1.0f);
  /* -1 0 0 0 0 .25 .5 .75 1 */
  g_assert_true (act_activity_get_median (&activity, 3, values) == 0.0f);

  act_activity_init (&activity, 0.5f);
  g_assert_true (act_activity_get_min (&activity, 3) == 0.0f);
  g_assert_true (act_activity_get_max (&activity, 3) == 0.0f);
  g_assert_true (act_activity_get_median (&activity, 3, NULL) == 0.0f);
}

static void
test_activity_median (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (12);

  for (guint round = 0; round < 200; round++) {
    const guint n_ctx = 1 + round % 9;
    float values[9], all[9] = { 0 };
    gsize n = 0;
    ActActivity activity;
    float expected;

    for (guint p = 0; p < n_ctx; p++) {
      all[p] = g_rand_int_range (rand, -2, 3) / 4.0f;
      if (all[p] == 0.0f)
        continue;
      values[n++] = all[p];
    }
    act_activity_init (&activity, 0.0f);
    act_activity_add_row (&activity, values, n);
    for (guint i = 0; i < n_ctx; i++)
      for (guint j = i + 1; j < n_ctx; j++)
        if (all[j] < all[i]) {
          float swap = all[i];
          all[i] = all[j];
          all[j] = swap;
        }
    expected = n_ctx % 2 ? all[n_ctx / 2]
                         : (all[n_ctx / 2 - 1] + all[n_ctx / 2]) / 2.0f;
    g_assert_true (
        act_activity_get_median (&activity, n_ctx, values) == expected);
  }
}

/* the generator's first outputs for the seed 0, from its authors' program */
static void
test_priority_key (void)
{
  g_assert_cmphex (act_priority_key (0, 0), ==, 0xe220a8397b1dcdafu);
  g_assert_cmphex (act_priority_key (1, 0), ==, 0x6e789e6aa1b965f4u);
  g_assert_cmphex (act_priority_key (2, 0), ==, 0x06c45d188009454fu);
}

static int
compare_keys (const void *a, const void *b)
{
  const ActPriority *x = a, *y = b;

  return x->key < y->key ? -1 : x->key > y->key;
}

/* in any order, and of any sizes, the smallest */
static void
test_priority_sample (void)
{
  static const guint sizes[] = { 0, 1, 2, 5, 31, 100, 1000 };
  ActPriority all[100];

  for (guint i = 0; i < 100; i++)
    all[i] = (ActPriority){ act_priority_key (3, i), i };
  qsort (all, 100, sizeof *all, compare_keys);
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    ActPrioritySample sample;

    act_priority_sample_init (&sample, sizes[s]);
    for (guint round = 0; round < 3; round++) {
      act_priority_sample_reset (&sample);
      for (guint i = 0; i < 100; i++) {
        guint index = round == 0 ? i : round == 1 ? 99 - i : i * 37 % 100;
        act_priority_sample_add (&sample, act_priority_key (3, index), index);
      }
      act_priority_sample_sort (&sample);
      g_assert_cmpuint (sample.n, ==, MIN (sizes[s], 100));
      for (guint i = 0; i < sample.n; i++)
        g_assert_cmpuint (sample.heap[i].row, ==, all[i].row);
    }
    act_priority_sample_clear (&sample);
  }
}

/* Each of 20 samples is among 5 in a quarter of the cases: over 4000 seeds
 * 1000 times, with a standard deviation of 27. */
static void
test_priority_is_uniform (void)
{
  guint n_times[20] = { 0 };
  ActPrioritySample sample;

  act_priority_sample_init (&sample, 5);
  for (guint64 seed = 0; seed < 4000; seed++) {
    act_priority_sample_reset (&sample);
    for (guint i = 0; i < 20; i++)
      act_priority_sample_add (&sample, act_priority_key (seed, i), i);
    for (guint i = 0; i < sample.n; i++)
      n_times[sample.heap[i].row]++;
  }
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (ABS ((gint) n_times[i] - 1000), <, 5 * 27);
  act_priority_sample_clear (&sample);
}

static int
compare_ints (const void *a, const void *b)
{
  gint x = *(const gint *) a, y = *(const gint *) b;

  return x < y ? -1 : x > y;
}

static void
test_top_items (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);

  for (guint n = 0; n < 40; n++)
    for (guint n_top = 0; n_top < 45; n_top++) {
      gint items[40], sorted[40];

      for (guint i = 0; i < n; i++)
        items[i] = i;
      for (guint i = 1; i < n; i++) {
        guint j = g_rand_int_range (rand, 0, i + 1);
        gint swap = items[i];
        items[i] = items[j];
        items[j] = swap;
      }
      memcpy (sorted, items, sizeof items);
      qsort (sorted, n, sizeof *sorted, compare_ints);
      g_assert_cmpuint (
          act_top_items (items, n, sizeof *items, n_top, compare_ints), ==,
          MIN (n, n_top));
      for (guint i = 0; i < MIN (n, n_top); i++)
        g_assert_cmpint (items[i], ==, sorted[i]);
    }
}

/* scores that say something of some items, and nothing of those that share one
 */
static void
test_top_scored (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);

  for (guint round = 0; round < 2000; round++) {
    guint n = g_rand_int_range (rand, 0, 60);
    guint n_top = g_rand_int_range (rand, 0, 65);
    gint coarse = g_rand_int_range (rand, 1, 30);
    gint items[60], sorted[60];
    double scores[60];

    for (guint i = 0; i < n; i++) {
      items[i] = (gint) g_rand_int_range (rand, 0, 1000) * 64 + (gint) i;
      scores[i] = -(items[i] / (64 * coarse));
    }
    memcpy (sorted, items, sizeof items);
    qsort (sorted, n, sizeof *sorted, compare_ints);
    g_assert_cmpuint (
        act_top_scored (items, n, sizeof *items, n_top, scores, compare_ints),
        ==, MIN (n, n_top));
    for (guint i = 0; i < MIN (n, n_top); i++)
      g_assert_cmpint (items[i], ==, sorted[i]);
  }
}

/* two samples "a b a c" and "b b a a" */
static ActTexts *
make_texts (void)
{
  static const gint32 tokens[] = { 0, 1, 0, 2, 1, 1, 0, 0 };
  static const guint64 samples[] = { 7, 9 };
  ActStrings *strings = act_strings_new (3);
  ActTexts *texts;

  for (guint i = 0; i < 3; i++)
    g_assert_true (act_strings_set (strings, i, "abc" + i, 1, NULL));
  texts = act_texts_new (strings, 4, G_MAXSIZE, NULL);
  g_assert_true (act_texts_add (texts, samples, tokens, 2, NULL));
  return texts;
}

static void
assert_fact (
    const ActTokenFact *fact, guint32 string, guint64 count, guint64 total)
{
  g_assert_cmpuint (fact->string, ==, string);
  g_assert_cmpuint (fact->count, ==, count);
  g_assert_cmpuint (fact->total, ==, total);
}

static void
finish_token_facts (ActTokenFacts *facts, ActTokenCount *count,
    ActTokenTable *here, ActTokenTable *next)
{
  g_autofree ActTokenRank *ranking = NULL;
  guint n;

  ranking = act_token_count_rank (count, &n);
  act_token_facts_finish (facts, ranking, n, here, next);
}

static void
test_token_facts (void)
{
  static const gint32 positions[] = { 0, 1, 2, 3 };
  static const gint32 active[] = { 0, 2, 3 };
  static const float first[] = { 1.0f, 0.5f, 0.75f, 1.0f };
  static const float second[] = { 0.0f, 0.75f, 1.0f };
  ActTexts *texts = make_texts ();
  g_autoptr (ActTokenFacts) facts = act_token_facts_new (texts, 2, 2);
  g_autoptr (ActTokenCount) count = act_token_count_new (3);
  ActTokenTable here, next;

  /* twice: nothing stays from the first time */
  for (guint round = 0; round < 2; round++) {
    /* a, a, c; and b, a */
    act_token_facts_add_row (
        facts, act_texts_get_tokens (texts, 0), positions, first, 4, 0.5f);
    act_token_facts_add_row (
        facts, act_texts_get_tokens (texts, 1), positions, second, 3, 0.5f);
    act_token_count_add_positions (
        count, act_texts_get_tokens (texts, 0), active, 3);
    act_token_count_add_positions (
        count, act_texts_get_tokens (texts, 1), active + 1, 1);
    act_token_count_add_positions (
        count, act_texts_get_tokens (texts, 1), positions + 1, 1);
    finish_token_facts (facts, count, &here, &next);
    g_assert_cmpuint (here.n_pairs, ==, 8);
    g_assert_cmpuint (here.n_active_pairs, ==, 5);
    g_assert_cmpuint (here.n_unique, ==, 3);
    g_assert_cmpuint (here.n_by_count, ==, 2);
    assert_fact (&here.by_count[0], 0, 3, 4);
    /* as often as b, but first */
    assert_fact (&here.by_count[1], 2, 1, 1);
    g_assert_cmpuint (here.n_by_lift, ==, 1);
    assert_fact (&here.by_lift[0], 0, 3, 4);
    /* b, c; and a, a: the last position has no next one */
    g_assert_cmpuint (next.n_pairs, ==, 6);
    g_assert_cmpuint (next.n_active_pairs, ==, 4);
    g_assert_cmpuint (next.n_unique, ==, 3);
    assert_fact (&next.by_count[0], 0, 2, 3);
    assert_fact (&next.by_count[1], 1, 1, 2);
    g_assert_cmpuint (next.n_by_lift, ==, 1);
    act_token_table_clear (&here);
    act_token_table_clear (&next);
  }
  act_texts_free (texts);
}

static void
test_token_lift (void)
{
  static const gint32 positions[] = { 0, 1, 2, 3 };
  static const float values[] = { 1.0f, 1.0f, 1.0f, 1.0f };
  ActTexts *texts = make_texts ();
  g_autoptr (ActTokenFacts) facts = act_token_facts_new (texts, 3, 1);
  g_autoptr (ActTokenCount) count = act_token_count_new (3);
  ActTokenTable here, next;

  /* a b a c: c 1 of 1, a 2 of 4, b 1 of 3 */
  act_token_facts_add_row (
      facts, act_texts_get_tokens (texts, 0), positions, values, 4, 0.0f);
  act_token_count_add_positions (
      count, act_texts_get_tokens (texts, 0), positions, 4);
  finish_token_facts (facts, count, &here, &next);
  g_assert_cmpuint (here.n_by_lift, ==, 3);
  assert_fact (&here.by_lift[0], 2, 1, 1);
  assert_fact (&here.by_lift[1], 0, 2, 4);
  assert_fact (&here.by_lift[2], 1, 1, 3);
  act_token_table_clear (&here);
  act_token_table_clear (&next);
  act_texts_free (texts);
}

static void
test_layers (void)
{
  static const char *const modules[] = { "h.1.a", "h.0.a", "head", "h.1.b" };
  static const guint components[] = { 2, 2, 2, 2 };
  static const guint members[] = { 7, 0, 4, 1, 2 };
  static const ActMemberFact facts[] = { { .mass = 1 }, { .mass = 2 },
    { .mass = 4 }, { .mass = 8 }, { .mass = 16 } };
  ActDashboardRun run = {
    .n_modules = 4, .modules = modules, .components = components
  };
  ActDashboardCluster cluster = { .n_members = 5, .members = members };
  ActMasses masses;
  guint index;

  g_assert_cmpint (act_module_layer ("h.12.attn.q_proj"), ==, 12);
  g_assert_cmpint (act_module_layer ("blocks.3.2.x"), ==, 3);
  g_assert_cmpint (act_module_layer ("lm_head"), ==, -1);
  g_assert_cmpint (act_module_layer ("h1.x2..y"), ==, -1);
  g_assert_cmpint (act_module_layer ("a.99999999999999999999.5"), ==, 5);
  g_assert_cmpuint (act_module_of (&run, 5, &index), ==, 2);
  g_assert_cmpuint (index, ==, 1);

  act_masses_init (&masses, &run, &cluster, facts);
  g_assert_true (masses.total == 31);
  g_assert_cmpuint (masses.n_modules, ==, 4);
  g_assert_cmpstr (masses.modules[0].module, ==, "h.1.a");
  g_assert_cmpuint (masses.modules[0].n_members, ==, 2);
  g_assert_true (masses.modules[0].mass == 10);
  g_assert_cmpuint (masses.n_layers, ==, 3);
  g_assert_cmpint (masses.layers[0].layer, ==, 0);
  g_assert_cmpint (masses.layers[1].layer, ==, 1);
  g_assert_true (masses.layers[1].mass == 11);
  g_assert_cmpint (masses.layers[2].layer, ==, -1);
  g_assert_true (masses.layers[2].mass == 4);
  act_masses_clear (&masses);
}

static void
test_coactive (void)
{
  /* cluster 2 is silent and gives no row */
  static const gint64 counts[5][5] = {
    { 10, 4, 0, 4, 1 },
    { 4, 100, 0, 9, 0 },
    { 0, 0, 0, 0, 0 },
    { 4, 9, 0, 9, 0 },
    { 1, 0, 0, 0, 1 },
  };
  g_autofree char *folder = g_dir_make_tmp ("act-coactive-XXXXXX", NULL);
  g_autoptr (ActCountRows) rows = act_count_rows_new (folder, 5, NULL);
  g_autoptr (ActCoactive) coactive = act_coactive_new (rows, 2);
  const gint32 line_of[] = { 0, 1, -1, 2, 3 }, no_four[] = { 0, 1, -1, 2, -1 };
  ActCoactiveTable table;

  for (guint i = 0; i < 5; i++)
    if (i != 2)
      g_assert_true (act_count_rows_add (rows, i, counts[i], NULL));
  act_count_rows_end (rows);
  g_assert_true (act_coactive_get (coactive, 0, line_of, &table, NULL));
  g_assert_cmpint (table.own, ==, 10);
  g_assert_cmpuint (table.n_by_count, ==, 2);
  g_assert_cmpuint (table.by_count[0].cluster, ==, 1);
  g_assert_cmpint (table.by_count[0].any, ==, 106);
  g_assert_cmpuint (table.by_count[1].cluster, ==, 3);
  g_assert_cmpint (table.by_count[1].own, ==, 9);
  g_assert_cmpint (table.by_count[1].any, ==, 15);
  /* 4/15, 1/10, 4/106 */
  g_assert_cmpuint (table.n_by_jaccard, ==, 2);
  g_assert_cmpuint (table.by_jaccard[0].cluster, ==, 3);
  g_assert_cmpuint (table.by_jaccard[1].cluster, ==, 4);
  act_coactive_table_clear (&table);
  g_assert_true (act_coactive_get (coactive, 2, line_of, &table, NULL));
  g_assert_cmpuint (table.n_by_count, ==, 0);
  act_coactive_table_clear (&table);
  g_assert_true (act_coactive_get (coactive, 4, line_of, &table, NULL));
  g_assert_cmpuint (table.n_by_count, ==, 1);
  g_assert_cmpint (table.by_count[0].count, ==, 1);
  act_coactive_table_clear (&table);
  /* without a line it is not named */
  g_assert_true (act_coactive_get (coactive, 0, no_four, &table, NULL));
  g_assert_cmpuint (table.by_jaccard[1].cluster, ==, 1);
  act_coactive_table_clear (&table);
  /* the spool has no name, so nothing is left */
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_marked_texts (void)
{
  static const gint32 tokens[] = { 0, 1, 2, 1, 0, 1, 2, 2 };
  static const guint64 samples[] = { 0, 1, 2, 3 };
  ActStrings *strings = act_strings_new (3);
  g_autoptr (ActTexts) texts = NULL;
  g_autofree char *folder = g_dir_make_tmp ("act-texts-XXXXXX", NULL);
  g_autofree char *name = g_build_filename (folder, "t.jsonl", NULL);
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 3; i++)
    g_assert_true (act_strings_set (strings, i, "abc" + i, 1, NULL));
  texts = act_texts_new (strings, 2, G_MAXSIZE, NULL);
  g_assert_true (act_texts_add (texts, samples, tokens, 4, NULL));
  g_assert_cmpuint (act_texts_get_n (texts), ==, 3);
  g_assert_cmpuint (act_texts_get_sample (texts, 3), ==, 3);
  g_assert_cmpuint (act_texts_get_line (texts, 2), ==, 2);
  act_texts_mark (texts, 2);
  act_texts_mark (texts, 0);
  g_assert_true (act_texts_write_marked (texts, name, NULL));
  g_assert_cmpuint (act_texts_get_line (texts, 0), ==, 0);
  g_assert_cmpuint (act_texts_get_line (texts, 2), ==, 1);
  g_assert_true (g_file_get_contents (name, &contents, NULL, NULL));
  lines = g_strsplit (contents, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_assert_nonnull (strstr (lines[0], "\"full_text\": \"a b\""));
  g_assert_nonnull (strstr (lines[1], "\"full_text\": \"c c\""));
  g_remove (name);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/facts/exact-sum", test_exact_sum);
  g_test_add_func ("/facts/exact-sum-order", test_exact_sum_order);
  g_test_add_func ("/facts/activity", test_activity);
  g_test_add_func ("/facts/activity-median", test_activity_median);
  g_test_add_func ("/facts/priority-key", test_priority_key);
  g_test_add_func ("/facts/priority-sample", test_priority_sample);
  g_test_add_func ("/facts/priority-is-uniform", test_priority_is_uniform);
  g_test_add_func ("/facts/top-items", test_top_items);
  g_test_add_func ("/facts/top-scored", test_top_scored);
  g_test_add_func ("/facts/token-facts", test_token_facts);
  g_test_add_func ("/facts/token-lift", test_token_lift);
  g_test_add_func ("/facts/layers", test_layers);
  g_test_add_func ("/facts/coactive", test_coactive);
  g_test_add_func ("/facts/marked-texts", test_marked_texts);
  return g_test_run ();
}
