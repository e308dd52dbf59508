/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/names.h"

#include <string.h>

gint
act_names_compare (gconstpointer a, gconstpointer b)
{
  const char *x = *(char **) a, *y = *(char **) b;

  while (*x != '\0' && *y != '\0') {
    gsize n = 0, m = 0;
    gint order;

    if (!g_ascii_isdigit (*x) || !g_ascii_isdigit (*y)) {
      if (*x != *y)
        break;
      x++, y++;
      continue;
    }
    x += strspn (x, "0");
    y += strspn (y, "0");
    while (g_ascii_isdigit (x[n]))
      n++;
    while (g_ascii_isdigit (y[m]))
      m++;
    order = n != m ? (n < m ? -1 : 1) : strncmp (x, y, n);
    if (order != 0)
      return order;
    x += n;
    y += m;
  }
  if (*x != *y)
    return (guchar) *x < (guchar) *y ? -1 : 1;
  return strcmp (*(char **) a, *(char **) b);
}
