/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactslab-private.h"

#include "largepages.h"

/* One large page: a piece that stays keeps no more than that of those beside
 * it, which go. With 8 MiB a store of 32 MiB took twice the memory. */
#define SLAB_SIZE ((gsize) 2 << 20)

struct _GstActSlab {
  guint8 *data;
  gsize size, used;
  guint n_pieces;
};

static GMutex lock;
static GstActSlab *current; /* what the next piece is cut from */

static GstActSlab *
slab_new (gsize size)
{
  GstActSlab *slab = g_new (GstActSlab, 1);

  slab->size = MAX (size, SLAB_SIZE);
  slab->used = 0;
  slab->n_pieces = 0;
  slab->data = act_large_pages_alloc (slab->size);
  return slab;
}

static void
slab_free (GstActSlab *slab)
{
  act_large_pages_free (slab->data);
  g_free (slab);
}

gpointer
gst_act_slab_alloc (gsize size, GstActSlab **slab)
{
  gpointer data;

  size = (size + 63) & ~(gsize) 63;
  g_mutex_lock (&lock);
  if (current == NULL || current->size - current->used < size) {
    /* pieces in use keep the one before; who frees the last frees it */
    if (current != NULL && current->n_pieces == 0)
      slab_free (current);
    current = slab_new (size);
  }
  *slab = current;
  data = current->data + current->used;
  current->used += size;
  current->n_pieces++;
  g_mutex_unlock (&lock);
  return data;
}

void
gst_act_slab_free (GstActSlab *slab)
{
  g_mutex_lock (&lock);
  if (--slab->n_pieces == 0) {
    if (slab == current)
      current = NULL;
    slab_free (slab);
  }
  g_mutex_unlock (&lock);
}
