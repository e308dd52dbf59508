/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/piececache.h"

#include <string.h>

#define SLOT_BITS 14
#define MAX_LENGTH 46
#define MAX_IDS 20

typedef struct {
  guint8 length; /* 0: empty */
  guint8 n_ids;
  char piece[MAX_LENGTH];
  gint32 ids[MAX_IDS];
} Slot;

G_STATIC_ASSERT (sizeof (Slot) == 128);

struct _ActPieceCache {
  Slot slots[1 << SLOT_BITS];
};

ActPieceCache *
act_piece_cache_new (void)
{
  return g_new0 (ActPieceCache, 1);
}

void
act_piece_cache_free (ActPieceCache *cache)
{
  g_free (cache);
}

static Slot *
slot_of (ActPieceCache *cache, const char *piece, gsize length)
{
  guint64 hash = length;

  for (; length >= 8; piece += 8, length -= 8) {
    guint64 word;

    memcpy (&word, piece, 8);
    hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  if (length > 0) {
    guint64 word = 0;

    memcpy (&word, piece, length);
    hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  hash *= G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  return &cache->slots[hash >> (64 - SLOT_BITS)];
}

gboolean
act_piece_cache_get (
    ActPieceCache *cache, const char *piece, gsize length, GArray *ids)
{
  Slot *slot;

  if (length == 0 || length > MAX_LENGTH)
    return FALSE;
  slot = slot_of (cache, piece, length);
  if (slot->length != length || memcmp (slot->piece, piece, length) != 0)
    return FALSE;
  g_array_append_vals (ids, slot->ids, slot->n_ids);
  return TRUE;
}

void
act_piece_cache_put (ActPieceCache *cache, const char *piece, gsize length,
    const gint32 *ids, gsize n_ids)
{
  Slot *slot;

  if (length == 0 || length > MAX_LENGTH || n_ids > MAX_IDS)
    return;
  slot = slot_of (cache, piece, length);
  slot->length = (guint8) length;
  slot->n_ids = (guint8) n_ids;
  memcpy (slot->piece, piece, length);
  memcpy (slot->ids, ids, n_ids * sizeof (*ids));
}
