/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "acterror.h"
#include "formats/dump-private.h"
#include "formats/dumprows.h"
#include "formats/json.h"
#include "formats/tokens.h"

/* tensors of a file that are no module */
static gboolean
is_reserved (const char *name)
{
  return strcmp (name, "tokens") == 0
      || strcmp (name, "cluster_activations") == 0;
}

static gboolean
get_batch (ActDump *dump, guint batch, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);

  if (dump->file != NULL && dump->file_batch == batch)
    return TRUE;
  g_clear_pointer (&dump->file, act_safetensors_free);
  dump->file = act_safetensors_open (b->filename, error);
  dump->file_batch = batch;
  return dump->file != NULL;
}

/* "modules": ["a", "b"] with all components of each, as many as its tensor
 * has columns */
static ActLabels *
labels_from_modules (
    const ActSafetensors *file, const char *text, GError **error)
{
  const char *filename = act_safetensors_get_filename (file);
  g_autoptr (JsonNode) root =
      act_json_parse (text, strlen (text), filename, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GArray) components = g_array_new (FALSE, FALSE, sizeof (guint));
  guint64 total = 0;

  if (root == NULL)
    return NULL;
  for (guint i = 0; JSON_NODE_HOLDS_ARRAY (root)
       && i < json_array_get_length (json_node_get_array (root));
       i++) {
    JsonNode *node = json_array_get_element (json_node_get_array (root), i);
    const char *name =
        JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
    const guint64 any[3] = { 0, 0, 0 };
    const ActTensor *tensor =
        name ? act_safetensors_require (file, name, 3, any, error) : NULL;
    guint n;

    if (name == NULL
        || g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      break;
    if (tensor == NULL)
      return NULL;
    total += MIN (tensor->shape[2], G_MAXINT32);
    n = tensor->shape[2];
    if (total > G_MAXINT32 || n == 0)
      break;
    g_ptr_array_add (names, (char *) name);
    g_array_append_val (components, n);
    if (i + 1 == json_array_get_length (json_node_get_array (root)))
      return act_labels_new_full (names->len,
          (const char *const *) names->pdata, (guint *) components->data);
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"modules\" in __metadata__ is no JSON list of the modules' "
      "names, each once",
      filename);
  return NULL;
}

static gboolean
load_labels (ActDump *dump, const ActSafetensors *file, GError **error)
{
  const char *labels = act_safetensors_get_metadata (file, "labels");
  const char *modules = act_safetensors_get_metadata (file, "modules");
  const char *filename = act_safetensors_get_filename (file);

  if (dump->labels != NULL)
    return TRUE;
  if (labels != NULL)
    dump->labels = act_labels_parse (labels, strlen (labels), filename, error);
  else if (modules != NULL)
    dump->labels = labels_from_modules (file, modules, error);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': nothing says what the columns are, expected labels.txt beside "
        "it, or \"labels\" or \"modules\" in __metadata__",
        filename);
  return dump->labels != NULL;
}

/* A file says nothing that contradicts the first. */
static gboolean
check_metadata (ActDump *dump, const ActSafetensors *first,
    const ActSafetensors *file, GError **error)
{
  static const char *const keys[] = { "labels", "modules" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const char *value = act_safetensors_get_metadata (file, keys[i]);
    const char *expected = act_safetensors_get_metadata (first, keys[i]);

    if (value != NULL && g_strcmp0 (value, expected) != 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "'%s': \"%s\" in __metadata__ differs from that of '%s'",
          act_safetensors_get_filename (file), keys[i],
          act_safetensors_get_filename (first));
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check_modules (ActDump *dump, const ActSafetensors *file,
    const ActTensor *tokens, GError **error)
{
  const guint *start = dump->labels->module_start;
  guint n_modules = 0;

  for (guint m = 0; m < dump->labels->n_modules; m++) {
    const guint64 shape[3] = { tokens->shape[0], tokens->shape[1],
      start[m + 1] - start[m] };
    const ActTensor *tensor = act_safetensors_require (
        file, dump->labels->modules[m], 3, shape, error);

    if (tensor == NULL)
      return FALSE;
    if (tensor->dtype != ACT_DTYPE_F32 && tensor->dtype != ACT_DTYPE_F16
        && tensor->dtype != ACT_DTYPE_BF16) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "'%s': tensor '%s' has %s, expected F32, F16 or BF16",
          act_safetensors_get_filename (file), tensor->name,
          act_dtype_name (tensor->dtype));
      return FALSE;
    }
  }
  for (guint i = 0; i < act_safetensors_get_n_tensors (file); i++) {
    const char *name = act_safetensors_get (file, i)->name;

    if (is_reserved (name) || n_modules++ < dump->labels->n_modules)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has more tensors than the %u modules of the labels",
        act_safetensors_get_filename (file), dump->labels->n_modules);
    return FALSE;
  }
  return TRUE;
}

