/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/bpesymbols.h"

#include "acterror.h"
#include "tokenizer/charclass.h"
#include "tokenizer/tokentrie.h"
#include "tokenizer/vocab.h"

#define NO_ID G_MAXUINT32

struct _ActBpeSymbols {
  char *name;
  gboolean bytes;
  guint32 byte_ids[256]; /* of bytes; or what a character without a token is */
  guint32 unk_id;
  gboolean has_unk;
  gboolean fuse_unk;
  /* of characters */
  gboolean byte_fallback;
  ActTokenTrie *tokens;
  guint32 prefix_node; /* where characters begin that are not the first */
  GString *suffix;     /* of the last one */
};

void
act_bpe_symbols_free (ActBpeSymbols *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  act_token_trie_free (self->tokens);
  if (self->suffix != NULL)
    g_string_free (self->suffix, TRUE);
  g_free (self);
}

gint32
act_bpe_symbols_find_word (
    const ActBpeSymbols *self, const char *piece, gsize length)
{
  return act_token_trie_find (self->tokens, piece, length);
}

/* ---- pieces of bytes ---- */

static gboolean
begin_bytes (ActBpeSymbols *self, const guint8 *piece, gsize length,
    guint32 *ids, gsize *n_ids, GError **error)
{
  gsize n = 0;
  gboolean after_unk = FALSE;

  for (gsize i = 0; i < length; i++) {
    guint32 id = self->byte_ids[piece[i]];

    if (id != NO_ID) {
      after_unk = FALSE;
    } else if (!self->has_unk) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "'%s': has no token for the byte 0x%02x of the text, and no "
          "'unk_token'",
          self->name, piece[i]);
      return FALSE;
    } else if (after_unk && self->fuse_unk) {
      continue;
    } else {
      after_unk = TRUE;
      id = self->unk_id;
    }
    ids[n++] = id;
  }
  *n_ids = n;
  return TRUE;
}

static gboolean
read_bytes (ActBpeSymbols *self, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  for (guint i = 0; i < 256; i++) {
    char stand_in[8] = { 0 };
    JsonNode *node;

    g_unichar_to_utf8 (act_byte_stand_in ((guint8) i), stand_in);
    self->byte_ids[i] = NO_ID;
    node = json_object_get_member (vocab, stand_in);
    if (node != NULL
        && !act_vocab_parse_id (
            node, stand_in, context->name, &self->byte_ids[i], error))
      return FALSE;
  }
  return TRUE;
}

/* ---- pieces of characters ---- */

/* id of the character, with what belongs before and after it; -1: none */
static gint32
find_char (const ActBpeSymbols *self, const guint8 *from, const guint8 *to,
    gboolean is_first, gboolean is_last)
{
  guint32 node = is_first ? 0 : self->prefix_node;

  if (node == ACT_TRIE_NO_NODE)
    return -1;
  node = act_token_trie_walk (
      self->tokens, node, (const char *) from, (gsize) (to - from));
  if (is_last && node != ACT_TRIE_NO_NODE)
    node = act_token_trie_walk (
        self->tokens, node, self->suffix->str, self->suffix->len);
  return node == ACT_TRIE_NO_NODE ? -1
                                  : act_token_trie_get_id (self->tokens, node);
}

/* all of the bytes, or none */
static gsize
fall_back (const ActBpeSymbols *self, const guint8 *from, const guint8 *to,
    guint32 *ids)
{
  gsize n = 0;

  if (!self->byte_fallback)
    return 0;
  for (; from < to; from++) {
    if (self->byte_ids[*from] == NO_ID)
      return 0;
    ids[n++] = self->byte_ids[*from];
  }
  return n;
}

static gboolean
report_char (ActBpeSymbols *self, const guint8 *from, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': has no token for the character U+%04X of the text, and no "
      "'unk_token'",
      self->name, act_utf8_next (&from));
  return FALSE;
}

