/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/texts.h"

#include <gio/gio.h>

#include "viewer/datafile.h"
#include "viewer/dictionary.h"
#include "viewer/numbers.h"

/* a file ends at about so much JSON */
#define PART_SIZE ((gsize) 1 << 20)

gboolean
act_viewer_go_on (const gint *cancelled, GError **error)
{
  if (!g_atomic_int_get (cancelled))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  return FALSE;
}

gboolean
act_viewer_write_part (const char *folder, const char *name, guint part,
    const GString *json, GError **error)
{
  g_autoptr (ActDataFile) file =
      act_data_file_new_part (folder, name, part, error);

  return file != NULL
      && act_data_file_append (file, json->str, json->len, error)
      && act_data_file_close (g_steal_pointer (&file), error);
}

/* the file at hand */
typedef struct {
  GString *hashes;
  GString *tokens;
  ActDictionary dictionary;
  gsize size; /* of the dictionary */
} Part;

static void
part_init (Part *part, const ActTexts *texts)
{
  part->hashes = g_string_new (NULL);
  part->tokens = g_string_new (NULL);
  part->size = 0;
  act_dictionary_init (&part->dictionary, act_texts_get_strings (texts));
}

static void
part_clear (Part *part)
{
  g_string_free (part->hashes, TRUE);
  g_string_free (part->tokens, TRUE);
  act_dictionary_clear (&part->dictionary);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Part, part_clear)

static void
part_add (Part *part, const ActTexts *texts, guint32 text)
{
  const guint32 *tokens = act_texts_get_text_tokens (texts, text);
  guint n = MIN (act_texts_get_n_ctx (texts), ACT_PAGE_TEXT_TOKENS);
  char hash[ACT_TEXT_HASH_SIZE];

  act_texts_get_hash (texts, text, hash);
  g_string_append_printf (
      part->hashes, "%s\"%s\"", part->hashes->len > 0 ? "," : "", hash);
  if (part->tokens->len > 0)
    g_string_append_c (part->tokens, ',');
  act_append_u32_list (part->tokens, tokens, n);
  part->size += act_dictionary_add (&part->dictionary, tokens, n);
}

static gboolean
part_is_full (const Part *part)
{
  return part->hashes->len + part->tokens->len + part->size >= PART_SIZE;
}

static gboolean
part_write (
    Part *part, const char *folder, GArray *files, gsize first, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint32 begin = first;

  g_string_printf (text, "{\"first\":%u,\"hash\":[%s],\"tokens\":[", begin,
      part->hashes->str);
  g_string_append_len (text, part->tokens->str, part->tokens->len);
  g_string_append (text, "],\"strings\":");
  act_dictionary_take (&part->dictionary, text);
  g_string_append_c (text, '}');
  g_string_truncate (part->hashes, 0);
  g_string_truncate (part->tokens, 0);
  part->size = 0;
  g_array_append_val (files, begin);
  return act_viewer_write_part (folder, "texts", files->len - 1, text, error);
}

gboolean
act_viewer_texts_write (const char *folder, const ActTexts *texts,
    const guint32 *shown, gsize n, const gint *cancelled, GArray *files,
    GError **error)
{
  g_auto (Part) part;
  gsize first = 0;

  act_small_numbers_init ();
  part_init (&part, texts);
  for (gsize i = 0; i < n; i++) {
    part_add (&part, texts, shown[i]);
    if (!part_is_full (&part) && i + 1 < n)
      continue;
    if (!act_viewer_go_on (cancelled, error)
        || !part_write (&part, folder, files, first, error))
      return FALSE;
    first = i + 1;
  }
  return TRUE;
}
