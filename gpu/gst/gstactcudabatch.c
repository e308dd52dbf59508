/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudabatch.h"

#include <string.h>

#include "gpu/gst/gstactcudachecked.h"

static gboolean
check_meta (const GstActBatchMeta *meta, const GstActInfo *info, GError **error)
{
  if (meta == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the buffer has no GstActBatchMeta: it is no batch");
    return FALSE;
  }
  if (meta->sequence_length != info->sequence_length || meta->n_samples < 1
      || (info->batch_size > 0 && meta->n_samples > info->batch_size)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "%u samples of %u positions, expected 1 to %u of %u", meta->n_samples,
        meta->sequence_length, info->batch_size, info->sequence_length);
    return FALSE;
  }
  return TRUE;
}

static gconstpointer
get_block (GstActCudaBatch *batch, GstBuffer *buffer, GstActBlock block,
    gsize n, gsize element_size, GstActCudaUser *user, GError **error)
{
  gconstpointer data;
  gint index = gst_act_batch_meta_get (buffer)->block[block];
  GstMemory *memory;
  gsize size;

  if (index < 0 || (guint) index >= gst_buffer_n_memory (buffer)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the buffer has no block %d", (gint) block);
    return NULL;
  }
  memory = gst_buffer_peek_memory (buffer, (guint) index);
  if (!gst_act_cuda_memory_is_on (
          memory, gst_act_cuda_user_get_device (user))) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "block %d is in memory of type '%s', expected CUDA device %u, as this "
        "element and its neighbours share it",
        (gint) block, memory->allocator->mem_type,
        gst_act_cuda_device_get_id (gst_act_cuda_user_get_device (user)));
    return NULL;
  }
  if (!g_size_checked_mul (&size, n, element_size) || memory->size < size
      || (gsize) gst_act_cuda_memory_get_data (memory) % element_size != 0) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "block %d has %" G_GSIZE_FORMAT " bytes, expected %" G_GSIZE_FORMAT
        " elements of %" G_GSIZE_FORMAT,
        (gint) block, memory->size, n, element_size);
    return NULL;
  }
  data = gst_act_cuda_memory_use (memory, user->stream, error);
  if (data != NULL)
    batch->memories[batch->n_memories++] = memory;
  return data;
}

/* Somebody else's CSR is looked at by the CPU: its values too, as those of what
 * is uploaded. */
static gboolean
check_csr (const GstActCudaBatch *batch, GstBuffer *buffer,
    const GstActInfo *info, GError **error)
{
  GstActBatch mapped;
  gboolean done;

  if (gst_act_cuda_csr_is_checked (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
          batch->n_positions, info->n_components))
    return TRUE;
  if (!gst_act_batch_map (&mapped, buffer, info, GST_ACT_MAP_COMPONENTS, error))
    return FALSE;
  done = gst_act_batch_check_finite (&mapped, info, error);
  gst_act_batch_unmap (&mapped);
  if (done)
    gst_act_cuda_csr_set_checked (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
        batch->n_positions, info->n_components);
  return done;
}

static gboolean
get_components (GstActCudaBatch *batch, GstBuffer *buffer,
    const GstActInfo *info, GstActCudaUser *user, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);

  batch->layout = info->layout;
  batch->n_components = info->n_components;
  batch->alive = meta->alive;
  if (meta->alive != NULL
      && g_bytes_get_size (meta->alive) != info->n_components) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "%" G_GSIZE_FORMAT " columns are marked alive or dead, expected %u",
        g_bytes_get_size (meta->alive), info->n_components);
    return FALSE;
  }
  if (info->layout == GST_ACT_LAYOUT_DENSE) {
    batch->n_values = batch->n_positions * info->n_components;
  } else {
    batch->n_values = meta->n_component_values;
    batch->indptr = get_block (batch, buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
        batch->n_positions + 1, sizeof (gint64), user, error);
    batch->indices = batch->indptr != NULL
        ? get_block (batch, buffer, GST_ACT_BLOCK_COMPONENT_INDICES,
            batch->n_values, sizeof (gint32), user, error)
        : NULL;
    if (batch->indices == NULL)
      return FALSE;
  }
  batch->values = get_block (batch, buffer, GST_ACT_BLOCK_COMPONENT_VALUES,
      batch->n_values, sizeof (gfloat), user, error);
  return batch->values != NULL
      && (info->layout == GST_ACT_LAYOUT_DENSE
          || check_csr (batch, buffer, info, error));
}

