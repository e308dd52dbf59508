/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "largepages.h"

#include <sys/mman.h>
#include <time.h>

#define ALIGNMENT ((gsize) 2 << 20)
/* Clearing 2 MiB takes 0.1 to 0.2 ms, as small pages 0.3 to 0.4 ms. By the
 * thread's own time: on a busy machine another may run in between. */
#define SLOW_US 500
/* One slow page says little, several in a row that the kernel has none left:
 * each doubles the pause. */
#define FIRST_PAUSE 2
#define MAX_PAUSE 64

#ifdef MADV_HUGEPAGE
static int pause_left; /* calls that do not try */
static int next_pause = FIRST_PAUSE;

static gint64
thread_time_us (void)
{
  struct timespec t = { 0 };

  (void) clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (gint64) t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;
}

static void
try_large_page (guint8 *data, gsize size)
{
  gint64 start;
  int pause;

  if (g_atomic_int_get (&pause_left) > 0) {
    g_atomic_int_add (&pause_left, -1);
    return;
  }
  if (madvise (data, size, MADV_HUGEPAGE) != 0)
    return; /* a kernel without */
  start = thread_time_us ();
  *(volatile guint8 *) data = 0;
  if (thread_time_us () - start < SLOW_US) {
    g_atomic_int_set (&next_pause, FIRST_PAUSE);
    return;
  }
  (void) madvise (data, size, MADV_NOHUGEPAGE);
  pause = g_atomic_int_get (&next_pause);
  g_atomic_int_set (&pause_left, pause);
  g_atomic_int_set (&next_pause, MIN (2 * pause, MAX_PAUSE));
}
#endif

gpointer
act_large_pages_alloc (gsize size)
{
  gpointer data = g_aligned_alloc (size, 1, ALIGNMENT);

#ifdef MADV_HUGEPAGE
  if (size >= ALIGNMENT)
    try_large_page (data, size);
#endif
  return data;
}

void
act_large_pages_free (gpointer data)
{
  g_aligned_free (data);
}
