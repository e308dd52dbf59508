/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactblocks.h"

#include <gst/activations/gstacterror.h>

#include <string.h>

void
gst_act_blocks_init (gint8 *table, guint n_blocks)
{
  memset (table, -1, n_blocks);
}

gboolean
gst_act_blocks_set (GstBuffer *buffer, gint8 *table, guint block,
    GstMemory *memory, GError **error)
{
  guint n = gst_buffer_n_memory (buffer);

  if (table[block] >= 0 && (guint) table[block] < n) {
    gst_buffer_replace_memory (buffer, table[block], memory);
    return TRUE;
  }
  /* one more than this and GStreamer would merge them all by copying */
  if (n >= gst_buffer_get_max_memory ()) {
    gst_memory_unref (memory);
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "a buffer cannot hold more than %u blocks", n);
    return FALSE;
  }
  gst_buffer_append_memory (buffer, memory);
  table[block] = n;
  return TRUE;
}

gconstpointer
gst_act_blocks_map (GstBuffer *buffer, gint index, const gchar *name, gsize n,
    gsize element_size, GstMemory **memory, GstMapInfo *map, GError **error)
{
  gsize size;

  if (index < 0 || (guint) index >= gst_buffer_n_memory (buffer)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the buffer has no block '%s'", name);
    return NULL;
  }
  if (!g_size_checked_mul (&size, n, element_size)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "block '%s': %" G_GSIZE_FORMAT " elements are too many", name, n);
    return NULL;
  }
  *memory = gst_memory_ref (gst_buffer_peek_memory (buffer, index));
  if (!gst_memory_map (*memory, map, GST_MAP_READ)) {
    gst_clear_mini_object ((GstMiniObject **) memory);
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "block '%s' could not be mapped for reading", name);
    return NULL;
  }
  /* a part of a larger memory may begin anywhere */
  if ((gsize) map->data % element_size != 0) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "block '%s' is not aligned to its elements of %" G_GSIZE_FORMAT
        " bytes",
        name, element_size);
    return NULL;
  }
  if (map->size < size) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "block '%s' has %" G_GSIZE_FORMAT " bytes, expected at least "
        "%" G_GSIZE_FORMAT,
        name, map->size, size);
    return NULL;
  }
  return map->data;
}

void
gst_act_blocks_unmap (GstMemory **memories, GstMapInfo *maps, guint n_blocks)
{
  for (guint i = 0; i < n_blocks; i++) {
    if (memories[i] == NULL)
      continue;
    gst_memory_unmap (memories[i], &maps[i]);
    gst_memory_unref (memories[i]);
    memories[i] = NULL;
  }
}

gboolean
gst_act_blocks_survive (
    GstBuffer *dest, GstBuffer *src, GQuark type, gpointer data)
{
  const GstMetaTransformCopy *copy = data;

  return GST_META_TRANSFORM_IS_COPY (type) && !copy->region
      && gst_buffer_n_memory (dest) == gst_buffer_n_memory (src);
}
