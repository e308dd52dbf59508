/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte-pair encoding: of all adjacent pairs that have a merge, the one of the
 * lowest rank (the leftmost of them) becomes one symbol, until none is left.
 * Short pieces are searched for it again and again, long ones keep the pairs
 * in a heap: O(n log n). */
#include "tokenizer/stage.h"

#include <string.h>

#include "acterror.h"
#include "tokenizer/bpecache.h"
#include "tokenizer/vocab.h"

#define NO_RANK G_MAXUINT32
#define NO_ID G_MAXUINT32
#define SHORT_PIECE 32
/* scratch memory that is kept for the next piece */
#define MAX_KEPT 4096

typedef struct {
  guint64 pair; /* left id << 32 | right id */
  guint32 rank; /* NO_RANK: the slot is empty */
  guint32 id;
} Merge;

typedef struct {
  guint32 id;            /* NO_ID: part of the symbol before it now */
  gint32 previous, next; /* -1 at the ends */
} Symbol;

/* a pair that had a merge when it was put here */
typedef struct {
  guint32 rank;
  gint32 left;
  guint32 id; /* of the merge */
} Candidate;

typedef struct {
  ActModel parent;
  char *name;
  Merge *merges; /* open addressing, a power of two of slots */
  guint merge_shift;
  gsize merge_mask;
  guint32 byte_ids[256];
  guint32 unk_id;
  gboolean has_unk;
  gboolean fuse_unk;
  GHashTable *words; /* with ignore_merges: GBytes -> id, else NULL */
  ActBpeCache *cache;
  GArray *symbols, *heap;
} Bpe;

/* Fibonacci hashing: the upper bits of the product are the mixed ones */
static inline gsize
merge_slot (const Bpe *self, guint64 pair)
{
  return (gsize) ((pair * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15))
      >> self->merge_shift);
}

/* NULL if the two have no merge */
static inline const Merge *
find_merge (const Bpe *self, guint32 left, guint32 right)
{
  guint64 pair = (guint64) left << 32 | right;
  gsize i = merge_slot (self, pair);

  while (self->merges[i].rank != NO_RANK) {
    if (self->merges[i].pair == pair)
      return &self->merges[i];
    i = (i + 1) & self->merge_mask;
  }
  return NULL;
}

static void
add_merge (Bpe *self, guint32 left, guint32 right, guint32 rank, guint32 id)
{
  guint64 pair = (guint64) left << 32 | right;
  gsize i = merge_slot (self, pair);

  while (self->merges[i].rank != NO_RANK && self->merges[i].pair != pair)
    i = (i + 1) & self->merge_mask;
  self->merges[i] = (Merge){ pair, rank, id }; /* the last of equals counts */
}

/* the symbols that a piece begins as */
static gboolean
first_symbols (Bpe *self, const guint8 *piece, gsize length, guint32 *ids,
    gsize *n_ids, GError **error)
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

/* in place; returns how many are left */
static gsize
merge_short (const Bpe *self, guint32 *ids, gsize n)
{
  const Merge *merges[SHORT_PIECE];

  for (gsize i = 0; i + 1 < n; i++)
    merges[i] = find_merge (self, ids[i], ids[i + 1]);
  for (;;) {
    guint32 best = NO_RANK;
    gsize at = 0;

    for (gsize i = 0; i + 1 < n; i++) {
      if (merges[i] != NULL && merges[i]->rank < best) {
        best = merges[i]->rank;
        at = i;
      }
    }
    if (best == NO_RANK)
      return n;
    ids[at] = merges[at]->id;
    n--;
    memmove (ids + at + 1, ids + at + 2, (n - at - 1) * sizeof (*ids));
    memmove (merges + at, merges + at + 1, (n - at) * sizeof (*merges));
    if (at > 0)
      merges[at - 1] = find_merge (self, ids[at - 1], ids[at]);
    if (at + 1 < n)
      merges[at] = find_merge (self, ids[at], ids[at + 1]);
  }
}

static inline gboolean
candidate_before (const Candidate *a, const Candidate *b)
{
  return a->rank < b->rank || (a->rank == b->rank && a->left < b->left);
}

