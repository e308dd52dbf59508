/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unigram: of all ways to cut a piece into tokens, the one with the largest
 * sum of scores (Viterbi). A character that is no token by itself may be
 * unknown, at a score below all others; unknown ones side by side are one
 * token, or the bytes of them with byte_fallback. */
#include "tokenizer/stage.h"

#include <math.h>

#include "acterror.h"
#include "formats/json.h"
#include "tokenizer/charclass.h"
#include "tokenizer/piececache.h"
#include "tokenizer/tokentrie.h"
#include "tokenizer/vocab.h"

#define UNK_PENALTY 10.0
/* scratch memory that is kept for the next piece */
#define MAX_KEPT 65536

/* the best way to a place in the piece */
typedef struct {
  double score;
  gint32 from; /* where its last token begins; -1: no way yet */
  gint32 id;
} Step;

typedef struct {
  ActTokenModel parent;
  char *name;
  ActTokenTrie *tokens;
  GArray *scores; /* double for each id */
  double unk_score;
  gint32 unk_id; /* -1: none */
  gboolean byte_fallback;
  gint32 byte_ids[256];
  GArray *steps; /* scratch */
  ActPieceCache *cache;
} Unigram;

static inline void
consider (Step *step, double score, gsize from, gint32 id)
{
  if (step->from < 0 || score > step->score)
    *step = (Step){ score, (gint32) from, id };
}

/* FALSE: a character is unknown, and there is no token for that */
static gboolean
find_steps (const Unigram *self, const char *piece, gsize length, Step *steps)
{
  const guint8 *p = (const guint8 *) piece, *end = p + length;
  const double *scores = (const double *) (gpointer) self->scores->data;

  for (gsize i = 0; i <= length; i++)
    steps[i] = (Step){ 0.0, -1, 0 };
  while (p < end) {
    const guint8 *next = p;
    gsize from = (gsize) (p - (const guint8 *) piece);
    double score = steps[from].score;
    gboolean is_known = FALSE;
    guint32 node = 0;

    act_utf8_next (&next);
    for (const guint8 *q = p; q < end;) {
      gint32 id;

      node = act_token_trie_step (self->tokens, node, *q++);
      if (node == ACT_TRIE_NO_NODE)
        break;
      id = act_token_trie_get_id (self->tokens, node);
      if (id < 0)
        continue;
      consider (
          &steps[q - (const guint8 *) piece], scores[id] + score, from, id);
      is_known = is_known || q == next;
    }
    if (!is_known) {
      if (self->unk_id < 0)
        return FALSE;
      consider (&steps[next - (const guint8 *) piece], self->unk_score + score,
          from, self->unk_id);
    }
    p = next;
  }
  return TRUE;
}

/* a token, or what is unknown of the text */
static void
append_span (const Unigram *self, const char *text, gsize length, GArray *ids)
{
  gint32 id = act_token_trie_find (self->tokens, text, length);
  guint before = ids->len;

  for (gsize i = 0; id < 0 && self->byte_fallback && i < length; i++) {
    gint32 byte = self->byte_ids[(guint8) text[i]];

    if (byte < 0) { /* all of them or none */
      g_array_set_size (ids, before);
      break;
    }
    g_array_append_val (ids, byte);
  }
  if (ids->len > before)
    return;
  if (id < 0)
    id = self->unk_id;
  g_array_append_val (ids, id);
}

/* The way is known from its end to its beginning. Turns it round: a step then
 * says which token begins there, and where that ends. */
static void
turn_round (Step *steps, gsize length)
{
  gint32 at = (gint32) length, next = at, next_id = -1;

  for (;;) {
    Step step = steps[at];

    steps[at].from = next;
    steps[at].id = next_id;
    if (at == 0)
      return;
    next = at;
    next_id = step.id;
    at = step.from;
  }
}

static void
append_way (const Unigram *self, const char *piece, gsize length, Step *steps,
    GArray *ids)
{
  gint32 at = 0;

  turn_round (steps, length);
  while (at < (gint32) length) {
    gint32 from = at, id = steps[at].id;

    at = steps[at].from;
    if (id != self->unk_id) {
      g_array_append_val (ids, id);
      continue;
    }
    while (at < (gint32) length && steps[at].id == id)
      at = steps[at].from;
    append_span (self, piece + from, (gsize) (at - from), ids);
  }
}

static gboolean
tokenize (
    Unigram *self, const char *piece, gsize length, GArray *ids, GError **error)
{
  gboolean ok;

  if (length > G_MAXINT32 / sizeof (Step) - 1) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "a piece of %" G_GSIZE_FORMAT " bytes of text without a break is too "
        "long to be tokenized",
        length);
    return FALSE;
  }
  g_array_set_size (self->steps, (guint) length + 1);
  ok = find_steps (self, piece, length, (Step *) (gpointer) self->steps->data);
  if (ok)
    append_way (
        self, piece, length, (Step *) (gpointer) self->steps->data, ids);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': has no tokens for '%.*s' of the text, and no 'unk_id'",
        self->name, (int) MIN (length, 64), piece);
  if (length > MAX_KEPT) {
    g_array_unref (self->steps);
    self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  }
  return ok;
}

