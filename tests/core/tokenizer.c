/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "tokenizer/charclass.h"
#include "tokenizer/decoder.h"
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

#define NORMALIZER(type)                                                       \
  "{\"normalizer\":{\"type\":" type "}," PRE "," MODEL ("", "") "}"
#define SPLIT(pattern, behavior)                                               \
  "{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{" pattern "},"          \
  "\"behavior\":\"" behavior "\"}," MODEL ("", "") "}"
#define POST(type)                                                             \
  "{\"post_processor\":{\"type\":" type "}," PRE "," MODEL ("", "") "}"

/* worked by hand, of each model and of what goes round it */
static void
test_kinds (void)
{
  static const struct {
    const char *file, *text;
    gint32 ids[8];
    gsize n;
  } cases[] = {
    /* BERT's: lower case, no accents, the longest token first */
    { "{\"normalizer\":{\"type\":\"BertNormalizer\"},"
      "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
      "\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"[CLS]\",7],"
      "\"sep\":[\"[SEP]\",8]},"
      "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0,\"a\":1,"
      "\"ab\":2,\"##c\":3,\"##cd\":4,\"!\":5,\"##\":6,\"[CLS]\":7,"
      "\"[SEP]\":8}}}",
        "\303\204Bcd! abx  abc", { 7, 2, 4, 5, 0, 2, 3, 8 }, 8 },
    /* ab is 3 + 0.5 below zero, a and b are 3; unknown ones are one */
    { "{\"pre_tokenizer\":{\"type\":\"Metaspace\"},"
      "\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0],"
      "[\"a\",-1],[\"b\",-2],[\"ab\",-3.5],[\"\342\226\201\",-1]]}}",
        "ab xyb", { 4, 1, 2, 4, 0, 2 }, 6 },
    /* a character without a token is its bytes; a blank becomes x */
    { "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},"
      "\"content\":\"x\"},"
      "\"model\":{\"type\":\"BPE\",\"byte_fallback\":true,\"vocab\":{\"a\":0,"
      "\"x\":1,\"ax\":2,\"<0xC3>\":3,\"<0xA9>\":4},\"merges\":[\"a x\"]}}",
        "a \303\251a", { 2, 3, 4, 0 }, 4 },
    { "{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\d\"}"
      ","
      "\"behavior\":\"MergedWithPrevious\",\"invert\":false},"
      "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"?\",\"vocab\":{\"?\":"
      "0,"
      "\"a1\":1,\"2\":2,\"b\":3}}}",
        "a12b", { 1, 2, 3 }, 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = write_file (cases[i].file);
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
    g_autoptr (GError) error = NULL;
    g_autoptr (ActTokenizer) tokenizer =
        act_tokenizer_new_from_file (path, &error);

    g_assert_no_error (error);
    act_tokenizer_encode_with_special (
        tokenizer, cases[i].text, strlen (cases[i].text), ids, &error);
    g_assert_no_error (error);
    g_assert_cmpmem (ids->data, ids->len * sizeof (gint32), cases[i].ids,
        cases[i].n * sizeof (gint32));
  }
}

/* KEY: Replaces that make of each character a thousand, five times over: more
 * than any memory holds; (transfer full) */
static char *
thousandfold (const char *key, const char *list)
{
  g_autofree char *many = g_strnfill (1000, 'a');
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text, "\"%s\":{\"type\":\"Sequence\",\"%s\":[", key, list);
  for (guint i = 0; i < 5; i++)
    g_string_append_printf (text,
        "%s{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},"
        "\"content\":\"%s\"}",
        i > 0 ? "," : "", many);
  g_string_append (text, "]}");
  return g_strdup (text->str);
}

static void
assert_too_long (const GError *error, const char *path)
{
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "268435456 bytes"));
  g_assert_nonnull (strstr (error->message, path));
}

/* in a text, and in an added token when the file is read */
static void
test_long_normalized (void)
{
  static const char added[] =
      "\"added_tokens\":[{\"id\":0,\"content\":\"a\",\"normalized\":true,"
      "\"special\":false,\"lstrip\":false,\"rstrip\":false,"
      "\"single_word\":false}],";
  g_autofree char *normalizer = thousandfold ("normalizer", "normalizers");

  for (guint i = 0; i < 2; i++) {
    g_autofree char *file = g_strdup_printf (
        "{%s%s," PRE "," MODEL ("", "") "}", i > 0 ? added : "", normalizer);
    g_autofree char *path = write_file (file);
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
    g_autoptr (GError) error = NULL;
    g_autoptr (ActTokenizer) tokenizer =
        act_tokenizer_new_from_file (path, &error);

    g_assert_true ((tokenizer == NULL) == (i > 0));
    g_assert_true (tokenizer == NULL
        || !act_tokenizer_encode (tokenizer, "a", 1, ids, &error));
    assert_too_long (error, path);
  }
}

