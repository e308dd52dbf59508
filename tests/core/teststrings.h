/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

#include <string.h>

static inline ActStrings *
strings_of (const char *const *list, guint n)
{
  ActStrings *strings = act_strings_new (n);

  for (guint i = 0; i < n; i++)
    if (list[i] != NULL)
      g_assert_true (
          act_strings_set (strings, i, list[i], strlen (list[i]), NULL));
  return strings;
}