static void
heap_push (GArray *heap, Candidate candidate)
{
  Candidate *c;
  gsize i = heap->len;

  g_array_append_val (heap, candidate);
  c = (Candidate *) (gpointer) heap->data;
  while (i > 0 && candidate_before (&candidate, &c[(i - 1) / 2])) {
    c[i] = c[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  c[i] = candidate;
}

static Candidate
heap_pop (GArray *heap)
{
  Candidate *c = (Candidate *) (gpointer) heap->data;
  Candidate top = c[0], last = c[heap->len - 1];
  gsize i = 0, n = heap->len - 1;

  g_array_set_size (heap, (guint) n);
  while (2 * i + 1 < n) {
    gsize child = 2 * i + 1;

    if (child + 1 < n && candidate_before (&c[child + 1], &c[child]))
      child++;
    if (!candidate_before (&c[child], &last))
      break;
    c[i] = c[child];
    i = child;
  }
  if (n > 0)
    c[i] = last;
  return top;
}

static void
push_pair (Bpe *self, const Symbol *symbols, gint32 left)
{
  const Merge *merge;

  if (left < 0 || symbols[left].next < 0)
    return;
  merge = find_merge (self, symbols[left].id, symbols[symbols[left].next].id);
  if (merge != NULL)
    heap_push (self->heap, (Candidate){ merge->rank, left, merge->id });
}

static void
merge_candidate (Bpe *self, Symbol *symbols, const Candidate *candidate)
{
  Symbol *left = &symbols[candidate->left];
  const Merge *merge;
  Symbol *right;

  if (left->id == NO_ID || left->next < 0)
    return;
  right = &symbols[left->next];
  /* is it still the pair that was put in the heap? */
  merge = find_merge (self, left->id, right->id);
  if (merge == NULL || merge->id != candidate->id)
    return;
  left->id = candidate->id;
  right->id = NO_ID;
  left->next = right->next;
  if (left->next >= 0)
    symbols[left->next].previous = candidate->left;
  push_pair (self, symbols, left->previous);
  push_pair (self, symbols, candidate->left);
}

static void
merge_long (Bpe *self, const guint32 *ids, gsize n, GArray *out)
{
  Symbol *symbols;

  g_array_set_size (self->symbols, (guint) n);
  g_array_set_size (self->heap, 0);
  symbols = (Symbol *) (gpointer) self->symbols->data;
  for (gsize i = 0; i < n; i++)
    symbols[i] =
        (Symbol){ ids[i], (gint32) i - 1, i + 1 < n ? (gint32) i + 1 : -1 };
  for (gsize i = 0; i < n; i++)
    push_pair (self, symbols, (gint32) i);
  while (self->heap->len > 0) {
    Candidate candidate = heap_pop (self->heap);

    merge_candidate (self, symbols, &candidate);
  }
  for (gint32 i = n > 0 ? 0 : -1; i >= 0; i = symbols[i].next)
    g_array_append_val (out, symbols[i].id);
}

static void
drop_scratch (Bpe *self)
{
  g_clear_pointer (&self->symbols, g_array_unref);
  g_clear_pointer (&self->heap, g_array_unref);
  self->symbols = g_array_new (FALSE, FALSE, sizeof (Symbol));
  self->heap = g_array_new (FALSE, FALSE, sizeof (Candidate));
}

static gboolean
tokenize_long (
    Bpe *self, const char *piece, gsize length, GArray *ids, GError **error)
{
  g_autofree guint32 *symbols = NULL;
  gsize n;

  /* places are int32, and a GArray's size is an unsigned int of bytes */
  if (length > G_MAXINT32 / sizeof (Symbol) / 4) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "a piece of %" G_GSIZE_FORMAT " bytes of text without a break is too "
        "long to be tokenized",
        length);
    return FALSE;
  }
  symbols = g_new (guint32, length);
  if (!first_symbols (self, (const guint8 *) piece, length, symbols, &n, error))
    return FALSE;
  merge_long (self, symbols, n, ids);
  if (length > MAX_KEPT)
    drop_scratch (self);
  return TRUE;
}

static gboolean
bpe_tokenize (ActModel *model, const char *piece, gsize length, GArray *ids,
    GError **error)
{
  Bpe *self = (Bpe *) model;
  guint32 symbols[SHORT_PIECE];
  const gint32 *cached;
  gsize n;

  cached = act_bpe_cache_get (self->cache, piece, length, &n);
  if (cached != NULL) {
    g_array_append_vals (ids, cached, (guint) n);
    return TRUE;
  }
  if (self->words != NULL) {
    g_autoptr (GBytes) word = g_bytes_new_static (piece, length);
    gpointer id;

    if (g_hash_table_lookup_extended (self->words, word, NULL, &id)) {
      gint32 value = GPOINTER_TO_INT (id);

      g_array_append_val (ids, value);
      return TRUE;
    }
  }
  if (length > SHORT_PIECE) {
    guint before = ids->len;

    if (!tokenize_long (self, piece, length, ids, error))
      return FALSE;
    act_bpe_cache_put (self->cache, piece, length,
        &g_array_index (ids, gint32, before), ids->len - before);
    return TRUE;
  }
  if (!first_symbols (self, (const guint8 *) piece, length, symbols, &n, error))
    return FALSE;
  n = merge_short (self, symbols, n);
  act_bpe_cache_put (self->cache, piece, length, (const gint32 *) symbols, n);
  g_array_append_vals (ids, symbols, (guint) n);
  return TRUE;
}

static void
bpe_free (ActModel *model)
{
  Bpe *self = (Bpe *) model;

  g_free (self->name);
  g_free (self->merges);
  g_clear_pointer (&self->words, g_hash_table_unref);
  g_clear_pointer (&self->cache, act_bpe_cache_free);
  g_clear_pointer (&self->symbols, g_array_unref);
  g_clear_pointer (&self->heap, g_array_unref);
  g_free (self);
}

/* ---- reading ---- */

