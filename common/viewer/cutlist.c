/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/cutlist.h"

#include "viewer/jsontext.h"

/* the value of a key of the object; NULL: it has none */
static const char *
find_value (const char *p, const char *key)
{
  gsize length = strlen (key);

  while (*p != '}') {
    const char *name = act_json_skip_blanks (p + 1);

    if (*name != '"')
      return NULL;
    p = act_json_skip_blanks (act_json_skip_string (name)) + 1;
    if (strncmp (name + 1, key, length) == 0 && name[length + 1] == '"')
      return act_json_skip_blanks (p);
    p = act_json_skip_value (p);
  }
  return NULL;
}

void
act_cut_list (const char *json, gsize length, const char *key,
    const guint *kept, guint n_kept, GString *out)
{
  const char *list = find_value (json, key), *p = list, *end;
  guint next = 0;

  if (list == NULL || *list != '[') {
    g_string_append_len (out, json, length);
    return;
  }
  g_string_append_len (out, json, list - json);
  for (guint i = 0; *p != ']'; i++, p = end) {
    end = act_json_skip_value (p + 1);
    if (next == n_kept || kept[next] != i)
      continue;
    g_string_append_c (out, next == 0 ? '[' : ',');
    g_string_append_len (out, p + 1, end - p - 1);
    next++;
  }
  if (next == 0)
    g_string_append_c (out, '[');
  g_string_append_len (out, p, json + length - p);
}
