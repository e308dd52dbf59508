/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/tokenizer.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/json.h"
#include "tokenizer/addedtokens.h"
#include "tokenizer/charclass.h"
#include "tokenizer/stage.h"
#include "tokenizer/vocab.h"

struct _ActTokenizer {
  char *fingerprint;
  ActVocab *vocab;
  ActAddedTokens *added;
  ActNormalizer *normalizer; /* or NULL */
  ActPreTokenizer *pre_tokenizer;
  ActModel *model;
  GString *normalized; /* scratch */
  GArray *ids;         /* where the text at hand goes, not owned */
};

static JsonObject *
model_vocab (JsonNode *model)
{
  JsonNode *vocab;

  if (model == NULL || !JSON_NODE_HOLDS_OBJECT (model))
    return NULL;
  vocab = json_object_get_member (json_node_get_object (model), "vocab");
  return vocab != NULL && JSON_NODE_HOLDS_OBJECT (vocab)
      ? json_node_get_object (vocab)
      : NULL;
}

static gboolean
read_stages (
    ActTokenizer *self, JsonNode *root, const char *name, GError **error)
{
  ActStageContext context = { .name = name };
  JsonObject *object;
  JsonNode *model;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': no tokenizer.json, expected an object with 'model'", name);
    return FALSE;
  }
  object = json_node_get_object (root);
  model = json_object_get_member (object, "model");
  if (model == NULL || !JSON_NODE_HOLDS_OBJECT (model)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': no tokenizer.json, expected an object 'model'", name);
    return FALSE;
  }
  if (!act_normalizer_new (json_object_get_member (object, "normalizer"),
          &context, &self->normalizer, error))
    return FALSE;
  self->pre_tokenizer = act_pre_tokenizer_new (
      json_object_get_member (object, "pre_tokenizer"), &context, error);
  if (self->pre_tokenizer == NULL)
    return FALSE;
  context.bytes = self->pre_tokenizer->bytes;
  self->model = act_model_new (model, &context, error);
  if (self->model == NULL)
    return FALSE;
  if (!act_post_processor_check (
          json_object_get_member (object, "post_processor"), &context, error))
    return FALSE;
  self->added =
      act_added_tokens_new (json_object_get_member (object, "added_tokens"),
          model_vocab (model), &context, error);
  if (self->added == NULL)
    return FALSE;
  /* finds an id that is given twice, too */
  self->vocab = act_vocab_new_from_json (root, name, error);
  return self->vocab != NULL;
}

ActTokenizer *
act_tokenizer_new_from_file (const char *filename, GError **error)
{
  g_autoptr (ActTokenizer) self = g_new0 (ActTokenizer, 1);
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const char *data;
  gsize length;

  self->normalized = g_string_new (NULL);
  bytes = act_file_read (filename, ACT_VOCAB_MAX_FILE_SIZE, error);
  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &length);
  root = act_json_parse_with_nul (
      data != NULL ? data : "", length, filename, error);
  if (root == NULL || !read_stages (self, root, filename, error)) {
    act_json_show_nul (error);
    return NULL;
  }
  self->fingerprint = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  return g_steal_pointer (&self);
}

void
act_tokenizer_free (ActTokenizer *self)
{
  if (self == NULL)
    return;
  g_free (self->fingerprint);
  act_vocab_free (self->vocab);
  act_added_tokens_free (self->added);
  if (self->normalizer != NULL)
    self->normalizer->free (self->normalizer);
  if (self->pre_tokenizer != NULL)
    self->pre_tokenizer->free (self->pre_tokenizer);
  if (self->model != NULL)
    self->model->free (self->model);
  g_string_free (self->normalized, TRUE);
  g_free (self);
}

guint32
act_tokenizer_get_size (const ActTokenizer *self)
{
  return self->vocab->size;
}

const char *
act_tokenizer_get_fingerprint (const ActTokenizer *self)
{
  return self->fingerprint;
}

gint32
act_tokenizer_find_token (const ActTokenizer *self, const char *content)
{
  const ActAddedToken *token = act_added_tokens_find (self->added, content);
  gsize length = strlen (content);

  if (token != NULL)
    return token->id;
  for (gsize i = 0; i < self->vocab->n_entries; i++) {
    const ActVocabEntry *entry = &self->vocab->entries[i];

    if (entry->length == length
        && memcmp (self->vocab->text + entry->offset, content, length) == 0)
      return (gint32) entry->id;
  }
  return -1;
}

gint32
act_tokenizer_find_special (const ActTokenizer *self, const char *content)
{
  const ActAddedToken *token = act_added_tokens_find (self->added, content);

  return token != NULL && token->special ? token->id : -1;
}

static gboolean
encode_piece (
    const char *text, gsize length, gpointer user_data, GError **error)
{
  ActTokenizer *self = user_data;

  return self->model->tokenize (self->model, text, length, self->ids, error);
}

/* after the normalizer: the added tokens that want it, and what is between */
static gboolean
encode_normalized (const ActAddedToken *token, const char *text, gsize length,
    gpointer user_data, GError **error)
{
  ActTokenizer *self = user_data;

  if (token != NULL) {
    g_array_append_val (self->ids, token->id);
    return TRUE;
  }
  return self->pre_tokenizer->cut (
      self->pre_tokenizer, text, length, encode_piece, self, error);
}

static gboolean
encode_span (const ActAddedToken *token, const char *text, gsize length,
    gpointer user_data, GError **error)
{
  ActTokenizer *self = user_data;

  if (token != NULL) {
    g_array_append_val (self->ids, token->id);
    return TRUE;
  }
  if (self->normalizer != NULL) {
    g_string_truncate (self->normalized, 0);
    if (!self->normalizer->normalize (
            self->normalizer, text, length, self->normalized, error))
      return FALSE;
    text = self->normalized->str;
    length = self->normalized->len;
  }
  return act_added_tokens_split (
      self->added, TRUE, text, length, encode_normalized, self, error);
}

gboolean
act_tokenizer_encode (ActTokenizer *self, const char *text, gsize length,
    GArray *ids, GError **error)
{
  gsize valid, bad;

  if (!act_utf8_check (text, length, &valid, &bad)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "the text is not UTF-8 at byte %" G_GSIZE_FORMAT, valid);
    return FALSE;
  }
  self->ids = ids;
  return act_added_tokens_split (
      self->added, FALSE, text, length, encode_span, self, error);
}