static void
test_long_decoded (void)
{
  g_autofree char *steps = thousandfold ("decoder", "decoders");
  g_autofree char *file =
      g_strdup_printf ("{%s,\"model\":{\"vocab\":{\"a\":0}}}", steps);
  g_autofree char *path = write_file (file);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActDecoder) decoder = act_decoder_new_from_file (path, &error);
  const gint32 id = 0;

  g_assert_no_error (error);
  g_assert_false (act_decoder_decode (decoder, &id, 1, text, NULL, &error));
  assert_too_long (error, path);
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
  { "{\"pre_tokenizer\":[]," MODEL ("", "") "}", ACT_ERROR_FORMAT,
      "'pre_tokenizer' is no object" },
  { "{\"pre_tokenizer\":{}," MODEL ("", "") "}", ACT_ERROR_FORMAT, "'type'" },
  { "{\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"}," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "pre_tokenizer 'UnicodeScripts'" },
  { "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":1}," MODEL (
        "", "") "}",
      ACT_ERROR_FORMAT, "'use_regex'" },
  { "{\"normalizer\":{\"type\":\"Nmt\"}," PRE "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "normalizer 'Nmt' is not supported (supported: " },
  { "{\"normalizer\":{\"type\":\"NFC\",\"x\":1}," PRE "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "normalizer 'NFC' with 'x' is not supported" },
  { "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"No\"}]"
    "}"
    "," PRE "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "normalizer 'No'" },
  { "{\"normalizer\":{\"type\":\"Sequence\"}," PRE "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "list 'normalizers'" },
  { "{\"normalizer\":{\"type\":\"Prepend\"}," PRE "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "'prepend'" },
  { NORMALIZER ("\"Replace\",\"content\":\"\""), ACT_ERROR_FORMAT,
      "'pattern'" },
  { NORMALIZER ("\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"\""),
      ACT_ERROR_UNSUPPORTED, "empty" },
  { NORMALIZER ("\"BertNormalizer\",\"lowercase\":1"), ACT_ERROR_FORMAT,
      "'lowercase'" },
  { SPLIT ("\"String\":\"a\"", "Sideways"), ACT_ERROR_UNSUPPORTED,
      "'Sideways'" },
  { SPLIT ("\"Glob\":\"a\"", "Removed"), ACT_ERROR_FORMAT, "'pattern'" },
  { SPLIT ("\"Regex\":\"(a)\\\\1\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "an escape that is not known at '\\1'" },
  { SPLIT ("\"Regex\":\"[[:punct:]]\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "POSIX" },
  { SPLIT ("\"Regex\":\"[a-z&&[^c]]\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "intersection" },
  { SPLIT ("\"Regex\":\"(?<n>a)\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "a group" },
  { SPLIT ("\"Regex\":\"(?i:strasse)\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "(?i)" },
  { SPLIT ("\"Regex\":\"a(?i)b\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "options" },
  { SPLIT ("\"Regex\":\"a{2}?\"", "Removed"), ACT_ERROR_UNSUPPORTED, "{n}?" },
  { SPLIT ("\"Regex\":\"\\\\p{Klingon}\"", "Removed"), ACT_ERROR_UNSUPPORTED,
      "Klingon" },
  { SPLIT ("\"Regex\":\"(a\"", "Removed"), ACT_ERROR_UNSUPPORTED, "a (" },
  { SPLIT ("\"Regex\":\"[a\"", "Removed"), ACT_ERROR_UNSUPPORTED, "a class" },
  { SPLIT ("\"Regex\":\"*\"", "Removed"), ACT_ERROR_UNSUPPORTED, "'*'" },
  { "{\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"__\"}"
    "," MODEL ("", "") "}",
      ACT_ERROR_FORMAT, "'replacement'" },
  { "{\"pre_tokenizer\":{\"type\":\"Metaspace\",\"prepend_scheme\":\"x\"}"
    "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "'prepend_scheme' 'x'" },
  { "{" PRE ",\"model\":{\"type\":\"WordPiece\",\"vocab\":[]}}",
      ACT_ERROR_FORMAT, "object 'vocab'" },
  { "{" PRE ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{},"
    "\"max_input_chars_per_word\":-1}}",
      ACT_ERROR_FORMAT, "'max_input_chars_per_word'" },
  { "{" PRE ",\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\"]]}}",
      ACT_ERROR_FORMAT, "entry 0" },
  { "{" PRE ",\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0.5]],"
    "\"unk_id\":1}}",
      ACT_ERROR_FORMAT, "'unk_id' is 1" },
  { "{" PRE ",\"added_tokens\":[{\"content\":\"a\",\"id\":3}],"
    "\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0.5]]}}",
      ACT_ERROR_FORMAT, "'a' has id 3" },
  { "{\"normalizer\":{\"type\":\"Strip\"}," PRE
    ",\"added_tokens\":[{\"content\":\" \",\"id\":9,\"normalized\":true}]"
    "," MODEL ("", "") "}",
      ACT_ERROR_UNSUPPORTED, "leaves nothing of the added token ' '" },
  { "{" PRE ",\"model\":{\"type\":\"Other\"}}", ACT_ERROR_UNSUPPORTED,
      "model 'Other'" },
  { POST ("\"Other\""), ACT_ERROR_UNSUPPORTED, "post_processor 'Other'" },
  { POST ("\"TemplateProcessing\",\"single\":[]"), ACT_ERROR_FORMAT,
      "'special_tokens'" },
  { POST ("\"TemplateProcessing\",\"single\":[],\"special_tokens\":{}"),
      ACT_ERROR_UNSUPPORTED, "no text" },
  { POST (
        "\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\"}}],"
        "\"special_tokens\":{}"),
      ACT_ERROR_FORMAT, "'x'" },
  { POST ("\"BertProcessing\",\"cls\":[\"a\"],\"sep\":[\"b\",1]"),
      ACT_ERROR_FORMAT, "'cls'" },
  { "{" PRE "," MODEL ("", ",\"dropout\":0.1") "}", ACT_ERROR_UNSUPPORTED,
      "'dropout'" },
  { "{" PRE
    "," MODEL ("", ",\"byte_fallback\":true,\"end_of_word_suffix\":\"x\"") "}",
      ACT_ERROR_UNSUPPORTED, "'byte_fallback' and" },
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

#define DECODER(type)                                                          \
  "{\"decoder\":{\"type\":" type "},\"model\":{\"vocab\":"                     \
  "{\"\303\203\":0,\"\302\251\":1,\"\304\240x\":2,\"<|e|>\u4e00\":4}}}"

/* é is two tokens here: each has its byte of it */
static void
test_decode (void)
{
  g_autofree char *path = write_file (DECODER ("\"ByteLevel\""));
  g_autoptr (GString) text = g_string_new ("-");
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  const gint32 ids[] = { 2, 0, 1, 4 }, gap[] = { 3 }, bad[] = { 5 };
  const gint32 negative[] = { -1 };
  const gsize expected[] = { 3, 4, 5, 13 };
  g_autoptr (ActDecoder) decoder = NULL;
  g_autoptr (GError) error = NULL;

  decoder = act_decoder_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_true (act_decoder_decode (decoder, ids, 4, text, ends, &error));
  g_assert_cmpstr (text->str, ==, "- x\303\251<|e|>\344\270\200");
  g_assert_cmpmem (
      ends->data, ends->len * sizeof (gsize), expected, sizeof (expected));
  g_assert_true (act_decoder_decode (decoder, gap, 1, text, NULL, &error));
  g_assert_false (act_decoder_decode (decoder, bad, 1, text, NULL, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "id 5"));
  g_clear_error (&error);
  g_assert_false (
      act_decoder_decode (decoder, negative, 1, text, NULL, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
  g_assert_cmpuint (text->len, ==, 13);
}

static void
test_bad_decoders (void)
{
  static const BadFile files[] = {
    { DECODER ("\"CTC\""), ACT_ERROR_UNSUPPORTED, "decoder 'CTC'" },
    { DECODER ("\"Strip\""), ACT_ERROR_FORMAT, "'content'" },
    { DECODER ("\"Sequence\""), ACT_ERROR_FORMAT, "'decoders'" },
    { DECODER ("\"BPEDecoder\",\"suffix\":\"\""), ACT_ERROR_UNSUPPORTED,
        "'suffix'" },
    { DECODER ("\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},"
               "{\"type\":\"ByteFallback\"}]"),
        ACT_ERROR_UNSUPPORTED, "'ByteFallback' behind Fuse" },
    { DECODER ("\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},"
               "{\"type\":\"ByteLevel\"}]"),
        ACT_ERROR_UNSUPPORTED, "'ByteLevel' behind" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = write_file (files[i].text);
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", files[i].text);
    g_assert_null (act_decoder_new_from_file (path, &error));
    g_assert_error (error, ACT_ERROR, (int) files[i].code);
    g_assert_nonnull (strstr (error->message, files[i].says));
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
  g_test_add_func ("/tokenizer/kinds", test_kinds);
  g_test_add_func ("/tokenizer/long-piece", test_long_piece);
  g_test_add_func ("/tokenizer/long-normalized", test_long_normalized);
  g_test_add_func ("/tokenizer/long-decoded", test_long_decoded);
  g_test_add_func ("/tokenizer/bad-files", test_bad_files);
  g_test_add_func ("/tokenizer/truncated", test_truncated);
  g_test_add_func ("/tokenizer/decode", test_decode);
  g_test_add_func ("/tokenizer/bad-decoders", test_bad_decoders);
  g_test_add_func ("/tokenizer/vocab", test_vocab);
  g_test_add_func ("/tokenizer/nul-in-tokens", test_nul_in_tokens);
  g_test_add_func ("/tokenizer/utf8", test_utf8);
  status = g_test_run ();
  remove_folder ();
  return status;
}
