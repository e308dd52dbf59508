/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/safetensors.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/json.h"
#include "formats/safetensors-private.h"
#include "strhash.h"

#define MAX_HEADER_SIZE 100000000

struct _ActSafetensors {
  char *filename;
  GBytes *bytes;
  guint64 data_start; /* in the file */
  JsonNode *header;   /* holds the names */
  JsonObject *metadata;
  GArray *entries; /* of Entry, in the order of their data */
  GHashTable *by_name;
  gpointer owner; /* of tensors from elsewhere */
  GDestroyNotify free_owner;
};

typedef struct {
  ActTensor tensor;
  guint64 begin, end; /* in the data */
  void *copy;
} Entry;

static void
entry_clear (void *data)
{
  Entry *entry = data;

  g_free (entry->copy);
}

static gboolean G_GNUC_PRINTF (4, 5) fail (const ActSafetensors *file,
    const char *tensor, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  if (tensor != NULL)
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': tensor '%s': %s",
        file->filename, tensor, what);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no valid safetensors file: %s", file->filename, what);
  return FALSE;
}

/* a whole number >= 0 from an array; JSON's integers end at 2^63 - 1, and so
 * do files */
static gboolean
get_number (JsonArray *array, guint i, guint64 *number)
{
  JsonNode *node = json_array_get_element (array, i);

  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64
      || json_node_get_int (node) < 0)
    return FALSE;
  *number = json_node_get_int (node);
  return TRUE;
}

static JsonArray *
get_array (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                              : NULL;
}

static gboolean
parse_dtype (const ActSafetensors *file, JsonObject *object, const char *name,
    ActTensor *tensor, GError **error)
{
  JsonNode *node = json_object_get_member (object, "dtype");
  const char *dtype;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return fail (file, name, error, "\"dtype\" is missing or no string");
  dtype = json_node_get_string (node);
  if (!act_dtype_from_name (dtype, &tensor->dtype)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': tensor '%s': \"dtype\" is \"%s\", expected BOOL, U8, I8, U16, "
        "I16, F16, BF16, U32, I32, F32, U64, I64 or F64",
        file->filename, name, dtype);
    return FALSE;
  }
  return TRUE;
}

static gboolean
parse_shape (const ActSafetensors *file, JsonObject *object, const char *name,
    ActTensor *tensor, GError **error)
{
  JsonArray *shape = get_array (object, "shape");
  g_autoptr (GError) size_error = NULL;

  if (shape == NULL)
    return fail (file, name, error, "\"shape\" is missing or no list");
  if (json_array_get_length (shape) > ACT_TENSOR_MAX_DIMS)
    return fail (file, name, error,
        "\"shape\" has %u dimensions, expected at most %d",
        json_array_get_length (shape), ACT_TENSOR_MAX_DIMS);
  tensor->n_dims = json_array_get_length (shape);
  for (guint i = 0; i < tensor->n_dims; i++) {
    if (!get_number (shape, i, &tensor->shape[i]))
      return fail (file, name, error,
          "\"shape\": dimension %u is no whole number from 0 on", i);
  }
  if (!act_tensor_set_sizes (tensor, &size_error))
    return fail (file, name, error, "%s", size_error->message);
  return TRUE;
}

static gboolean
parse_offsets (const ActSafetensors *file, JsonObject *object, const char *name,
    Entry *entry, GError **error)
{
  JsonArray *offsets = get_array (object, "data_offsets");
  guint64 data_size = g_bytes_get_size (file->bytes) - file->data_start;

  if (offsets == NULL || json_array_get_length (offsets) != 2
      || !get_number (offsets, 0, &entry->begin)
      || !get_number (offsets, 1, &entry->end))
    return fail (file, name, error,
        "\"data_offsets\" is missing or no list of two whole numbers");
  if (entry->begin > entry->end)
    return fail (file, name, error,
        "\"data_offsets\" end at %" G_GUINT64_FORMAT
        ", before their begin %" G_GUINT64_FORMAT,
        entry->end, entry->begin);
  if (entry->end > data_size)
    return fail (file, name, error,
        "\"data_offsets\" end at %" G_GUINT64_FORMAT
        ", but the file has only %" G_GUINT64_FORMAT " bytes of data",
        entry->end, data_size);
  if (entry->end - entry->begin != entry->tensor.size) {
    g_autofree char *shape =
        act_tensor_shape_to_string (entry->tensor.n_dims, entry->tensor.shape);

    return fail (file, name, error,
        "\"data_offsets\" span %" G_GUINT64_FORMAT
        " bytes, expected %" G_GSIZE_FORMAT " for %s %s",
        entry->end - entry->begin, entry->tensor.size,
        act_dtype_name (entry->tensor.dtype), shape);
  }
  return TRUE;
}

