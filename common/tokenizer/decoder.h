/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* Ids to text, as the "decoder" of a tokenizer.json says, byte for byte: a
 * token that is a part of a character gives its bytes, and the place of each
 * token in the text is known. Where all of it is UTF-8, it is what Hugging
 * Face's tokenizers decodes (special tokens too). A file without a decoder
 * gives its token strings with a blank between. */

typedef struct _ActDecoder ActDecoder;

/* root comes from act_json_parse_with_nul () */
ActDecoder *act_decoder_new_from_json (
    JsonNode *root, const char *name, GError **error);
ActDecoder *act_decoder_new_from_file (const char *filename, GError **error);
void act_decoder_free (ActDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDecoder, act_decoder_free)

/* Appends the text, and for each id where it ends there (gsize); it begins
 * where the one before it ends. ends may be NULL. An id that has no token is
 * an error. */
gboolean act_decoder_decode (ActDecoder *decoder, const gint32 *ids,
    gsize n_ids, GString *text, GArray *ends, GError **error);
