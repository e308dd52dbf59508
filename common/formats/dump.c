/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/dump-private.h"

#include <string.h>

#include "acterror.h"
#include "formats/dumprows.h"
#include "formats/file.h"
#include "formats/json.h"
#include "formats/latents.h"
#include "formats/names.h"
#include "formats/tokens.h"

#define MAX_LABELS_SIZE (1u << 30)
#define MAX_INFO_SIZE (1u << 20)

static void
batch_clear (void *data)
{
  g_free (((ActDumpBatch *) data)->filename);
}

GPtrArray *
act_dump_list (
    const char *folder, const char *prefix, const char *suffix, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &local_error);
  GPtrArray *names;
  const char *name;

  if (dir == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ, "'%s': %s", folder,
        local_error->message);
    return NULL;
  }
  names = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (name[0] != '.' && g_str_has_prefix (name, prefix)
        && g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, act_names_compare);
  return names;
}

gboolean
act_dump_count_samples (const ActTensor *tokens, gsize first_row, gsize n_rows,
    const char *where, guint *n_samples, GError **error)
{
  gsize n_ctx = tokens->shape[tokens->n_dims - 1];
  gsize row_size = n_ctx * act_dtype_size (tokens->dtype);
  const guint8 *rows = (const guint8 *) tokens->data + first_row * row_size;
  gsize n = n_rows;

  while (n > 0
      && act_tokens_is_padding (
          tokens->dtype, rows + (n - 1) * row_size, n_ctx))
    n--;
  for (gsize i = 0; i < n; i++) {
    if (act_tokens_is_padding (tokens->dtype, rows + i * row_size, n_ctx)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "%s: row %" G_GSIZE_FORMAT " is -1 but row %" G_GSIZE_FORMAT
          " is not, expected rows of -1 after all others alone",
          where, i, n - 1);
      return FALSE;
    }
  }
  if (n == 0 || n > G_MAXINT32) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "%s: %" G_GSIZE_FORMAT " samples, expected at least one", where, n);
    return FALSE;
  }
  *n_samples = n;
  return TRUE;
}

void
act_dump_add_batch (ActDump *dump, char *filename, guint n_samples)
{
  ActDumpBatch batch = { filename, n_samples, dump->n_samples };

  g_array_append_val (dump->batches, batch);
  dump->n_samples += n_samples;
  dump->batch_size = MAX (dump->batch_size, n_samples);
}

gboolean
act_dump_convert_tokens (const ActDump *dump, guint batch,
    const ActTensor *tensor, gsize first_row, guint vocab_size, gint32 *tokens,
    GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);
  gsize n_ctx = dump->sequence_length, n = b->n_samples * n_ctx;
  const guint8 *data = tensor->data;
  gint64 bad;
  gsize i = act_tokens_to_i32 (tensor->dtype,
      data + first_row * n_ctx * act_dtype_size (tensor->dtype), n, vocab_size,
      tokens, &bad);

  if (i == n)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': batch %u, sample %" G_GUINT64_FORMAT ", position %" G_GSIZE_FORMAT
      ": token id %" G_GINT64_FORMAT
      " is outside the vocabulary, expected 0 to %u",
      dump->folder, batch, b->first + i / n_ctx, i % n_ctx, bad,
      vocab_size > 0 ? vocab_size - 1 : (guint) G_MAXINT32);
  return FALSE;
}

static gboolean
load_labels (ActDump *dump, GError **error)
{
  g_autofree char *filename =
      g_build_filename (dump->folder, "labels.txt", NULL);
  g_autoptr (GBytes) bytes = NULL;
  const char *text;
  gsize size;

  if (!g_file_test (filename, G_FILE_TEST_EXISTS))
    return TRUE;
  bytes = act_file_read (filename, MAX_LABELS_SIZE, error);
  if (bytes == NULL)
    return FALSE;
  text = g_bytes_get_data (bytes, &size);
  dump->labels = act_labels_parse (text ? text : "", size, filename, error);
  return dump->labels != NULL;
}

static char *
dup_optional_string (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_dup_string (node)
                                              : NULL;
}

/* dump.json: what batches alone do not say; all of it optional */
static gboolean
load_info (ActDump *dump, GError **error)
{
  g_autofree char *filename =
      g_build_filename (dump->folder, "dump.json", NULL);
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;
  guint64 value;

  if (!g_file_test (filename, G_FILE_TEST_EXISTS))
    return TRUE;
  root = act_json_read_file (filename, MAX_INFO_SIZE, error);
  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' holds no JSON object", filename);
    return FALSE;
  }
  object = json_node_get_object (root);
  if (json_object_has_member (object, "batch_size")) {
    if (!act_json_get_uint (
            object, "batch_size", filename, G_MAXINT32, &value, error))
      return FALSE;
    dump->batch_size = MAX (dump->batch_size, value);
  }
  if (json_object_has_member (object, "vocab_size")) {
    if (!act_json_get_uint (
            object, "vocab_size", filename, G_MAXINT32, &value, error))
      return FALSE;
    dump->vocab_size = value;
  }
  dump->tokenizer = dup_optional_string (object, "tokenizer");
  dump->model = dup_optional_string (object, "model");
  return TRUE;
}

