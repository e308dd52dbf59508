/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Text to token ids, as Hugging Face's tokenizer.json says: added tokens are
 * cut out, then normalizer, pre-tokenizer and model (stage.h). A file that
 * asks for something else than what is there is refused with an error that
 * names it; so is one whose ids disagree. Truncation, padding and decoder of
 * the file play no part here. One thread at a time. */

typedef struct _ActTokenizer ActTokenizer;

ActTokenizer *act_tokenizer_new_from_file (
    const char *filename, GError **error);
void act_tokenizer_free (ActTokenizer *tokenizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenizer, act_tokenizer_free)

/* largest id, those of added tokens too, + 1 */
guint32 act_tokenizer_get_size (const ActTokenizer *tokenizer);
/* SHA-256 of the file, in hexadecimal digits */
const char *act_tokenizer_get_fingerprint (const ActTokenizer *tokenizer);
/* id of a token by its raw string, added tokens first; -1 if there is none */
gint32 act_tokenizer_find_token (
    const ActTokenizer *tokenizer, const char *content);
/* the same for special added tokens alone */
gint32 act_tokenizer_find_special (
    const ActTokenizer *tokenizer, const char *content);

/* Appends the ids (gint32) of a text, length in bytes; it may hold U+0000.
 * What is not UTF-8 is an error that names the byte. On failure ids may hold
 * some of the text's. */
gboolean act_tokenizer_encode (ActTokenizer *tokenizer, const char *text,
    gsize length, GArray *ids, GError **error);

/* the same with the tokens before and after that the file's post_processor
 * puts round a text, if it does */
gboolean act_tokenizer_encode_with_special (ActTokenizer *tokenizer,
    const char *text, gsize length, GArray *ids, GError **error);
/* whether there are any */
gboolean act_tokenizer_adds_special (const ActTokenizer *tokenizer);
