/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WordLevel: a piece is a token, or unknown. */
#include "tokenizer/stage.h"

#include "acterror.h"
#include "tokenizer/tokentrie.h"

typedef struct {
  ActTokenModel parent;
  char *name;
  ActTokenTrie *tokens;
  gint32 unk_id; /* -1: none */
} WordLevel;

static gboolean
word_level_tokenize (ActTokenModel *model, const char *piece, gsize length,
    GArray *ids, GError **error)
{
  WordLevel *self = (WordLevel *) model;
  gint32 id = act_token_trie_find (self->tokens, piece, length);

  if (id < 0)
    id = self->unk_id;
  if (id < 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': has no token for '%.*s' of the text, and no 'unk_token'",
        self->name, (int) MIN (length, 64), piece);
    return FALSE;
  }
  g_array_append_val (ids, id);
  return TRUE;
}

static void
word_level_free (ActTokenModel *model)
{
  WordLevel *self = (WordLevel *) model;

  g_free (self->name);
  act_token_trie_free (self->tokens);
  g_free (self);
}

static gpointer
word_level_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  JsonObject *vocab =
      act_stage_get_object (config, "vocab", "model", context, error);
  g_autoptr (GString) unk = NULL;
  g_autoptr (ActTokenTrie) tokens = NULL;
  WordLevel *self;

  if (vocab == NULL)
    return NULL;
  unk = act_stage_get_bytes (config, "unk_token", "<unk>", context, error);
  if (unk == NULL)
    return NULL;
  tokens = act_token_trie_new_from_json (vocab, context->name, error);
  if (tokens == NULL)
    return NULL;
  self = g_new0 (WordLevel, 1);
  self->parent.tokenize = word_level_tokenize;
  self->parent.free = word_level_free;
  self->name = g_strdup (context->name);
  self->unk_id = act_token_trie_find (tokens, unk->str, unk->len);
  self->tokens = g_steal_pointer (&tokens);
  return self;
}

static const char *const fields[] = { "vocab", "unk_token", NULL };

const ActStageKind act_model_word_level = {
  "WordLevel",
  word_level_new,
  fields,
};
