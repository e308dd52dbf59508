/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactslab-private.h"

#include <string.h>

#include "largepages.h"

/* One large page. A piece that stays keeps all of its slab, however many of
 * those beside it have gone. So each thread has slabs of its own, for what one
 * makes mostly stays, or goes, together; and small pieces have others than
 * large ones: the tokens that a source makes stay, and the activations beside
 * them are replaced by the filter. A store of 32 MiB took 60 MiB and more
 * without. */
#define SLAB_SIZE ((gsize) 2 << 20)
#define SMALL ((gsize) 128 << 10)

/* New memory the kernel clears page by page when it is first written, which
 * takes longer than filling it. So slabs that became free are kept for the next
 * batch: whole ones, for a single piece that is kept, and then given to
 * something that stays longer than those beside it, keeps all of its slab. */
#define MAX_SPARE 16
#define MAX_SPARE_SIZE ((gsize) 64 << 20)
/* of one large page each */
#define MAX_SPARE_COMMON 4

struct _GstActSlab {
  guint8 *data;
  gsize size, used;
  guint n_pieces;
  gboolean open; /* a thread cuts its pieces from it */
};

/* what a thread cuts its next large piece from, and its next small one */
typedef struct {
  GstActSlab *slabs[2];
} Current;

static void current_free (gpointer data);

static GMutex lock;
static GPrivate current_of_thread = G_PRIVATE_INIT (current_free);
static GstActSlab *spare[MAX_SPARE]; /* the longest unused first */
static guint n_spare;
static guint n_spare_common;
static gsize spare_size;
static guint n_holders;

static gboolean
is_common (const GstActSlab *slab)
{
  return slab->size == SLAB_SIZE;
}

static void
slab_free (GstActSlab *slab)
{
  act_large_pages_free (slab->data);
  g_free (slab);
}

static GstActSlab *
take_spare (guint index)
{
  GstActSlab *slab = spare[index];

  n_spare--;
  memmove (
      &spare[index], &spare[index + 1], (n_spare - index) * sizeof spare[0]);
  n_spare_common -= is_common (slab);
  spare_size -= slab->size;
  return slab;
}

/* A slab without pieces; in the place of the longest unused where there are too
 * many. */
static void
give_back (GstActSlab *slab)
{
  if (n_holders == 0 || slab->size > MAX_SPARE_SIZE
      || (is_common (slab) && n_spare_common == MAX_SPARE_COMMON)) {
    slab_free (slab);
    return;
  }
  while (n_spare == MAX_SPARE || spare_size > MAX_SPARE_SIZE - slab->size)
    slab_free (take_spare (0));
  slab->used = 0;
  spare[n_spare++] = slab;
  n_spare_common += is_common (slab);
  spare_size += slab->size;
}

/* A spare slab of about the size, the last used first; NULL: there is none.
 * The batches of a run are nearly alike, so a quarter of waste is enough. */
static GstActSlab *
find_spare (gsize size)
{
  for (guint i = n_spare; i-- > 0;)
    if (spare[i]->size >= size && spare[i]->size - size <= size / 4)
      return take_spare (i);
  return NULL;
}

static GstActSlab *
slab_new (gsize size)
{
  GstActSlab *slab = find_spare (size);

  if (slab != NULL)
    return slab;
  slab = g_new0 (GstActSlab, 1);
  slab->size = size;
  slab->data = act_large_pages_alloc (size);
  return slab;
}

/* One for a single piece, with some room, an eighth at most, so that it fits
 * the next batch too. What is never written takes up no memory. */
static GstActSlab *
large_slab_new (gsize size)
{
  gsize step = (gsize) 1 << (g_bit_storage (size) - 4);

  if (size < G_MAXSIZE - step)
    size = (size + step - 1) / step * step;
  return slab_new (size);
}

/* Pieces in use keep it; who frees the last gives it back. */
static void
close_slab (GstActSlab *slab)
{
  if (slab == NULL)
    return;
  slab->open = FALSE;
  if (slab->n_pieces == 0)
    give_back (slab);
}

/* of a thread that ends */
static void
current_free (gpointer data)
{
  Current *current = data;

  g_mutex_lock (&lock);
  close_slab (current->slabs[0]);
  close_slab (current->slabs[1]);
  g_mutex_unlock (&lock);
  g_free (current);
}

static Current *
get_current (void)
{
  Current *current = g_private_get (&current_of_thread);

  if (current == NULL) {
    current = g_new0 (Current, 1);
    g_private_set (&current_of_thread, current);
  }
  return current;
}

/* the thread's slab, with room for the piece */
static GstActSlab *
get_open_slab (GstActSlab **slab, gsize size)
{
  if (*slab != NULL && (*slab)->n_pieces == 0)
    (*slab)->used = 0;
  if (*slab != NULL && (*slab)->size - (*slab)->used >= size)
    return *slab;
  close_slab (*slab);
  *slab = slab_new (SLAB_SIZE);
  (*slab)->open = TRUE;
  return *slab;
}

gpointer
gst_act_slab_alloc (gsize size, GstActSlab **slab)
{
  Current *current = get_current ();
  gpointer data;

  size = (size + 63) & ~(gsize) 63;
  g_mutex_lock (&lock);
  *slab = size > SLAB_SIZE
      ? large_slab_new (size)
      : get_open_slab (&current->slabs[size < SMALL], size);
  data = (*slab)->data + (*slab)->used;
  (*slab)->used += size;
  (*slab)->n_pieces++;
  g_mutex_unlock (&lock);
  return data;
}

void
gst_act_slab_free (GstActSlab *slab)
{
  g_mutex_lock (&lock);
  if (--slab->n_pieces == 0 && !slab->open)
    give_back (slab);
  g_mutex_unlock (&lock);
}

void
gst_act_slab_hold (void)
{
  g_mutex_lock (&lock);
  n_holders++;
  g_mutex_unlock (&lock);
}

void
gst_act_slab_release (void)
{
  g_mutex_lock (&lock);
  n_holders--;
  while (n_holders == 0 && n_spare > 0)
    slab_free (take_spare (n_spare - 1));
  g_mutex_unlock (&lock);
}
