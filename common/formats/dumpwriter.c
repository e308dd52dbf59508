/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/dumpwriter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/json.h"
#include "formats/labels.h"
#include "formats/npy.h"
#include "formats/output.h"
#include "formats/safetensors.h"

struct _ActDumpWriter {
  ActOutputFolder *folder;
  ActDumpFormat format;

  ActDumpShape shape; /* strings and arrays are owned copies */
  char **modules;
  char *labels; /* text of labels.txt */
  guint n_batches;
  ActOutputFile *tokens; /* tokens.npy, rewritten at its head in the end */
  gsize tokens_header_size;
  gint32 *padding; /* a row of -1 */
};

ActDumpWriter *
act_dump_writer_new (const char *target, ActDumpFormat format,
    gboolean overwrite, GError **error)
{
  ActOutputFolder *folder =
      act_output_folder_new (target, overwrite ? "dump.json" : NULL, error);
  ActDumpWriter *writer;

  if (folder == NULL)
    return NULL;
  writer = g_new0 (ActDumpWriter, 1);
  writer->folder = folder;
  writer->format = format;
  return writer;
}

void
act_dump_writer_free (ActDumpWriter *writer)
{
  if (writer == NULL)
    return;
  g_clear_pointer (&writer->tokens, act_output_file_free);
  act_output_folder_free (writer->folder);
  g_strfreev (writer->modules);
  g_free ((char *) writer->shape.tokenizer);
  g_free ((char *) writer->shape.model);
  g_free ((guint *) writer->shape.components);
  g_free (writer->labels);
  g_free (writer->padding);
  g_free (writer);
}

static char *
path_of (const ActDumpWriter *writer, const char *name)
{
  return g_build_filename (
      act_output_folder_get_path (writer->folder), name, NULL);
}

static GBytes *
tokens_header (const ActDumpWriter *writer)
{
  const guint64 shape[3] = { writer->n_batches, writer->shape.batch_size,
    writer->shape.sequence_length };

  return act_npy_header (ACT_DTYPE_I32, 3, shape);
}

/* The number of batches is not known yet; the header has room for any. */
static gboolean
begin_tokens (ActDumpWriter *writer, GError **error)
{
  g_autofree char *filename = path_of (writer, "tokens.npy");
  g_autoptr (GBytes) header = tokens_header (writer);
  const void *data = g_bytes_get_data (header, &writer->tokens_header_size);

  writer->tokens = act_output_file_new (filename, error);
  return writer->tokens != NULL
      && act_output_file_write (
          writer->tokens, data, writer->tokens_header_size, error);
}

static gboolean
finish_tokens (ActDumpWriter *writer, GError **error)
{
  g_autofree char *filename = path_of (writer, "tokens.npy");
  g_autoptr (GBytes) header = tokens_header (writer);
  gsize size;
  const void *data = g_bytes_get_data (header, &size);
  gssize n = -1;
  int fd;

  g_return_val_if_fail (size == writer->tokens_header_size, FALSE);
  if (!act_output_file_close (g_steal_pointer (&writer->tokens), error))
    return FALSE;
  fd = open (filename, O_WRONLY | O_CLOEXEC);
  if (fd >= 0)
    n = pwrite (fd, data, size, 0);
  if (n != (gssize) size)
    act_set_errno_error (
        error, n < 0 ? errno : EIO, TRUE, "cannot write '%s'", filename);
  if (fd >= 0)
    close (fd);
  return n == (gssize) size;
}

gboolean
act_dump_writer_add_file (ActDumpWriter *writer, const char *name,
    const char *text, gsize size, GError **error)
{
  g_autofree char *filename = path_of (writer, name);
  g_autoptr (ActOutputFile) file = act_output_file_new (filename, error);

  return file != NULL && act_output_file_write (file, text, size, error)
      && act_output_file_close (g_steal_pointer (&file), error);
}

static gboolean
write_info (ActDumpWriter *writer, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 2);

  act_json_begin_object (json);
  act_json_key (json, "batch_size");
  act_json_uint (json, writer->shape.batch_size);
  if (writer->shape.vocab_size > 0) {
    act_json_key (json, "vocab_size");
    act_json_uint (json, writer->shape.vocab_size);
  }
  if (writer->shape.tokenizer != NULL) {
    act_json_key (json, "tokenizer");
    act_json_string (json, writer->shape.tokenizer);
  }
  if (writer->shape.model != NULL) {
    act_json_key (json, "model");
    act_json_string (json, writer->shape.model);
  }
  act_json_end_object (json);
  g_string_append_c (text, '\n');
  return act_dump_writer_add_file (
      writer, "dump.json", text->str, text->len, error);
}

gboolean
act_dump_writer_set_shape (
    ActDumpWriter *writer, const ActDumpShape *shape, GError **error)
{
  g_return_val_if_fail (writer->padding == NULL, FALSE);
  writer->shape = *shape;
  writer->modules = g_new0 (char *, shape->n_modules + 1);
  for (guint m = 0; m < shape->n_modules; m++)
    writer->modules[m] = g_strdup (shape->modules[m]);
  writer->shape.modules = (const char *const *) writer->modules;
  writer->shape.components =
      g_memdup2 (shape->components, shape->n_modules * sizeof (guint));
  writer->shape.tokenizer = g_strdup (shape->tokenizer);
  writer->shape.model = g_strdup (shape->model);
  writer->padding = g_new (gint32, shape->sequence_length);
  memset (writer->padding, 0xff, shape->sequence_length * sizeof (gint32));
  if (!write_info (writer, error))
    return FALSE;
  if (shape->n_modules > 0) {
    writer->labels = act_labels_to_text (
        shape->n_modules, shape->modules, shape->components);
    if (!act_dump_writer_add_file (writer, "labels.txt", writer->labels,
            strlen (writer->labels), error))
      return FALSE;
  }
  return writer->format != ACT_DUMP_FORMAT_NPY || begin_tokens (writer, error);
}

