/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/texts.h"

#include <gio/gio.h>

#include "formats/json.h"
#include "viewer/datafile.h"
#include "viewer/numbers.h"

/* ids a file */
#define VOCABULARY_PART 16384
/* about this many bytes of JSON, at most this many texts */
#define TEXTS_SIZE (1u << 20)
#define TEXTS_PART 1000
/* digits and comma of a token, and what a text takes beside these */
#define TOKEN_SIZE 5
#define TEXT_SIZE 16

gboolean
act_viewer_go_on (const gint *cancelled, GError **error)
{
  if (!g_atomic_int_get (cancelled))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  return FALSE;
}

static gboolean
write_part (const char *folder, const char *name, guint part,
    const GString *text, GError **error)
{
  g_autoptr (ActDataFile) file =
      act_data_file_new_part (folder, name, part, error);

  return file != NULL
      && act_data_file_append (file, text->str, text->len, error)
      && act_data_file_close (g_steal_pointer (&file), error);
}

gboolean
act_viewer_vocabulary_write (const char *folder, const ActStrings *strings,
    ActViewerParts *parts, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = act_strings_get_n (strings);

  *parts = (ActViewerParts){ 0, VOCABULARY_PART };
  for (guint first = 0; first < n; first += VOCABULARY_PART) {
    g_string_printf (text, "{\"first\":%u,\"strings\":[", first);
    for (guint i = first; i < MIN (n, first + VOCABULARY_PART); i++) {
      gsize length;
      const char *string = act_strings_get (strings, i, &length);

      g_string_append (text, i > first ? ",\"" : "\"");
      act_json_escape (text, string, length);
      g_string_append_c (text, '"');
    }
    g_string_append (text, "]}");
    if (!write_part (folder, "vocabulary", parts->n_parts++, text, error))
      return FALSE;
  }
  return TRUE;
}

static void
format_texts (GString *out, const ActTexts *texts, const guint32 *shown,
    gsize first, gsize end)
{
  char hash[ACT_TEXT_HASH_SIZE];

  g_string_printf (out, "{\"first\":%" G_GSIZE_FORMAT ",\"hash\":[", first);
  for (gsize i = first; i < end; i++) {
    act_texts_get_hash (texts, shown[i], hash);
    g_string_append (out, i > first ? ",\"" : "\"");
    g_string_append (out, hash);
    g_string_append_c (out, '"');
  }
  g_string_append (out, "],\"tokens\":[");
  for (gsize i = first; i < end; i++) {
    if (i > first)
      g_string_append_c (out, ',');
    act_append_u32_list (out, act_texts_get_text_tokens (texts, shown[i]),
        act_texts_get_n_ctx (texts));
  }
  g_string_append (out, "]}");
}

gboolean
act_viewer_texts_write (const char *folder, const ActTexts *texts,
    const guint32 *shown, gsize n, const gint *cancelled, ActViewerParts *parts,
    GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize size = TEXT_SIZE + (gsize) TOKEN_SIZE * act_texts_get_n_ctx (texts);

  act_small_numbers_init ();
  *parts = (ActViewerParts){ 0, CLAMP (TEXTS_SIZE / size, 1, TEXTS_PART) };
  for (gsize first = 0; first < n; first += parts->part_size) {
    format_texts (text, texts, shown, first, MIN (n, first + parts->part_size));
    if (!act_viewer_go_on (cancelled, error)
        || !write_part (folder, "texts", parts->n_parts++, text, error))
      return FALSE;
  }
  return TRUE;
}
