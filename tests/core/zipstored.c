/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zips of stored members: 64-bit sizes, comments, and every way in which a
 * directory can lie about the file. That Python's zips are read is
 * tests/peers/checkpoints.py. */

#include "formats/zipstored.h"

#include "formats/deflate.h"
#include "testfile.h"

#define NAME "a/data.pkl"
#define TEXT "stored bytes"

/* what a test changes of a good zip of one member */
typedef struct {
  guint16 method, flags, extra_size, n_members, comment_size;
  guint32 size, packed, offset, crc, directory_offset, directory_size;
  const void *extra;
  const char *name;
  gboolean end_64;
} Zip;

/* little-endian, of any width */
static void
put (GByteArray *to, guint64 value, guint n)
{
  for (guint i = 0; i < n; i++) {
    guint8 byte = i < 8 ? (guint8) (value >> (8 * i)) : 0;

    g_byte_array_append (to, &byte, 1);
  }
}

static void
put_text (GByteArray *to, const char *text)
{
  g_byte_array_append (to, (const guint8 *) text, strlen (text));
}

static Zip
good (void)
{
  return (Zip){ .n_members = 1,
    .size = strlen (TEXT),
    .packed = strlen (TEXT),
    .crc = act_deflate_crc (0, TEXT, strlen (TEXT)),
    .name = NAME,
    .directory_offset = 30 + strlen (NAME) + strlen (TEXT),
    .directory_size = 46 + strlen (NAME) };
}

static void
put_local (GByteArray *to)
{
  put (to, 0x04034b50, 4);
  put (to, 0, 22); /* nobody reads these */
  put (to, strlen (NAME), 2);
  put (to, 0, 2);
  put_text (to, NAME);
  put_text (to, TEXT);
}

static void
put_entry (GByteArray *to, const Zip *zip)
{
  put (to, 0x02014b50, 4);
  put (to, 0, 4);
  put (to, zip->flags, 2);
  put (to, zip->method, 2);
  put (to, 0, 4);
  put (to, zip->crc, 4);
  put (to, zip->packed, 4);
  put (to, zip->size, 4);
  put (to, strlen (zip->name), 2);
  put (to, zip->extra_size, 2);
  put (to, 0, 2);
  put (to, 0, 8);
  put (to, zip->offset, 4);
  put_text (to, zip->name);
  if (zip->extra != NULL)
    g_byte_array_append (to, zip->extra, zip->extra_size);
}

static void
put_end_64 (GByteArray *to, const Zip *zip, guint64 directory)
{
  guint64 at = to->len;

  put (to, 0x06064b50, 4);
  put (to, 44, 8);
  put (to, 0, 12);
  put (to, zip->n_members, 8);
  put (to, zip->n_members, 8);
  put (to, to->len - 40 - directory, 8);
  put (to, directory, 8);
  put (to, 0x07064b50, 4);
  put (to, 0, 4);
  put (to, at, 8);
  put (to, 1, 4);
}

static GBytes *
build (const Zip *zip)
{
  GByteArray *to = g_byte_array_new ();
  guint64 directory;

  put_local (to);
  directory = to->len;
  for (guint i = 0; i < MIN (zip->n_members, 2); i++)
    put_entry (to, zip);
  if (zip->end_64)
    put_end_64 (to, zip, directory);
  put (to, 0x06054b50, 4);
  put (to, 0, 4);
  put (to, zip->end_64 ? 0xffff : zip->n_members, 2);
  put (to, zip->end_64 ? 0xffff : zip->n_members, 2);
  put (to, zip->end_64 ? 0xffffffff : zip->directory_size, 4);
  put (to, zip->end_64 ? 0xffffffff : zip->directory_offset, 4);
  put (to, zip->comment_size, 2);
  for (guint i = 0; i < zip->comment_size; i++)
    put (to, 'P', 1);
  return g_byte_array_free_to_bytes (to);
}

static void
assert_read (const Zip *zip)
{
  g_autoptr (GBytes) bytes = build (zip), member = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ActZipStored) file = act_zip_stored_new (bytes, "t.zip", &error);

  g_assert_no_error (error);
  g_assert_cmpint (act_zip_stored_find (file, NAME), ==, 0);
  g_assert_cmpint (act_zip_stored_find (file, "other"), ==, -1);
  member = act_zip_stored_get (file, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (member, NULL), g_bytes_get_size (member),
      TEXT, strlen (TEXT));
}

