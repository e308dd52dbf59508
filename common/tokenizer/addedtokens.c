/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/addedtokens.h"

#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "strhash.h"
#include "tokenizer/charclass.h"
#include "tokenizer/vocab.h"

/* tokens that are looked for together, ascending by content: those with a
 * common beginning are neighbours */
typedef struct {
  GPtrArray *tokens;
  guint8 begins[256]; /* 1 for a byte that some token begins with */
} TokenSet;

struct _ActAddedTokens {
  GPtrArray *all;
  GHashTable *by_key;
  TokenSet sets[2]; /* [normalized] */
  const guint8 *classes;
};

static void
token_free (gpointer data)
{
  ActAddedToken *token = data;

  g_free ((char *) token->key);
  g_free ((char *) token->content);
  g_free (token);
}

void
act_added_tokens_free (ActAddedTokens *tokens)
{
  if (tokens == NULL)
    return;
  for (guint i = 0; i < 2; i++)
    g_ptr_array_unref (tokens->sets[i].tokens);
  g_hash_table_unref (tokens->by_key);
  g_ptr_array_unref (tokens->all);
  g_free (tokens);
}

/* the token that the normalizer makes of it is what a text can have */
static gboolean
set_content (ActAddedToken *token, ActNormalizer *normalizer,
    const ActStageContext *context, GError **error)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  act_json_append_bytes (bytes, token->key);
  if (token->normalized && normalizer != NULL && bytes->len > 0) {
    GString *normalized = g_string_new (NULL);

    if (!normalizer->normalize (
            normalizer, bytes->str, bytes->len, normalized, error)) {
      g_string_free (normalized, TRUE);
      return FALSE;
    }
    g_string_free (bytes, TRUE);
    bytes = normalized;
    if (bytes->len == 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
          "'%s': the normalizer leaves nothing of the added token '%s'",
          context->name, token->key);
      return FALSE;
    }
  }
  token->length = bytes->len;
  token->content = g_string_free (g_steal_pointer (&bytes), FALSE);
  return TRUE;
}

static ActAddedToken *
token_new (JsonNode *node, ActNormalizer *normalizer,
    const ActStageContext *context, GError **error)
{
  ActAddedToken token = { 0 };
  JsonNode *content = NULL;
  JsonObject *object;
  guint32 id;

  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (object != NULL)
    content = json_object_get_member (object, "content");
  if (content == NULL || !JSON_NODE_HOLDS_VALUE (content)
      || json_node_get_value_type (content) != G_TYPE_STRING) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': an entry of 'added_tokens' has no string 'content'",
        context->name);
    return NULL;
  }
  token.key = json_node_get_string (content);
  if (!act_vocab_parse_id (json_object_get_member (object, "id"), token.key,
          context->name, &id, error)
      || !act_stage_get_flag (
          object, "special", FALSE, context, &token.special, error)
      || !act_stage_get_flag (object, "normalized", !token.special, context,
          &token.normalized, error)
      || !act_stage_get_flag (
          object, "single_word", FALSE, context, &token.single_word, error)
      || !act_stage_get_flag (
          object, "lstrip", FALSE, context, &token.lstrip, error)
      || !act_stage_get_flag (
          object, "rstrip", FALSE, context, &token.rstrip, error)
      || !set_content (&token, normalizer, context, error))
    return NULL;
  token.id = (gint32) id;
  token.key = g_strdup (token.key);
  return g_memdup2 (&token, sizeof (token));
}

static gboolean
check_id (const ActAddedToken *token, gint64 other,
    const ActStageContext *context, GError **error)
{
  if (token->id == other)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': added token '%s' has id %d, but elsewhere in the file "
      "%" G_GINT64_FORMAT,
      context->name, token->key, token->id, other);
  return FALSE;
}

