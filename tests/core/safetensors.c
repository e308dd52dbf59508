/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* safetensors: what a header may say, and all that it may not. That others
 * read what is written, and the other way round, is tests/peers/formats.py. */

#include "formats/safetensors.h"

#include "testfile.h"

/* header length, header, n_data bytes counting up */
static char *
write_file (guint64 length, const char *header, gsize n_data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (guint8 *) &length, 8);
  g_byte_array_append (bytes, (guint8 *) header, strlen (header));
  for (gsize i = 0; i < n_data; i++) {
    guint8 byte = i;

    g_byte_array_append (bytes, &byte, 1);
  }
  return test_write ("t.safetensors", bytes->data, bytes->len);
}

static void
assert_refused_with (guint64 length, const char *header, gsize n_data,
    ActError code, const char *what)
{
  g_autofree char *path = write_file (length, header, n_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActSafetensors) file = act_safetensors_open (path, &error);

  g_assert_null (file);
  test_assert_error (error, code, what, path);
}

static void
assert_refused (const char *header, gsize n_data, const char *what)
{
  assert_refused_with (strlen (header), header, n_data, ACT_ERROR_FORMAT, what);
}

#define A(dtype, shape, begin, end)                                            \
  "{\"a\": {\"dtype\": \"" dtype "\", \"shape\": " shape                       \
  ", \"data_offsets\": [" #begin ", " #end "]}}"

static void
test_bad_lengths (void)
{
  g_autofree char *empty = test_write ("t.safetensors", "", 0);
  g_autoptr (GError) error = NULL;

  g_assert_null (act_safetensors_open (empty, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "0 bytes", empty);
  assert_refused_with (100, "{}", 0, ACT_ERROR_FORMAT, "only 2 bytes follow");
  assert_refused_with (
      100000001, "{}", 0, ACT_ERROR_FORMAT, "at most 100000000");
  assert_refused_with (
      G_MAXUINT64, "{}", 0, ACT_ERROR_FORMAT, "at most 100000000");
  assert_refused_with (0, "", 0, ACT_ERROR_FORMAT, "begin with '{'");
  assert_refused (" {}", 0, "begin with '{'");
  assert_refused ("{}", 1, "1 bytes of data, expected 0");
  assert_refused ("{}x", 0, "expected the end at byte 2");
  assert_refused ("{", 0, "JSON");
  assert_refused ("{\"a\xff\": 1}", 0, "UTF-8");
}

static void
test_bad_tensors (void)
{
  assert_refused ("{\"a\": 1}", 0, "'a'");
  assert_refused ("{\"a\": {}}", 0, "\"dtype\"");
  assert_refused (
      "{\"a\": {\"dtype\": 3, \"shape\": [], \"data_offsets\": [0, 4]}}", 4,
      "\"dtype\"");
  assert_refused ("{\"a\": {\"dtype\": \"F32\", \"data_offsets\": [0, 4]}}", 4,
      "\"shape\"");
  assert_refused (
      "{\"a\": {\"dtype\": \"F32\", \"shape\": [1]}}", 4, "\"data_offsets\"");
  assert_refused (A ("F32", "[-1]", 0, 4), 4, "dimension 0");
  assert_refused (A ("F32", "[1.0]", 0, 4), 4, "dimension 0");
  assert_refused (A ("F32", "[\"1\"]", 0, 4), 4, "dimension 0");
  assert_refused (A ("F32", "[[1]]", 0, 4), 4, "dimension 0");
  assert_refused (A ("F32", "7", 0, 4), 4, "\"shape\"");
  assert_refused (A ("F32", "[1,1,1,1,1,1,1,1,1]", 0, 4), 4, "9 dimensions");
  assert_refused (A ("F32", "[2]", 0, 4), 4, "expected 8 for F32 [2]");
  assert_refused (A ("F32", "[1]", 0, 8), 8, "span 8 bytes, expected 4");
  assert_refused (A ("F32", "[1]", 4, 0), 4, "before their begin");
  assert_refused (A ("F32", "[1]", 0, 4), 3, "only 3 bytes");
  assert_refused (A ("F32", "[1]", 0, 4), 5, "5 bytes of data, expected 4");
  assert_refused (A ("F32", "[1]", -4, 0), 4, "\"data_offsets\"");
  assert_refused (A ("F32", "[1]", 0, 4.0), 4, "\"data_offsets\"");
  assert_refused_with (strlen (A ("F8_E4M3", "[4]", 0, 4)),
      A ("F8_E4M3", "[4]", 0, 4), 4, ACT_ERROR_UNSUPPORTED, "\"F8_E4M3\"");
  /* 2^62 * 4 and 2^32 * 2^32 do not fit; nor do they beside a 0 */
  assert_refused (A ("F32", "[4611686018427387904]", 0, 0), 0, "addressed");
  assert_refused (A ("U8", "[4294967296, 4294967296]", 0, 0), 0, "addressed");
  assert_refused (
      A ("U8", "[0, 4294967296, 4294967296]", 0, 0), 0, "addressed");
  assert_refused (A ("U8", "[99999999999999999999]", 0, 0), 0, "dimension 0");
}

#define T(name, begin, end)                                                    \
  "\"" name "\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": "       \
  "[" #begin ", " #end "]}"