static gboolean
unigram_tokenize (ActTokenModel *model, const char *piece, gsize length,
    GArray *ids, GError **error)
{
  Unigram *self = (Unigram *) model;
  guint before = ids->len;

  if (act_piece_cache_get (self->cache, piece, length, ids))
    return TRUE;
  if (!tokenize (self, piece, length, ids, error))
    return FALSE;
  act_piece_cache_put (self->cache, piece, length,
      &g_array_index (ids, gint32, before), ids->len - before);
  return TRUE;
}

static void
unigram_free (ActTokenModel *model)
{
  Unigram *self = (Unigram *) model;

  g_free (self->name);
  act_token_trie_free (self->tokens);
  g_array_unref (self->scores);
  g_array_unref (self->steps);
  act_piece_cache_free (self->cache);
  g_free (self);
}

/* ---- reading ---- */

/* A score as Hugging Face's library reads it, which may be one off in the last
 * place: its digits as one integer, divided by a power of ten. It decides
 * between ways that are equally good, such as those through a row of stars. */
static double
as_read (double score)
{
  char text[32], power[16];
  guint64 digits = 0;
  int exponent = 0;
  gboolean behind_point = FALSE;
  const char *p = text;
  double scale;

  act_double_to_string (fabs (score), text);
  for (; *p != '\0' && *p != 'e'; p++) {
    if (*p == '.') {
      behind_point = TRUE;
      continue;
    }
    digits = digits * 10 + (guint64) g_ascii_digit_value (*p);
    exponent -= behind_point ? 1 : 0;
  }
  if (*p == 'e')
    exponent += (int) g_ascii_strtoll (p + 1, NULL, 10);
  g_snprintf (power, sizeof (power), "1e%d", ABS (exponent));
  scale = g_ascii_strtod (power, NULL);
  scale = exponent < 0 ? (double) digits / scale : (double) digits * scale;
  return score < 0 ? -scale : scale;
}

/* ["token", score] */
static gboolean
read_entry (Unigram *self, JsonNode *node, guint id, GString *bytes,
    const ActStageContext *context, GError **error)
{
  JsonArray *pair =
      JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonNode *token = NULL, *score = NULL;
  double value;

  if (pair != NULL && json_array_get_length (pair) == 2) {
    token = json_array_get_element (pair, 0);
    score = json_array_get_element (pair, 1);
  }
  if (token == NULL || !JSON_NODE_HOLDS_VALUE (token)
      || json_node_get_value_type (token) != G_TYPE_STRING
      || !JSON_NODE_HOLDS_VALUE (score)
      || (json_node_get_value_type (score) != G_TYPE_DOUBLE
          && json_node_get_value_type (score) != G_TYPE_INT64)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': entry %u of the vocabulary is not [\"token\", score]",
        context->name, id);
    return FALSE;
  }
  value = as_read (json_node_get_double (score));
  g_array_append_val (self->scores, value);
  self->unk_score = MIN (self->unk_score, value);
  g_string_truncate (bytes, 0);
  act_json_append_bytes (bytes, json_node_get_string (token));
  if (bytes->len > 0)
    act_token_trie_add (self->tokens, bytes->str, bytes->len, (gint32) id);
  return TRUE;
}

static gboolean
read_vocab (Unigram *self, JsonArray *list, const ActStageContext *context,
    GError **error)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  self->unk_score = G_MAXDOUBLE;
  for (guint i = 0; i < json_array_get_length (list); i++) {
    if (!read_entry (
            self, json_array_get_element (list, i), i, bytes, context, error))
      return FALSE;
  }
  self->unk_score -= UNK_PENALTY;
  act_token_trie_get_bytes (self->tokens, self->byte_ids);
  return TRUE;
}

static gboolean
read_config (Unigram *self, JsonObject *config, const ActStageContext *context,
    GError **error)
{
  JsonArray *list =
      act_stage_get_list (config, "vocab", "model", context, error);
  guint32 unk_id;

  if (list == NULL || !read_vocab (self, list, context, error)
      || !act_stage_get_flag (
          config, "byte_fallback", FALSE, context, &self->byte_fallback, error)
      || !act_stage_get_uint (config, "unk_id", 0, context, &unk_id, error))
    return FALSE;
  self->unk_id = act_stage_is_null (json_object_get_member (config, "unk_id"))
      ? -1
      : (gint32) unk_id;
  if (self->unk_id < (gint32) self->scores->len)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': 'unk_id' is %u, but the vocabulary has %u tokens", context->name,
      unk_id, self->scores->len);
  return FALSE;
}

static gpointer
unigram_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  Unigram *self = g_new0 (Unigram, 1);

  self->parent.tokenize = unigram_tokenize;
  self->parent.free = unigram_free;
  self->name = g_strdup (context->name);
  self->tokens = act_token_trie_new ();
  self->scores = g_array_new (FALSE, FALSE, sizeof (double));
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  self->cache = act_piece_cache_new ();
  if (read_config (self, config, context, error))
    return self;
  unigram_free (&self->parent);
  return NULL;
}

static const char *const fields[] = { "vocab", "unk_id", "byte_fallback",
  NULL };

const ActStageKind act_model_unigram = {
  "Unigram",
  unigram_new,
  fields,
};