static void
assert_refused (const Zip *zip, ActError code, const char *what)
{
  g_autoptr (GBytes) bytes = build (zip), member = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ActZipStored) file = act_zip_stored_new (bytes, "t.zip", &error);

  if (file != NULL)
    member = act_zip_stored_get (file, 0, &error);
  g_assert_null (member);
  test_assert_error (error, code, what, "t.zip");
}

static void
test_read (void)
{
  Zip zip = good ();

  assert_read (&zip);
  zip.end_64 = TRUE;
  assert_read (&zip);
  zip = good ();
  zip.comment_size = 300;
  assert_read (&zip);
}

/* sizes and offset that are in the extra field, others before and behind it */
static void
test_wide (void)
{
  guint8 extra[4 + 2 + 4 + 24 + 4] = { 9, 9, 2, 0, 1, 2, 1, 0, 24, 0 };
  Zip zip = good ();
  guint64 size = strlen (TEXT);

  memcpy (extra + 10, &size, 8);
  memcpy (extra + 18, &size, 8);
  zip.size = zip.packed = zip.offset = 0xffffffff;
  zip.extra = extra;
  zip.extra_size = sizeof extra;
  zip.directory_size += sizeof extra;
  assert_read (&zip);
  zip.extra_size -= 5; /* the field is cut off */
  zip.directory_size -= 5;
  assert_refused (&zip, ACT_ERROR_FORMAT, "entry 0 of its directory");
  zip.extra = NULL;
  zip.extra_size = 0;
  zip.directory_size = good ().directory_size;
  assert_refused (&zip, ACT_ERROR_FORMAT, "not where the directory says");
}

static void
test_refused (void)
{
  Zip zip = good ();

  zip.method = 8;
  assert_refused (&zip, ACT_ERROR_UNSUPPORTED, "is packed");
  zip = good ();
  zip.flags = 1;
  assert_refused (&zip, ACT_ERROR_UNSUPPORTED, "is encrypted");
  zip = good ();
  zip.crc++;
  assert_refused (&zip, ACT_ERROR_FORMAT, "checksum");
  zip = good ();
  zip.size = zip.packed = 100; /* into the directory */
  assert_refused (&zip, ACT_ERROR_FORMAT, "is cut off");
  zip = good ();
  zip.packed--;
  assert_refused (&zip, ACT_ERROR_UNSUPPORTED, "is packed");
  zip = good ();
  zip.offset = 1;
  assert_refused (&zip, ACT_ERROR_FORMAT, "not where the directory says");
  zip.offset = 0xfffffff0;
  assert_refused (&zip, ACT_ERROR_FORMAT, "not where the directory says");
  zip = good ();
  zip.directory_offset += 1000;
  assert_refused (&zip, ACT_ERROR_FORMAT, "does not lie in the file");
  zip = good ();
  zip.directory_size--;
  assert_refused (&zip, ACT_ERROR_FORMAT, "entry 0 of its directory");
  zip = good ();
  zip.n_members = 3;
  assert_refused (&zip, ACT_ERROR_FORMAT, "entry 1 of its directory");
  zip = good ();
  zip.n_members = 2;
  zip.directory_size *= 2;
  assert_refused (&zip, ACT_ERROR_FORMAT, "'" NAME "' comes twice");
  zip = good ();
  zip.name = "\377";
  zip.directory_size = 47;
  assert_refused (&zip, ACT_ERROR_FORMAT, "entry 0 of its directory");
}

/* every length that a file may have been cut to */
static void
test_cut (void)
{
  for (guint wide = 0; wide < 2; wide++) {
    Zip zip = good ();
    g_autoptr (GBytes) whole = NULL;

    zip.end_64 = wide;
    whole = build (&zip);
    for (gsize size = 0; size < g_bytes_get_size (whole); size++) {
      /* of its own, so that reading beyond it is seen */
      g_autoptr (GBytes) bytes =
          g_bytes_new (g_bytes_get_data (whole, NULL), size);
      g_autoptr (GError) error = NULL;

      g_assert_null (act_zip_stored_new (bytes, "t.zip", &error));
      test_assert_error (error, ACT_ERROR_FORMAT, "no valid zip", "t.zip");
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/zip-stored/read", test_read);
  g_test_add_func ("/zip-stored/wide", test_wide);
  g_test_add_func ("/zip-stored/refused", test_refused);
  g_test_add_func ("/zip-stored/cut", test_cut);
  return g_test_run ();
}
