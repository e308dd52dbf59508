/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bridge to tokenizer.py: texts come on stdin, each as its length in
 * bytes (uint32, little-endian) and its bytes; ids go to stdout, each text's
 * as their number and themselves (uint32). */
#include <stdio.h>

#include "tokenizer/tokenizer.h"

int
main (int argc, char **argv)
{
  g_autoptr (ActTokenizer) tokenizer = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  guint32 length;

  if (argc != 2) {
    g_printerr ("usage: %s tokenizer.json\n", argv[0]);
    return 2;
  }
  tokenizer = act_tokenizer_new_from_file (argv[1], &error);
  if (tokenizer == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  while (fread (&length, sizeof (length), 1, stdin) == 1) {
    g_byte_array_set_size (text, length);
    if (fread (text->data, 1, length, stdin) != length)
      return 1;
    g_array_set_size (ids, 0);
    if (!act_tokenizer_encode (
            tokenizer, (const char *) text->data, length, ids, &error)) {
      g_printerr ("%s\n", error->message);
      return 1;
    }
    if (fwrite (&ids->len, sizeof (ids->len), 1, stdout) != 1
        || fwrite (ids->data, sizeof (gint32), ids->len, stdout) != ids->len)
      return 1;
  }
  return 0;
}
