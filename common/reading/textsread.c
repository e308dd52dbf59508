/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/textsread.h"

#include "formats/jsonscan.h"
#include "reading/clusterread.h"

void
act_shown_text_free (ActShownText *self)
{
  if (self == NULL)
    return;
  g_string_free (self->hash, TRUE);
  g_ptr_array_unref (self->tokens);
  g_free (self);
}

/* n_fields 1: the hash alone */
static gboolean
read_text (const ActLines *lines, const char *line, gsize length,
    guint n_fields, ActShownText *text, GError **error)
{
  static const ActJsonField fields[] = {
    { "text_hash", act_json_scan_string, G_STRUCT_OFFSET (ActShownText, hash),
        TRUE },
    { "tokens", act_json_scan_strings, G_STRUCT_OFFSET (ActShownText, tokens),
        TRUE },
  };
  g_auto (ActJsonScan) scan = { NULL };
  gboolean ok;

  act_json_scan_init (&scan, line, length, TRUE, error);
  if (!g_utf8_validate_len (line, length, &scan.p)) {
    ok = act_json_scan_fail (&scan, "invalid UTF-8");
  } else {
    scan.p = line;
    ok = act_json_scan_fields (&scan, fields, n_fields, text)
        && act_json_scan_end (&scan);
  }
  if (!ok)
    act_lines_prefix (lines, error);
  return ok;
}

gboolean
act_shown_text_next_of (
    ActLines *lines, GHashTable *wanted, ActShownText **text, GError **error)
{
  g_autoptr (ActShownText) self = g_new0 (ActShownText, 1);
  const char *line;
  gsize length;

  *text = NULL;
  self->hash = g_string_new (NULL);
  self->tokens = act_shown_strings_new ();
  for (;;) {
    if (!act_lines_next (lines, &line, &length, error))
      return FALSE;
    if (line == NULL)
      return TRUE;
    if (wanted != NULL && !read_text (lines, line, length, 1, self, error))
      return FALSE;
    if (wanted == NULL || g_hash_table_contains (wanted, self->hash->str))
      break;
  }
  if (!read_text (lines, line, length, 2, self, error))
    return FALSE;
  self->line = act_lines_get_number (lines) - 1;
  *text = g_steal_pointer (&self);
  return TRUE;
}

gboolean
act_shown_text_next (ActLines *lines, ActShownText **text, GError **error)
{
  return act_shown_text_next_of (lines, NULL, text, error);
}
