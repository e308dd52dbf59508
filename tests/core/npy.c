/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* .npy: what a header may say, and all that it may not. What NumPy writes and
 * reads is tests/peers/formats.py. */

#include "formats/npy.h"

#include "testfile.h"

static GBytes *
build (int major, const char *header, gssize length, gsize n_data)
{
  GByteArray *bytes = g_byte_array_new ();
  guint32 n = length < 0 ? strlen (header) : (gsize) length;
  guint8 version[2] = { major, 0 };

  g_byte_array_append (bytes, (guint8 *) "\x93NUMPY", 6);
  g_byte_array_append (bytes, version, 2);
  g_byte_array_append (bytes, (guint8 *) &n, major == 1 ? 2 : 4);
  g_byte_array_append (bytes, (guint8 *) header, strlen (header));
  for (gsize i = 0; i < n_data; i++) {
    guint8 byte = i;

    g_byte_array_append (bytes, &byte, 1);
  }
  return g_byte_array_free_to_bytes (bytes);
}

static void
assert_refused_bytes (GBytes *bytes, ActError code, const char *what)
{
  g_autoptr (GBytes) owned = bytes;
  g_autoptr (GError) error = NULL;
  g_autoptr (ActNpy) npy = act_npy_new_from_bytes (owned, "x.npy", &error);

  g_assert_null (npy);
  test_assert_error (error, code, what, "'x.npy'");
}

static void
assert_refused (const char *header, gsize n_data, const char *what)
{
  assert_refused_bytes (build (1, header, -1, n_data), ACT_ERROR_FORMAT, what);
}

static void
assert_unsupported (const char *header, gsize n_data, const char *what)
{
  assert_refused_bytes (
      build (1, header, -1, n_data), ACT_ERROR_UNSUPPORTED, what);
}

#define H(descr, order, shape)                                                 \
  "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"

static void
test_bad_starts (void)
{
  assert_refused_bytes (g_bytes_new_static ("", 0), ACT_ERROR_FORMAT, "NUMPY");
  assert_refused_bytes (
      g_bytes_new_static ("\x93NUMPX\1\0\0\0", 10), ACT_ERROR_FORMAT, "NUMPY");
  assert_refused_bytes (g_bytes_new_static ("\x93NUMPY\2\0\0\0", 10),
      ACT_ERROR_FORMAT, "within the header");
  assert_refused_bytes (
      build (4, "{}", -1, 0), ACT_ERROR_UNSUPPORTED, "version 4.0");
  assert_refused_bytes (
      build (0, "{}", -1, 0), ACT_ERROR_UNSUPPORTED, "version 0.0");
  assert_refused_bytes (
      build (1, "{}", 100, 0), ACT_ERROR_FORMAT, "only 2 bytes follow");
  assert_refused_bytes (
      build (2, "{}", G_MAXINT32, 0), ACT_ERROR_FORMAT, "at most 65536");
}

