/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locations.h"

char *
act_locations_join (const GPtrArray *paths)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < paths->len; i++) {
    g_auto (GStrv) parts = g_strsplit (g_ptr_array_index (paths, i), ",", -1);
    g_autofree char *escaped = g_strjoinv ("\\,", parts);

    g_string_append_printf (joined, "%s%s", i > 0 ? "," : "", escaped);
  }
  return g_string_free (joined, FALSE);
}
