/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shows a dashboard is made of: JSON without a tree, lines, parts of an
 * .npz, token strings, visible text, near names. Whole dashboards are in
 * tests/program/show.py. */

#include "formats/jsonscan.h"
#include "formats/npzarray.h"
#include "dashboard/ziparray.h"
#include "reading/clusterread.h"
#include "reading/lines.h"
#include "reading/nearnames.h"
#include "text/visible.h"
#include "tokenizer/tokenkind.h"

#include "testfile.h"

/* --- JSON --- */

typedef struct {
  guint64 n;
  double x;
  GString *s;
  GArray *list;
} Thing;

static gboolean
scan_thing (const char *text, Thing *thing, GError **error)
{
  static const ActJsonField fields[] = {
    { "n", act_json_scan_uint, G_STRUCT_OFFSET (Thing, n) },
    { "x", act_json_scan_double, G_STRUCT_OFFSET (Thing, x), FALSE, TRUE },
    { "s", act_json_scan_string, G_STRUCT_OFFSET (Thing, s), TRUE, TRUE },
    { "list", act_json_scan_uints, G_STRUCT_OFFSET (Thing, list), TRUE, TRUE },
  };
  g_auto (ActJsonScan) scan = { NULL };

  act_json_scan_init (&scan, text, strlen (text), FALSE, error);
  return act_json_scan_fields (&scan, fields, G_N_ELEMENTS (fields), thing)
      && act_json_scan_end (&scan);
}

static void
test_fields (void)
{
  g_autoptr (GString) s = g_string_new ("before");
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (guint64));
  Thing thing = { 0, 0, s, list };
  g_autoptr (GError) error = NULL;

  g_assert_true (scan_thing (" {\"other\": [{\"n\": [true, null]}, \"}\"],"
                             "\"list\": [9], \"list\": [1, 2, 3],\n"
                             "\"s\": \"a\\u0000\\ud83d\\ude00\", \"x\": -1.5e3,"
                             " \"n\": 18446744073709551615} ",
      &thing, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (thing.n, ==, G_MAXUINT64);
  g_assert_cmpfloat (thing.x, ==, -1500);
  g_assert_cmpmem (s->str, s->len, "a\0\xf0\x9f\x98\x80", 6);
  g_assert_cmpuint (list->len, ==, 3);
  g_assert_cmpuint (g_array_index (list, guint64, 2), ==, 3);
}

static void
test_fields_refused (void)
{
  static const char *const texts[][2] = {
    { "", "expected an object at byte 0" },
    { "[]", "expected an object" },
    { "{}", "\"n\" is missing" },
    { "{\"n\": 1", "expected '}'" },
    { "{\"n\": 1} 2", "expected the end" },
    { "{\"n\": 1,}", "expected a string" },
    { "{\"n\" 1}", "expected ':'" },
    { "{\"n\": -1}", "\"n\": no valid JSON: expected a whole number" },
    { "{\"n\": 1.0}", "whole number" },
    { "{\"n\": 18446744073709551616}", "2^64" },
    { "{\"n\": 1, \"x\": 1e999}", "too large" },
    { "{\"n\": 1, \"x\": NaN}", "expected a number" },
    { "{\"n\": 1, \"s\": \"\\ud800\"}", "surrogate" },
    { "{\"n\": 1, \"list\": [1 2]}", "expected ']'" },
    { "{\"n\": 1, \"list\": {}}", "expected a list" },
    { "{\"n\": 1, \"y\": tru}", "expected a value" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) s = g_string_new (NULL);
    g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (guint64));
    Thing thing = { 0, 0, s, list };
    g_autoptr (GError) error = NULL;

    g_assert_false (scan_thing (texts[i][0], &thing, &error));
    test_assert_error (error, ACT_ERROR_FORMAT, texts[i][1], "");
  }
}

static void
test_nested (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (ActJsonScan) scan = { NULL };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 100000; i++)
    g_string_append_c (text, '[');
  act_json_scan_init (&scan, text->str, text->len, FALSE, &error);
  g_assert_false (act_json_scan_skip (&scan));
  test_assert_error (error, ACT_ERROR_FORMAT, "nested too deep", "byte");
}

/* --- lines --- */

