/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "tokenizer/charclass.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocab.h"

static char *folder;

static char *
write_file (const char *text)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("file-%u.json", n++);
  char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
assert_encodes (ActTokenizer *tokenizer, const char *text, gsize length,
    const gint32 *expected, gsize n_expected)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;

  g_assert_true (act_tokenizer_encode (tokenizer, text, length, ids, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (ids->data, ids->len * sizeof (gint32), expected,
      n_expected * sizeof (gint32));
}

static ActTokenizer *
sample_tokenizer (void)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("ACT_TEST_SAMPLE"), "tokenizer.json", NULL);
  g_autoptr (GError) error = NULL;
  ActTokenizer *tokenizer = act_tokenizer_new_from_file (path, &error);

  g_assert_no_error (error);
  return tokenizer;
}

static JsonNode *
read_cases (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("ACT_TEST_DATA"),
      "golden_forward", "tokenizer_cases.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *root;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  root = act_json_parse_with_nul (text, length, path, &error);
  g_assert_no_error (error);
  return root;
}

static void
test_golden (void)
{
  g_autoptr (ActTokenizer) tokenizer = sample_tokenizer ();
  g_autoptr (JsonNode) root = read_cases ();
  JsonArray *cases = json_node_get_array (root);
  guint n_cases = json_array_get_length (cases), n_with_nul = 0;

  g_assert_cmpuint (n_cases, ==, 71);
  for (guint i = 0; i < n_cases; i++) {
    JsonObject *one = json_array_get_object_element (cases, i);
    JsonArray *ids = json_object_get_array_member (one, "ids");
    guint n = json_array_get_length (ids);
    g_autofree gint32 *expected = g_new (gint32, n);
    g_autoptr (GString) text = g_string_new (NULL);

    act_json_append_bytes (text, json_object_get_string_member (one, "text"));
    n_with_nul += strlen (text->str) < text->len;
    for (guint k = 0; k < n; k++)
      expected[k] = (gint32) json_array_get_int_element (ids, k);
    g_test_message ("case %u", i);
    assert_encodes (tokenizer, text->str, text->len, expected, n);
  }
  g_assert_cmpuint (n_with_nul, >, 0);
}

static void
test_properties (void)
{
  g_autoptr (ActTokenizer) tokenizer = sample_tokenizer ();

  g_assert_cmpuint (act_tokenizer_get_size (tokenizer), ==, 1024);
  g_assert_cmpuint (strlen (act_tokenizer_get_fingerprint (tokenizer)), ==, 64);
  g_assert_cmpint (
      act_tokenizer_find_special (tokenizer, "<|endoftext|>"), ==, 1023);
  g_assert_cmpint (act_tokenizer_find_special (tokenizer, "a"), ==, -1);
  g_assert_cmpint (
      act_tokenizer_find_token (tokenizer, "<|endoftext|>"), ==, 1023);
  g_assert_cmpint (act_tokenizer_find_token (tokenizer, "Ġa"), ==, 263);
  g_assert_cmpint (act_tokenizer_find_token (tokenizer, "no such"), ==, -1);
}

static void
test_nul_and_bad_utf8 (void)
{
  g_autoptr (ActTokenizer) tokenizer = sample_tokenizer ();
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;
  gint32 nul[] = { 64, 188, 65 };

  assert_encodes (tokenizer, "a\0b", 3, nul, 3);
  g_assert_false (act_tokenizer_encode (tokenizer, "ok \xc3(", 5, ids, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "byte 3"));
}

/* a small one by hand: a=0 b=1 c=2 ab=3 abc=4 bc=5 blank=6 */
#define VOCAB "\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"abc\":4,\"bc\":5,\"Ġ\":6"
#define PRE                                                                    \
  "\"pre_tokenizer\":{\"type\":\"ByteLevel\","                                 \
  "\"add_prefix_space\":false}"
#define MODEL(merges, more)                                                    \
  "\"model\":{\"type\":\"BPE\",\"vocab\":{" VOCAB "},\"merges\":[" merges      \
  "]" more "}"

