/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON: strict reading, fields with clear errors, and the writer's layout.
 * Numbers and strings against Python are in tests/peers/formats.py. */

#include "formats/json.h"

#include "testfile.h"

#include <math.h>

static void
assert_refused (const char *text, const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node =
      act_json_parse (text, strlen (text), "x.json", &error);

  g_assert_null (node);
  test_assert_error (error, ACT_ERROR_FORMAT, what, "'x.json'");
}

static void
test_refused (void)
{
  static const char *const texts[][2] = {
    { "", "expected a value at byte 0" },
    { " ", "expected a value" },
    { "{\"a\": 1} x", "expected the end at byte 9" },
    { "{\"a\": 1,}", "expected '\"'" },
    { "[1,]", "expected a value" },
    { "[1 2]", "expected ']'" },
    { "{\"a\" 1}", "expected ':'" },
    { "{a: 1}", "expected '\"'" },
    { "{'a': 1}", "expected '\"'" },
    { "// c\n1", "expected a value" },
    { "/* c */ 1", "expected a value" },
    { "var x = 1;", "expected a value" },
    { "{\"a\": 1, \"a\": 2}", "\"a\" comes twice" },
    { "{\"a\": 1, \"\\u0061\": 2}", "\"a\" comes twice" },
    { "\"a", "unfinished string" },
    { "\"a\\", "unfinished string" },
    { "\"\\u00", "unfinished escape" },
    { "\"\\u00zz\"", "hexadecimal" },
    { "\"\\x41\"", "unknown escape" },
    { "\"a\nb\"", "control character" },
    { "\"a\\u0000b\"", "U+0000" },
    { "{\"a\\u0000b\": 1}", "U+0000" },
    { "\"\\ud800\"", "surrogate" },
    { "\"\\ud800\\u0041\"", "surrogate" },
    { "\"\\udc00\"", "surrogate" },
    { "\"\xc3\"", "UTF-8" },
    { "01", "begins with 0" },
    { "-", "expected a value" },
    { "+1", "expected a value" },
    { "1.", "expected a digit" },
    { ".5", "expected a value" },
    { "1e", "expected a digit" },
    { "1e999", "too large" },
    { "NaN", "expected a value" },
    { "Infinity", "expected a value" },
    { "tru", "expected a value" },
  };
  g_autoptr (GString) deep = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i][0], texts[i][1]);
  for (guint i = 0; i < 1000000; i++)
    g_string_append_c (deep, '[');
  assert_refused (deep->str, "nested deeper");
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (act_json_parse ("\"a\0b\"", 5, "x.json", &error));
    test_assert_error (error, ACT_ERROR_FORMAT, "UTF-8", "x.json");
  }
}

