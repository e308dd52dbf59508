/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte-pair encoding: a piece begins as its bytes or characters
 * (bpesymbols.h), of which merges make larger ones (bpemerges.h). */
#include "tokenizer/stage.h"

#include <string.h>

#include "acterror.h"
#include "tokenizer/bpemerges.h"
#include "tokenizer/bpesymbols.h"
#include "tokenizer/piececache.h"
#include "tokenizer/vocab.h"

typedef struct {
  ActTokenModel parent;
  char *name;
  ActBpeSymbols *symbols;
  ActBpeMerges *merges;
  gboolean ignore_merges;
  GHashTable *words; /* with ignore_merges and bytes: GBytes -> id */
  ActPieceCache *cache;
} Bpe;

static gboolean
tokenize_long (
    Bpe *self, const char *piece, gsize length, GArray *ids, GError **error)
{
  g_autofree guint32 *symbols = NULL;
  gsize n;

  if (length > ACT_BPE_MAX_PIECE) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "a piece of %" G_GSIZE_FORMAT " bytes of text without a break is too "
        "long to be tokenized",
        length);
    return FALSE;
  }
  symbols = g_new (guint32, length);
  if (!act_bpe_symbols_begin (self->symbols, piece, length, symbols, &n, error))
    return FALSE;
  act_bpe_merges_apply_long (self->merges, symbols, n, ids);
  return TRUE;
}

/* a piece that is a token as a whole */
static gboolean
find_word (const Bpe *self, const char *piece, gsize length, gint32 *id)
{
  g_autoptr (GBytes) word = NULL;
  gpointer value;

  if (self->words == NULL) {
    *id = act_bpe_symbols_find_word (self->symbols, piece, length);
    return *id >= 0;
  }
  word = g_bytes_new_static (piece, length);
  if (!g_hash_table_lookup_extended (self->words, word, NULL, &value))
    return FALSE;
  *id = GPOINTER_TO_INT (value);
  return TRUE;
}

static gboolean
bpe_tokenize (ActTokenModel *model, const char *piece, gsize length,
    GArray *ids, GError **error)
{
  Bpe *self = (Bpe *) model;
  guint32 symbols[ACT_BPE_SHORT_PIECE];
  gint32 id;
  gsize n;

  if (act_piece_cache_get (self->cache, piece, length, ids))
    return TRUE;
  if (self->ignore_merges && find_word (self, piece, length, &id)) {
    g_array_append_val (ids, id);
    return TRUE;
  }
  if (length > ACT_BPE_SHORT_PIECE) {
    guint before = ids->len;

    if (!tokenize_long (self, piece, length, ids, error))
      return FALSE;
    act_piece_cache_put (self->cache, piece, length,
        &g_array_index (ids, gint32, before), ids->len - before);
    return TRUE;
  }
  if (!act_bpe_symbols_begin (self->symbols, piece, length, symbols, &n, error))
    return FALSE;
  n = act_bpe_merges_apply_short (self->merges, symbols, n);
  act_piece_cache_put (self->cache, piece, length, (const gint32 *) symbols, n);
  g_array_append_vals (ids, symbols, (guint) n);
  return TRUE;
}

static void
bpe_free (ActTokenModel *model)
{
  Bpe *self = (Bpe *) model;

  g_free (self->name);
  act_bpe_symbols_free (self->symbols);
  act_bpe_merges_free (self->merges);
  g_clear_pointer (&self->words, g_hash_table_unref);
  g_clear_pointer (&self->cache, act_piece_cache_free);
  g_free (self);
}

/* ---- reading ---- */

/* with ignore_merges a piece that is a token as a whole is that token; the
 * vocabulary's strings are turned back into the bytes they stand for */
static gboolean
read_words (Bpe *self, JsonObject *vocab, const ActStageContext *context,
    GError **error)
{
  JsonObjectIter iter;
  const char *token;
  JsonNode *node;

  self->words = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  json_object_iter_init (&iter, vocab);
  while (json_object_iter_next (&iter, &token, &node)) {
    g_autoptr (GByteArray) word = g_byte_array_new ();
    gboolean is_bytes = TRUE;
    guint32 id;

    if (!act_vocab_parse_id (node, token, context->name, &id, error))
      return FALSE;
    for (const char *p = token; *p != '\0' && is_bytes;
         p = g_utf8_next_char (p)) {
      int byte = act_byte_of_stand_in (g_utf8_get_char (p));

      is_bytes = byte >= 0;
      if (is_bytes)
        g_byte_array_append (word, &(guint8){ (guint8) byte }, 1);
    }
    if (is_bytes)
      g_hash_table_insert (self->words,
          g_byte_array_free_to_bytes (g_steal_pointer (&word)),
          GINT_TO_POINTER ((gint32) id));
  }
  return TRUE;
}