static void
test_bad_layout (void)
{
  assert_refused (
      "{" T ("a", 0, 4) ", " T ("b", 5, 9) "}", 9, "a hole before it");
  assert_refused (
      "{" T ("a", 0, 4) ", " T ("b", 2, 6) "}", 6, "overlaps another");
  assert_refused (
      "{" T ("a", 0, 4) ", " T ("b", 0, 4) "}", 4, "overlaps another");
  assert_refused ("{" T ("a", 1, 5) "}", 5, "a hole before it");
  assert_refused (
      "{" T ("a", 0, 4) ", " T ("a", 4, 8) "}", 8, "\"a\" comes twice");
  assert_refused (
      "{" T ("a", 0, 4) ", " T ("\\u0061", 4, 8) "}", 8, "comes twice");
  assert_refused ("{" T ("a\\u0000", 0, 4) "}", 4, "U+0000");
  assert_refused ("{\"__metadata__\": []}", 0, "__metadata__");
  assert_refused ("{\"__metadata__\": {\"k\": 1}}", 0, "\"k\"");
  assert_refused ("{\"a\": {\"dtype\": \"U8\", \"shape\": [0], "
                  "\"data_offsets\": [0, 0], \"x\": 1}}",
      0, "alone");
}

static void
test_missing_file (void)
{
  g_autofree char *path = test_path ("none");
  g_autoptr (GError) error = NULL;

  g_assert_null (act_safetensors_open (path, &error));
  test_assert_error (error, ACT_ERROR_OPEN_READ, "No such file", path);
  g_clear_error (&error);
  g_assert_null (act_safetensors_open (test_folder, &error));
  test_assert_error (error, ACT_ERROR_OPEN_READ, "a folder", test_folder);
}

/* in the order of their data, whatever that of the header; blanks at its end;
 * unaligned data are copied, empty tensors may be anywhere */
