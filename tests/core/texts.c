/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of a dashboard: each once, and which sample is which. */
#include "acterror.h"
#include "dashboard/texts.h"
#include "teststrings.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <openssl/sha.h>
#include <string.h>

static char *
written_texts (const ActTexts *texts)
{
  g_autofree char *dir = g_dir_make_tmp ("act-texts-XXXXXX", NULL);
  g_autofree char *name = g_build_filename (dir, "texts.jsonl", NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  act_texts_write (texts, name, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (name, &text, NULL, NULL));
  g_remove (name);
  g_rmdir (dir);
  return text;
}

static void
test_texts (void)
{
  /* 0 and 4 share a string; "a b" holds a space; 5 has no string */
  static const char *const list[] = { "a", "b", "a b", "c", "a", NULL, "b c" };
  static const guint64 samples[] = { 3, 4, 7, 9, 12 };
  static const gint32 tokens[] = { 0, 1, 3, /* a, b, c */
    3, 3, 3, 4, 1, 3,                       /* the same through 4 */
    2, 3, 0,                                /* another: "a b c a" */
    0, 6, 0 };                              /* "a b c a" again, other list */
  static const gint32 bad[] = { 0, 5, 0 }, worse[] = { 0, 1, 7 };
  g_autoptr (ActTexts) texts =
      act_texts_new (strings_of (list, 7), 3, G_MAXSIZE, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *written = NULL;
  guint64 next = 13;
  gsize row;

  g_assert_true (act_texts_add (texts, samples, tokens, 5, &error));
  g_assert_cmpuint (act_texts_get_n_samples (texts), ==, 5);
  g_assert_cmpuint (act_texts_get_n (texts), ==, 3);
  g_assert_cmpuint (act_texts_get_n_ambiguous (texts), ==, 1);
  g_assert_cmpuint (act_texts_get_n_collisions (texts), ==, 0);
  g_assert_cmpuint (act_texts_get_text (texts, 2), ==, 0);
  g_assert_cmpuint (act_texts_get_text (texts, 4), ==, 2);
  /* each sample keeps its own tokens */
  g_assert_cmpuint (act_texts_get_tokens (texts, 3)[0], !=,
      act_texts_get_tokens (texts, 4)[0]);
  for (guint64 i = 0; i < 15; i++) {
    gboolean found = act_texts_find (texts, i, &row);
    gboolean expected = FALSE;

    for (guint k = 0; k < 5; k++)
      if (samples[k] == i) {
        expected = TRUE;
        g_assert_cmpuint (row, ==, k);
      }
    g_assert_cmpint (found, ==, expected);
  }
  /* the later list replaces the earlier in place */
  written = written_texts (texts);
  g_assert_nonnull (strstr (written, "\"tokens\": [\"a\", \"b c\", \"a\"]}\n"));
  g_assert_null (strstr (written, "\"a b\","));

  g_assert_false (act_texts_add (texts, &next, bad, 1, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  g_assert_cmpstr (error->message, ==,
      "sample 13, position 1: the vocabulary of 7 has no token 5");
  g_clear_error (&error);
  g_assert_false (act_texts_add (texts, &next, worse, 1, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  g_clear_error (&error);
  next = 12;
  g_assert_false (act_texts_add (texts, &next, tokens, 1, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_MISMATCH);
}

/* many texts: the table grows, in memory or in files, and finds each again */
static void
test_many_texts (gconstpointer max_memory)
{
  static const char *const list[] = { "0", "1" };
  g_autoptr (ActTexts) texts = act_texts_new (
      strings_of (list, 2), 14, GPOINTER_TO_SIZE (max_memory), NULL);
  gint32 tokens[14];

  for (guint64 i = 0; i < 20000; i++) {
    guint64 sample = 100 + i;

    for (guint k = 0; k < 14; k++)
      tokens[k] = (i >> k) & 1;
    g_assert_true (act_texts_add (texts, &sample, tokens, 1, NULL));
  }
  g_assert_cmpuint (act_texts_get_n (texts), ==, 1 << 14);
  g_assert_cmpuint (act_texts_get_text (texts, 17000), ==, 17000 - (1 << 14));
  for (guint i = 0; i < 1 << 14; i++)
    g_assert_cmpint (
        act_texts_is_repeated (texts, i), ==, i < 20000 - (1 << 14));
}

/* samples by the way that is for runs without gaps */
static void
test_find_all (void)
{
  static const char *const list[] = { "a" };
  static const guint64 samples[] = { 3, 4, 5, 6, 9 };
  static const struct {
    guint64 samples[3];
    gboolean found;
  } cases[] = {
    { { 3, 4, 6 }, TRUE },
    { { 4, 5, 6 }, TRUE },
    { { 2, 3, 4 }, FALSE },
    { { 3, 4, 7 }, FALSE },
    { { 3, 3, 4 }, FALSE },
    { { 5, 4, 6 }, FALSE },
    { { G_MAXUINT64, 3, 4 }, FALSE },
    { { 3, G_MAXUINT64, 4 }, FALSE },
    { { 3, G_GUINT64_CONSTANT (1) << 63, 4 }, FALSE },
  };
  static const gint32 tokens[5];
  g_autoptr (ActTexts) texts =
      act_texts_new (strings_of (list, 1), 1, G_MAXSIZE, NULL);
  gsize rows[3];

  g_assert_false (act_texts_find_all (texts, samples, 1, rows));
  g_assert_true (act_texts_find_all (texts, samples, 0, rows));
  g_assert_true (act_texts_add (texts, samples, tokens, 4, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_assert_cmpint (act_texts_find_all (texts, cases[i].samples, 3, rows), ==,
        cases[i].found);
    for (guint k = 0; k < 3 && cases[i].found; k++)
      g_assert_cmpuint (rows[k], ==, cases[i].samples[k] - 3);
  }
  /* a gap */
  g_assert_true (act_texts_add (texts, samples + 4, tokens, 1, NULL));
  g_assert_false (act_texts_find_all (texts, samples, 3, rows));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dashboard/texts", test_texts);
  g_test_add_data_func (
      "/dashboard/many-texts", GSIZE_TO_POINTER (G_MAXSIZE), test_many_texts);
  g_test_add_func ("/dashboard/find-all", test_find_all);
  g_test_add_data_func ("/dashboard/many-texts/files",
      GSIZE_TO_POINTER ((gsize) 1), test_many_texts);
  return g_test_run ();
}
