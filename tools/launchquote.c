/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launchquote.h"

#include <string.h>

static char *
quote (const char *value)
{
  GString *out = g_string_new ("\"");

  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (out, '\\');
    g_string_append_c (out, *p);
  }
  return g_string_free (g_string_append_c (out, '"'), FALSE);
}

/* the form in which GStreamer writes strings into structures: quoted, every
 * character but a few as a backslash and three octal digits */
static char *
wrap (const char *value)
{
  GString *out = g_string_new ("\"");

  for (const char *p = value; *p != '\0'; p++) {
    if (g_ascii_isalnum (*p) || strchr ("_-+/:.", *p) != NULL)
      g_string_append_c (out, *p);
    else if (*p == ' ' || *p > '~' || *p < ' ' || *p == '\\')
      g_string_append_printf (out, "\\%03o", (guchar) *p);
    else
      g_string_append_printf (out, "\\%c", *p);
  }
  return g_string_free (g_string_append_c (out, '"'), FALSE);
}

static gboolean
is_plain (const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_-+./", *p) == NULL)
      return FALSE;
  return *value != '\0';
}

/* Double quotes with a backslash before quotes and backslashes do for almost
 * everything. Three things they cannot carry: the parser takes a quote after a
 * backslash at the end for one inside the value; what begins with a quote is
 * unwrapped once more when the property is set; and NULL is no string. These
 * survive in the wrapped form, itself quoted. */
char *
act_launch_quote (const char *value)
{
  gboolean is_null = g_str_equal (value, "NULL");

  if (is_plain (value) && !is_null)
    return g_strdup (value);
  if (is_null || value[0] == '"' || g_str_has_suffix (value, "\\")) {
    g_autofree char *wrapped = wrap (value);

    return quote (wrapped);
  }
  return quote (value);
}
