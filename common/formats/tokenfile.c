/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokenfile.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/npy-private.h"
#include "formats/safetensors-private.h"
#include "formats/tokenlines.h"
#include "formats/tokens.h"

struct _ActTokenFile {
  char *filename;
  int fd;
  ActDtype dtype;
  guint64 offset; /* of the first id */
  guint n_ctx;
  guint64 n_samples;
  ActTokenLines *lines; /* of JSON Lines */
  void *scratch;
  gsize scratch_size;
};

static gboolean
set_n_ctx (ActTokenFile *file, guint64 found, guint wanted, GError **error)
{
  if (found == 0 || found > G_MAXINT32 || (wanted > 0 && found != wanted)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has samples of %" G_GUINT64_FORMAT " tokens, expected %u",
        file->filename, found, wanted > 0 ? wanted : 1);
    return FALSE;
  }
  file->n_ctx = found;
  return TRUE;
}

/* ids without a shape: whole samples of n_ctx */
static gboolean
cut (ActTokenFile *file, guint64 n_ids, guint n_ctx, GError **error)
{
  if (n_ctx == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "'%s' does not say how long a sample is, n-ctx is needed",
        file->filename);
    return FALSE;
  }
  if (n_ids % n_ctx != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %" G_GUINT64_FORMAT
        " token ids, expected a multiple of n-ctx, %u",
        file->filename, n_ids, n_ctx);
    return FALSE;
  }
  file->n_ctx = n_ctx;
  file->n_samples = n_ids / n_ctx;
  return TRUE;
}

/* Of [batches, batch, n_ctx] the last batch may be short: rows of -1. */
static gboolean
drop_padding (ActTokenFile *file, guint64 batch, GError **error)
{
  gsize row_size = file->n_ctx * act_dtype_size (file->dtype);
  g_autofree void *row = g_try_malloc (row_size);

  if (row == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': no memory for a sample of %u tokens", file->filename,
        file->n_ctx);
    return FALSE;
  }
  for (guint64 i = 0; i < batch && file->n_samples > 0; i++) {
    if (!act_file_pread (file->fd, file->filename,
            file->offset + (file->n_samples - 1) * row_size, row_size, row,
            error))
      return FALSE;
    if (!act_tokens_is_padding (file->dtype, row, file->n_ctx))
      break;
    file->n_samples--;
  }
  return TRUE;
}

static gboolean
use_tensor (ActTokenFile *file, const ActTensor *tensor, guint64 offset,
    guint n_ctx, GError **error)
{
  g_autofree char *shape =
      act_tensor_shape_to_string (tensor->n_dims, tensor->shape);

  file->dtype = tensor->dtype;
  file->offset = offset;
  if (!act_tokens_is_dtype (tensor->dtype) || tensor->n_dims < 1
      || tensor->n_dims > 3) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %s %s, expected U16, U32, I32 or I64 [samples, n_ctx] or "
        "[batches, batch, n_ctx]",
        file->filename, act_dtype_name (tensor->dtype), shape);
    return FALSE;
  }
  if (tensor->n_dims == 1)
    return cut (file, tensor->n_elements, n_ctx, error);
  if (!set_n_ctx (file, tensor->shape[tensor->n_dims - 1], n_ctx, error))
    return FALSE;
  file->n_samples = tensor->n_elements / file->n_ctx;
  return tensor->n_dims == 2 || drop_padding (file, tensor->shape[1], error);
}

static gboolean
open_npy (ActTokenFile *file, guint n_ctx, GError **error)
{
  g_autoptr (ActNpy) npy = act_npy_open_full (file->filename, FALSE, error);

  return npy != NULL
      && use_tensor (
          file, act_npy_get (npy), act_npy_get_offset (npy), n_ctx, error);
}

static gboolean
open_safetensors (
    ActTokenFile *file, const char *name, guint n_ctx, GError **error)
{
  g_autoptr (ActSafetensors) safetensors =
      act_safetensors_open_full (file->filename, FALSE, error);
  const ActTensor *tensor;

  if (safetensors == NULL)
    return FALSE;
  tensor = act_safetensors_lookup (safetensors, name);
  if (tensor == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has no tensor '%s', expected the token ids there", file->filename,
        name);
    return FALSE;
  }
  return use_tensor (file, tensor,
      act_safetensors_get_offset (safetensors, tensor), n_ctx, error);
}

