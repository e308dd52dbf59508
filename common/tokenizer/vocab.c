/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/vocab.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/json.h"

typedef struct {
  const char *name;
  GArray *entries; /* ActVocabEntry, in the order of the file */
  GString *text;
} Builder;

static void
builder_clear (Builder *builder)
{
  g_clear_pointer (&builder->entries, g_array_unref);
  if (builder->text != NULL)
    g_string_free (builder->text, TRUE);
  builder->text = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Builder, builder_clear)

static void
builder_init (Builder *builder, const char *name)
{
  builder->name = name;
  builder->entries = g_array_new (FALSE, FALSE, sizeof (ActVocabEntry));
  builder->text = g_string_new (NULL);
}

/* what was appended to the text since offset */
static void
builder_end (Builder *builder, guint32 id, gsize offset)
{
  ActVocabEntry entry = { id, offset, builder->text->len - offset };

  g_string_append_c (builder->text, '\0');
  g_array_append_val (builder->entries, entry);
}

/* a string of act_json_parse_with_nul () */
static void
builder_add (Builder *builder, guint32 id, const char *string)
{
  gsize offset = builder->text->len;

  act_json_append_bytes (builder->text, string);
  builder_end (builder, id, offset);
}

static gboolean
same_string (
    const Builder *builder, const ActVocabEntry *a, const ActVocabEntry *b)
{
  const char *text = builder->text->str;

  return a->length == b->length
      && memcmp (text + a->offset, text + b->offset, a->length) == 0;
}

/* for a message */
static char *
show (const Builder *builder, const ActVocabEntry *entry)
{
  GString *string = g_string_new (NULL);

  for (gsize i = 0; i < entry->length; i++) {
    char c = builder->text->str[entry->offset + i];

    if (c == '\0')
      g_string_append (string, "\\u0000");
    else
      g_string_append_c (string, c);
  }
  return g_string_free (string, FALSE);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  guint32 x = ((const ActVocabEntry *) a)->id;
  guint32 y = ((const ActVocabEntry *) b)->id;

  return (x > y) - (x < y);
}

/* sorts by id; an id may be given twice only with the same string, as the
 * added tokens of GPT-2's tokenizer.json are */
static ActVocab *
builder_finish (Builder *builder, GError **error)
{
  ActVocab *vocab;
  GArray *entries = builder->entries;
  gsize n_kept = 0;

  g_array_sort (entries, compare_ids);
  for (gsize i = 0; i < entries->len; i++) {
    ActVocabEntry *entry = &g_array_index (entries, ActVocabEntry, i);
    ActVocabEntry *last = n_kept == 0
        ? NULL
        : &g_array_index (entries, ActVocabEntry, n_kept - 1);

    if (last != NULL && last->id == entry->id) {
      g_autofree char *a = NULL, *b = NULL;

      if (same_string (builder, last, entry))
        continue;
      a = show (builder, last);
      b = show (builder, entry);
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': token id %u is given to both '%s' and '%s'", builder->name,
          entry->id, a, b);
      return NULL;
    }
    g_array_index (entries, ActVocabEntry, n_kept++) = *entry;
  }
  g_array_set_size (entries, (guint) n_kept);

  vocab = g_new0 (ActVocab, 1);
  vocab->n_entries = n_kept;
  vocab->size = n_kept == 0
      ? 0
      : g_array_index (entries, ActVocabEntry, n_kept - 1).id + 1;
  vocab->entries = (ActVocabEntry *) (gpointer) g_array_free (entries, FALSE);
  builder->entries = NULL;
  vocab->text = g_string_free (builder->text, FALSE);
  builder->text = NULL;
  return vocab;
}

ActVocab *
act_vocab_new (const char *const *strings, guint32 n_strings)
{
  g_auto (Builder) builder = { 0 };

  builder_init (&builder, "strings");
  for (guint32 i = 0; i < n_strings; i++) {
    gsize offset = builder.text->len;

    g_string_append (builder.text, strings[i]);
    builder_end (&builder, i, offset);
  }
  return builder_finish (&builder, NULL);
}

void
act_vocab_free (ActVocab *vocab)
{
  if (vocab == NULL)
    return;
  g_free (vocab->entries);
  g_free (vocab->text);
  g_free (vocab);
}

const char *
act_vocab_get (const ActVocab *vocab, guint32 id, gsize *length)
{
  const ActVocabEntry *entry = NULL;

  if (id >= vocab->size)
    return NULL;
  if (id < vocab->n_entries && vocab->entries[id].id == id) {
    entry = &vocab->entries[id]; /* no gap before it: nearly always */
  } else {
    gsize low = 0, high = vocab->n_entries;

    while (low < high) {
      gsize middle = low + (high - low) / 2;

      if (vocab->entries[middle].id < id)
        low = middle + 1;
      else
        high = middle;
    }
    if (low < vocab->n_entries && vocab->entries[low].id == id)
      entry = &vocab->entries[low];
  }
  if (length != NULL)
    *length = entry == NULL ? 0 : entry->length;
  return entry == NULL ? "" : vocab->text + entry->offset;
}

