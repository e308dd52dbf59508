/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* With tokenizer_speed.py, see docs/benchmarks.md. Texts come on stdin, each
 * as its length (uint32, little-endian) and its bytes; how many ids they have
 * and the CPU seconds to make them go to stdout. */
#include <stdio.h>
#include <time.h>

#include "tokenizer/tokenizer.h"

static double
cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

int
main (int argc, char **argv)
{
  g_autoptr (ActTokenizer) tokenizer = NULL;
  g_autoptr (GPtrArray) texts =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;
  guint64 n_ids = 0;
  guint32 length;
  double start;

  if (argc != 2) {
    g_printerr ("usage: %s tokenizer.json\n", argv[0]);
    return 2;
  }
  tokenizer = act_tokenizer_new_from_file (argv[1], &error);
  while (tokenizer != NULL && fread (&length, sizeof (length), 1, stdin) == 1) {
    char *text = g_malloc (length);

    g_ptr_array_add (texts, g_bytes_new_take (text, length));
    if (fread (text, 1, length, stdin) != length)
      return 1;
  }
  start = cpu_seconds ();
  for (guint i = 0; i < texts->len && error == NULL; i++) {
    gsize size;
    const char *text = g_bytes_get_data (g_ptr_array_index (texts, i), &size);

    g_array_set_size (ids, 0);
    act_tokenizer_encode (tokenizer, text, size, ids, &error);
    n_ids += ids->len;
  }
  if (error != NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  printf ("%" G_GUINT64_FORMAT " %.6f\n", n_ids, cpu_seconds () - start);
  return 0;
}
