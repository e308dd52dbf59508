/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* The token strings of a file, by id. Three forms are read:
 *   tokenizer.json of Hugging Face's tokenizers: model.vocab, an object
 *     {token: id} or, for Unigram, a list of [token, score]; and added_tokens
 *   vocab.json as an object {token: id}
 *   vocab.json as a list of tokens, the id is the place
 * Ids may have gaps; memory goes with the number of strings, not with the
 * largest id. */

/* ids are below this: they travel as int32, and so does their number */
#define ACT_VOCAB_MAX_ID (G_MAXINT32 - 1)

/* of a file that is read: ten times what a quarter of a million tokens and
 * their merges need */
#define ACT_VOCAB_MAX_FILE_SIZE ((gsize) 256 << 20)

typedef struct {
  guint32 id;
  gsize offset; /* of the string in the text; a NUL follows */
  gsize length; /* in bytes */
} ActVocabEntry;

typedef struct {
  ActVocabEntry *entries; /* ascending by id, no id twice */
  gsize n_entries;
  char *text;
  guint32 size; /* largest id + 1, 0 when there are none */
} ActVocab;

ActVocab *act_vocab_new (const char *const *strings, guint32 n_strings);
ActVocab *act_vocab_new_from_file (const char *filename, GError **error);
/* root comes from act_json_parse_with_nul () */
ActVocab *act_vocab_new_from_json (
    JsonNode *root, const char *name, GError **error);
void act_vocab_free (ActVocab *vocab);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActVocab, act_vocab_free)

/* the string of an id, which may hold NUL; "" where the id has none; NULL if id
 * >= size */
const char *act_vocab_get (const ActVocab *vocab, guint32 id, gsize *length);

/* a token id in JSON: an integer of 0 .. ACT_VOCAB_MAX_ID */
gboolean act_vocab_parse_id (JsonNode *node, const char *what, const char *name,
    guint32 *id, GError **error);
