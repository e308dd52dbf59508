/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

/* Steps through JSON that is our own: nothing is checked. */

/* behind the string that begins at p */
static inline const char *
act_json_skip_string (const char *p)
{
  for (p++; *p != '"'; p++)
    if (*p == '\\')
      p++;
  return p + 1;
}

/* the ',', ']' or '}' that ends the value at p */
static inline const char *
act_json_skip_value (const char *p)
{
  for (int depth = 0;;) {
    if (*p == '"') {
      p = act_json_skip_string (p);
      continue;
    }
    if (depth == 0 && (*p == ',' || *p == ']' || *p == '}'))
      return p;
    if (*p == '[' || *p == '{')
      depth++;
    else if (*p == ']' || *p == '}')
      depth--;
    p++;
  }
}

static inline const char *
act_json_skip_blanks (const char *p)
{
  return p + strspn (p, " ");
}
