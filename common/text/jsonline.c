/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text/jsonline.h"

#include <string.h>

#include "acterror.h"
#include "formats/jsonscan.h"

typedef struct {
  const char *field;
  GString *value;
  gboolean found;
} Wanted;

static gboolean
on_member (ActJsonScan *scan, const GString *key, gpointer data)
{
  Wanted *wanted = data;
  const char *p = scan->p;

  if (key->len != strlen (wanted->field)
      || memcmp (key->str, wanted->field, key->len) != 0)
    return act_json_scan_skip (scan);
  while (p < scan->end && g_ascii_isspace (*p))
    p++;
  if (p == scan->end || *p != '"') {
    g_set_error (scan->error, ACT_ERROR, ACT_ERROR_FORMAT,
        "field '%s' is no string", wanted->field);
    return FALSE;
  }
  wanted->found = TRUE;
  return act_json_scan_string (scan, wanted->value);
}

gboolean
act_json_line_get_string (const char *line, gsize length, const char *field,
    gboolean replace, GString *value, GError **error)
{
  g_auto (ActJsonScan) scan = { NULL };
  Wanted wanted = { field, value, FALSE };
  gsize i = 0;

  while (i < length && g_ascii_isspace (line[i]))
    i++;
  if (i == length || line[i] != '{') {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "no JSON object, expected one with a field '%s'", field);
    return FALSE;
  }
  act_json_scan_init (&scan, line, length, replace, error);
  if (!act_json_scan_members (&scan, on_member, &wanted)
      || !act_json_scan_end (&scan))
    return FALSE;
  if (!wanted.found)
    g_set_error (
        error, ACT_ERROR, ACT_ERROR_FORMAT, "field '%s' is missing", field);
  return wanted.found;
}
