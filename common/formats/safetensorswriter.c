/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/safetensors.h"

#include <glib/gstdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "formats/output.h"
#include "strhash.h"

#define MAX_HEADER_SIZE 100000000

static void
append_metadata (ActJsonWriter *json, const char *const *metadata)
{
  act_json_key (json, "__metadata__");
  act_json_begin_object (json);
  for (; metadata[0] != NULL; metadata += 2) {
    act_json_key (json, metadata[0]);
    act_json_string (json, metadata[1]);
  }
  act_json_end_object (json);
}

/* *offset: where the tensor's data begin; moved to their end */
static gboolean
append_tensor (ActJsonWriter *json, const ActTensor *given, guint64 *offset,
    GError **error)
{
  ActTensor tensor = *given;

  if (!act_tensor_set_sizes (&tensor, error)) {
    g_prefix_error (error, "tensor '%s': ", tensor.name);
    return FALSE;
  }
  act_json_key (json, tensor.name);
  act_json_begin_object (json);
  act_json_key (json, "dtype");
  act_json_string (json, act_dtype_name (tensor.dtype));
  act_json_key (json, "shape");
  act_json_begin_array (json);
  for (guint i = 0; i < tensor.n_dims; i++)
    act_json_uint (json, tensor.shape[i]);
  act_json_end_array (json);
  act_json_key (json, "data_offsets");
  act_json_begin_array (json);
  act_json_uint (json, *offset);
  *offset += tensor.size;
  act_json_uint (json, *offset);
  act_json_end_array (json);
  act_json_end_object (json);
  return TRUE;
}

/* The length and the text, blanks behind it up to a multiple of 8. */
GString *
act_safetensors_header (const ActTensor *tensors, guint n_tensors,
    const char *const *metadata, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (act_str_hash, g_str_equal);
  g_autoptr (GString) header = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (header, 0);
  guint64 offset = 0, length;

  g_string_append_len (header, "\0\0\0\0\0\0\0\0", 8);
  act_json_begin_object (json);
  if (metadata != NULL)
    append_metadata (json, metadata);
  for (guint i = 0; i < n_tensors; i++) {
    if (!g_hash_table_add (names, (char *) tensors[i].name)
        || strcmp (tensors[i].name, "__metadata__") == 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
          "tensor '%s': the name is in use already", tensors[i].name);
      return NULL;
    }
    if (!append_tensor (json, &tensors[i], &offset, error))
      return NULL;
  }
  act_json_end_object (json);
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  length = header->len - 8;
  if (length > MAX_HEADER_SIZE) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "the header needs %" G_GUINT64_FORMAT " bytes, the format allows %d",
        length, MAX_HEADER_SIZE);
    return NULL;
  }
  memcpy (header->str, &length, 8);
  return g_steal_pointer (&header);
}

static gboolean
write_file (const char *filename, GString *header, const ActTensor *tensors,
    guint n_tensors, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (filename, error);

  if (file == NULL
      || !act_output_file_write (file, header->str, header->len, error))
    return FALSE;
  for (guint i = 0; i < n_tensors; i++) {
    ActTensor tensor = tensors[i];

    if (!act_tensor_set_sizes (&tensor, error)
        || !act_output_file_write (file, tensor.data, tensor.size, error))
      return FALSE;
  }
  return act_output_file_close (g_steal_pointer (&file), error);
}

gboolean
act_safetensors_write (const char *filename, const ActTensor *tensors,
    guint n_tensors, const char *const *metadata, GError **error)
{
  g_autoptr (GString) header =
      act_safetensors_header (tensors, n_tensors, metadata, error);

  if (header == NULL) {
    g_prefix_error (error, "cannot write '%s': ", filename);
    return FALSE;
  }
  if (write_file (filename, header, tensors, n_tensors, error))
    return TRUE;
  (void) g_unlink (filename);
  return FALSE;
}
