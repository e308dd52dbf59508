/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/prioritysample.h"

#include <stdlib.h>

guint64
act_priority_key (guint64 seed, guint64 sample)
{
  guint64 z = sample + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) * (seed + 1);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void
act_priority_sample_init (ActPrioritySample *sample, guint size)
{
  *sample = (ActPrioritySample){ .size = size };
}

void
act_priority_sample_clear (ActPrioritySample *sample)
{
  g_clear_pointer (&sample->heap, g_free);
}

static void
sift_up (ActPriority *heap, guint i, ActPriority item)
{
  for (; i > 0 && heap[(i - 1) / 2].key < item.key; i = (i - 1) / 2)
    heap[i] = heap[(i - 1) / 2];
  heap[i] = item;
}

static void
sift_down (ActPriority *heap, guint n, ActPriority item)
{
  guint i = 0;

  for (;;) {
    guint child = 2 * i + 1;

    if (child >= n)
      break;
    if (child + 1 < n && heap[child + 1].key > heap[child].key)
      child++;
    if (heap[child].key <= item.key)
      break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = item;
}

/* the heap grows with what comes, not with what may be asked for */
static void
make_room (ActPrioritySample *sample)
{
  if (sample->n < sample->room)
    return;
  sample->room = MAX (2 * sample->room, 16);
  sample->heap = g_renew (ActPriority, sample->heap, sample->room);
}

void
act_priority_sample_add (ActPrioritySample *sample, guint64 key, gsize row)
{
  ActPriority item = { key, row };

  if (sample->n < sample->size) {
    make_room (sample);
    sift_up (sample->heap, sample->n++, item);
  } else if (sample->n > 0 && key < sample->heap[0].key) {
    sift_down (sample->heap, sample->n, item);
  }
}

static int
compare_priorities (const void *a, const void *b)
{
  const ActPriority *x = a, *y = b;

  return x->key < y->key ? -1 : x->key > y->key;
}

void
act_priority_sample_sort (ActPrioritySample *sample)
{
  if (sample->n > 1)
    qsort (sample->heap, sample->n, sizeof *sample->heap, compare_priorities);
}

void
act_priority_sample_reset (ActPrioritySample *sample)
{
  sample->n = 0;
}
