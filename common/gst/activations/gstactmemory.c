/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactmemory-private.h"

#include <string.h>

#include "gst/activations/gstactslab-private.h"

/**
 * SECTION:gstactmemory
 * @short_description: plain memory for the blocks of a batch
 */

/* A batch's large blocks would be new memory each time, which the kernel clears
 * page by page when it is first written: that takes longer than filling them.
 * So those that were freed are kept for the next batch. */
#define MAX_SPARE 16
#define MAX_SPARE_SIZE ((gsize) 64 << 20)
/* Smaller ones are malloc's. A store keeps blocks: what malloc is asked for
 * anew it takes from the kernel page by page, as if they were large. */
#define MIN_SPARE_SIZE ((gsize) 8 << 10)

/* a memory checker should see each block by itself */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RECYCLE 0
#else
#define RECYCLE 1
#endif

typedef struct {
  gpointer data;
  gsize size;
  GstActSlab *slab;
} Block;

static GMutex lock;
static Block *spare[MAX_SPARE]; /* the longest unused first */
static guint n_spare;
static gsize spare_size;
static guint n_holders;

/* With some room, an eighth at most, so that it fits the next batch too. What
 * is never written takes up no memory. */
static Block *
block_new (gsize size)
{
  Block *block = g_new (Block, 1);
  gsize step = (gsize) 1 << (g_bit_storage (size) - 4);

  block->size = size;
  if (size < G_MAXSIZE - step)
    block->size = (size + step - 1) / step * step;
  block->data = gst_act_slab_alloc (block->size, &block->slab);
  return block;
}

static void
block_free (Block *block)
{
  gst_act_slab_free (block->slab);
  g_free (block);
}

/* with the lock */
static Block *
take_spare (guint index)
{
  Block *block = spare[index];

  n_spare--;
  memmove (
      &spare[index], &spare[index + 1], (n_spare - index) * sizeof spare[0]);
  spare_size -= block->size;
  return block;
}

/* Puts a block that became free with the others, in the place of the longest
 * unused where there are too many. */
static void
give_back (gpointer data)
{
  Block *block = data;

  g_mutex_lock (&lock);
  if (n_holders == 0 || block->size > MAX_SPARE_SIZE) {
    g_mutex_unlock (&lock);
    block_free (block);
    return;
  }
  while (n_spare == MAX_SPARE || spare_size > MAX_SPARE_SIZE - block->size)
    block_free (take_spare (0));
  spare[n_spare++] = block;
  spare_size += block->size;
  g_mutex_unlock (&lock);
}

/* A spare block of about the size, the last used first; NULL: there is none.
 * The batches of a run are nearly alike, so a quarter of waste is enough. */
static Block *
find_spare (gsize size)
{
  Block *block = NULL;

  g_mutex_lock (&lock);
  for (guint i = n_spare; i-- > 0 && block == NULL;) {
    if (spare[i]->size >= size && spare[i]->size - size <= size / 4)
      block = take_spare (i);
  }
  g_mutex_unlock (&lock);
  return block;
}

void
gst_act_memory_hold (void)
{
  g_mutex_lock (&lock);
  n_holders++;
  g_mutex_unlock (&lock);
}

void
gst_act_memory_release (void)
{
  g_mutex_lock (&lock);
  n_holders--;
  while (n_holders == 0 && n_spare > 0)
    block_free (take_spare (n_spare - 1));
  g_mutex_unlock (&lock);
}

static GQuark
own_quark (void)
{
  static gsize quark = 0;

  if (g_once_init_enter (&quark))
    g_once_init_leave (
        &quark, g_quark_from_static_string ("gst-act-memory-own"));
  return (GQuark) quark;
}

/**
 * gst_act_memory_new: (skip)
 * @size: bytes that will be used
 * @data: (out): where to write them, aligned to 64 bytes
 *
 * Allocates plain memory for a block. It is never empty, since GStreamer
 * drops empty memories when it copies a buffer. Fill it before it is added to
 * a buffer.
 *
 * Returns: (transfer full): the memory
 */
GstMemory *
gst_act_memory_new (gsize size, gpointer *data)
{
  gsize rounded;
  GstMemory *memory;

  /* whole cache lines, at least one */
  if (!g_size_checked_add (&rounded, MAX (size, 1), 63))
    g_error ("gst_act_memory_new: size %" G_GSIZE_FORMAT, size);
  rounded &= ~(gsize) 63;
  if (RECYCLE && rounded >= MIN_SPARE_SIZE) {
    Block *block = find_spare (rounded);

    if (block == NULL)
      block = block_new (rounded);
    *data = block->data;
    memory = gst_memory_new_wrapped (
        0, *data, rounded, 0, rounded, block, give_back);
  } else {
    *data = g_aligned_alloc (rounded, 1, 64);
    memory = gst_memory_new_wrapped (
        0, *data, rounded, 0, rounded, *data, g_aligned_free);
  }
  gst_mini_object_set_qdata (
      GST_MINI_OBJECT_CAST (memory), own_quark (), memory, NULL);
  return memory;
}

/**
 * gst_act_memory_copy: (skip)
 * @data: (nullable): what to copy
 * @size: bytes of it; may be 0
 *
 * As gst_act_memory_new(), filled with a copy of @data.
 *
 * Returns: (transfer full): the memory
 */
GstMemory *
gst_act_memory_copy (gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);

  if (size > 0)
    memcpy (to, data, size);
  return memory;
}

/**
 * gst_act_memory_is_exclusive: (skip)
 * @memory: a memory
 *
 * Whether @memory was made by gst_act_memory_new() and has a single owner, so
 * that this owner may write to what others once read. An element that has the
 * only reference to a buffer has to ask this about its memories, since other
 * buffers (behind `tee`), parts of a memory and whoever looks at one have
 * references of their own.
 *
 * Returns: %TRUE if nobody else can see @memory
 */
gboolean
gst_act_memory_is_exclusive (GstMemory *memory)
{
  return GST_MINI_OBJECT_REFCOUNT_VALUE (memory) == 1 && memory->parent == NULL
      && !GST_MEMORY_IS_READONLY (memory)
      && gst_mini_object_get_qdata (GST_MINI_OBJECT_CAST (memory), own_quark ())
      == memory;
}