static gboolean
write_matrix (ActDumpWriter *writer, const char *prefix, gsize n_rows,
    guint n_columns, const float *values, GError **error)
{
  g_autofree char *name =
      g_strdup_printf ("%s_%03u.npy", prefix, writer->n_batches);
  g_autofree char *filename = path_of (writer, name);
  const ActTensor tensor = {
    .dtype = ACT_DTYPE_F32,
    .n_dims = 2,
    .shape = { n_rows, n_columns },
    .data = values,
  };

  return act_npy_write (filename, &tensor, error);
}

static gboolean
add_npy (ActDumpWriter *writer, guint n_samples, const gint32 *tokens,
    const float *components, const float *clusters, GError **error)
{
  const ActDumpShape *shape = &writer->shape;
  gsize n_positions = (gsize) n_samples * shape->sequence_length;

  if (!act_output_file_write (
          writer->tokens, tokens, n_positions * sizeof (gint32), error))
    return FALSE;
  for (guint i = n_samples; i < shape->batch_size; i++) {
    if (!act_output_file_write (writer->tokens, writer->padding,
            shape->sequence_length * sizeof (gint32), error))
      return FALSE;
  }
  if (shape->n_modules > 0
      && !write_matrix (writer, "activations", n_positions, shape->n_components,
          components, error))
    return FALSE;
  return shape->n_clusters == 0
      || write_matrix (writer, "cluster_activations", n_positions,
          shape->n_clusters, clusters, error);
}

/* the columns of a module, one row after another */
static float *
pick_columns (
    const float *dense, gsize n_rows, gsize n_columns, gsize first, gsize n)
{
  float *out = g_new (float, n_rows *n);

  for (gsize row = 0; row < n_rows; row++)
    memcpy (out + row * n, dense + row * n_columns + first, n * sizeof *out);
  return out;
}

static ActTensor
tensor_of (const ActDumpWriter *writer, const char *name, ActDtype dtype,
    guint n_samples, guint n_columns, const void *data)
{
  ActTensor tensor = {
    .name = name,
    .dtype = dtype,
    .n_dims = n_columns > 0 ? 3 : 2,
    .shape = { n_samples, writer->shape.sequence_length, n_columns },
    .data = data,
  };

  return tensor;
}

static gboolean
add_safetensors (ActDumpWriter *writer, guint n_samples, const gint32 *tokens,
    const float *components, const float *clusters, GError **error)
{
  const ActDumpShape *shape = &writer->shape;
  gsize n_positions = (gsize) n_samples * shape->sequence_length, first = 0;
  g_autofree char *name =
      g_strdup_printf ("batch_%03u.safetensors", writer->n_batches);
  g_autofree char *filename = path_of (writer, name);
  g_autofree ActTensor *tensors = g_new (ActTensor, shape->n_modules + 2);
  g_autoptr (GPtrArray) columns = g_ptr_array_new_with_free_func (g_free);
  const char *const metadata[] = { "labels", writer->labels, NULL };
  guint n = 0;

  tensors[n++] =
      tensor_of (writer, "tokens", ACT_DTYPE_I32, n_samples, 0, tokens);
  for (guint m = 0; m < shape->n_modules; m++) {
    float *picked = pick_columns (components, n_positions, shape->n_components,
        first, shape->components[m]);

    g_ptr_array_add (columns, picked);
    tensors[n++] = tensor_of (writer, shape->modules[m], ACT_DTYPE_F32,
        n_samples, shape->components[m], picked);
    first += shape->components[m];
  }
  if (shape->n_clusters > 0)
    tensors[n++] = tensor_of (writer, "cluster_activations", ACT_DTYPE_F32,
        n_samples, shape->n_clusters, clusters);
  return act_safetensors_write (
      filename, tensors, n, writer->labels ? metadata : NULL, error);
}

gboolean
act_dump_writer_add (ActDumpWriter *writer, guint n_samples,
    const gint32 *tokens, const float *components, const float *clusters,
    GError **error)
{
  gboolean ok;

  g_return_val_if_fail (writer->padding != NULL, FALSE);
  g_return_val_if_fail (n_samples <= writer->shape.batch_size, FALSE);
  if (writer->format == ACT_DUMP_FORMAT_NPY)
    ok = add_npy (writer, n_samples, tokens, components, clusters, error);
  else
    ok = add_safetensors (
        writer, n_samples, tokens, components, clusters, error);
  if (ok)
    writer->n_batches++;
  return ok;
}

gboolean
act_dump_writer_publish (ActDumpWriter *writer, GError **error)
{
  if (writer->tokens != NULL && !finish_tokens (writer, error))
    return FALSE;
  return act_output_folder_publish (writer->folder, error);
}