static void
test_by_hand (void)
{
  static const char *const files[] = {
    "{" PRE "," MODEL ("\"b c\",\"a b\",\"a bc\"", "") "}",
    "{" PRE "," MODEL ("[\"b\",\"c\"],[\"a\",\"b\"],[\"a\",\"bc\"]", "") "}",
    "{" PRE "," MODEL ("\"#version: 0.2\",\"b c\",\"a b\",\"a bc\"",
        ",\"dropout\":null,\"continuing_subword_prefix\":\"\"") "}",
  };
  /* b c goes first, so abab c is ab + a bc */
  gint32 expected[] = { 3, 4, 6, 5, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = write_file (files[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (ActTokenizer) tokenizer =
        act_tokenizer_new_from_file (path, &error);
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

    g_assert_no_error (error);
    g_assert_cmpuint (act_tokenizer_get_size (tokenizer), ==, 7);
    assert_encodes (tokenizer, "ababc bca", 9, expected, 5);
    assert_encodes (tokenizer, "", 0, NULL, 0);
    /* from the cache */
    assert_encodes (tokenizer, "ababc bca", 9, expected, 5);
    g_assert_false (act_tokenizer_encode (tokenizer, "ax", 2, ids, &error));
    g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
    g_assert_nonnull (strstr (error->message, "0x78"));
  }
}

/* short and long pieces take different ways to the same result */
static void
test_long_piece (void)
{
  g_autoptr (ActTokenizer) tokenizer = sample_tokenizer ();
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 200000; i++)
    g_string_append (text, "tion");
  g_assert_true (
      act_tokenizer_encode (tokenizer, text->str, text->len, ids, NULL));
  g_assert_cmpuint (ids->len, <=, 400000);
  g_assert_cmpuint (ids->len, >=, 100000);
}

typedef struct {
  const char *text;
  ActError code;
  const char *says;
} BadFile;

static const BadFile bad_files[] = {
  { "", ACT_ERROR_FORMAT, "JSON" },
  { "[]", ACT_ERROR_FORMAT, "expected an object" },
  { "{}", ACT_ERROR_FORMAT, "'model'" },
  { "{\"model\":3}", ACT_ERROR_FORMAT, "'model'" },
  { "{\"model\":null}", ACT_ERROR_FORMAT, "'model'" },
  { "{\"a\":0}", ACT_ERROR_FORMAT, "'model'" },
  { "{" MODEL ("", "") "}", ACT_ERROR_UNSUPPORTED, "pre_tokenizer null" },
  { "{\"pre_tokenizer\":[]," MODEL ("", "") "}", ACT_ERROR_FORMAT,
      "'pre_tokenizer' is no object" },
  { "{\"pre_tokenizer\":{}," MODEL ("", "") "}", ACT_ERROR_FORMAT, "'type'" },
  { "{\"pre_tokenizer\":{\"type\":\"Metaspace\"}," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "pre_tokenizer 'Metaspace'" },
  { "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":1}," MODEL (
        "", "") "}",
      ACT_ERROR_FORMAT, "'use_regex'" },
  { "{\"normalizer\":{\"type\":\"NFC\"}," PRE "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "normalizer 'NFC'" },
  { "{" PRE ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}",
      ACT_ERROR_UNSUPPORTED, "model 'WordPiece'" },
  { "{" PRE ",\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0.5]]}}",
      ACT_ERROR_UNSUPPORTED, "model 'Unigram'" },
  { "{\"post_processor\":{\"type\":\"TemplateProcessing\"}," PRE
    "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "'TemplateProcessing'" },
  { "{" PRE "," MODEL ("", ",\"byte_fallback\":true") "}",
      ACT_ERROR_UNSUPPORTED, "'byte_fallback'" },
  { "{" PRE "," MODEL ("", ",\"dropout\":0.1") "}", ACT_ERROR_UNSUPPORTED,
      "'dropout'" },
  { "{" PRE "," MODEL ("", ",\"continuing_subword_prefix\":\"##\"") "}",
      ACT_ERROR_UNSUPPORTED, "'continuing_subword_prefix'" },
  { "{" PRE "," MODEL ("", ",\"end_of_word_suffix\":\"</w>\"") "}",
      ACT_ERROR_UNSUPPORTED, "'end_of_word_suffix'" },
  { "{" PRE "," MODEL ("", ",\"unk_token\":3") "}", ACT_ERROR_FORMAT,
      "'unk_token'" },
  { "{" PRE "," MODEL ("\"a d\"", "") "}", ACT_ERROR_FORMAT, "'d'" },
  { "{" PRE "," MODEL ("\"a c\"", "") "}", ACT_ERROR_FORMAT, "'ac'" },
  { "{" PRE "," MODEL ("\"ab\"", "") "}", ACT_ERROR_FORMAT, "merge 0" },
  { "{" PRE "," MODEL ("\"a b c\"", "") "}", ACT_ERROR_FORMAT, "merge 0" },
  { "{" PRE "," MODEL ("[\"a\"]", "") "}", ACT_ERROR_FORMAT, "merge 0" },
  { "{" PRE "," MODEL ("[\"a\",1]", "") "}", ACT_ERROR_FORMAT, "merge 0" },
  { "{" PRE "," MODEL ("7", "") "}", ACT_ERROR_FORMAT, "merge 0" },
  { "{" PRE ",\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", ACT_ERROR_FORMAT,
      "'merges'" },
  { "{" PRE ",\"model\":{\"type\":\"BPE\",\"vocab\":[],\"merges\":[]}}",
      ACT_ERROR_FORMAT, "'vocab'" },
  { "{" PRE ",\"model\":{\"vocab\":{\"a\":-1},\"merges\":[]}}", ACT_ERROR_VALUE,
      "-1" },
  { "{" PRE ",\"model\":{\"vocab\":{\"zz\":2147483647},\"merges\":[]}}",
      ACT_ERROR_VALUE, "2147483647" },
  { "{" PRE ",\"model\":{\"vocab\":{\"a\":1.0},\"merges\":[]}}",
      ACT_ERROR_FORMAT, "no integer" },
  { "{" PRE ",\"model\":{\"vocab\":{\"a\":1,\"b\":1},\"merges\":[]}}",
      ACT_ERROR_FORMAT, "token id 1" },
  { "{\"added_tokens\":{}," PRE "," MODEL ("", "") "}", ACT_ERROR_FORMAT,
      "'added_tokens'" },
  { "{\"added_tokens\":[3]," PRE "," MODEL ("", "") "}", ACT_ERROR_FORMAT,
      "'content'" },
  { "{\"added_tokens\":[{\"content\":\"x\"}]," PRE "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "'x'" },
  { "{\"added_tokens\":[{\"content\":\"x\",\"id\":-7}]," PRE
    "," MODEL ("", "") "}",
      ACT_ERROR_VALUE, "-7" },
  { "{\"added_tokens\":[{\"content\":\"x\",\"id\":0}]," PRE
    "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "token id 0" },
  { "{\"added_tokens\":[{\"content\":\"a\",\"id\":9}]," PRE
    "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "'a'" },
  { "{\"added_tokens\":[{\"content\":\"x\",\"id\":9,\"lstrip\":0}]," PRE
    "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "'lstrip'" },
};

static void
test_bad_files (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_files); i++) {
    g_autofree char *path = write_file (bad_files[i].text);
    g_autoptr (GError) error = NULL;
    g_autoptr (ActTokenizer) tokenizer = NULL;

    g_test_message ("%s", bad_files[i].text);
    tokenizer = act_tokenizer_new_from_file (path, &error);
    g_assert_null (tokenizer);
    g_assert_error (error, ACT_ERROR, (int) bad_files[i].code);
    g_assert_nonnull (strstr (error->message, bad_files[i].says));
    g_assert_nonnull (strstr (error->message, path));
  }
}

/* every way to cut the sample's file short is refused */
static void
test_truncated (void)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("ACT_TEST_SAMPLE"), "tokenizer.json", NULL);
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  for (gsize i = 1; i < length; i += 997) {
    g_autofree char *cut = g_build_filename (folder, "cut.json", NULL);
    g_autoptr (GError) error = NULL;

    g_assert_true (
        g_file_set_contents (cut, text, (gssize) (length - i), NULL));
    g_assert_null (act_tokenizer_new_from_file (cut, &error));
    g_assert_error (error, ACT_ERROR, ACT_ERROR_FORMAT);
  }
}

