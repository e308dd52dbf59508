/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/arena.h"

#include "largepages.h"

#define CHUNK_SIZE ((gsize) 16 << 20)

typedef struct {
  guint8 *data;
  gsize size;
  gsize used;
} Chunk;

static void
chunk_clear (gpointer data)
{
  act_large_pages_free (((Chunk *) data)->data);
}

void
act_arena_init (ActArena *arena)
{
  *arena = (ActArena){ .chunks = g_array_new (FALSE, FALSE, sizeof (Chunk)) };
  g_array_set_clear_func (arena->chunks, chunk_clear);
}

void
act_arena_clear (ActArena *arena)
{
  g_clear_pointer (&arena->chunks, g_array_unref);
}

static Chunk *
new_chunk (ActArena *arena, gsize size)
{
  Chunk chunk = { .size = MAX (size, CHUNK_SIZE) };

  chunk.data = act_large_pages_alloc (chunk.size);
  g_array_append_val (arena->chunks, chunk);
  return &g_array_index (arena->chunks, Chunk, arena->chunks->len - 1);
}

/* the first from the one in use on that has room */
static Chunk *
find_chunk (ActArena *arena, gsize size)
{
  for (; arena->chunk < arena->chunks->len; arena->chunk++) {
    Chunk *chunk = &g_array_index (arena->chunks, Chunk, arena->chunk);

    if (chunk->size - chunk->used >= size)
      return chunk;
  }
  return new_chunk (arena, size);
}

gpointer
act_arena_take (ActArena *arena, gsize size)
{
  Chunk *chunk;
  gpointer data;

  size = (size + 7) & ~(gsize) 7;
  chunk = find_chunk (arena, size);
  data = chunk->data + chunk->used;
  chunk->used += size;
  arena->used += size;
  return data;
}

void
act_arena_reuse (ActArena *arena)
{
  for (guint i = 0; i < arena->chunks->len; i++)
    g_array_index (arena->chunks, Chunk, i).used = 0;
  arena->chunk = 0;
  arena->used = 0;
}
