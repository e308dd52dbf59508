/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Remembers the ids of short pieces: most of a text is the same few thousand
 * words. A fixed number of slots, two cache lines each, a newer piece takes
 * the place of an older one: 2 MiB, whatever the text. */

typedef struct _ActPieceCache ActPieceCache;

ActPieceCache *act_piece_cache_new (void);
void act_piece_cache_free (ActPieceCache *cache);

/* Appends the piece's ids (gint32) to ids; FALSE if it is not there. */
gboolean act_piece_cache_get (
    ActPieceCache *cache, const char *piece, gsize length, GArray *ids);
/* does nothing for a piece that is too long for a slot */
void act_piece_cache_put (ActPieceCache *cache, const char *piece, gsize length,
    const gint32 *ids, gsize n_ids);
