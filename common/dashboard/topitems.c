/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/topitems.h"

#include <stdlib.h>
#include <string.h>

/* Up to twice as many are kept as are wanted; when there is no more room, the
 * worse half is thrown away, and after that what is behind the worst of the
 * better half is not kept at all. */
gsize
act_top_items (gpointer items, gsize n, gsize size, gsize n_top,
    int (*compare) (const void *, const void *))
{
  guint8 *kept = items;
  const guint8 *worst = NULL;
  gsize room = n_top <= n / 2 ? 2 * n_top : n, n_kept = 0;

  if (room == 0)
    return 0;
  for (gsize i = 0; i < n; i++) {
    const guint8 *item = kept + i * size;

    if (worst != NULL && compare (item, worst) > 0)
      continue;
    if (n_kept == room) {
      qsort (kept, n_kept, size, compare);
      n_kept = n_top;
      worst = kept + (n_top - 1) * size;
      if (compare (item, worst) > 0)
        continue;
    }
    if (n_kept != i)
      memcpy (kept + n_kept * size, item, size);
    n_kept++;
  }
  qsort (kept, n_kept, size, compare);
  return MIN (n_kept, n_top);
}
