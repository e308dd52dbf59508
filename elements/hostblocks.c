/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/hostblocks.h"

#include <gst/activations/activations.h>

static gboolean
is_plain (GstMemory *memory)
{
  return gst_memory_is_type (memory, GST_ALLOCATOR_SYSMEM);
}

static gboolean
all_plain (GstBuffer *buffer)
{
  for (guint i = 0; i < gst_buffer_n_memory (buffer); i++)
    if (!is_plain (gst_buffer_peek_memory (buffer, i)))
      return FALSE;
  return TRUE;
}

static gboolean
bring (GstBuffer *buffer, GstActBlock block, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  GstMemory *memory =
      gst_buffer_peek_memory (buffer, (guint) meta->block[block]);
  GstMapInfo map;
  GstMemory *copy;

  if (is_plain (memory))
    return TRUE;
  if (!gst_memory_map (memory, &map, GST_MAP_READ)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "batch %" G_GUINT64_FORMAT " could not be read from the memory of "
        "type '%s' that it is in",
        meta->batch_index, memory->allocator->mem_type);
    return FALSE;
  }
  copy = gst_act_memory_copy (map.data, map.size);
  gst_memory_unmap (memory, &map);
  return gst_act_buffer_set_block (buffer, block, copy, error);
}

GstBuffer *
act_host_blocks (GstBuffer *buffer, guint dropped, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  GstBuffer *out;

  /* what is missing is said by whoever maps it */
  if (meta == NULL || (dropped == 0 && all_plain (buffer)))
    return gst_buffer_ref (buffer);
  out = gst_act_buffer_copy_without (buffer, dropped);
  meta = gst_act_batch_meta_get (out);
  for (guint i = 0; i < GST_ACT_N_BLOCKS; i++) {
    if (meta->block[i] >= 0 && !bring (out, i, error)) {
      gst_buffer_unref (out);
      return NULL;
    }
  }
  return out;
}
