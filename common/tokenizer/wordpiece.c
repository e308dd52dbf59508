/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WordPiece: the longest token that a piece begins with, and so on with the
 * rest of it; if that leads nowhere, the whole piece is unknown. */
#include "tokenizer/stage.h"

#include "acterror.h"
#include "tokenizer/charclass.h"
#include "tokenizer/piececache.h"
#include "tokenizer/tokentrie.h"

#define DEFAULT_MAX_CHARS 100

typedef struct {
  ActTokenModel parent;
  char *name;
  ActTokenTrie *tokens;
  guint32 prefix_node; /* where tokens begin that are not the first */
  gint32 unk_id;       /* -1: none */
  guint32 max_chars;
  ActPieceCache *cache;
} WordPiece;

static gboolean
is_too_long (const WordPiece *self, const char *piece, gsize length)
{
  guint32 n = 0;

  if (length <= self->max_chars)
    return FALSE;
  for (gsize i = 0; i < length && n <= self->max_chars; i++)
    n += ((guint8) piece[i] & 0xc0) != 0x80;
  return n > self->max_chars;
}

/* end of the longest token from p on, NULL if there is none */
static const char *
longest (const WordPiece *self, guint32 node, const char *p, const char *end,
    gint32 *id)
{
  const char *found = NULL;

  while (p < end && node != ACT_TRIE_NO_NODE) {
    node = act_token_trie_step (self->tokens, node, (guint8) *p++);
    if (node == ACT_TRIE_NO_NODE)
      break;
    if (act_token_trie_get_id (self->tokens, node) < 0)
      continue;
    *id = act_token_trie_get_id (self->tokens, node);
    found = p;
  }
  return found;
}

static gboolean
append_tokens (
    const WordPiece *self, const char *piece, gsize length, GArray *ids)
{
  const char *end = piece + length;
  const char *p = piece;

  if (is_too_long (self, piece, length))
    return FALSE;
  while (p < end) {
    gint32 id;

    p = longest (self, p == piece ? 0 : self->prefix_node, p, end, &id);
    if (p == NULL)
      return FALSE;
    g_array_append_val (ids, id);
  }
  return TRUE;
}

static gboolean
word_piece_tokenize (ActTokenModel *model, const char *piece, gsize length,
    GArray *ids, GError **error)
{
  WordPiece *self = (WordPiece *) model;
  guint before = ids->len;

  if (act_piece_cache_get (self->cache, piece, length, ids))
    return TRUE;
  if (!append_tokens (self, piece, length, ids)) {
    if (self->unk_id < 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "'%s': has no tokens for '%.*s' of the text, and no 'unk_token'",
          self->name, (int) MIN (length, 64), piece);
      return FALSE;
    }
    g_array_set_size (ids, before);
    g_array_append_val (ids, self->unk_id);
  }
  act_piece_cache_put (self->cache, piece, length,
      &g_array_index (ids, gint32, before), ids->len - before);
  return TRUE;
}

static void
word_piece_free (ActTokenModel *model)
{
  WordPiece *self = (WordPiece *) model;

  g_free (self->name);
  act_token_trie_free (self->tokens);
  act_piece_cache_free (self->cache);
  g_free (self);
}

static gboolean
read_config (WordPiece *self, JsonObject *config,
    const ActStageContext *context, GError **error)
{
  JsonObject *vocab =
      act_stage_get_object (config, "vocab", "model", context, error);
  g_autoptr (GString) prefix = NULL;
  g_autoptr (GString) unk = NULL;

  if (vocab == NULL)
    return FALSE;
  self->tokens = act_token_trie_new_from_json (vocab, context->name, error);
  if (self->tokens == NULL)
    return FALSE;
  prefix = act_stage_get_bytes (
      config, "continuing_subword_prefix", "##", context, error);
  if (prefix == NULL)
    return FALSE;
  unk = act_stage_get_bytes (config, "unk_token", "[UNK]", context, error);
  if (unk == NULL)
    return FALSE;
  self->prefix_node =
      act_token_trie_walk (self->tokens, 0, prefix->str, prefix->len);
  self->unk_id = act_token_trie_find (self->tokens, unk->str, unk->len);
  return act_stage_get_uint (config, "max_input_chars_per_word",
      DEFAULT_MAX_CHARS, context, &self->max_chars, error);
}

static gpointer
word_piece_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  WordPiece *self = g_new0 (WordPiece, 1);

  self->parent.tokenize = word_piece_tokenize;
  self->parent.free = word_piece_free;
  self->name = g_strdup (context->name);
  self->cache = act_piece_cache_new ();
  if (read_config (self, config, context, error))
    return self;
  word_piece_free (&self->parent);
  return NULL;
}

static const char *const fields[] = { "vocab", "unk_token",
  "continuing_subword_prefix", "max_input_chars_per_word", NULL };

const ActStageKind act_model_word_piece = {
  "WordPiece",
  word_piece_new,
  fields,
};