static void
test_lines (void)
{
  g_autoptr (GString) text = g_string_new ("first\n\n");
  g_autofree char *path = NULL;
  g_autoptr (ActLines) lines = NULL;
  g_autoptr (GError) error = NULL;
  const char *line;
  gsize length;

  /* longer than any buffer it begins with; the last has no end */
  for (guint i = 0; i < 700000; i++)
    g_string_append_c (text, 'a' + (char) (i % 26));
  g_string_append (text, "\nlast");
  path = test_write ("lines", text->str, text->len);
  lines = act_lines_open (path, &error);
  g_assert_no_error (error);
  g_assert_true (act_lines_next (lines, &line, &length, &error));
  g_assert_cmpmem (line, length, "first", 5);
  g_assert_true (act_lines_next (lines, &line, &length, &error));
  g_assert_cmpuint (length, ==, 0);
  g_assert_true (act_lines_next (lines, &line, &length, &error));
  g_assert_cmpmem (line, length, text->str + 7, 700000);
  g_assert_true (act_lines_seek (lines, 3, &error));
  g_assert_true (act_lines_next (lines, &line, &length, &error));
  g_assert_cmpmem (line, length, "last", 4);
  g_assert_true (act_lines_next (lines, &line, &length, &error));
  g_assert_null (line);
  g_assert_false (act_lines_seek (lines, 4, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "has 4 lines", path);
}

/* --- arrays --- */

static char *
write_array (const gint32 *data, guint64 rows, guint64 columns)
{
  char *path = test_path ("array.npz");
  const guint64 shape[] = { rows, columns };
  g_autoptr (GError) error = NULL;
  ActZipWriter *zip = act_zip_writer_new (path, &error);

  g_assert_true (
      act_zip_add_array (zip, "x", ACT_DTYPE_I32, 2, shape, data, &error));
  g_assert_true (act_zip_writer_close (zip, &error));
  return path;
}

static void
test_array (void)
{
  const guint64 n = 300000;
  g_autofree gint32 *data = g_new (gint32, n);
  g_autofree char *path = NULL;
  g_autoptr (ActNpzArray) array = NULL;
  g_autoptr (GError) error = NULL;
  gint32 some[3];

  for (guint64 i = 0; i < n; i++)
    data[i] = (gint32) (i * 2654435761u);
  path = write_array (data, n / 3, 3);
  array = act_npz_array_open (path, "x", ACT_DTYPE_I32, 2, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (act_npz_array_get (array)->shape[0], ==, n / 3);
  g_assert_true (act_npz_array_read (array, 0, 1, some, &error));
  g_assert_cmpint (some[0], ==, data[0]);
  g_assert_true (act_npz_array_read (array, 1, 3, some, &error));
  g_assert_cmpmem (some, sizeof some, data + 1, sizeof some);
  g_assert_true (act_npz_array_read (array, n - 3, 3, some, &error));
  g_assert_cmpmem (some, sizeof some, data + n - 3, sizeof some);
  g_assert_false (act_npz_array_read (array, n, 1, some, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "has 300000 elements", path);
}

static void
assert_no_array (
    const char *path, const char *name, ActDtype dtype, const char *what)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (act_npz_array_open (path, name, dtype, 2, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, what, path);
}

static void
test_array_refused (void)
{
  const gint32 data[] = { 1, 2 };
  g_autofree char *path = write_array (data, 1, 2);
  g_autofree char *empty = test_write ("empty.npz", "", 0);

  assert_no_array (path, "y", ACT_DTYPE_I32, "no member 'y.npy'");
  assert_no_array (path, "x", ACT_DTYPE_F32, "expected F32");
  assert_no_array (empty, "x", ACT_DTYPE_I32, "no valid zip");
}

/* --- tokens and text --- */

static void
test_kind (void)
{
  static const struct {
    const char *tokens[4];
    ActTokenKind kind;
  } cases[] = {
    { { "the", "a" }, ACT_TOKENS_PLAIN },
    { { "the",
          "\xc4\xa0"
          "a",
          "##" },
        ACT_TOKENS_BYTE_LEVEL },
    { { "\xe2\x96\x81the", "caf\xc3\xa9" }, ACT_TOKENS_SENTENCEPIECE },
    { { "[CLS]", "play", "##ing" }, ACT_TOKENS_WORDPIECE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ActTokenSigns signs = { 0 };

    for (guint t = 0; t < 4 && cases[i].tokens[t] != NULL; t++)
      act_token_signs_add (
          &signs, cases[i].tokens[t], strlen (cases[i].tokens[t]));
    g_assert_cmpint (act_token_signs_get_kind (&signs), ==, cases[i].kind);
  }
}

static void
test_decode (void)
{
  static const struct {
    ActTokenKind kind;
    const char *token, *bytes;
  } cases[] = {
    { ACT_TOKENS_PLAIN, "\xc4\xa0x", "\xc4\xa0x" },
    { ACT_TOKENS_BYTE_LEVEL, "\xc4\xa0the\xc4\x8a", " the\n" },
    { ACT_TOKENS_BYTE_LEVEL, "\xc3\x83\xc2\xbc", "\xc3\xbc" },
    { ACT_TOKENS_BYTE_LEVEL, "\xc5\x83", "\xad" }, /* the last of the 68 */
    { ACT_TOKENS_BYTE_LEVEL, "\xe6\x97\xa5", "\xe6\x97\xa5" },
    { ACT_TOKENS_SENTENCEPIECE,
        "\xe2\x96\x81"
        "a\xe2\x96\x81"
        "b",
        " a b" },
    { ACT_TOKENS_SENTENCEPIECE, "<0x0A>", "\n" },
    { ACT_TOKENS_SENTENCEPIECE, "<0x0G>", "<0x0G>" },
    { ACT_TOKENS_WORDPIECE, "##ing", "ing" },
    { ACT_TOKENS_WORDPIECE, "play", " play" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GString) out = g_string_new (NULL);

    act_token_decode (
        cases[i].kind, cases[i].token, strlen (cases[i].token), out);
    g_assert_cmpstr (out->str, ==, cases[i].bytes);
  }
}

static void
test_visible (void)
{
  static const char *const cases[][2] = {
    { "a b", "a b" },
    { "a\n\t", "a\xe2\x86\xb5\xe2\x86\x92" },
    { "\033[1m", "<U+001B>[1m" },
    { "\xc2\x9b", "<U+009B>" },
    { "\xe2\x80\xae", "<U+202E>" },
    { "\xef\xbb\xbf", "<U+FEFF>" },
    { "\xc2\xa0", "<U+00A0>" },
    { "\xee\x80\x80", "<U+E000>" },
    { "a\xff\xc3", "a<0xff><0xc3>" },
    { "e\xcc\x81", "e\xcc\x81" },
    { "\xcc\x81", "<U+0301>" },
    { "\xe6\x97\xa5", "\xe6\x97\xa5" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GString) out = g_string_new (NULL);

    act_visible_append (
        out, cases[i][0], strlen (cases[i][0]), ACT_VISIBLE_TEXT);
    g_assert_cmpstr (out->str, ==, cases[i][1]);
  }
  {
    g_autoptr (GString) out = g_string_new (NULL);

    act_visible_append (out, " \0a", 3, ACT_VISIBLE_BLANKS);
    g_assert_cmpstr (out->str, ==, "\xe2\x90\xa3<U+0000>a");
  }
}

static void
assert_cut (const char *text, guint width, const char *expected, guint columns)
{
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_cmpuint (
      act_text_append_cut (out, text, strlen (text), width), ==, columns);
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_width (void)
{
#define ACUTE "e\xcc\x81"
#define DAY "\xe6\x97\xa5"
#define DOTS "\xe2\x80\xa6"
  g_assert_cmpuint (act_text_width ("a" DAY ACUTE, 7), ==, 4);
  assert_cut ("abc", 3, "abc", 3);
  assert_cut ("abcd", 3, "ab" DOTS, 3);
  assert_cut (DAY DAY, 4, DAY DAY, 4);
  assert_cut (DAY DAY, 3, DAY DOTS, 3);
  /* half of a wide character cannot be shown */
  assert_cut (DAY DAY, 2, DOTS, 1);
  assert_cut (ACUTE ACUTE "x", 2, ACUTE DOTS, 2);
  assert_cut ("abc", 0, "", 0);
}

/* --- names --- */

static char *
near_to (const char *wanted, const char *const *names)
{
  g_autoptr (ActNearNames) near_names = act_near_names_new (wanted);

  for (; *names != NULL; names++)
    act_near_names_add (near_names, *names);
  return act_near_names_get (near_names);
}

static void
test_near_names (void)
{
  static const char *const names[] = { "run-0-1", "run-0-19", "run-0-191",
    "other", "run-0-29", NULL };
  g_autofree char *some = near_to ("run-0-190", names);
  g_autofree char *none = near_to ("xyz", names);

  g_assert_cmpstr (some, ==, "'run-0-19', 'run-0-191' or 'run-0-1'");
  g_assert_null (none);
}

static void
test_keys (void)
{
  g_autoptr (GString) key = g_string_new ("max_activation-max-20");

  g_assert_true (act_shown_key_matches (key, "max_activation-max-20"));
  g_assert_true (act_shown_key_matches (key, "max_activation-max"));
  g_assert_false (act_shown_key_matches (key, "max_activation"));
  g_assert_false (act_shown_key_matches (key, "max_activation-max-2"));
}

int
main (int argc, char **argv)
{
  int code;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/reading/fields", test_fields);
  g_test_add_func ("/reading/fields-refused", test_fields_refused);
  g_test_add_func ("/reading/nested", test_nested);
  g_test_add_func ("/reading/lines", test_lines);
  g_test_add_func ("/reading/array", test_array);
  g_test_add_func ("/reading/array-refused", test_array_refused);
  g_test_add_func ("/reading/kind", test_kind);
  g_test_add_func ("/reading/decode", test_decode);
  g_test_add_func ("/reading/visible", test_visible);
  g_test_add_func ("/reading/width", test_width);
  g_test_add_func ("/reading/near-names", test_near_names);
  g_test_add_func ("/reading/keys", test_keys);
  code = g_test_run ();
  test_folder_remove ();
  return code;
}
