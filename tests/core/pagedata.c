/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the page's data that need no run: what a vocabulary looks like,
 * lists that are cut, bins that are joined. Whole files are in
 * tests/peers/viewer.py. */

#include "viewer/bins.h"
#include "viewer/numbers.h"
#include "viewer/trim.h"
#include "viewer/vocabulary.h"

#include "testfile.h"

static void
assert_kind (const char *const *texts, const char *kind)
{
  guint n = g_strv_length ((char **) texts);
  g_autoptr (ActStrings) strings = act_strings_new (n);

  for (guint i = 0; i < n; i++)
    g_assert_true (
        act_strings_set (strings, i, texts[i], strlen (texts[i]), NULL));
  g_assert_cmpstr (act_viewer_vocabulary_kind (strings), ==, kind);
}

#define BLANK "\xc4\xa0"    /* U+0120 */
#define META "\xe2\x96\x81" /* U+2581 */

static void
test_kinds (void)
{
  assert_kind ((const char *const[]){ BLANK "the", "\xc4\x8a", "\xc4\x89",
                   "\xc3\x83\xc2\xa9", "<|endoftext|>", NULL },
      "bytes");
  /* a character that stands for no byte, of few strings */
  assert_kind (
      (const char *const[]){ BLANK "the", "\xe6\x97\xa5", NULL }, "plain");
  assert_kind (
      (const char *const[]){ "the", "##ing", "[CLS]", "##", NULL }, "pieces");
  assert_kind (
      (const char *const[]){ META "of", "<0x0A>", "</s>", "x", NULL }, "meta");
  assert_kind ((const char *const[]){ "a b", "##", "", NULL }, "plain");
  assert_kind ((const char *const[]){ NULL }, "plain");
}

static void
assert_trimmed (const char *json, guint most, const char *expected)
{
  g_autoptr (GString) out = g_string_new ("+");

  act_trim_lists (json, strlen (json), most, out);
  g_assert_cmpstr (out->str + 1, ==, expected);
}

static void
test_trim (void)
{
  static const char whole[] =
      "{\"a\": [1, 2, 3], \"b\": {\"c\": [\"x,]\", \"\\\"\", \"z\"], \"d\": []"
      "}, \"components\": [{\"label\": \"m:0\"}, {\"label\": \"m:1\"}], \"e\":"
      " null, \"f\": [{\"g\": [4, 5]}, {\"g\": [6]}, {}]}";

  assert_trimmed (whole, G_MAXUINT, whole);
  assert_trimmed (whole, 3, whole);
  assert_trimmed (whole, 1,
      "{\"a\": [1], \"b\": {\"c\": [\"x,]\"], \"d\": []}, \"components\": "
      "[{\"label\": \"m:0\"}, {\"label\": \"m:1\"}], \"e\": null, \"f\": "
      "[{\"g\": [4]}]}");
  assert_trimmed (
      "{\"a\": [1], \"n\": -1.5e-05}", 0, "{\"a\": [], \"n\": -1.5e-05}");
}

/* counts 0, 1, .. and edges as long, as a histogram's text */
static char *
histogram_text (const double *edges, const guint64 *counts, guint n)
{
  g_autoptr (GString) text = g_string_new ("{\"bin_edges\": [");

  for (guint i = 0; i <= n; i++)
    g_string_append_printf (text, "%s%.1f", i > 0 ? ", " : "", edges[i]);
  g_string_append (text, "], \"bin_counts\": [");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (
        text, "%s%" G_GUINT64_FORMAT, i > 0 ? ", " : "", counts[i]);
  g_string_append (text, "]}");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* of the text the same bins as of the numbers, and few */
static void
assert_joined (guint n, guint expected)
{
  g_autofree double *edges = g_new (double, n + 1);
  g_autofree guint64 *counts = g_new (guint64, n);
  g_autofree char *whole = NULL;
  g_autoptr (GString) trimmed = g_string_new (NULL);
  g_autoptr (GString) joined = g_string_new ("{\"bin_edges\": ");
  guint64 n_commas = 0;

  for (guint i = 0; i <= n; i++)
    edges[i] = i + 0.5;
  for (guint i = 0; i < n; i++)
    counts[i] = i;
  whole = histogram_text (edges, counts, n);
  act_trim_lists (whole, strlen (whole), 1, trimmed);
  act_append_joined_edges (joined, edges, n);
  g_string_append (joined, ", \"bin_counts\": ");
  act_append_joined_counts (joined, counts, n, ACT_PAGE_BINS);
  g_string_append_c (joined, '}');
  /* blanks apart: between edges they stay as they are */
  for (char *p = strchr (trimmed->str, ' '); p != NULL; p = strchr (p, ' '))
    memmove (p, p + 1, strlen (p));
  for (char *p = strchr (joined->str, ' '); p != NULL; p = strchr (p, ' '))
    memmove (p, p + 1, strlen (p));
  g_assert_cmpstr (trimmed->str, ==, joined->str);
  for (const char *p = joined->str; *p != '\0'; p++)
    n_commas += *p == ',';
  /* between edges, between the lists, between counts */
  g_assert_cmpuint (n_commas, ==, expected + 1 + expected - 1);
}

static void
test_bins (void)
{
  g_autoptr (GString) out = g_string_new (NULL);

  act_append_joined_counts (out, (const guint64[]){ 1, 2, 3, 4, 5 }, 5, 2);
  g_assert_cmpstr (out->str, ==, "[6,9]");
  assert_joined (1, 1);
  assert_joined (ACT_PAGE_BINS, ACT_PAGE_BINS);
  assert_joined (ACT_PAGE_BINS + 1, ACT_PAGE_BINS / 2 + 1);
  assert_joined (1000, 250);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  act_small_numbers_init ();
  g_test_add_func ("/pagedata/kinds", test_kinds);
  g_test_add_func ("/pagedata/trim", test_trim);
  g_test_add_func ("/pagedata/bins", test_bins);
  return g_test_run ();
}