static gboolean
open_raw (ActTokenFile *file, guint64 size, ActDtype dtype, guint n_ctx,
    GError **error)
{
  if (size % act_dtype_size (dtype) != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %" G_GUINT64_FORMAT
        " bytes, expected a multiple of %" G_GSIZE_FORMAT " for %s",
        file->filename, size, act_dtype_size (dtype), act_dtype_name (dtype));
    return FALSE;
  }
  file->dtype = dtype;
  return cut (file, size / act_dtype_size (dtype), n_ctx, error);
}

static gboolean
open_lines (ActTokenFile *file, const char *field, guint n_ctx, GError **error)
{
  file->lines = act_token_lines_open (file->filename, field, error);
  if (file->lines == NULL
      || !set_n_ctx (
          file, act_token_lines_get_n_ctx (file->lines), n_ctx, error))
    return FALSE;
  file->dtype = ACT_DTYPE_I64;
  file->n_samples = act_token_lines_get_n_samples (file->lines);
  return TRUE;
}

/* bare ids are under any name; these two are no bare ids */
static gboolean
refuse_others (const ActTokenFile *file, GError **error)
{
  if (!g_str_has_suffix (file->filename, ".parquet")
      && !g_str_has_suffix (file->filename, ".arrow"))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': gst-activations-import-tokens makes a .npy of a Parquet file, "
      "which is not read itself",
      file->filename);
  return FALSE;
}

static gboolean
open_form (ActTokenFile *file, const char *tensor, const char *field,
    ActDtype raw_dtype, guint n_ctx, GError **error)
{
  guint64 size;

  file->fd = act_file_open (file->filename, &size, error);
  if (file->fd < 0)
    return FALSE;
  (void) posix_fadvise (file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  if (g_str_has_suffix (file->filename, ".npy"))
    return open_npy (file, n_ctx, error);
  if (g_str_has_suffix (file->filename, ".safetensors"))
    return open_safetensors (file, tensor, n_ctx, error);
  if (g_str_has_suffix (file->filename, ".jsonl"))
    return open_lines (file, field, n_ctx, error);
  return refuse_others (file, error)
      && open_raw (file, size, raw_dtype, n_ctx, error);
}

ActTokenFile *
act_token_file_open (const char *filename, const char *tensor,
    const char *field, ActDtype raw_dtype, guint n_ctx, GError **error)
{
  g_autoptr (ActTokenFile) file = g_new0 (ActTokenFile, 1);

  file->fd = -1;
  file->filename = g_strdup (filename);
  if (!open_form (file, tensor, field, raw_dtype, n_ctx, error))
    return NULL;
  return g_steal_pointer (&file);
}

void
act_token_file_free (ActTokenFile *file)
{
  if (file == NULL)
    return;
  if (file->fd >= 0)
    close (file->fd);
  g_clear_pointer (&file->lines, act_token_lines_free);
  g_free (file->scratch);
  g_free (file->filename);
  g_free (file);
}

guint
act_token_file_get_n_ctx (const ActTokenFile *file)
{
  return file->n_ctx;
}

guint64
act_token_file_get_n_samples (const ActTokenFile *file)
{
  return file->n_samples;
}

/* ids as they are in the file, into scratch */
static gboolean
read_rows (ActTokenFile *file, guint64 first_sample, guint n_samples,
    gsize row_size, GError **error)
{
  if (file->lines != NULL)
    return act_token_lines_read (
        file->lines, first_sample, n_samples, file->scratch, error);
  return act_file_pread (file->fd, file->filename,
      file->offset + first_sample * row_size, n_samples * row_size,
      file->scratch, error);
}

gboolean
act_token_file_read (ActTokenFile *file, guint64 first_sample, guint n_samples,
    guint vocab_size, gint32 *tokens, GError **error)
{
  gsize row_size = file->n_ctx * act_dtype_size (file->dtype);
  gsize n = (gsize) n_samples * file->n_ctx, i;
  gint64 bad;

  g_return_val_if_fail (first_sample + n_samples <= file->n_samples, FALSE);
  if (file->scratch_size < n_samples * row_size) {
    file->scratch_size = n_samples * row_size;
    file->scratch = g_realloc (file->scratch, file->scratch_size);
  }
  if (!read_rows (file, first_sample, n_samples, row_size, error))
    return FALSE;
  i = act_tokens_to_i32 (
      file->dtype, file->scratch, n, vocab_size, tokens, &bad);
  if (i == n)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': sample %" G_GUINT64_FORMAT ", position %" G_GSIZE_FORMAT
      ": token id %" G_GINT64_FORMAT
      " is outside the vocabulary, expected 0 to %u",
      file->filename, first_sample + i / file->n_ctx, i % file->n_ctx, bad,
      vocab_size > 0 ? vocab_size - 1 : (guint) G_MAXINT32);
  return FALSE;
}
