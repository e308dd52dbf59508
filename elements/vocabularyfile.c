/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "vocabularyfile.h"

#include "formats/file.h"

gboolean
gst_act_vocabulary_file_load (const char *filename,
    GstActVocabulary **vocabulary, char **fingerprint, GError **error)
{
  g_autoptr (GstActVocabulary) loaded =
      gst_act_vocabulary_new_from_file (filename, error);
  g_autofree char *base = g_path_get_basename (filename);
  g_autofree char *sum = NULL;

  if (loaded == NULL)
    return FALSE;
  if (g_str_equal (base, "tokenizer.json")) {
    g_autoptr (GBytes) bytes = act_file_map (filename, error);

    if (bytes == NULL)
      return FALSE;
    sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  }
  *vocabulary = g_steal_pointer (&loaded);
  *fingerprint = g_steal_pointer (&sum);
  return TRUE;
}