static gboolean
node_is (JsonNode *node, GType type)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == type;
}

gboolean
act_vocab_parse_id (JsonNode *node, const char *what, const char *name,
    guint32 *id, GError **error)
{
  gint64 value;

  if (!node_is (node, G_TYPE_INT64)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': the id of token '%s' is no integer", name, what);
    return FALSE;
  }
  value = json_node_get_int (node);
  if (value < 0 || value > ACT_VOCAB_MAX_ID) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': the id of token '%s' is %" G_GINT64_FORMAT ", expected 0 to %d",
        name, what, value, ACT_VOCAB_MAX_ID);
    return FALSE;
  }
  *id = (guint32) value;
  return TRUE;
}

static gboolean
read_object (Builder *builder, JsonObject *object, GError **error)
{
  JsonObjectIter iter;
  const char *token;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &token, &node)) {
    guint32 id;

    if (!act_vocab_parse_id (node, token, builder->name, &id, error))
      return FALSE;
    builder_add (builder, id, token);
  }
  return TRUE;
}

/* ["token", ...], or Unigram's [["token", score], ...] */
static gboolean
read_list (Builder *builder, JsonArray *array, GError **error)
{
  guint n = json_array_get_length (array);

  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_ARRAY (node)
        && json_array_get_length (json_node_get_array (node)) == 2)
      node = json_array_get_element (json_node_get_array (node), 0);
    if (!node_is (node, G_TYPE_STRING)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': entry %u of the vocabulary is no string", builder->name, i);
      return FALSE;
    }
    builder_add (builder, i, json_node_get_string (node));
  }
  return TRUE;
}

static gboolean
read_added_tokens (Builder *builder, JsonNode *list, GError **error)
{
  JsonArray *array;
  guint n;

  if (JSON_NODE_HOLDS_NULL (list))
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (list)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'added_tokens' is no list", builder->name);
    return FALSE;
  }
  array = json_node_get_array (list);
  n = json_array_get_length (array);
  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);
    JsonObject *token =
        JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    const char *content;
    guint32 id;

    if (token == NULL
        || !node_is (
            json_object_get_member (token, "content"), G_TYPE_STRING)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': entry %u of 'added_tokens' has no string 'content'",
          builder->name, i);
      return FALSE;
    }
    content = json_object_get_string_member (token, "content");
    if (!act_vocab_parse_id (json_object_get_member (token, "id"), content,
            builder->name, &id, error))
      return FALSE;
    builder_add (builder, id, content);
  }
  return TRUE;
}

static gboolean
read_node (Builder *builder, JsonNode *node, GError **error)
{
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return read_object (builder, json_node_get_object (node), error);
  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    return read_list (builder, json_node_get_array (node), error);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': no vocabulary, expected a list of tokens, an object of token "
      "ids, or a tokenizer.json with 'model.vocab'",
      builder->name);
  return FALSE;
}

ActVocab *
act_vocab_new_from_json (JsonNode *root, const char *name, GError **error)
{
  g_auto (Builder) builder = { 0 };
  JsonNode *vocab = root, *model = NULL, *added = NULL;

  /* a {token: id} with a token named "model" holds a number there */
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root)) {
    model = json_object_get_member (json_node_get_object (root), "model");
    added =
        json_object_get_member (json_node_get_object (root), "added_tokens");
  }
  if (model != NULL && JSON_NODE_HOLDS_OBJECT (model))
    vocab = json_object_get_member (json_node_get_object (model), "vocab");
  else
    added = NULL;

  builder_init (&builder, name);
  if (!read_node (&builder, vocab, error))
    return NULL;
  if (added != NULL && !read_added_tokens (&builder, added, error))
    return NULL;
  return builder_finish (&builder, error);
}

ActVocab *
act_vocab_new_from_file (const char *filename, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) root = NULL;
  ActVocab *vocab;
  const char *data;
  gsize length;

  bytes = act_file_read (filename, ACT_VOCAB_MAX_FILE_SIZE, error);
  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &length);
  root = act_json_parse_with_nul (
      data != NULL ? data : "", length, filename, error);
  if (root == NULL)
    return NULL;
  vocab = act_vocab_new_from_json (root, filename, error);
  if (vocab == NULL)
    act_json_show_nul (error);
  return vocab;
}
