/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Memory that will be filled from its beginning, aligned so that the kernel can
 * give it large pages: a page fault for each 2 MiB, not for each 4 KiB. Where
 * free memory is in pieces the kernel puts large pages together first, which
 * takes longer than small ones do. So one is tried, and if it is slow neither
 * this memory nor that of the next calls asks for them. */
gpointer act_large_pages_alloc (gsize size);
void act_large_pages_free (gpointer data);