/* Unigram's [["token", score], ...]: of equal ones the last counts */
static gboolean
check_list (const ActAddedTokens *tokens, JsonArray *vocab,
    const ActStageContext *context, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer token, id;

  for (guint i = 0; i < json_array_get_length (vocab); i++) {
    JsonNode *entry = json_array_get_element (vocab, i);
    JsonNode *string = NULL;

    if (JSON_NODE_HOLDS_ARRAY (entry)
        && json_array_get_length (json_node_get_array (entry)) > 0)
      string = json_array_get_element (json_node_get_array (entry), 0);
    if (string == NULL || !JSON_NODE_HOLDS_VALUE (string)
        || json_node_get_value_type (string) != G_TYPE_STRING)
      continue;
    token = (gpointer) act_added_tokens_find (
        tokens, json_node_get_string (string));
    if (token != NULL)
      g_hash_table_insert (ids, token, GUINT_TO_POINTER (i));
  }
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &token, &id)) {
    if (!check_id (token, GPOINTER_TO_UINT (id), context, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_ids (const ActAddedTokens *tokens, JsonNode *vocab,
    const ActStageContext *context, GError **error)
{
  JsonObject *object;

  if (vocab != NULL && JSON_NODE_HOLDS_ARRAY (vocab))
    return check_list (tokens, json_node_get_array (vocab), context, error);
  if (vocab == NULL || !JSON_NODE_HOLDS_OBJECT (vocab))
    return TRUE;
  object = json_node_get_object (vocab);
  for (guint i = 0; i < tokens->all->len; i++) {
    const ActAddedToken *token = g_ptr_array_index (tokens->all, i);

    if (json_object_has_member (object, token->key)
        && !check_id (token, json_object_get_int_member (object, token->key),
            context, error))
      return FALSE;
  }
  return TRUE;
}

static int
compare_contents (gconstpointer a, gconstpointer b)
{
  const ActAddedToken *x = *(const ActAddedToken *const *) a;
  const ActAddedToken *y = *(const ActAddedToken *const *) b;

  int order = memcmp (x->content, y->content, MIN (x->length, y->length));

  /* by unsigned bytes, and a token before those that it begins */
  return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

/* of those whose contents have become equal the first counts, special ones
 * before others */
static void
fill_sets (ActAddedTokens *tokens)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);

  for (guint i = 0; i < 2 * tokens->all->len; i++) {
    ActAddedToken *token =
        g_ptr_array_index (tokens->all, i % tokens->all->len);
    TokenSet *set = &tokens->sets[token->normalized ? 1 : 0];

    if (token->special != (i < tokens->all->len)
        || (token->normalized
            && !g_hash_table_add (
                seen, g_bytes_new_static (token->content, token->length))))
      continue;
    g_ptr_array_add (set->tokens, token);
    set->begins[(guint8) token->content[0]] = 1;
  }
  for (guint i = 0; i < 2; i++)
    g_ptr_array_sort (tokens->sets[i].tokens, compare_contents);
}

/* an empty one would be found everywhere; the first of two equal ones counts */
static gboolean
add_token (ActAddedTokens *tokens, ActAddedToken *token,
    const ActStageContext *context, GError **error)
{
  const ActAddedToken *other = act_added_tokens_find (tokens, token->key);

  if (other == NULL && token->length > 0) {
    g_ptr_array_add (tokens->all, token);
    g_hash_table_insert (tokens->by_key, (gpointer) token->key, token);
    return TRUE;
  }
  if (other != NULL && !check_id (token, other->id, context, error)) {
    token_free (token);
    return FALSE;
  }
  token_free (token);
  return TRUE;
}

ActAddedTokens *
act_added_tokens_new (JsonNode *list, JsonNode *vocab,
    ActNormalizer *normalizer, const ActStageContext *context, GError **error)
{
  g_autoptr (ActAddedTokens) tokens = g_new0 (ActAddedTokens, 1);
  JsonArray *array;

  tokens->all = g_ptr_array_new_with_free_func (token_free);
  tokens->by_key = g_hash_table_new (act_str_hash, g_str_equal);
  for (guint i = 0; i < 2; i++)
    tokens->sets[i].tokens = g_ptr_array_new ();
  tokens->classes = act_char_classes ();
  if (list == NULL || JSON_NODE_HOLDS_NULL (list))
    return g_steal_pointer (&tokens);
  if (!JSON_NODE_HOLDS_ARRAY (list)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'added_tokens' is no list", context->name);
    return NULL;
  }

  array = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    ActAddedToken *token = token_new (
        json_array_get_element (array, i), normalizer, context, error);

    if (token == NULL || !add_token (tokens, token, context, error))
      return NULL;
  }
  if (!check_ids (tokens, vocab, context, error))
    return NULL;
  fill_sets (tokens);
  return g_steal_pointer (&tokens);
}

const ActAddedToken *
act_added_tokens_find (const ActAddedTokens *tokens, const char *key)
{
  return g_hash_table_lookup (tokens->by_key, key);
}

/* the longest token that text begins with: the range of tokens that agree
 * with it so far gets smaller byte by byte */
static const ActAddedToken *
longest_at (const TokenSet *set, const guint8 *text, const guint8 *end)
{
  const ActAddedToken **tokens = (const ActAddedToken **) set->tokens->pdata;
  const ActAddedToken *found = NULL;
  guint low = 0, high = set->tokens->len;

  for (gsize depth = 0; low < high; depth++) {
    guint first = low, last;

    /* of those that agree, the one that ends here comes first */
    if (tokens[low]->length == depth)
      found = tokens[low], first = ++low;
    if (text + depth == end)
      break;
    /* bounds of those whose next byte is the text's */
    for (guint top = high; first < top;) {
      guint middle = first + (top - first) / 2;

      if ((guint8) tokens[middle]->content[depth] < text[depth])
        first = middle + 1;
      else
        top = middle;
    }
    last = first;
    for (guint top = high; last < top;) {
      guint middle = last + (top - last) / 2;

      if ((guint8) tokens[middle]->content[depth] <= text[depth])
        last = middle + 1;
      else
        top = middle;
    }
    low = first;
    high = last;
  }
  return found;
}

static gboolean
is_in_word (const ActAddedTokens *tokens, const guint8 *begin,
    const guint8 *from, const guint8 *to, const guint8 *end)
{
  if (from > begin
      && tokens->classes[act_utf8_previous (&from)] & ACT_CHAR_WORD)
    return TRUE;
  return to < end && tokens->classes[act_utf8_next (&to)] & ACT_CHAR_WORD;
}

static const guint8 *
strip_left (
    const ActAddedTokens *tokens, const guint8 *begin, const guint8 *text)
{
  while (text > begin) {
    const guint8 *previous = text;

    if (!(tokens->classes[act_utf8_previous (&previous)] & ACT_CHAR_SPACE))
      break;
    text = previous;
  }
  return text;
}

static const guint8 *
strip_right (
    const ActAddedTokens *tokens, const guint8 *text, const guint8 *end)
{
  while (text < end) {
    const guint8 *next = text;

    if (!(tokens->classes[act_utf8_next (&next)] & ACT_CHAR_SPACE))
      break;
    text = next;
  }
  return text;
}

gboolean
act_added_tokens_split (const ActAddedTokens *tokens, gboolean normalized,
    const char *text, gsize length, ActSpanFunc func, gpointer user_data,
    GError **error)
{
  const TokenSet *set = &tokens->sets[normalized ? 1 : 0];
  const guint8 *begin = (const guint8 *) text, *end = begin + length;
  const guint8 *done = begin, *p = begin;

  while (set->tokens->len > 0 && p < end) {
    const ActAddedToken *token;
    const guint8 *from, *to;

    token = set->begins[*p] ? longest_at (set, p, end) : NULL;
    if (token == NULL) {
      p++;
      continue;
    }
    from = p;
    to = p + token->length;
    p = to;
    /* one that is discarded still hides what begins within it */
    if (token->single_word && is_in_word (tokens, begin, from, to, end))
      continue;
    if (token->lstrip)
      from = strip_left (tokens, MIN (done, from), from);
    if (token->rstrip)
      to = strip_right (tokens, to, end);
    if (done < from
        && !func (
            NULL, (const char *) done, (gsize) (from - done), user_data, error))
      return FALSE;
    if (!func (
            token, (const char *) from, (gsize) (to - from), user_data, error))
      return FALSE;
    /* white space that rstrip took may hold the next token: it is found, and
     * what it leaves is text again, as Hugging Face's tokenizers has it */
    done = to;
  }
  if (done == end)
    return TRUE;
  return func (
      NULL, (const char *) done, (gsize) (end - done), user_data, error);
}