/* "a b", or ["a", "b"] */
static gboolean
split_merge (JsonNode *node, char **left, char **right)
{
  if (JSON_NODE_HOLDS_ARRAY (node)) {
    JsonArray *pair = json_node_get_array (node);

    if (json_array_get_length (pair) != 2)
      return FALSE;
    for (guint i = 0; i < 2; i++) {
      JsonNode *part = json_array_get_element (pair, i);

      if (!JSON_NODE_HOLDS_VALUE (part)
          || json_node_get_value_type (part) != G_TYPE_STRING)
        return FALSE;
    }
    *left = g_strdup (json_array_get_string_element (pair, 0));
    *right = g_strdup (json_array_get_string_element (pair, 1));
    return TRUE;
  }
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING) {
    const char *text = json_node_get_string (node);
    const char *blank = strchr (text, ' ');

    if (blank == NULL || strchr (blank + 1, ' ') != NULL)
      return FALSE;
    *left = g_strndup (text, (gsize) (blank - text));
    *right = g_strdup (blank + 1);
    return TRUE;
  }
  return FALSE;
}

static gboolean
find_token (JsonObject *vocab, const char *token, guint merge,
    const ActStageContext *context, guint32 *id, GError **error)
{
  JsonNode *node = json_object_get_member (vocab, token);

  if (node == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': merge %u names '%s', which is not in the vocabulary",
        context->name, merge, token);
    return FALSE;
  }
  return act_vocab_parse_id (node, token, context->name, id, error);
}

/* in a merge's result the right one has no prefix */
static gboolean
read_merge (Bpe *self, JsonNode *node, guint rank, JsonObject *vocab,
    gsize prefix, const ActStageContext *context, GError **error)
{
  g_autofree char *left = NULL, *right = NULL, *merged = NULL;
  guint32 left_id, right_id, id;

  /* the first line of merges.txt, which some files carry along */
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      && g_str_has_prefix (json_node_get_string (node), "#version"))
    return TRUE;
  if (!split_merge (node, &left, &right) || strlen (right) < prefix) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': merge %u is neither \"a b\" nor [\"a\", \"b\"]", context->name,
        rank);
    return FALSE;
  }
  merged = g_strconcat (left, right + prefix, NULL);
  if (!find_token (vocab, left, rank, context, &left_id, error)
      || !find_token (vocab, right, rank, context, &right_id, error)
      || !find_token (vocab, merged, rank, context, &id, error))
    return FALSE;
  act_bpe_merges_add (self->merges, left_id, right_id, rank, id);
  return TRUE;
}

static gboolean
read_merges (Bpe *self, JsonObject *config, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  JsonArray *list =
      act_stage_get_list (config, "merges", "model", context, error);
  const char *prefix;
  guint n;

  if (list == NULL)
    return FALSE;
  prefix = act_stage_get_string (
      config, "continuing_subword_prefix", "", context, error);
  if (prefix == NULL)
    return FALSE;
  n = json_array_get_length (list);
  self->merges = act_bpe_merges_new (n);
  for (guint i = 0; i < n; i++) {
    if (!read_merge (self, json_array_get_element (list, i), i, vocab,
            strlen (prefix), context, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_options (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  if (!act_stage_field_is_unset (config, "dropout")) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': BPE model with 'dropout' is not supported", context->name);
    return FALSE;
  }
  /* the bytes would be those of the affixes too */
  if (!act_stage_field_is_unset (config, "byte_fallback")
      && (!act_stage_field_is_unset (config, "continuing_subword_prefix")
          || !act_stage_field_is_unset (config, "end_of_word_suffix"))) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': BPE model with 'byte_fallback' and "
        "'continuing_subword_prefix' or 'end_of_word_suffix' is not supported",
        context->name);
    return FALSE;
  }
  return TRUE;
}

/* bytes are taken as they are, unless something is asked of characters */
static gboolean
wants_bytes (JsonObject *config, const ActStageContext *context)
{
  return context->bytes && act_stage_field_is_unset (config, "byte_fallback")
      && act_stage_field_is_unset (config, "continuing_subword_prefix")
      && act_stage_field_is_unset (config, "end_of_word_suffix");
}

static gpointer
bpe_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  gboolean bytes = wants_bytes (config, context);
  gboolean ignore_merges;
  JsonObject *vocab;
  Bpe *self;

  if (!check_options (config, context, error)
      || !act_stage_get_flag (
          config, "ignore_merges", FALSE, context, &ignore_merges, error))
    return NULL;
  vocab = act_stage_get_object (config, "vocab", "model", context, error);
  if (vocab == NULL)
    return NULL;

  self = g_new0 (Bpe, 1);
  self->parent.tokenize = bpe_tokenize;
  self->parent.free = bpe_free;
  self->parent.bytes = bytes;
  self->name = g_strdup (context->name);
  self->ignore_merges = ignore_merges;
  self->cache = act_piece_cache_new ();
  self->symbols = act_bpe_symbols_new (config, vocab, bytes, context, error);
  if (self->symbols == NULL
      || !read_merges (self, config, vocab, context, error)
      || (ignore_merges && bytes
          && !read_words (self, vocab, context, error))) {
    bpe_free (&self->parent);
    return NULL;
  }
  return self;
}

static const char *const fields[] = { "vocab", "merges", "unk_token",
  "fuse_unk", "byte_fallback", "ignore_merges", "continuing_subword_prefix",
  "end_of_word_suffix", "dropout", NULL };

const ActStageKind act_model_bpe = {
  "BPE",
  bpe_new,
  fields,
};
