/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "acterror.h"
#include "formats/dump-private.h"
#include "formats/latents.h"

gboolean
act_dump_is_latents (const ActDump *dump)
{
  return dump->latents != NULL;
}

gboolean
act_dump_has_latents (const char *folder, const GPtrArray *names)
{
  g_autofree char *filename = NULL;

  if (names->len == 0)
    return FALSE;
  filename = g_build_filename (folder, (char *) names->pdata[0], NULL);
  return act_latents_is (filename);
}

/* one module, named as the folder, unless labels.txt names each latent */
static gboolean
set_labels (ActDump *dump, guint n_latents, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (dump->folder, NULL);
  g_autofree char *module = g_path_get_basename (path);
  const char *const modules[] = { module, NULL };

  if (dump->labels == NULL) {
    dump->labels = act_labels_new_full (1, modules, &n_latents);
    return TRUE;
  }
  if (dump->labels->identity && dump->labels->n_labels >= n_latents)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s': labels.txt has %u labels, expected those of %u latents at least, "
      "all components of each module in order",
      dump->folder, dump->labels->n_labels, n_latents);
  return FALSE;
}

gboolean
act_dump_open_latents (
    ActDump *dump, const GPtrArray *names, guint batch_size, GError **error)
{
  const ActTensor *tokens;

  dump->latents = act_latents_open (dump->folder, names, error);
  if (dump->latents == NULL
      || !set_labels (dump, act_latents_get_n_latents (dump->latents), error))
    return FALSE;
  tokens = act_latents_get_tokens (dump->latents);
  dump->sequence_length = tokens->shape[1];
  if ((guint64) batch_size * tokens->shape[1] > G_MAXINT32) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "batch-size %u and samples of %u tokens are too much for one batch",
        batch_size, dump->sequence_length);
    return FALSE;
  }
  for (guint64 i = 0; i < tokens->shape[0]; i += batch_size)
    act_dump_add_batch (dump, g_strdup (dump->folder),
        (guint) MIN (batch_size, tokens->shape[0] - i));
  dump->batch_size = batch_size;
  return TRUE;
}

gboolean
act_dump_read_tokens_latents (ActDump *dump, guint batch, guint vocab_size,
    gint32 *tokens, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);

  return act_dump_convert_tokens (dump, batch,
      act_latents_get_tokens (dump->latents), b->first, vocab_size, tokens,
      error);
}

gboolean
act_dump_read_csr_latents (
    ActDump *dump, guint batch, ActCsrArrays *csr, GError **error)
{
  const ActDumpBatch *b = &g_array_index (dump->batches, ActDumpBatch, batch);

  return act_latents_read_csr (
      dump->latents, b->first, b->n_samples, csr, error);
}

gboolean
act_dump_read_dense_latents (
    ActDump *dump, guint batch, float *dense, GError **error)
{
  ActCsrArrays csr = { 0 };
  gsize n_columns = dump->labels->n_components;
  gboolean ok = act_dump_read_csr_latents (dump, batch, &csr, error);

  if (ok)
    memset (dense, 0, csr.n_rows * n_columns * sizeof (float));
  for (gsize row = 0; ok && row < csr.n_rows; row++)
    for (gint64 i = csr.indptr[row]; i < csr.indptr[row + 1]; i++)
      dense[row * n_columns + (gsize) csr.indices[i]] = csr.values[i];
  act_csr_arrays_clear (&csr);
  return ok;
}
