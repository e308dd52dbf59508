/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "showsort.h"

#include "toolerror.h"

const ActShowSort *
act_show_find_sort (const ActShowSort *sorts, guint n_sorts, const char *key,
    const char *of, GError **error)
{
  g_autoptr (GString) keys = g_string_new (NULL);

  for (guint i = 0; i < n_sorts; i++) {
    if (key == NULL || g_str_equal (sorts[i].key, key))
      return &sorts[i];
    g_string_append_printf (keys, "%s%s",
        i == 0                ? ""
            : i + 1 < n_sorts ? ", "
                              : " or ",
        sorts[i].key);
  }
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
      "--sort is '%s', %sexpected %s", key, of, keys->str);
  return NULL;
}