static gboolean
add_file (ActDump *dump, const ActSafetensors *file, GError **error)
{
  const char *filename = act_safetensors_get_filename (file);
  const guint64 any[2] = { 0, 0 };
  const ActTensor *tokens =
      act_safetensors_require (file, "tokens", 2, any, error);
  g_autofree char *where = g_strdup_printf ("'%s'", filename);
  guint n_samples;

  if (tokens == NULL)
    return FALSE;
  if (!act_tokens_is_dtype (tokens->dtype) || tokens->n_elements == 0
      || tokens->shape[0] > G_MAXINT32 || tokens->shape[1] > G_MAXINT32
      || (dump->sequence_length > 0
          && tokens->shape[1] != dump->sequence_length)) {
    g_autofree char *shape = act_tensor_shape_to_string (2, tokens->shape);

    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s': tensor 'tokens' has %s %s, expected whole numbers [batch, "
        "n_ctx] with the same n_ctx%s in all files",
        filename, act_dtype_name (tokens->dtype), shape,
        dump->sequence_length > 0 ? " as before" : "");
    return FALSE;
  }
  if (!act_dump_count_samples (
          tokens, 0, tokens->shape[0], where, &n_samples, error))
    return FALSE;
  dump->sequence_length = tokens->shape[1];
  act_dump_add_batch (dump, g_strdup (filename), n_samples);
  dump->batch_size = MAX (dump->batch_size, tokens->shape[0]);
  return check_modules (dump, file, tokens, error);
}

gboolean
act_dump_open_safetensors (ActDump *dump, GPtrArray *names, GError **error)
{
  g_autoptr (ActSafetensors) first = NULL;

  for (guint i = 0; i < names->len; i++) {
    g_autofree char *filename =
        g_build_filename (dump->folder, (char *) names->pdata[i], NULL);
    g_autoptr (ActSafetensors) file = act_safetensors_open (filename, error);

    if (file == NULL || !load_labels (dump, file, error)
        || (first && !check_metadata (dump, first, file, error))
        || !add_file (dump, file, error))
      return FALSE;
    if (first == NULL)
      first = g_steal_pointer (&file);
  }
  return TRUE;
}

gboolean
act_dump_read_tokens_safetensors (ActDump *dump, guint batch, guint vocab_size,
    gint32 *tokens, GError **error)
{
  const guint64 shape[2] = { 0, dump->sequence_length };
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);
  const ActTensor *tensor;

  if (!get_batch (dump, batch, error))
    return FALSE;
  tensor = act_safetensors_require (dump->file, "tokens", 2, shape, error);
  if (tensor == NULL)
    return FALSE;
  if (tensor->shape[0] < b->n_samples || !act_tokens_is_dtype (tensor->dtype)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has changed since it was opened", b->filename);
    return FALSE;
  }
  return act_dump_convert_tokens (
      dump, batch, tensor, 0, vocab_size, tokens, error);
}

gboolean
act_dump_map_safetensors (
    ActDump *dump, guint batch, ActDumpRows *rows, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);
  const guint *start = dump->labels->module_start;
  const guint64 shape[2] = { 0, dump->sequence_length };
  const ActTensor *tokens;

  if (!get_batch (dump, batch, error))
    return FALSE;
  tokens = act_safetensors_require (dump->file, "tokens", 2, shape, error);
  if (tokens == NULL || !check_modules (dump, dump->file, tokens, error))
    return FALSE;
  if (tokens->shape[0] < b->n_samples) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has changed since it was opened", b->filename);
    return FALSE;
  }
  for (guint m = 0; m < dump->labels->n_modules; m++) {
    if (!act_dump_rows_add (rows,
            act_safetensors_lookup (dump->file, dump->labels->modules[m]),
            start[m + 1] - start[m], dump->labels->by_module + start[m], error))
      return FALSE;
  }
  return TRUE;
}
