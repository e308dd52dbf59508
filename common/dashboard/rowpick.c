/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/rowpick.h"

#include <stdlib.h>

static int
compare_rows (const void *a, const void *b)
{
  gsize x = *(const gsize *) a, y = *(const gsize *) b;

  return x < y ? -1 : x > y;
}

void
act_pick_rows (GArray *picked, const gsize *const *lists, const gsize *n_listed,
    guint n_lists)
{
  gsize *rows, n = 0;

  g_array_set_size (picked, 0);
  for (guint i = 0; i < n_lists; i++)
    g_array_append_vals (picked, lists[i], n_listed[i]);
  rows = (gsize *) picked->data;
  if (picked->len > 1)
    qsort (rows, picked->len, sizeof *rows, compare_rows);
  for (gsize i = 0; i < picked->len; i++)
    if (n == 0 || rows[i] != rows[n - 1])
      rows[n++] = rows[i];
  g_array_set_size (picked, n);
}

gsize
act_picked_place (const GArray *picked, gsize row)
{
  const gsize *found =
      bsearch (&row, picked->data, picked->len, sizeof (gsize), compare_rows);

  return found - (const gsize *) picked->data;
}
