/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bridge to tokenizer.py: texts come on stdin, each as its length in
 * bytes (uint32, little-endian) and its bytes; ids go to stdout, each text's
 * as their number and themselves (uint32). "special": with the tokens that
 * the file's post_processor puts round a text. "decode": the other way; ids
 * come as they go out here, a text goes out as its length and its bytes, the
 * number of ids and where each one ends. */
#include <stdio.h>

#include "tokenizer/decoder.h"
#include "tokenizer/tokenizer.h"

typedef gboolean (*Encode) (ActTokenizer *tokenizer, const char *text,
    gsize length, GArray *ids, GError **error);

/* a number of elements, and them; FALSE at the end of the input */
static gboolean
read_array (GArray *array)
{
  guint32 n;

  if (fread (&n, sizeof (n), 1, stdin) != 1)
    return FALSE;
  g_array_set_size (array, n);
  return fread (array->data, g_array_get_element_size (array), n, stdin) == n;
}

static void
write_array (const void *data, gsize size, guint n)
{
  fwrite (&n, sizeof (n), 1, stdout);
  if (n > 0) /* data may be NULL then */
    fwrite (data, size, n, stdout);
}

static void
encode_all (const char *filename, Encode encode, GError **error)
{
  g_autoptr (ActTokenizer) tokenizer =
      act_tokenizer_new_from_file (filename, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) text = g_array_new (FALSE, FALSE, 1);

  while (tokenizer != NULL && read_array (text)) {
    g_array_set_size (ids, 0);
    if (!encode (tokenizer, text->data, text->len, ids, error))
      return;
    write_array (ids->data, sizeof (gint32), ids->len);
  }
}

static void
decode_all (const char *filename, GError **error)
{
  g_autoptr (ActDecoder) decoder = act_decoder_new_from_file (filename, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GString) text = g_string_new (NULL);

  while (decoder != NULL && read_array (ids)) {
    g_string_truncate (text, 0);
    g_array_set_size (ends, 0);
    if (!act_decoder_decode (decoder, (const gint32 *) (gpointer) ids->data,
            ids->len, text, ends, error))
      return;
    write_array (text->str, 1, (guint) text->len);
    write_array (ends->data, sizeof (gsize), ends->len);
  }
}

int
main (int argc, char **argv)
{
  const char *how = argc == 3 ? argv[2] : "encode";
  g_autoptr (GError) error = NULL;

  if (argc != 2 && argc != 3) {
    g_printerr ("usage: %s tokenizer.json [special|decode]\n", argv[0]);
    return 2;
  }
  if (g_str_equal (how, "decode"))
    decode_all (argv[1], &error);
  else if (g_str_equal (how, "special"))
    encode_all (argv[1], act_tokenizer_encode_with_special, &error);
  else
    encode_all (argv[1], act_tokenizer_encode, &error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL || fflush (stdout) != 0;
}
