/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/tokenizer.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/json.h"
#include "tokenizer/addedtokens.h"
#include "tokenizer/charclass.h"
#include "tokenizer/postprocessor.h"
#include "tokenizer/stage.h"
#include "tokenizer/vocab.h"

struct _ActTokenizer {
  char *fingerprint;
  ActVocab *vocab;
  ActAddedTokens *added;
  ActNormalizer *normalizer;      /* or NULL */
  ActPreTokenizer *pre_tokenizer; /* or NULL */
  ActTokenModel *model;
  ActPostProcessor *post_processor;
  gboolean expand;                 /* the model wants the stand-ins of bytes */
  GString *normalized, *stand_ins; /* scratch */
  /* the text at hand */
  const char *text;
  gboolean at_start; /* the normalized span at hand begins where it does */
  const char *normalized_begin;
  GArray *ids; /* where it goes, not owned */
};

/* what a post_processor puts round a text must be tokens: whoever gets ids
 * knows that they are below the vocabulary's size */
static gboolean
check_special (const ActTokenizer *self, const GArray *ids, const char *name,
    GError **error)
{
  for (guint i = 0; i < ids->len; i++) {
    gint32 id = g_array_index (ids, gint32, i);

    if (id >= 0 && (guint32) id < self->vocab->size)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': post_processor: token id %d is in no vocabulary, expected it "
        "below "
        "%u",
        name, id, self->vocab->size);
    return FALSE;
  }
  return TRUE;
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
  if (!act_pre_tokenizer_new (json_object_get_member (object, "pre_tokenizer"),
          &context, &self->pre_tokenizer, error))
    return FALSE;
  context.bytes = self->pre_tokenizer != NULL && self->pre_tokenizer->bytes;
  self->model = act_token_model_new (model, &context, error);
  if (self->model == NULL)
    return FALSE;
  self->expand = context.bytes && !self->model->bytes;
  self->post_processor = act_post_processor_new (
      json_object_get_member (object, "post_processor"), &context, error);
  if (self->post_processor == NULL)
    return FALSE;
  self->added =
      act_added_tokens_new (json_object_get_member (object, "added_tokens"),
          json_object_get_member (json_node_get_object (model), "vocab"),
          self->normalizer, &context, error);
  if (self->added == NULL)
    return FALSE;
  /* finds an id that is given twice, too */
  self->vocab = act_vocab_new_from_json (root, name, error);
  return self->vocab != NULL
      && check_special (self, self->post_processor->before, name, error)
      && check_special (self, self->post_processor->after, name, error);
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
  self->stand_ins = g_string_new (NULL);
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
  act_normalizer_free (self->normalizer);
  act_pre_tokenizer_free (self->pre_tokenizer);
  act_token_model_free (self->model);
  act_post_processor_free (self->post_processor);
  g_string_free (self->normalized, TRUE);
  g_string_free (self->stand_ins, TRUE);
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
encode_piece (const char *text, gsize length, gboolean at_start,
    gpointer user_data, GError **error)
{
  ActTokenizer *self = user_data;

  if (self->expand) {
    g_string_truncate (self->stand_ins, 0);
    act_byte_stand_ins_append (self->stand_ins, text, length);
    text = self->stand_ins->str;
    length = self->stand_ins->len;
  }
  return self->model->tokenize (self->model, text, length, self->ids, error);
}

/* after the normalizer: the added tokens that want it, and what is between */
static gboolean
encode_normalized (const ActAddedToken *token, const char *text, gsize length,
    gpointer user_data, GError **error)
{
  ActTokenizer *self = user_data;
  gboolean at_start = self->at_start && text == self->normalized_begin;

  if (token != NULL) {
    g_array_append_val (self->ids, token->id);
    return TRUE;
  }
  if (self->pre_tokenizer == NULL)
    return encode_piece (text, length, at_start, self, error);
  return self->pre_tokenizer->cut (
      self->pre_tokenizer, text, length, at_start, encode_piece, self, error);
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
  self->at_start = text == self->text;
  if (self->normalizer != NULL) {
    g_string_truncate (self->normalized, 0);
    if (!self->normalizer->normalize (
            self->normalizer, text, length, self->normalized, error))
      return FALSE;
    self->at_start = self->at_start && !self->normalizer->start_dropped;
    text = self->normalized->str;
    length = self->normalized->len;
  }
  self->normalized_begin = text;
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
  self->text = text;
  self->ids = ids;
  return act_added_tokens_split (
      self->added, FALSE, text, length, encode_span, self, error);
}

gboolean
act_tokenizer_encode_with_special (ActTokenizer *self, const char *text,
    gsize length, GArray *ids, GError **error)
{
  const GArray *before = self->post_processor->before;
  const GArray *after = self->post_processor->after;

  g_array_append_vals (ids, before->data, before->len);
  if (!act_tokenizer_encode (self, text, length, ids, error))
    return FALSE;
  g_array_append_vals (ids, after->data, after->len);
  return TRUE;
}

gboolean
act_tokenizer_adds_special (const ActTokenizer *self)
{
  return self->post_processor->before->len + self->post_processor->after->len
      > 0;
}
