/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

GST_ACT_API
GstMemory *gst_act_memory_new (gsize size, gpointer *data);

GST_ACT_API
GstMemory *gst_act_memory_copy (gconstpointer data, gsize size);

GST_ACT_API
gboolean gst_act_memory_is_exclusive (GstMemory *memory);

GST_ACT_API
void gst_act_memory_set_common (GstMemory *memory);

GST_ACT_API
gboolean gst_act_memory_is_common (GstMemory *memory);

G_END_DECLS
