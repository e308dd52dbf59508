/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "tokenizer/stage.h"

/* What a piece begins as, before the first merge: an id for each of its bytes,
 * or for each character. A character that has no token is its bytes
 * (byte_fallback), or the token for what is unknown. Where there is neither,
 * that is an error. */

typedef struct _ActBpeSymbols ActBpeSymbols;

/* bytes: pieces are bytes */
ActBpeSymbols *act_bpe_symbols_new (JsonObject *config, JsonObject *vocab,
    gboolean bytes, const ActStageContext *context, GError **error);
void act_bpe_symbols_free (ActBpeSymbols *symbols);

/* ids has room for length */
gboolean act_bpe_symbols_begin (ActBpeSymbols *symbols, const char *piece,
    gsize length, guint32 *ids, gsize *n_ids, GError **error);
/* the token that is just this piece, of characters; -1 if there is none */
gint32 act_bpe_symbols_find_word (
    const ActBpeSymbols *symbols, const char *piece, gsize length);
