/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that g_str_hash () has in one place: how often strings are compared
 * while a file of a hundred thousand of them is read. Time would not do, it
 * depends on who else is on the machine. */

#include "formats/json.h"
#include "formats/safetensors.h"
#include "formats/tokenlines.h"
#include "testfile.h"
#include "tokenizer/vocab.h"

#define N 100000
#define N_PAIRS 17 /* 2^17 names, of which N are used */

/* In place of GLib's, for its tables and for json-glib's as well: an
 * executable's function comes before that of a library. */
static guint64 n_comparisons;

gboolean (g_str_equal) (gconstpointer a, gconstpointer b)
{
  n_comparisons++;
  return strcmp (a, b) == 0;
}

/* name i of those that collide: "Ez" and "FY" have the same hash; else another
 */
static void
name_at (guint i, gboolean collide, char name[2 * N_PAIRS + 1])
{
  for (guint j = 0; j < N_PAIRS; j++)
    memcpy (name + 2 * j, i >> j & 1 ? "FY" : "Ez", 2);
  name[2 * N_PAIRS] = '\0';
  if (!collide)
    g_snprintf (name, 2 * N_PAIRS + 1, "name %u", i);
}

/* {"NAME": VALUE, ..}, without the end; (transfer full) */
static GString *
object (gboolean collide, const char *value)
{
  GString *text = g_string_new ("{");
  char name[2 * N_PAIRS + 1];

  for (guint i = 0; i < N; i++) {
    name_at (i, collide, name);
    g_string_append_printf (
        text, "%s\"%s\": %s", i > 0 ? ", " : "", name, value);
  }
  return text;
}

/* that the counter counts, and that the names do collide */
static void
test_counter (void)
{
  g_autoptr (GHashTable) table =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  char name[2 * N_PAIRS + 1];

  n_comparisons = 0;
  for (guint i = 0; i < 1000; i++) {
    name_at (i, TRUE, name);
    g_hash_table_add (table, g_strdup (name));
  }
  g_assert_cmpuint (n_comparisons, >=, 1000 * 999 / 2);
}

static char *
write_safetensors (GString *header)
{
  guint64 length;

  g_string_append_c (header, '}');
  length = GUINT64_TO_LE ((guint64) header->len);
  g_string_prepend_len (header, (const char *) &length, 8);
  return test_write ("t.safetensors", header->str, header->len);
}

static void
test_safetensors (void)
{
  g_autoptr (GString) header = object (
      TRUE, "{\"dtype\": \"U8\", \"shape\": [0], \"data_offsets\": [0, 0]}");
  g_autofree char *path = write_safetensors (header);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActSafetensors) file = NULL;
  char name[2 * N_PAIRS + 1];

  n_comparisons = 0;
  file = act_safetensors_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (act_safetensors_get_n_tensors (file), ==, N);
  for (guint i = 0; i < N; i += 1000) {
    name_at (i, TRUE, name);
    g_assert_cmpstr (act_safetensors_lookup (file, name)->name, ==, name);
  }
  /* each is found again once */
  g_assert_cmpuint (n_comparisons, <, 2 * N);
}

static void
test_metadata (void)
{
  g_autoptr (GString) header = object (TRUE, "\"v\"");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ActSafetensors) file = NULL;
  char name[2 * N_PAIRS + 1];

  g_string_prepend (header, "{\"__metadata__\": ");
  g_string_append_c (header, '}');
  path = write_safetensors (header);
  n_comparisons = 0;
  file = act_safetensors_open (path, &error);
  g_assert_no_error (error);
  name_at (N - 1, TRUE, name);
  g_assert_cmpstr (act_safetensors_get_metadata (file, name), ==, "v");
  g_assert_cmpuint (n_comparisons, <, 2 * N);
}

static void
test_token_lines (void)
{
  g_autoptr (GString) line = object (TRUE, "[1, 2, 3]");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ActTokenLines) lines = NULL;
  gint64 ids[2];

  g_string_append (line, ", \"input_ids\": [7, -8]}");
  path = test_write ("t.jsonl", line->str, line->len);
  n_comparisons = 0;
  lines = act_token_lines_open (path, "input_ids", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (act_token_lines_get_n_ctx (lines), ==, 2);
  g_assert_true (act_token_lines_read (lines, 0, 1, ids, &error));
  g_assert_cmpint (ids[0], ==, 7);
  g_assert_cmpint (ids[1], ==, -8);
  g_assert_cmpuint (n_comparisons, <, 2 * N);
}

/* what becomes a tree of json-glib: there is no file that has such keys and is
 * none of those who want to stop others */
static void
test_tree (void)
{
  for (guint i = 0; i < 2; i++) {
    gboolean collide = i == 0;
    g_autoptr (GString) text = object (collide, "1");
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) root = NULL;

    g_string_append_c (text, '}');
    n_comparisons = 0;
    root = act_json_parse (text->str, text->len, "x.json", &error);
    g_assert_cmpuint (n_comparisons, <, collide ? N * 10 : 2 * N);
    if (collide)
      test_assert_error (
          error, ACT_ERROR_FORMAT, "more than 64 keys collide", "'x.json'");
    else
      g_assert_cmpuint (
          json_object_get_size (json_node_get_object (root)), ==, N);
  }
}

/* {"name 0": 0, ..}, and a hundred names of different hashes that are at one
 * place of the table that such an object has; (transfer full) */
static GString *
one_place (guint n, guint32 prime)
{
  GString *text = g_string_new ("{");
  char name[32];

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "\"name %u\": 0, ", i);
  for (guint i = 0, n_found = 0; n_found < 100; i++) {
    g_snprintf (name, sizeof name, "%x", i * 2654435761u);
    if (g_str_hash (name) * 11u % prime != 7)
      continue;
    g_string_append_printf (text, "%s\"%s\": 0", n_found > 0 ? ", " : "", name);
    n_found++;
  }
  g_string_append_c (text, '}');
  return text;
}

static void
test_places (void)
{
  static const guint32 primes[] = { 509, 8191, 32749 };

  for (guint i = 0; i < G_N_ELEMENTS (primes); i++) {
    g_autoptr (GString) text = one_place (primes[i] / 2, primes[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (act_json_parse (text->str, text->len, "x.json", &error));
    test_assert_error (
        error, ACT_ERROR_FORMAT, "more than 64 keys collide", "'x.json'");
  }
}

static void
test_vocabulary (void)
{
  g_autoptr (GString) text = object (TRUE, "1");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_string_append_c (text, '}');
  path = test_write ("vocab.json", text->str, text->len);
  n_comparisons = 0;
  g_assert_null (act_vocab_new_from_file (path, &error));
  test_assert_error (
      error, ACT_ERROR_FORMAT, "more than 64 keys collide", path);
  g_assert_cmpuint (n_comparisons, <, N * 10);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/collisions/counter", test_counter);
  g_test_add_func ("/collisions/safetensors", test_safetensors);
  g_test_add_func ("/collisions/metadata", test_metadata);
  g_test_add_func ("/collisions/token-lines", test_token_lines);
  g_test_add_func ("/collisions/tree", test_tree);
  g_test_add_func ("/collisions/places", test_places);
  g_test_add_func ("/collisions/vocabulary", test_vocabulary);
  result = g_test_run ();
  test_folder_remove ();
  return result;
}