gboolean
gst_act_cuda_batch_get (GstActCudaBatch *batch, GstBuffer *buffer,
    const GstActInfo *info, GstActMapFlags parts, GstActCudaUser *user,
    GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  gsize size;

  memset (batch, 0, sizeof *batch);
  batch->stream = user->stream;
  if (!check_meta (meta, info, error))
    return FALSE;
  batch->batch_index = meta->batch_index;
  batch->n_samples = meta->n_samples;
  batch->sequence_length = meta->sequence_length;
  if (!g_size_checked_mul (
          &batch->n_positions, meta->n_samples, meta->sequence_length)
      || !g_size_checked_mul (
          &size, batch->n_positions, MAX (info->n_components, 1))) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT, "is too large");
    return FALSE;
  }
  if ((parts & GST_ACT_MAP_TOKENS) != 0) {
    batch->tokens = get_block (batch, buffer, GST_ACT_BLOCK_TOKENS,
        batch->n_positions, sizeof (gint32), user, error);
    if (batch->tokens == NULL)
      return FALSE;
  }
  return (parts & GST_ACT_MAP_COMPONENTS) == 0
      || get_components (batch, buffer, info, user, error);
}

void
gst_act_cuda_batch_done (GstActCudaBatch *batch)
{
  while (batch->n_memories > 0)
    gst_act_cuda_memory_used (
        batch->memories[--batch->n_memories], batch->stream);
}

void
gst_act_cuda_csr_clear (GstActCudaCsr *csr)
{
  for (guint i = 0; i < 3; i++)
    g_clear_pointer (&csr->memory[i], gst_memory_unref);
}

gboolean
gst_act_cuda_csr_new (GstActCudaCsr *csr, GstActCudaUser *user,
    gsize n_positions, gsize capacity, GError **error)
{
  gsize sizes[3] = { sizeof (gint64), sizeof (gint32), sizeof (gfloat) };
  gsize counts[3] = { n_positions + 1, MAX (capacity, 1), MAX (capacity, 1) };

  memset (csr, 0, sizeof *csr);
  for (guint i = 0; i < 3; i++) {
    gsize size;

    if (!g_size_checked_mul (&size, counts[i], sizes[i]))
      size = G_MAXSIZE; /* refused, with the words for it */
    csr->memory[i] =
        gst_act_cuda_memory_new (user->allocator, user->stream, size, error);
    if (csr->memory[i] == NULL) {
      gst_act_cuda_csr_clear (csr);
      return FALSE;
    }
  }
  csr->indptr = gst_act_cuda_memory_get_data (csr->memory[0]);
  csr->indices = gst_act_cuda_memory_get_data (csr->memory[1]);
  csr->values = gst_act_cuda_memory_get_data (csr->memory[2]);
  csr->capacity = counts[1];
  return TRUE;
}

gboolean
gst_act_cuda_csr_store (GstActCudaCsr *csr, GstBuffer *buffer,
    GstActBlock first, gsize n_positions, gsize n_columns, gsize n_values,
    GError **error)
{
  gst_act_cuda_memory_filled (
      csr->memory[0], (n_positions + 1) * sizeof (gint64));
  gst_act_cuda_memory_filled (csr->memory[1], n_values * sizeof (gint32));
  gst_act_cuda_memory_filled (csr->memory[2], n_values * sizeof (gfloat));
  if (!gst_act_buffer_set_csr (buffer, first, g_steal_pointer (&csr->memory[0]),
          g_steal_pointer (&csr->memory[1]), g_steal_pointer (&csr->memory[2]),
          n_values, error))
    return FALSE;
  gst_act_cuda_csr_set_checked (buffer, first, n_positions, n_columns);
  return TRUE;
}

gboolean
gst_act_cuda_write (GstActCudaUser *user, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  GstActCudaHost *host =
      gst_act_cuda_host_new (gst_act_cuda_user_get_device (user), size, error);
  gboolean done;

  if (host == NULL)
    return FALSE;
  memcpy (host->data, from, size);
  done = gst_act_cuda_host_upload (host, 0, to, size, user->stream, error);
  gst_act_cuda_host_unref (host);
  return done;
}

gboolean
gst_act_cuda_read (GstActCudaUser *user, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  GstActCudaDevice *device = gst_act_cuda_user_get_device (user);
  GstActCudaHost *host = gst_act_cuda_host_new (device, size, error);
  gboolean done;

  if (host == NULL)
    return FALSE;
  done = gst_act_cuda_host_read (host, from, size, user->stream, error);
  if (done)
    memcpy (to, host->data, size);
  gst_act_cuda_host_unref (host);
  return done;
}

gboolean
gst_act_cuda_scratch (GstActCudaUser *user, GstMemory **scratch, gsize size,
    gpointer *data, GError **error)
{
  if (*scratch == NULL || (*scratch)->maxsize < size) {
    g_clear_pointer (scratch, gst_memory_unref);
    *scratch = gst_act_cuda_memory_new_uncounted (
        user->allocator, user->stream, size, error);
  }
  if (*scratch == NULL)
    return FALSE;
  *data = gst_act_cuda_memory_get_data (*scratch);
  return TRUE;
}
