/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/vocabulary.h"

#include "formats/json.h"
#include "viewer/datafile.h"
#include "viewer/texts.h"

/* about how much JSON a file has */
#define PART_SIZE ((gsize) 1 << 19)

gboolean
act_viewer_vocabulary_write (const char *folder, const ActStrings *strings,
    const gint *cancelled, guint *n_parts, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = act_strings_get_n (strings), end;

  *n_parts = 0;
  for (guint first = 0; first < n; first = end) {
    g_string_printf (text, "{\"first\":%u,\"strings\":[", first);
    for (end = first; end < n && text->len < PART_SIZE; end++) {
      gsize length;
      const char *string = act_strings_get (strings, end, &length);

      g_string_append (text, end > first ? ",\"" : "\"");
      act_json_escape (text, string, length);
      g_string_append_c (text, '"');
    }
    g_string_append (text, "]}");
    if (!act_viewer_go_on (cancelled, error)
        || !act_viewer_write_part (
            folder, "vocabulary", (*n_parts)++, text, error))
      return FALSE;
  }
  return TRUE;
}

/* GPT-2's characters for bytes: those that can be seen are themselves, the
 * others follow each other from 256 on */
static gboolean
is_byte (gunichar c)
{
  return (c >= 33 && c <= 126) || (c >= 161 && c <= 172)
      || (c >= 174 && c <= 255) || (c >= 256 && c < 256 + 68);
}

typedef struct {
  gboolean space;
  gboolean meta;
  gboolean piece;
  gboolean foreign; /* has characters that stand for no byte */
} Signs;

static Signs
look_at (const char *string, gsize length)
{
  Signs signs = { .piece = length > 2 && string[0] == '#' && string[1] == '#' };

  for (const char *p = string; p < string + length; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    signs.space |= c == 0x120;
    signs.meta |= c == 0x2581;
    signs.foreign |= !is_byte (c);
  }
  return signs;
}

const char *
act_viewer_vocabulary_kind (const ActStrings *strings)
{
  guint n = act_strings_get_n (strings);
  guint spaces = 0, metas = 0, pieces = 0, foreign = 0;

  for (guint i = 0; i < n; i++) {
    gsize length;
    const char *string = act_strings_get (strings, i, &length);
    Signs signs = look_at (string, length);

    spaces += signs.space;
    metas += signs.meta;
    pieces += signs.piece;
    foreign += signs.foreign;
  }
  if (spaces > 0 && spaces >= metas && foreign <= n / 20)
    return "bytes";
  if (metas > 0 && metas >= pieces)
    return "meta";
  return pieces > n / 500 ? "pieces" : "plain";
}