static gboolean
parse_tensor (
    ActSafetensors *file, const char *name, JsonNode *node, GError **error)
{
  Entry entry = { 0 };
  JsonObject *object;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (file, name, error, "expected an object in the header");
  object = json_node_get_object (node);
  entry.tensor.name = name;
  if (!parse_dtype (file, object, name, &entry.tensor, error)
      || !parse_shape (file, object, name, &entry.tensor, error)
      || !parse_offsets (file, object, name, &entry, error))
    return FALSE;
  if (json_object_get_size (object) != 3)
    return fail (file, name, error,
        "expected \"dtype\", \"shape\" and \"data_offsets\" alone");
  g_array_append_val (file->entries, entry);
  return TRUE;
}

static gboolean
parse_metadata (ActSafetensors *file, JsonNode *node, GError **error)
{
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (file, NULL, error, "\"__metadata__\" is no object");
  file->metadata = json_node_get_object (node);
  json_object_iter_init (&iter, file->metadata);
  while (json_object_iter_next (&iter, &key, &value)) {
    if (!JSON_NODE_HOLDS_VALUE (value)
        || json_node_get_value_type (value) != G_TYPE_STRING)
      return fail (file, NULL, error,
          "\"__metadata__\": the value of \"%s\" is no string", key);
  }
  return TRUE;
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *x = a, *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  /* empty tensors before the one that begins at the same byte */
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return strcmp (x->tensor.name, y->tensor.name);
}

/* In the order of their offsets the tensors must follow each other without
 * hole or overlap up to the end of the file. */
static gboolean
check_coverage (ActSafetensors *file, GError **error)
{
  guint64 expected = 0;
  guint64 data_size = g_bytes_get_size (file->bytes) - file->data_start;

  g_array_sort (file->entries, compare_entries);
  for (guint i = 0; i < file->entries->len; i++) {
    Entry *entry = &g_array_index (file->entries, Entry, i);

    if (entry->begin != expected)
      return fail (file, entry->tensor.name, error,
          "%s: its data begin at byte %" G_GUINT64_FORMAT
          ", expected %" G_GUINT64_FORMAT,
          entry->begin < expected ? "overlaps another tensor"
                                  : "there is a hole before it",
          entry->begin, expected);
    expected = entry->end;
  }
  if (expected != data_size)
    return fail (file, NULL, error,
        "it has %" G_GUINT64_FORMAT
        " bytes of data, expected %" G_GUINT64_FORMAT,
        data_size, expected);
  return TRUE;
}

static gboolean
parse_header (
    ActSafetensors *file, const char *text, gsize length, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (length == 0 || text[0] != '{')
    return fail (file, NULL, error, "the header does not begin with '{'");
  file->header = act_json_parse (text, length, file->filename, error);
  if (file->header == NULL) {
    g_prefix_error (error, "header: ");
    return FALSE;
  }
  json_object_iter_init (&iter, json_node_get_object (file->header));
  while (json_object_iter_next (&iter, &name, &node)) {
    if (strcmp (name, "__metadata__") == 0) {
      if (!parse_metadata (file, node, error))
        return FALSE;
    } else if (!parse_tensor (file, name, node, error)) {
      return FALSE;
    }
  }
  return check_coverage (file, error);
}

static gboolean
read_header (ActSafetensors *file, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file->bytes, &size);
  guint64 length;

  if (size < 8)
    return fail (file, NULL, error,
        "it has %" G_GSIZE_FORMAT
        " bytes, expected 8 with the header's length at least",
        size);
  memcpy (&length, data, 8);
  if (length > MAX_HEADER_SIZE)
    return fail (file, NULL, error,
        "its header length is %" G_GUINT64_FORMAT ", expected at most %d",
        length, MAX_HEADER_SIZE);
  if (length > size - 8)
    return fail (file, NULL, error,
        "its header length is %" G_GUINT64_FORMAT ", but only %" G_GSIZE_FORMAT
        " bytes follow",
        length, size - 8);
  file->data_start = 8 + length;
  return parse_header (file, (const char *) data + 8, length, error);
}

static void
set_data (ActSafetensors *file, gboolean align)
{
  const guint8 *data = g_bytes_get_data (file->bytes, NULL);

  for (guint i = 0; i < file->entries->len; i++) {
    Entry *entry = &g_array_index (file->entries, Entry, i);
    const guint8 *p = data + file->data_start + entry->begin;

    if (align && (gsize) p % act_dtype_size (entry->tensor.dtype) != 0)
      p = entry->copy = g_memdup2 (p, entry->tensor.size);
    entry->tensor.data = p;
    g_hash_table_insert (file->by_name, (char *) entry->tensor.name, entry);
  }
}

static ActSafetensors *
new_empty (const char *name)
{
  ActSafetensors *file = g_new0 (ActSafetensors, 1);

  file->filename = g_strdup (name);
  file->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (file->entries, entry_clear);
  file->by_name = g_hash_table_new (act_str_hash, g_str_equal);
  return file;
}

