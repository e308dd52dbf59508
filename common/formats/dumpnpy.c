/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "acterror.h"
#include "formats/dump-private.h"
#include "formats/dumprows.h"
#include "formats/tokens.h"

#define PREFIX "activations_"
#define SUFFIX ".npy"

/* NNN of activations_NNN.npy, digits alone */
static gboolean
parse_number (const char *name, guint64 *number)
{
  g_autofree char *digits = g_strndup (name + strlen (PREFIX),
      strlen (name) - strlen (PREFIX) - strlen (SUFFIX));

  return g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT32, number, NULL);
}

/* a number left out is a batch that got lost */
static gboolean
check_numbers (ActDump *dump, GPtrArray *names, GError **error)
{
  guint64 number, expected = 0;

  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];

    if (!parse_number (name, &number)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': '%s' has no number, expected " PREFIX "NNN" SUFFIX,
          dump->folder, name);
      return FALSE;
    }
    if (i > 0 && number != expected) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "'%s': '%s' comes where number %" G_GUINT64_FORMAT " is expected",
          dump->folder, name, expected);
      return FALSE;
    }
    expected = number + 1;
  }
  return TRUE;
}

static gboolean
check_tokens (ActDump *dump, const ActTensor *tokens, GError **error)
{
  g_autofree char *shape =
      act_tensor_shape_to_string (tokens->n_dims, tokens->shape);

  if (!act_tokens_is_dtype (tokens->dtype) || tokens->n_dims != 3
      || tokens->n_elements == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %s %s, expected whole numbers [n_batches, batch, n_ctx]",
        tokens->name, act_dtype_name (tokens->dtype), shape);
    return FALSE;
  }
  if (tokens->shape[1] > G_MAXINT32 || tokens->shape[2] > G_MAXINT32
      || tokens->shape[0] > G_MAXINT32) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s' has shape %s, a dimension is too large", tokens->name, shape);
    return FALSE;
  }
  return TRUE;
}

static gboolean
add_batches (ActDump *dump, GPtrArray *names, GError **error)
{
  const ActTensor *tokens = act_npy_get (dump->tokens);

  for (guint i = 0; i < names->len; i++) {
    g_autofree char *where =
        g_strdup_printf ("'%s': batch %u", tokens->name, i);
    guint n_samples;

    if (!act_dump_count_samples (tokens, i * tokens->shape[1], tokens->shape[1],
            where, &n_samples, error))
      return FALSE;
    act_dump_add_batch (dump,
        g_build_filename (dump->folder, (char *) names->pdata[i], NULL),
        n_samples);
  }
  /* the array's, even where no batch is full */
  dump->batch_size = tokens->shape[1];
  dump->sequence_length = tokens->shape[2];
  return TRUE;
}

gboolean
act_dump_open_npy (ActDump *dump, GError **error)
{
  g_autofree char *filename =
      g_build_filename (dump->folder, "tokens.npy", NULL);
  g_autoptr (GPtrArray) names =
      act_dump_list (dump->folder, PREFIX, SUFFIX, error);
  const ActTensor *tokens;

  if (names == NULL || !check_numbers (dump, names, error))
    return FALSE;
  if (dump->labels == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "'%s' has no labels.txt, which says what the columns are",
        dump->folder);
    return FALSE;
  }
  dump->tokens = act_npy_open (filename, error);
  if (dump->tokens == NULL)
    return FALSE;
  tokens = act_npy_get (dump->tokens);
  if (!check_tokens (dump, tokens, error))
    return FALSE;
  if (names->len != tokens->shape[0]) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %u files " PREFIX "NNN" SUFFIX ", expected %" G_GUINT64_FORMAT
        ", the batches of tokens.npy",
        dump->folder, names->len, tokens->shape[0]);
    return FALSE;
  }
  return add_batches (dump, names, error);
}

gboolean
act_dump_read_tokens_npy (ActDump *dump, guint batch, guint vocab_size,
    gint32 *tokens, GError **error)
{
  const ActTensor *tensor = act_npy_get (dump->tokens);

  return act_dump_convert_tokens (
      dump, batch, tensor, batch * tensor->shape[1], vocab_size, tokens, error);
}

gboolean
act_dump_map_npy (ActDump *dump, guint batch, ActDumpRows *rows, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);
  gsize n_labels = dump->labels->n_labels;
  const ActTensor *tensor;

  rows->file = act_npy_open (b->filename, error);
  if (rows->file == NULL)
    return FALSE;
  tensor = act_npy_get (rows->file);
  if (tensor->n_dims != 2 || tensor->shape[0] != rows->n_rows
      || tensor->shape[1] != n_labels
      || (tensor->dtype != ACT_DTYPE_F32 && tensor->dtype != ACT_DTYPE_F16)) {
    g_autofree char *shape =
        act_tensor_shape_to_string (tensor->n_dims, tensor->shape);

    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %s %s, expected F32 or F16 [%" G_GSIZE_FORMAT
        ", %" G_GSIZE_FORMAT "], %u samples of %u positions and the labels",
        b->filename, act_dtype_name (tensor->dtype), shape, rows->n_rows,
        n_labels, b->n_samples, dump->sequence_length);
    return FALSE;
  }
  return act_dump_rows_add (rows, tensor, n_labels, NULL, error);
}
