/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/safetensors.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/safetensors-private.h"
#include "formats/safetensorsheader.h"
#include "strhash.h"

#define MAX_HEADER_SIZE 100000000

struct _ActSafetensors {
  char *filename;
  GBytes *bytes;
  guint64 data_start; /* in the file */
  ActSafetensorsHeader header;
  GHashTable *by_name; /* entries */
  gpointer owner;      /* of tensors from elsewhere */
  GDestroyNotify free_owner;
};

typedef ActSafetensorsEntry Entry;

static gboolean G_GNUC_PRINTF (3, 4)
    fail (const ActSafetensors *file, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is no valid safetensors file: %s", file->filename, what);
  return FALSE;
}

static gboolean
read_header (ActSafetensors *file, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file->bytes, &size);
  guint64 length;

  if (size < 8)
    return fail (file, error,
        "it has %" G_GSIZE_FORMAT
        " bytes, expected 8 with the header's length at least",
        size);
  memcpy (&length, data, 8);
  if (length > MAX_HEADER_SIZE)
    return fail (file, error,
        "its header length is %" G_GUINT64_FORMAT ", expected at most %d",
        length, MAX_HEADER_SIZE);
  if (length > size - 8)
    return fail (file, error,
        "its header length is %" G_GUINT64_FORMAT ", but only %" G_GSIZE_FORMAT
        " bytes follow",
        length, size - 8);
  file->data_start = 8 + length;
  return act_safetensors_header_parse (&file->header, (const char *) data + 8,
      length, size - file->data_start, file->filename, error);
}

static void
set_data (ActSafetensors *file, gboolean align)
{
  const guint8 *data = g_bytes_get_data (file->bytes, NULL);

  for (guint i = 0; i < file->header.entries->len; i++) {
    Entry *entry = &g_array_index (file->header.entries, Entry, i);
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
  act_safetensors_header_init (&file->header);
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

    g_array_append_val (file->header.entries, entry);
  }
  for (guint i = 0; i < n_tensors; i++) {
    Entry *entry = &g_array_index (file->header.entries, Entry, i);

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
  act_safetensors_header_clear (&file->header);
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
  return file->header.entries->len;
}

const ActTensor *
act_safetensors_get (const ActSafetensors *file, guint i)
{
  g_return_val_if_fail (i < file->header.entries->len, NULL);
  return &g_array_index (file->header.entries, Entry, i).tensor;
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
  return file->header.metadata != NULL
      ? g_hash_table_lookup (file->header.metadata, key)
      : NULL;
}
