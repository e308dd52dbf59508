/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Memory for what is kept for a while and then let go all at once. It comes in
 * large pieces, so that the kernel may use large pages, and is used again. */
typedef struct {
  gsize used; /* bytes that were taken */

  /*< private >*/
  GArray *chunks;
  guint chunk; /* in use */
} ActArena;

void act_arena_init (ActArena *arena);
void act_arena_clear (ActArena *arena);

/* aligned to 8 bytes; stays where it is until _reuse or _clear */
gpointer act_arena_take (ActArena *arena, gsize size);
void act_arena_reuse (ActArena *arena);