static void
test_good (void)
{
  const char *header =
      "{\"w\": {\"dtype\": \"U16\", \"shape\": [1, 2], \"data_offsets\": [1, "
      "5]}, \"e\": {\"dtype\": \"F32\", \"shape\": [0, 9], \"data_offsets\": "
      "[1, 1]}, \"b\": {\"shape\": [], \"data_offsets\": [0, 1], \"dtype\": "
      "\"U8\"}, \"__metadata__\": {\"k\": \"v\"}}   ";
  g_autofree char *path = write_file (strlen (header), header, 5);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActSafetensors) file = act_safetensors_open (path, &error);
  const ActTensor *tensor;
  const guint16 *w;

  g_assert_no_error (error);
  g_assert_cmpuint (act_safetensors_get_n_tensors (file), ==, 3);
  g_assert_cmpstr (act_safetensors_get (file, 0)->name, ==, "b");
  g_assert_cmpstr (act_safetensors_get (file, 1)->name, ==, "e");
  g_assert_cmpstr (act_safetensors_get (file, 2)->name, ==, "w");
  tensor = act_safetensors_lookup (file, "w");
  g_assert_cmpuint (tensor->n_elements, ==, 2);
  w = tensor->data;
  g_assert_cmpuint ((gsize) w % 2, ==, 0);
  g_assert_cmpuint (w[0], ==, 0x0201);
  g_assert_cmpuint (w[1], ==, 0x0403);
  g_assert_cmpuint (act_safetensors_lookup (file, "e")->size, ==, 0);
  g_assert_null (act_safetensors_lookup (file, "none"));
  g_assert_cmpstr (act_safetensors_get_metadata (file, "k"), ==, "v");
  g_assert_null (act_safetensors_get_metadata (file, "l"));
}

static void
test_require (void)
{
  const char *header = A ("F32", "[2, 3]", 0, 24);
  g_autofree char *path = write_file (strlen (header), header, 24);
  g_autoptr (ActSafetensors) file = act_safetensors_open (path, NULL);
  const guint64 good[] = { 2, 0 }, bad[] = { 2, 4 };
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (act_safetensors_require (file, "a", 2, good, &error));
  g_assert_no_error (error);
  g_assert_null (act_safetensors_require (file, "a", 2, bad, &error));
  test_assert_error (
      error, ACT_ERROR_MISMATCH, "'a' has shape [2, 3], expected [2, 4]", path);
  g_clear_error (&error);
  g_assert_null (act_safetensors_require (file, "a", 1, good, &error));
  test_assert_error (error, ACT_ERROR_MISMATCH, "expected [2]", path);
  g_clear_error (&error);
  g_assert_null (act_safetensors_require (file, "b", 2, good, &error));
  test_assert_error (error, ACT_ERROR_MISMATCH,
      "no tensor 'b', expected one of shape [2, *]", path);
}

static void
test_write_read (void)
{
  const float a[] = { 1, 2, 3, 4 };
  const guint8 b[] = { 7 };
  const ActTensor tensors[] = {
    { .name = "b",
        .dtype = ACT_DTYPE_U8,
        .n_dims = 1,
        .shape = { 1 },
        .data = b },
    { .name = "a \"\n",
        .dtype = ACT_DTYPE_F32,
        .n_dims = 2,
        .shape = { 2, 2 },
        .data = a },
  };
  const char *const metadata[] = { "k", "x\ty", NULL };
  g_autofree char *path = test_path ("w.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (ActSafetensors) file = NULL;

  g_assert_true (act_safetensors_write (path, tensors, 2, metadata, &error));
  file = act_safetensors_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (
      act_safetensors_lookup (file, "a \"\n")->data, 16, a, sizeof a);
  g_assert_cmpstr (act_safetensors_get_metadata (file, "k"), ==, "x\ty");
  {
    const ActTensor twice[] = { tensors[0], tensors[0] };

    g_assert_false (act_safetensors_write (path, twice, 2, NULL, &error));
    test_assert_error (error, ACT_ERROR_FAILED, "in use", path);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/safetensors/bad-lengths", test_bad_lengths);
  g_test_add_func ("/safetensors/bad-tensors", test_bad_tensors);
  g_test_add_func ("/safetensors/bad-layout", test_bad_layout);
  g_test_add_func ("/safetensors/missing-file", test_missing_file);
  g_test_add_func ("/safetensors/good", test_good);
  g_test_add_func ("/safetensors/require", test_require);
  g_test_add_func ("/safetensors/write-read", test_write_read);
  status = g_test_run ();
  test_folder_remove ();
  return status;
}