static void
test_bad_headers (void)
{
  assert_refused ("", 0, "dictionary");
  assert_refused ("{}", 0, "lacks one of");
  assert_refused ("[1]", 0, "dictionary");
  assert_refused ("{'descr': '<f4', 'shape': (1,)}", 4, "lacks one of");
  assert_refused (H ("'<f4'", "False", "(1,)") "x", 4, "something follows");
  assert_refused ("{'descr': '<f4', 'descr': '<f4'}", 0, "'descr' twice");
  assert_refused ("{'colour': '<f4'}", 0, "unknown key 'colour'");
  assert_refused ("{'descr' '<f4'}", 0, "dictionary");
  assert_refused ("{'descr': '<f4' 'shape': ()}", 0, "dictionary");
  assert_refused ("{'descr': '<f4", 0, "'descr' is no string");
  assert_refused ("{'des\\x63r': '<f4'}", 0, "dictionary");
  assert_refused (H ("3", "False", "(1,)"), 4, "'descr' is no string");
  assert_refused (H ("'<f4'", "0", "(1,)"), 4, "neither True nor False");
  assert_refused (H ("'<f4'", "Falsehood", "(1,)"), 4, "dictionary");
  assert_refused (H ("'<f4'", "False", "[1]"), 4, "no tuple");
  assert_refused (H ("'<f4'", "False", "(1)"), 4, "no tuple");
  assert_refused (H ("'<f4'", "False", "(1, 2"), 8, "dimension 2");
  assert_refused (H ("'<f4'", "False", "(-1,)"), 4, "dimension 0");
  assert_refused (H ("'<f4'", "False", "(1.0,)"), 4, "tuple");
  assert_refused (H ("'<f4'", "False", "(1, True)"), 4, "dimension 1");
  assert_refused (
      H ("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), 4, "more than 8 dimensions");
}

static void
test_bad_sizes (void)
{
  assert_refused (H ("'<f4'", "False", "(2,)"), 7,
      "7 bytes of data, expected 8 for F32 [2]");
  assert_refused (H ("'<f4'", "False", "(2,)"), 9, "9 bytes of data");
  assert_refused (
      H ("'<f4'", "False", "(99999999999999999999,)"), 0, "dimension 0");
  assert_refused (
      H ("'<f4'", "False", "(4611686018427387904,)"), 0, "addressed");
  assert_refused (
      H ("'<f4'", "False", "(0, 4294967296, 4294967296)"), 0, "addressed");
}

static void
test_unsupported (void)
{
  assert_unsupported (H ("'>f4'", "False", "(1,)"), 4, "'>f4' (big-endian)");
  assert_unsupported (H ("'<c8'", "False", "(1,)"), 8, "'<c8'");
  assert_unsupported (H ("'|O'", "False", "(1,)"), 8, "'|O'");
  assert_unsupported (H ("[('x', '<f4')]", "False", "(1,)"), 4, "records");
  assert_unsupported (H ("'<f4'", "True", "(2, 3)"), 24,
      "Fortran order, expected C order (row-major) for shape [2, 3]");
}

/* keys in any order, double quotes, a header without blanks, every version;
 * Fortran order where it means nothing */
static void
test_good (void)
{
  static const char *const headers[] = {
    H ("'<u2'", "False", "(2, 1)"),
    H ("'<u2'", "True", "(2, 1)"),
    "{\"shape\":(2,1),\"descr\":\"<u2\",\"fortran_order\":False}",
    "{'shape': (2, 1), 'fortran_order': False, 'descr': '<u2'}      \n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    for (int major = 1; major <= 3; major++) {
      g_autoptr (GBytes) bytes = build (major, headers[i], -1, 4);
      g_autoptr (GError) error = NULL;
      g_autoptr (ActNpy) npy = act_npy_new_from_bytes (bytes, "x", &error);
      const guint16 *data;

      g_assert_no_error (error);
      g_assert_cmpint (act_npy_get (npy)->dtype, ==, ACT_DTYPE_U16);
      g_assert_cmpuint (act_npy_get (npy)->n_dims, ==, 2);
      g_assert_cmpuint (act_npy_get (npy)->shape[0], ==, 2);
      data = act_npy_get (npy)->data;
      g_assert_cmpuint ((gsize) data % 2, ==, 0);
      g_assert_cmpuint (data[1], ==, 0x0302);
    }
  }
}

static void
test_write_read (void)
{
  const gint64 values[] = { 1, -2, 3, 4, 5, 6 };
  const ActTensor tensor = {
    .dtype = ACT_DTYPE_I64, .n_dims = 3, .shape = { 1, 2, 3 }, .data = values
  };
  g_autofree char *path = test_path ("w.npy");
  g_autoptr (GError) error = NULL;
  g_autoptr (ActNpy) npy = NULL;
  ActTensor bf16 = tensor;

  g_assert_true (act_npy_write (path, &tensor, &error));
  npy = act_npy_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (
      act_npy_get (npy)->data, act_npy_get (npy)->size, values, sizeof values);
  bf16.dtype = ACT_DTYPE_BF16;
  g_assert_false (act_npy_write (path, &bf16, &error));
  test_assert_error (error, ACT_ERROR_UNSUPPORTED, "BF16", path);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/npy/bad-starts", test_bad_starts);
  g_test_add_func ("/npy/bad-headers", test_bad_headers);
  g_test_add_func ("/npy/bad-sizes", test_bad_sizes);
  g_test_add_func ("/npy/unsupported", test_unsupported);
  g_test_add_func ("/npy/good", test_good);
  g_test_add_func ("/npy/write-read", test_write_read);
  status = g_test_run ();
  test_folder_remove ();
  return status;
}
