/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Large pieces of memory, cut one after another from slabs that the kernel may
 * back with large pages: memory that a store keeps is new with each batch, and
 * is not then asked for 4 KiB at a time. A slab is free with its last piece, so
 * pieces should be freed about in the order in which they were taken. Any
 * thread. */
typedef struct _GstActSlab GstActSlab;

/* aligned to 64 bytes; *slab is what frees it */
gpointer gst_act_slab_alloc (gsize size, GstActSlab **slab);
void gst_act_slab_free (GstActSlab *slab);

/* As long as somebody holds, some slabs that became free stay for others. */
void gst_act_slab_hold (void);
void gst_act_slab_release (void);

G_END_DECLS
