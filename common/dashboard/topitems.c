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

/* heap[0] is the lowest of n; each is at most those below it, 2 i + 1 and
 * 2 i + 2. Puts score where heap[i] was. */
static void
sift_down (double *heap, gsize n, gsize i, double score)
{
  while (2 * i + 1 < n) {
    gsize child = 2 * i + 1;

    if (child + 1 < n && heap[child + 1] < heap[child])
      child++;
    if (score <= heap[child])
      break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = score;
}

/* the n_top-th highest; 0 < n_top <= n */
static double
find_cut (const double *scores, gsize n, gsize n_top)
{
  g_autofree double *heap = g_memdup2 (scores, n_top * sizeof *scores);

  for (gsize i = n_top / 2; i-- > 0;)
    sift_down (heap, n_top, i, heap[i]);
  for (gsize i = n_top; i < n; i++)
    if (scores[i] > heap[0])
      sift_down (heap, n_top, 0, scores[i]);
  return heap[0];
}

gsize
act_top_scored (gpointer items, gsize n, gsize size, gsize n_top,
    const double *scores, int (*compare) (const void *, const void *))
{
  guint8 *kept = items;
  gsize n_kept = 0;
  double cut;

  if (n_top == 0 || n_top >= n)
    return act_top_items (items, n, size, n_top, compare);
  cut = find_cut (scores, n, n_top);
  for (gsize i = 0; i < n; i++) {
    if (scores[i] < cut)
      continue;
    if (n_kept != i)
      memcpy (kept + n_kept * size, kept + i * size, size);
    n_kept++;
  }
  return act_top_items (items, n_kept, size, n_top, compare);
}
