/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* What the two metas (batch and record) share: a table that says which memory
 * of a buffer is which block, -1 where there is none. Not installed. */

void gst_act_blocks_init (gint8 *table, guint n_blocks);

/* Appends memory (transfer full) as a block, or replaces the block's memory. */
gboolean gst_act_blocks_set (GstBuffer *buffer, gint8 *table, guint block,
    GstMemory *memory, GError **error);

/* Maps one block for reading and checks that it holds n elements of size.
 * name is for messages. NULL on error. */
gconstpointer gst_act_blocks_map (GstBuffer *buffer, gint index,
    const gchar *name, gsize n, gsize element_size, GstMemory **memory,
    GstMapInfo *map, GError **error);

void gst_act_blocks_unmap (
    GstMemory **memories, GstMapInfo *maps, guint n_blocks);

/* Whether a meta's table may go along with a transformed buffer: only whole
 * copies that kept the memories one by one. */
gboolean gst_act_blocks_survive (
    GstBuffer *dest, GstBuffer *src, GQuark type, gpointer data);