static void
test_fields (void)
{
  const char *text =
      "{\"n\": 7, \"big\": 18446744073709551615, \"m\": -1, \"r\": 0.5, "
      "\"s\": \"\\u00e9\\ud83d\\ude00\", \"b\": true, \"z\": null, \"l\": "
      "[1, [2], {}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root =
      act_json_parse (text, strlen (text), "x.json", &error);
  JsonObject *object;
  guint64 n = 0;
  double r = 0;
  gboolean b = FALSE;

  g_assert_no_error (error);
  object = json_node_get_object (root);
  g_assert_true (act_json_get_uint (object, "n", "x.json", 7, &n, &error));
  g_assert_cmpuint (n, ==, 7);
  g_assert_true (act_json_get_double (object, "r", "x.json", &r, &error));
  g_assert_cmpfloat (r, ==, 0.5);
  g_assert_true (act_json_get_double (object, "n", "x.json", &r, &error));
  g_assert_cmpfloat (r, ==, 7.0);
  g_assert_true (act_json_get_boolean (object, "b", "x.json", &b, &error));
  g_assert_true (b);
  g_assert_cmpstr (
      act_json_get_string (object, "s", "x.json", &error), ==, "é😀");
  g_assert_no_error (error);

  g_assert_false (act_json_get_uint (object, "n", "x.json", 6, &n, &error));
  test_assert_error (error, ACT_ERROR_FORMAT,
      "\"n\" is 7, expected a whole number from 0 to 6", "'x.json'");
  g_clear_error (&error);
  g_assert_false (act_json_get_uint (object, "m", "x.json", 6, &n, &error));
  g_clear_error (&error);
  g_assert_false (
      act_json_get_uint (object, "big", "x.json", G_MAXUINT64, &n, &error));
  g_clear_error (&error);
  g_assert_false (act_json_get_uint (object, "r", "x.json", 6, &n, &error));
  g_clear_error (&error);
  g_assert_false (act_json_get_double (object, "s", "x.json", &r, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "\"s\"", "a number");
  g_clear_error (&error);
  g_assert_null (act_json_get_string (object, "none", "x.json", &error));
  test_assert_error (
      error, ACT_ERROR_FORMAT, "\"none\" is missing", "a string");
  g_clear_error (&error);
  g_assert_false (act_json_get_boolean (object, "z", "x.json", &b, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "\"z\" is null", "true or false");
}

static void
write_sample (ActJsonWriter *json)
{
  act_json_begin_object (json);
  act_json_key (json, "a");
  act_json_begin_array (json);
  act_json_int (json, -1);
  act_json_uint (json, G_MAXUINT64);
  act_json_float (json, 0.1f);
  act_json_end_array (json);
  act_json_key (json, "é");
  act_json_begin_object (json);
  act_json_end_object (json);
  act_json_key (json, "l");
  act_json_begin_array (json);
  act_json_end_array (json);
  act_json_key (json, "n");
  act_json_null (json);
  act_json_key (json, "t");
  act_json_boolean (json, TRUE);
  act_json_key (json, "z");
  act_json_string_len (json, "a\0/", 3);
  act_json_key (json, "\t\"");
  act_json_string (json, "\\\n\r\b\f\x1f\x7f𝄞~");
  act_json_end_object (json);
}

static void
test_writer (void)
{
  g_autoptr (GString) one_line = g_string_new (NULL);
  g_autoptr (GString) indented = g_string_new (NULL);
  g_autoptr (ActJsonWriter) a = act_json_writer_new (one_line, 0);
  g_autoptr (ActJsonWriter) b = act_json_writer_new (indented, 2);

  write_sample (a);
  write_sample (b);
  g_assert_cmpstr (one_line->str, ==,
      "{\"a\": [-1, 18446744073709551615, 0.10000000149011612], \"\\u00e9\": "
      "{}, \"l\": [], \"n\": null, \"t\": true, \"z\": \"a\\u0000/\", "
      "\"\\t\\\"\": \"\\\\\\n\\r\\b\\f\\u001f\\u007f\\ud834\\udd1e~\"}");
  g_assert_cmpstr (indented->str, ==,
      "{\n  \"a\": [\n    -1,\n    18446744073709551615,\n    "
      "0.10000000149011612\n  ],\n  \"\\u00e9\": {},\n  \"l\": [],\n  \"n\": "
      "null,\n  \"t\": true,\n  \"z\": \"a\\u0000/\",\n  "
      "\"\\t\\\"\": \"\\\\\\n\\r\\b\\f\\u001f\\u007f\\ud834\\udd1e~\"\n}");
}

/* a number's digits, without point, exponent and zeros at the ends */
static void
digits_of (const char *number, char *digits)
{
  char *to = digits;

  for (; *number != '\0' && *number != 'e'; number++)
    if (g_ascii_isdigit (*number) && (*number != '0' || to > digits))
      *to++ = *number;
  while (to > digits && to[-1] == '0')
    to--;
  *to = '\0';
}

/* the digits are those of printf's first precision that gives the value back;
 * only near a power of two may a number farther off have fewer */
static void
check_double (double value)
{
  char got[40], printed[40], digits[40], expected[40];
  int exponent;

  for (int n = 0; n < 17; n++) {
    g_snprintf (printed, sizeof printed, "%.*e", n, value);
    if (g_ascii_strtod (printed, NULL) == value)
      break;
  }
  act_double_to_string (value, got);
  g_assert_cmpfloat (g_ascii_strtod (got, NULL), ==, value);
  digits_of (got, digits);
  digits_of (printed, expected);
  if (frexp (value, &exponent) == 0.5)
    g_assert_cmpuint (strlen (digits), <=, strlen (expected));
  else
    g_assert_cmpstr (digits, ==, expected);
}

/* from 1e-4 to 2^53 digits are found in whole numbers, elsewhere with printf */
static void
test_doubles (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);

  for (int e = -30; e < 70; e++) {
    double power = ldexp (1.0, e);

    check_double (power);
    check_double (nextafter (power, 0.0));
    check_double (nextafter (power, INFINITY));
    check_double (5 * power);
  }
  for (int e = -8; e < 20; e++) {
    double power = pow (10.0, e);

    for (int k = 1; k < 10; k++) {
      check_double (k * power);
      check_double (nextafter (k * power, 0.0));
      check_double (nextafter (k * power, INFINITY));
    }
  }
  for (guint i = 0; i < 20000; i++) {
    int e = g_rand_int_range (rand, -16, 55);

    check_double (ldexp (g_rand_double_range (rand, 0.5, 1.0), e));
    check_double ((float) g_rand_double (rand));
    check_double (g_rand_int (rand) / 1e5);
    check_double (g_rand_int_range (rand, 1, 50) / 10.0);
  }
}

static void
test_file_limit (void)
{
  g_autofree char *path = test_write ("x.json", "[1, 2]", 6);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = act_json_read_file (path, 6, &error);

  g_assert_no_error (error);
  g_assert_null (act_json_read_file (path, 5, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "6 bytes", "at most 5");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/fields", test_fields);
  g_test_add_func ("/json/writer", test_writer);
  g_test_add_func ("/json/doubles", test_doubles);
  g_test_add_func ("/json/file-limit", test_file_limit);
  status = g_test_run ();
  test_folder_remove ();
  return status;
}