static gboolean
read_bytes (Bpe *self, JsonObject *vocab, const ActStageContext *context,
    GError **error)
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

/* with ignore_merges a piece that is a token as a whole is that token; the
 * vocabulary's strings are turned back into the bytes they stand for */
static gboolean
read_words (Bpe *self, JsonObject *vocab, const ActStageContext *context,
    GError **error)
{
  g_autoptr (GHashTable) bytes = g_hash_table_new (NULL, NULL);
  JsonObjectIter iter;
  const char *token;
  JsonNode *node;

  for (guint i = 0; i < 256; i++)
    g_hash_table_insert (bytes,
        GUINT_TO_POINTER (act_byte_stand_in ((guint8) i)),
        GUINT_TO_POINTER (i));
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
      gpointer byte;

      is_bytes = g_hash_table_lookup_extended (
          bytes, GUINT_TO_POINTER (g_utf8_get_char (p)), NULL, &byte);
      if (is_bytes)
        g_byte_array_append (
            word, &(guint8){ (guint8) GPOINTER_TO_UINT (byte) }, 1);
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

static gboolean
read_merge (Bpe *self, JsonNode *node, guint rank, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  g_autofree char *left = NULL, *right = NULL, *merged = NULL;
  guint32 left_id, right_id, id;

  /* the first line of merges.txt, which some files carry along */
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      && g_str_has_prefix (json_node_get_string (node), "#version"))
    return TRUE;
  if (!split_merge (node, &left, &right)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': merge %u is neither \"a b\" nor [\"a\", \"b\"]", context->name,
        rank);
    return FALSE;
  }
  merged = g_strconcat (left, right, NULL);
  if (!find_token (vocab, left, rank, context, &left_id, error)
      || !find_token (vocab, right, rank, context, &right_id, error)
      || !find_token (vocab, merged, rank, context, &id, error))
    return FALSE;
  add_merge (self, left_id, right_id, rank, id);
  return TRUE;
}

static gboolean
read_merges (Bpe *self, JsonNode *list, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  JsonArray *array;
  guint n, bits = 4;
  gsize n_slots;

  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'model' has no list 'merges'", context->name);
    return FALSE;
  }
  array = json_node_get_array (list);
  n = json_array_get_length (array);
  while (((gsize) 1 << bits) / 2 < n)
    bits++;
  n_slots = (gsize) 1 << bits;
  self->merge_mask = n_slots - 1;
  self->merge_shift = 64 - bits;
  self->merges = g_new (Merge, n_slots);
  for (gsize i = 0; i < n_slots; i++)
    self->merges[i] = (Merge){ 0, NO_RANK, 0 };
  for (guint i = 0; i < n; i++) {
    if (!read_merge (
            self, json_array_get_element (array, i), i, vocab, context, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_options (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  static const char *const unsupported[] = { "dropout",
    "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback" };

  for (gsize i = 0; i < G_N_ELEMENTS (unsupported); i++) {
    if (act_stage_field_is_unset (config, unsupported[i]))
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': BPE model with '%s' is not supported", context->name,
        unsupported[i]);
    return FALSE;
  }
  if (!context->bytes) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': BPE model on characters is not supported, only on bytes",
        context->name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_unk (Bpe *self, JsonObject *config, JsonObject *vocab,
    const ActStageContext *context, GError **error)
{
  JsonNode *node = json_object_get_member (config, "unk_token");
  JsonNode *id;

  if (!act_stage_get_flag (
          config, "fuse_unk", FALSE, context, &self->fuse_unk, error))
    return FALSE;
  if (act_stage_field_is_unset (config, "unk_token"))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'unk_token' is no string", context->name);
    return FALSE;
  }
  id = json_object_get_member (vocab, json_node_get_string (node));
  /* a file may name one that it never needs */
  self->has_unk = id != NULL;
  return id == NULL
      || act_vocab_parse_id (
          id, json_node_get_string (node), context->name, &self->unk_id, error);
}

static gpointer
bpe_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  JsonNode *node = json_object_get_member (config, "vocab");
  gboolean ignore_merges;
  JsonObject *vocab;
  Bpe *self;

  if (!check_options (config, context, error)
      || !act_stage_get_flag (
          config, "ignore_merges", FALSE, context, &ignore_merges, error))
    return NULL;
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'model' has no object 'vocab'", context->name);
    return NULL;
  }
  vocab = json_node_get_object (node);

  self = g_new0 (Bpe, 1);
  self->parent.tokenize = bpe_tokenize;
  self->parent.free = bpe_free;
  self->name = g_strdup (context->name);
  self->cache = act_bpe_cache_new ();
  drop_scratch (self);
  if (!read_bytes (self, vocab, context, error)
      || !read_unk (self, config, vocab, context, error)
      || !read_merges (self, json_object_get_member (config, "merges"), vocab,
          context, error)
      || (ignore_merges && !read_words (self, vocab, context, error))) {
    bpe_free (&self->parent);
    return NULL;
  }
  return self;
}

const ActStageKind act_model_bpe = {
  "BPE",
  bpe_new,
};