/* An unknown character waits for what comes next: more of them may be one. Its
 * token comes behind bytes that others fell back to, as Hugging Face's
 * tokenizers has it. */
static gboolean
begin_chars (ActBpeSymbols *self, const guint8 *piece, gsize length,
    guint32 *ids, gsize *n_ids, GError **error)
{
  const guint8 *p = piece, *end = piece + length;
  gboolean unk_waits = FALSE;
  gsize n = 0;

  while (p < end) {
    const guint8 *from = p;
    gsize n_bytes;
    gint32 id;

    act_utf8_next (&p);
    id = find_char (self, from, p, from == piece, p == end);
    if (id >= 0) {
      if (unk_waits)
        ids[n++] = self->unk_id;
      unk_waits = FALSE;
      ids[n++] = (guint32) id;
      continue;
    }
    n_bytes = fall_back (self, from, p, ids + n);
    n += n_bytes;
    if (n_bytes > 0)
      continue;
    if (!self->has_unk)
      return report_char (self, from, error);
    if (unk_waits && !self->fuse_unk)
      ids[n++] = self->unk_id;
    unk_waits = TRUE;
  }
  if (unk_waits)
    ids[n++] = self->unk_id;
  *n_ids = n;
  return TRUE;
}

static gboolean
read_chars (ActBpeSymbols *self, JsonObject *config, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  GString *prefix;
  gint32 bytes[256];

  self->tokens = act_token_trie_new_from_json (vocab, context->name, error);
  if (self->tokens == NULL)
    return FALSE;
  act_token_trie_get_bytes (self->tokens, bytes);
  for (guint i = 0; i < 256; i++)
    self->byte_ids[i] = bytes[i] < 0 ? NO_ID : (guint32) bytes[i];
  prefix = act_stage_get_bytes (
      config, "continuing_subword_prefix", "", context, error);
  if (prefix == NULL)
    return FALSE;
  self->prefix_node =
      act_token_trie_walk (self->tokens, 0, prefix->str, prefix->len);
  g_string_free (prefix, TRUE);
  self->suffix =
      act_stage_get_bytes (config, "end_of_word_suffix", "", context, error);
  return self->suffix != NULL;
}

/* ---- both ---- */

gboolean
act_bpe_symbols_begin (ActBpeSymbols *self, const char *piece, gsize length,
    guint32 *ids, gsize *n_ids, GError **error)
{
  if (self->bytes)
    return begin_bytes (
        self, (const guint8 *) piece, length, ids, n_ids, error);
  return begin_chars (self, (const guint8 *) piece, length, ids, n_ids, error);
}

static gboolean
read_unk (ActBpeSymbols *self, JsonObject *config, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  const char *token =
      act_stage_get_string (config, "unk_token", "", context, error);
  JsonNode *id;

  if (token == NULL
      || !act_stage_get_flag (
          config, "fuse_unk", FALSE, context, &self->fuse_unk, error))
    return FALSE;
  id = token[0] == '\0' ? NULL : json_object_get_member (vocab, token);
  /* a file may name one that it never needs */
  self->has_unk = id != NULL;
  return id == NULL
      || act_vocab_parse_id (id, token, context->name, &self->unk_id, error);
}

ActBpeSymbols *
act_bpe_symbols_new (JsonObject *config, JsonObject *vocab, gboolean bytes,
    const ActStageContext *context, GError **error)
{
  ActBpeSymbols *self = g_new0 (ActBpeSymbols, 1);

  self->name = g_strdup (context->name);
  self->bytes = bytes;
  if (read_unk (self, config, vocab, context, error)
      && act_stage_get_flag (
          config, "byte_fallback", FALSE, context, &self->byte_fallback, error)
      && (bytes ? read_bytes (self, vocab, context, error)
                : read_chars (self, config, vocab, context, error)))
    return self;
  act_bpe_symbols_free (self);
  return NULL;
}
