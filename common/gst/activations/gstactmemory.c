/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactmemory-private.h"

#include <string.h>

#include "gst/activations/gstactslab-private.h"

/**
 * SECTION:gstactmemory
 * @short_description: plain memory for the blocks of a batch
 */

/* Smaller blocks are malloc's. A store keeps blocks: what malloc is asked for
 * anew it takes from the kernel page by page, as if they were large. */
#define MIN_SLAB_SIZE ((gsize) 8 << 10)

/* a memory checker should see each block by itself */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLABS 0
#else
#define SLABS 1
#endif

void
gst_act_memory_hold (void)
{
  gst_act_slab_hold ();
}

void
gst_act_memory_release (void)
{
  gst_act_slab_release ();
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
  if (SLABS && rounded >= MIN_SLAB_SIZE) {
    GstActSlab *slab;

    *data = gst_act_slab_alloc (rounded, &slab);
    memory = gst_memory_new_wrapped (0, *data, rounded, 0, rounded, slab,
        (GDestroyNotify) gst_act_slab_free);
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

static GQuark
common_quark (void)
{
  static gsize quark = 0;

  if (g_once_init_enter (&quark))
    g_once_init_leave (
        &quark, g_quark_from_static_string ("gst-act-memory-common"));
  return (GQuark) quark;
}

/**
 * gst_act_memory_set_common: (skip)
 * @memory: a memory that was filled
 *
 * Says that @memory is a block of many batches, so that whoever keeps those
 * does not hold it once for each.
 */
void
gst_act_memory_set_common (GstMemory *memory)
{
  gst_mini_object_set_qdata (
      GST_MINI_OBJECT_CAST (memory), common_quark (), memory, NULL);
}

/**
 * gst_act_memory_is_common: (skip)
 * @memory: a memory
 *
 * Returns: whether gst_act_memory_set_common() was called for @memory
 */
gboolean
gst_act_memory_is_common (GstMemory *memory)
{
  return gst_mini_object_get_qdata (
             GST_MINI_OBJECT_CAST (memory), common_quark ())
      != NULL;
}