static void
find_vocabulary (ActDump *dump)
{
  static const char *const names[] = { "vocab.json", "tokenizer.json" };

  for (guint i = 0; i < G_N_ELEMENTS (names) && !dump->vocabulary; i++) {
    g_autofree char *filename = g_build_filename (dump->folder, names[i], NULL);

    if (g_file_test (filename, G_FILE_TEST_EXISTS))
      dump->vocabulary = g_steal_pointer (&filename);
  }
}

static gboolean
open_batches (ActDump *dump, guint batch_size, GError **error)
{
  g_autofree char *tokens = g_build_filename (dump->folder, "tokens.npy", NULL);
  g_autoptr (GPtrArray) names =
      act_dump_list (dump->folder, "", ".safetensors", error);
  gboolean has_tokens = g_file_test (tokens, G_FILE_TEST_EXISTS);

  if (names == NULL)
    return FALSE;
  if (has_tokens && names->len > 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has both tokens.npy and .safetensors files, expected one form",
        dump->folder);
    return FALSE;
  }
  if (!has_tokens && names->len == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no dump: expected tokens.npy with activations_NNN.npy, or "
        ".safetensors files",
        dump->folder);
    return FALSE;
  }
  if (!load_labels (dump, error))
    return FALSE;
  if (act_dump_has_latents (dump->folder, names))
    return act_dump_open_latents (dump, names, batch_size, error);
  return has_tokens ? act_dump_open_npy (dump, error)
                    : act_dump_open_safetensors (dump, names, error);
}

ActDump *
act_dump_open (const char *folder, guint batch_size, GError **error)
{
  g_autoptr (ActDump) dump = g_new0 (ActDump, 1);

  dump->folder = g_strdup (folder);
  dump->batches = g_array_new (FALSE, FALSE, sizeof (ActDumpBatch));
  g_array_set_clear_func (dump->batches, batch_clear);
  if (!open_batches (dump, batch_size, error) || !load_info (dump, error))
    return NULL;
  find_vocabulary (dump);
  return g_steal_pointer (&dump);
}

void
act_dump_free (ActDump *dump)
{
  if (dump == NULL)
    return;
  g_clear_pointer (&dump->latents, act_latents_free);
  g_clear_pointer (&dump->tokens, act_npy_free);
  g_clear_pointer (&dump->file, act_safetensors_free);
  g_clear_pointer (&dump->labels, act_labels_free);
  g_array_unref (dump->batches);
  g_free (dump->folder);
  g_free (dump->vocabulary);
  g_free (dump->tokenizer);
  g_free (dump->model);
  g_free (dump);
}

const ActLabels *
act_dump_get_labels (const ActDump *dump)
{
  return dump->labels;
}

guint
act_dump_get_batch_size (const ActDump *dump)
{
  return dump->batch_size;
}

guint
act_dump_get_sequence_length (const ActDump *dump)
{
  return dump->sequence_length;
}

guint
act_dump_get_vocab_size (const ActDump *dump)
{
  return dump->vocab_size;
}

const char *
act_dump_get_tokenizer (const ActDump *dump)
{
  return dump->tokenizer;
}

const char *
act_dump_get_model (const ActDump *dump)
{
  return dump->model;
}

const char *
act_dump_get_vocabulary (const ActDump *dump)
{
  return dump->vocabulary;
}

guint
act_dump_get_n_batches (const ActDump *dump)
{
  return dump->batches->len;
}

guint64
act_dump_get_n_samples (const ActDump *dump)
{
  return dump->n_samples;
}

guint
act_dump_get_batch (const ActDump *dump, guint batch, guint64 *first)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);

  *first = b->first;
  return b->n_samples;
}

gboolean
act_dump_read_tokens (ActDump *dump, guint batch, guint vocab_size,
    gint32 *tokens, GError **error)
{
  if (dump->latents != NULL)
    return act_dump_read_tokens_latents (
        dump, batch, vocab_size, tokens, error);
  return dump->tokens
      ? act_dump_read_tokens_npy (dump, batch, vocab_size, tokens, error)
      : act_dump_read_tokens_safetensors (
          dump, batch, vocab_size, tokens, error);
}

static gboolean
map_rows (ActDump *dump, guint batch, ActDumpRows *rows, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);

  act_dump_rows_init (rows, (gsize) b->n_samples * dump->sequence_length);
  return dump->tokens ? act_dump_map_npy (dump, batch, rows, error)
                      : act_dump_map_safetensors (dump, batch, rows, error);
}

gboolean
act_dump_is_sparse (ActDump *dump, guint batch)
{
  g_auto (ActDumpRows) rows = { 0 };

  if (dump->latents != NULL)
    return TRUE;
  return map_rows (dump, batch, &rows, NULL)
      && act_dump_rows_are_sparse (&rows);
}

gboolean
act_dump_read_activations (
    ActDump *dump, guint batch, float *dense, GError **error)
{
  g_auto (ActDumpRows) rows = { 0 };

  if (dump->latents != NULL)
    return act_dump_read_dense_latents (dump, batch, dense, error);
  return map_rows (dump, batch, &rows, error)
      && act_dump_rows_to_dense (&rows, dump, batch, dense, error);
}

gboolean
act_dump_read_csr (
    ActDump *dump, guint batch, ActCsrArrays *csr, GError **error)
{
  g_auto (ActDumpRows) rows = { 0 };

  if (dump->latents != NULL)
    return act_dump_read_csr_latents (dump, batch, csr, error);
  return map_rows (dump, batch, &rows, error)
      && act_dump_rows_to_csr (&rows, dump, batch, csr, error);
}