static void
test_vocab (void)
{
  g_autofree char *list = write_file ("[\"a\",\"\",\"a\",\"é\\n\"]");
  g_autofree char *object = write_file ("{\"b\":7,\"c\":2147483646,\"\":3}");
  g_autofree char *bad = write_file ("[\"a\",null]");
  g_autofree char *number = write_file ("3");
  g_autoptr (GError) error = NULL;
  ActVocab *vocab;
  gsize length;

  vocab = act_vocab_new_from_file (list, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vocab->size, ==, 4);
  g_assert_cmpstr (act_vocab_get (vocab, 3, &length), ==, "é\n");
  g_assert_cmpuint (length, ==, 3);
  g_assert_null (act_vocab_get (vocab, 4, &length));
  act_vocab_free (vocab);

  /* memory goes with the tokens, not with the ids */
  vocab = act_vocab_new_from_file (object, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vocab->size, ==, 2147483647);
  g_assert_cmpstr (act_vocab_get (vocab, 7, NULL), ==, "b");
  g_assert_cmpstr (act_vocab_get (vocab, 2147483646, NULL), ==, "c");
  g_assert_cmpstr (act_vocab_get (vocab, 1000000, &length), ==, "");
  g_assert_cmpuint (length, ==, 0);
  act_vocab_free (vocab);

  g_assert_null (act_vocab_new_from_file (bad, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_null (act_vocab_new_from_file (number, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_FORMAT);
}

/* tokens that hold U+0000, one that ends before it, and ids that clash */
static void
test_nul_in_tokens (void)
{
  g_autofree char *list = write_file ("[\"a\",\"a\\u0000\",\"\\u0000\","
                                      "\"\\u0000\\u0000b\"]");
  g_autofree char *clash = write_file ("{\"a\":1,\"a\\u0000b\":1}");
  g_autofree char *bad = write_file ("{\"a\\u0000b\":-1}");
  g_autofree char *twice = write_file ("{\"\\u0000\":1,\"\\u0000\":1}");
  g_autofree char *file = write_file (
      "{\"added_tokens\":[{\"content\":\"\\u0000\",\"id\":8},"
      "{\"content\":\"a\\u0000b\",\"id\":7,\"special\":true},"
      "{\"content\":\"\\u0000\\u0000\",\"id\":9}]," PRE "," MODEL ("", "") "}");
  static const struct {
    const char *string;
    gsize length;
  } expected[] = { { "a", 1 }, { "a", 2 }, { "", 1 }, { "\0\0b", 3 } };
  gint32 ids[] = { 0, 7, 9, 8, 0, 8, 2 };
  g_autoptr (ActTokenizer) tokenizer = NULL;
  g_autoptr (ActVocab) vocab = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  vocab = act_vocab_new_from_file (list, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    const char *string = act_vocab_get (vocab, i, &length);

    g_assert_cmpmem (string, length, expected[i].string, expected[i].length);
  }
  tokenizer = act_tokenizer_new_from_file (file, &error);
  g_assert_no_error (error);
  assert_encodes (tokenizer, "aa\0b\0\0\0a\0c", 10, ids, 7);
  g_assert_cmpint (act_tokenizer_find_token (tokenizer, ""), ==, -1);
  g_assert_cmpint (act_tokenizer_find_token (tokenizer, "a"), ==, 0);

  /* messages are readable */
  g_assert_null (act_vocab_new_from_file (clash, &error));
  g_assert_nonnull (strstr (error->message, "'a\\u0000b'"));
  g_clear_error (&error);
  g_assert_null (act_vocab_new_from_file (bad, &error));
  g_assert_nonnull (strstr (error->message, "'a\\u0000b'"));
  g_clear_error (&error);
  g_assert_null (act_vocab_new_from_file (twice, &error));
  g_assert_nonnull (strstr (error->message, "\"\\u0000\" comes twice"));
}

static void
test_utf8 (void)
{
  /* as Python's bytes.decode ("utf-8", "replace") */
  static const struct {
    const char *bytes, *replaced;
  } cases[] = {
    { "plain", "plain" },
    { "\xff", "\xef\xbf\xbd" },
    { "a\xc3", "a\xef\xbf\xbd" },
    { "\xe2\x82z", "\xef\xbf\xbdz" },
    { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf0\x9f\x98z", "\xef\xbf\xbdz" },
    { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "abcdefgh\xf0\x9f\x98\x80\x80", "abcdefgh\xf0\x9f\x98\x80\xef\xbf\xbd" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GString *out = act_utf8_replace (cases[i].bytes, strlen (cases[i].bytes));

    g_assert_cmpstr (out->str, ==, cases[i].replaced);
    g_string_free (out, TRUE);
  }
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("act-tokenizer-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/tokenizer/golden", test_golden);
  g_test_add_func ("/tokenizer/properties", test_properties);
  g_test_add_func ("/tokenizer/nul-and-bad-utf8", test_nul_and_bad_utf8);
  g_test_add_func ("/tokenizer/by-hand", test_by_hand);
  g_test_add_func ("/tokenizer/long-piece", test_long_piece);
  g_test_add_func ("/tokenizer/bad-files", test_bad_files);
  g_test_add_func ("/tokenizer/truncated", test_truncated);
  g_test_add_func ("/tokenizer/vocab", test_vocab);
  g_test_add_func ("/tokenizer/nul-in-tokens", test_nul_in_tokens);
  g_test_add_func ("/tokenizer/utf8", test_utf8);
  status = g_test_run ();
  remove_folder ();
  return status;
}