ActSafetensors *
act_safetensors_new_from_tensors (const char *name, const ActTensor *tensors,
    guint n_tensors, gpointer owner, GDestroyNotify free_owner, GError **error)
{
  g_autoptr (ActSafetensors) file = new_empty (name);

  file->owner = owner;
  file->free_owner = free_owner;
  for (guint i = 0; i < n_tensors; i++) {
    Entry entry = { .tensor = tensors[i] };

    g_array_append_val (file->entries, entry);
  }
  for (guint i = 0; i < n_tensors; i++) {
    Entry *entry = &g_array_index (file->entries, Entry, i);

    if (!g_hash_table_insert (
            file->by_name, (char *) entry->tensor.name, entry)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': tensor '%s' comes twice", name, entry->tensor.name);
      return NULL;
    }
  }
  return g_steal_pointer (&file);
}

static ActSafetensors *
read_bytes (GBytes *bytes, const char *name, gboolean align, GError **error)
{
  g_autoptr (ActSafetensors) file = new_empty (name);

  file->bytes = g_bytes_ref (bytes);
  if (!read_header (file, error))
    return NULL;
  set_data (file, align);
  return g_steal_pointer (&file);
}

ActSafetensors *
act_safetensors_new (GBytes *bytes, const char *name, GError **error)
{
  return read_bytes (bytes, name, TRUE, error);
}

ActSafetensors *
act_safetensors_open_full (const char *filename, gboolean align, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (filename, error);

  return bytes != NULL ? read_bytes (bytes, filename, align, error) : NULL;
}

ActSafetensors *
act_safetensors_open (const char *filename, GError **error)
{
  return act_safetensors_open_full (filename, TRUE, error);
}

void
act_safetensors_free (ActSafetensors *file)
{
  if (file == NULL)
    return;
  g_hash_table_unref (file->by_name);
  g_array_unref (file->entries);
  g_clear_pointer (&file->header, json_node_unref);
  g_clear_pointer (&file->bytes, g_bytes_unref);
  if (file->free_owner != NULL)
    file->free_owner (file->owner);
  g_free (file->filename);
  g_free (file);
}

const char *
act_safetensors_get_filename (const ActSafetensors *file)
{
  return file->filename;
}

guint
act_safetensors_get_n_tensors (const ActSafetensors *file)
{
  return file->entries->len;
}

const ActTensor *
act_safetensors_get (const ActSafetensors *file, guint i)
{
  g_return_val_if_fail (i < file->entries->len, NULL);
  return &g_array_index (file->entries, Entry, i).tensor;
}

const ActTensor *
act_safetensors_lookup (const ActSafetensors *file, const char *name)
{
  Entry *entry = g_hash_table_lookup (file->by_name, name);

  return entry ? &entry->tensor : NULL;
}

guint64
act_safetensors_get_offset (const ActSafetensors *file, const ActTensor *tensor)
{
  Entry *entry = g_hash_table_lookup (file->by_name, tensor->name);

  return file->data_start + entry->begin;
}

/* "[4, *]": 0 stands for any size */
static char *
pattern_to_string (guint n_dims, const guint64 *shape)
{
  GString *s = g_string_new ("[");

  for (guint i = 0; i < n_dims; i++) {
    g_string_append (s, i > 0 ? ", " : "");
    if (shape[i] == 0)
      g_string_append_c (s, '*');
    else
      g_string_append_printf (s, "%" G_GUINT64_FORMAT, shape[i]);
  }
  g_string_append_c (s, ']');
  return g_string_free (s, FALSE);
}

const ActTensor *
act_safetensors_require (const ActSafetensors *file, const char *name,
    guint n_dims, const guint64 *shape, GError **error)
{
  const ActTensor *tensor = act_safetensors_lookup (file, name);
  g_autofree char *expected = pattern_to_string (n_dims, shape);
  g_autofree char *found = NULL;
  gboolean same;

  if (tensor == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has no tensor '%s', expected one of shape %s", file->filename,
        name, expected);
    return NULL;
  }
  same = tensor->n_dims == n_dims;
  for (guint i = 0; same && i < n_dims; i++)
    same = shape[i] == 0 || tensor->shape[i] == shape[i];
  if (same)
    return tensor;
  found = act_tensor_shape_to_string (tensor->n_dims, tensor->shape);
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s': tensor '%s' has shape %s, expected %s", file->filename, name,
      found, expected);
  return NULL;
}

const char *
act_safetensors_get_metadata (const ActSafetensors *file, const char *key)
{
  if (file->metadata == NULL || !json_object_has_member (file->metadata, key))
    return NULL;
  return json_object_get_string_member (file->metadata, key);
}
