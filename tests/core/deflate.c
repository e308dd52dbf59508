/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is packed unpacks, and is the same bytes wherever the packer lies. */
#include "formats/deflate.h"

#include <gio/gio.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

static gboolean
collect (gpointer to, const void *data, gsize size, GError **error)
{
  (void) error;
  g_byte_array_append (to, data, size);
  return TRUE;
}

static GByteArray *
pack (ActDeflate *deflate, const char *text, gsize size, gsize piece)
{
  g_autoptr (GError) error = NULL;
  GByteArray *packed = g_byte_array_new ();
  gsize n;

  for (gsize at = 0; at < size; at += n) {
    n = MIN (piece, size - at);
    g_assert_true (act_deflate_append (
        deflate, text + at, n, FALSE, collect, packed, &error));
    g_assert_no_error (error);
  }
  g_assert_true (
      act_deflate_append (deflate, NULL, 0, TRUE, collect, packed, &error));
  g_assert_no_error (error);
  return packed;
}

static void
check_unpacks (GByteArray *packed, const char *text, gsize size)
{
  g_autoptr (GZlibDecompressor) decompressor =
      g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW);
  g_autoptr (GInputStream) in =
      g_memory_input_stream_new_from_data (packed->data, packed->len, NULL);
  g_autoptr (GInputStream) unpacked =
      g_converter_input_stream_new (in, G_CONVERTER (decompressor));
  g_autofree char *out = g_malloc (size + 1);
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_true (
      g_input_stream_read_all (unpacked, out, size + 1, &n, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (out, n, text, size);
}

/* numbers in JSON, as data files have them */
static GString *
make_text (gsize size)
{
  GString *text = g_string_new ("{\"first\":0,\"lines\":[");
  guint32 state = 1;

  while (text->len < size) {
    state = state * 1103515245 + 12345;
    g_string_append_printf (text, "%u,", (state >> 16) % 1000);
  }
  g_string_append (text, "{\"first_row\":");
  return text;
}

static void
test_pieces (void)
{
  static const gsize sizes[] = { 0, 1, 7, 8, 9, 300, 70000, 300000 };
  static const gsize pieces[] = { 1, 7, 8, 1000, 65536, 1000000 };
  ActDeflate *deflate = act_deflate_new ();

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
      g_autoptr (GString) text = make_text (sizes[s]);
      gsize size = MIN (text->len, sizes[s]);
      g_autoptr (GByteArray) packed =
          pack (deflate, text->str, size, pieces[p]);

      check_unpacks (packed, text->str, size);
      act_deflate_restart (deflate);
    }
  act_deflate_free (deflate);
}

/* ISA-L 2.30 takes bits of the stream's address for bytes of the text, at its
 * very beginning; that moves a match once in 8,192 addresses 64 KiB apart. */
static void
test_addresses (void)
{
  enum { N_PLACES = 10000, PLACE = 1 << 16 };
  g_autoptr (GString) text = make_text (600);
  g_autoptr (GByteArray) expected = NULL;
  g_autofree gpointer *taken = g_new (gpointer, N_PLACES);

  /* each packer in a mapping of its own */
  mallopt (M_MMAP_THRESHOLD, PLACE);
  for (guint i = 0; i < N_PLACES; i++) {
    ActDeflate *deflate = act_deflate_new ();
    GByteArray *packed = pack (deflate, text->str, text->len, text->len);

    act_deflate_free (deflate);
    /* the next one lies lower */
    taken[i] =
        mmap (NULL, PLACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true (taken[i] != MAP_FAILED);
    if (expected == NULL)
      expected = g_byte_array_ref (packed);
    g_assert_cmpmem (packed->data, packed->len, expected->data, expected->len);
    g_byte_array_unref (packed);
  }
  for (guint i = 0; i < N_PLACES; i++)
    munmap (taken[i], PLACE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/deflate/pieces", test_pieces);
  g_test_add_func ("/deflate/addresses", test_addresses);
  return g_test_run ();
}
