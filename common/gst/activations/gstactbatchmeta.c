/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/gstactbatchmeta.h>
#include <gst/activations/gstacterror.h>

#include "gst/activations/gstactblocks.h"
#include "sparse/csr.h"

#include <string.h>

/**
 * SECTION:gstactbatchmeta
 * @short_description: which memory of a batch buffer is which block
 *
 * A batch is one buffer: a #GstMemory for each block, and this meta. Elements
 * add blocks and never copy those before them. Map blocks one by one (or with
 * gst_act_batch_map()), never the whole buffer: that would merge them.
 */

/* a macro, and a bare number: as a member of the enumeration it would name all
 * others GstAct.Block.BLOCK_TOKENS and so on in other languages */
G_STATIC_ASSERT (GST_ACT_N_BLOCKS == GST_ACT_BLOCK_CLUSTER_VALUES + 1);

static const gchar *const block_names[GST_ACT_N_BLOCKS] = {
  "tokens",
  "component indptr",
  "component indices",
  "component values",
  "cluster indptr",
  "cluster indices",
  "cluster values",
};

GType
gst_act_batch_meta_api_get_type (void)
{
  static gsize type = 0;
  static const gchar *tags[] = { NULL };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, gst_meta_api_type_register ("GstActBatchMetaAPI", tags));
  return type;
}

static gboolean
batch_meta_init (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  GstActBatchMeta *self = (GstActBatchMeta *) meta;

  self->batch_index = 0;
  self->n_samples = 0;
  self->sequence_length = 0;
  self->n_component_values = 0;
  self->n_cluster_values = 0;
  self->alive = NULL;
  gst_act_blocks_init (self->block, GST_ACT_N_BLOCKS);
  return TRUE;
}

static void
batch_meta_free (GstMeta *meta, GstBuffer *buffer)
{
  g_clear_pointer (&((GstActBatchMeta *) meta)->alive, g_bytes_unref);
}

static void
copy_fields (GstActBatchMeta *to, const GstActBatchMeta *from)
{
  to->batch_index = from->batch_index;
  to->n_samples = from->n_samples;
  to->sequence_length = from->sequence_length;
  to->n_component_values = from->n_component_values;
  to->n_cluster_values = from->n_cluster_values;
  gst_act_batch_meta_set_alive (to, from->alive);
}

static gboolean
batch_meta_transform (GstBuffer *dest, GstMeta *meta, GstBuffer *buffer,
    GQuark type, gpointer data)
{
  GstActBatchMeta *from = (GstActBatchMeta *) meta;
  GstActBatchMeta *to;

  if (!gst_act_blocks_survive (dest, buffer, type, data))
    return FALSE;
  to = (GstActBatchMeta *) gst_buffer_add_meta (
      dest, GST_ACT_BATCH_META_INFO, NULL);
  copy_fields (to, from);
  memcpy (to->block, from->block, sizeof to->block);
  return TRUE;
}

const GstMetaInfo *
gst_act_batch_meta_get_info (void)
{
  static const GstMetaInfo *info = NULL;

  if (g_once_init_enter (&info))
    g_once_init_leave (&info,
        gst_meta_register (GST_ACT_BATCH_META_API_TYPE, "GstActBatchMeta",
            sizeof (GstActBatchMeta), batch_meta_init, batch_meta_free,
            batch_meta_transform));
  return info;
}

/**
 * gst_act_batch_meta_get:
 * @buffer: a buffer
 *
 * Returns: (transfer none) (nullable): the batch meta of @buffer
 */
GstActBatchMeta *
gst_act_batch_meta_get (GstBuffer *buffer)
{
  return (GstActBatchMeta *) gst_buffer_get_meta (
      buffer, GST_ACT_BATCH_META_API_TYPE);
}

/**
 * gst_act_batch_meta_add:
 * @buffer: a writable buffer
 * @batch_index: index of the batch in the whole run
 * @first_sample: index of its first sample in the whole run
 * @n_samples: samples it holds
 * @sequence_length: positions a sample
 *
 * Adds a meta without blocks, and sets the buffer's offset and offset-end.
 *
 * Returns: (transfer none): the meta
 */
GstActBatchMeta *
gst_act_batch_meta_add (GstBuffer *buffer, guint64 batch_index,
    guint64 first_sample, guint n_samples, guint sequence_length)
{
  GstActBatchMeta *meta = (GstActBatchMeta *) gst_buffer_add_meta (
      buffer, GST_ACT_BATCH_META_INFO, NULL);

  meta->batch_index = batch_index;
  meta->n_samples = n_samples;
  meta->sequence_length = sequence_length;
  GST_BUFFER_OFFSET (buffer) = first_sample;
  GST_BUFFER_OFFSET_END (buffer) = first_sample + n_samples;
  return meta;
}

/**
 * gst_act_batch_meta_set_alive:
 * @meta: a #GstActBatchMeta
 * @alive: (transfer none) (nullable): one byte a column, 0 where the component
 *   is dead in this batch; %NULL: all are alive
 *
 * Says which components are alive.
 */
void
gst_act_batch_meta_set_alive (GstActBatchMeta *meta, GBytes *alive)
{
  GBytes *old = meta->alive;

  meta->alive = alive != NULL ? g_bytes_ref (alive) : NULL;
  g_clear_pointer (&old, g_bytes_unref);
}

/**
 * gst_act_buffer_set_block:
 * @buffer: a writable buffer with a #GstActBatchMeta
 * @block: which block
 * @memory: (transfer full): its memory
 * @error: return location for an error
 *
 * Adds a block to a batch, or replaces its memory if the batch has it.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_buffer_set_block (
    GstBuffer *buffer, GstActBlock block, GstMemory *memory, GError **error)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);

  g_return_val_if_fail (meta != NULL, FALSE);
  g_return_val_if_fail (gst_buffer_is_writable (buffer), FALSE);
  g_return_val_if_fail (block < GST_ACT_N_BLOCKS, FALSE);

  return gst_act_blocks_set (buffer, meta->block, block, memory, error);
}

/**
 * gst_act_buffer_set_csr:
 * @buffer: a writable buffer with a #GstActBatchMeta
 * @first: the block of the indptr: %GST_ACT_BLOCK_COMPONENT_INDPTR or
 *   %GST_ACT_BLOCK_CLUSTER_INDPTR
 * @indptr: (transfer full): int64 [positions + 1]
 * @indices: (transfer full): int32 [@n_values]
 * @values: (transfer full): float32 [@n_values]
 * @n_values: number of values; the memories may be larger
 * @error: return location for an error
 *
 * Adds the three blocks of a CSR to a batch, or replaces their memories, and
 * sets the meta's number of values.
 *
 * Returns: %FALSE on error; the memories are given up then too
 */
gboolean
gst_act_buffer_set_csr (GstBuffer *buffer, GstActBlock first, GstMemory *indptr,
    GstMemory *indices, GstMemory *values, gsize n_values, GError **error)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  GstMemory *memories[3] = { indptr, indices, values };
  gboolean done = TRUE;

  g_return_val_if_fail (meta != NULL, FALSE);
  g_return_val_if_fail (gst_buffer_is_writable (buffer), FALSE);
  g_return_val_if_fail (first == GST_ACT_BLOCK_COMPONENT_INDPTR
          || first == GST_ACT_BLOCK_CLUSTER_INDPTR,
      FALSE);

  for (guint i = 0; i < 3; i++) {
    if (done)
      done = gst_act_blocks_set (
          buffer, meta->block, first + i, memories[i], error);
    else
      gst_memory_unref (memories[i]);
  }
  if (first == GST_ACT_BLOCK_COMPONENT_INDPTR)
    meta->n_component_values = n_values;
  else
    meta->n_cluster_values = n_values;
  return done;
}

/**
 * gst_act_buffer_copy_csr: (skip)
 * @buffer: a writable buffer with a #GstActBatchMeta
 * @first: the block of the indptr, as for gst_act_buffer_set_csr()
 * @n_positions: positions of the batch
 * @n_values: number of values
 * @indptr: [@n_positions + 1]
 * @indices: (nullable): [@n_values]
 * @values: (nullable): [@n_values]
 * @error: return location for an error
 *
 * As gst_act_buffer_set_csr(), with copies of the arrays.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_buffer_copy_csr (GstBuffer *buffer, GstActBlock first,
    gsize n_positions, gsize n_values, const gint64 *indptr,
    const gint32 *indices, const gfloat *values, GError **error)
{
  return gst_act_buffer_set_csr (buffer, first,
      gst_act_memory_copy (indptr, (n_positions + 1) * sizeof (gint64)),
      gst_act_memory_copy (indices, n_values * sizeof (gint32)),
      gst_act_memory_copy (values, n_values * sizeof (gfloat)), n_values,
      error);
}

/**
 * gst_act_buffer_copy_without:
 * @buffer: a buffer with a #GstActBatchMeta
 * @drop_blocks: the blocks to leave out, bit `1 << block` each
 *
 * A new buffer with the same batch, sharing the memories of all blocks but
 * those in @drop_blocks. So an element that puts something smaller in a
 * block's place does not keep the large one alive.
 *
 * Returns: (transfer full): a new writable buffer
 */
GstBuffer *
gst_act_buffer_copy_without (GstBuffer *buffer, guint drop_blocks)
{
  GstActBatchMeta *from = gst_act_batch_meta_get (buffer), *to;
  GstBuffer *out;

  g_return_val_if_fail (from != NULL, NULL);

  out = gst_buffer_new ();
  gst_buffer_copy_into (
      out, buffer, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  to = (GstActBatchMeta *) gst_buffer_add_meta (
      out, GST_ACT_BATCH_META_INFO, NULL);
  copy_fields (to, from);
  for (guint i = 0; i < GST_ACT_N_BLOCKS; i++) {
    if (from->block[i] < 0
        || (guint) from->block[i] >= gst_buffer_n_memory (buffer)
        || (drop_blocks & (1u << i)) != 0)
      continue;
    to->block[i] = gst_buffer_n_memory (out);
    gst_buffer_append_memory (
        out, gst_buffer_get_memory (buffer, from->block[i]));
  }
  return out;
}

static gconstpointer
map_block (GstActBatch *batch, GstBuffer *buffer, const GstActBatchMeta *meta,
    GstActBlock block, gsize n, gsize element_size, GError **error)
{
  return gst_act_blocks_map (buffer, meta->block[block], block_names[block], n,
      element_size, &batch->memories[block], &batch->maps[block], error);
}

static gboolean
map_tokens (GstActBatch *batch, GstBuffer *buffer, const GstActBatchMeta *meta,
    const GstActInfo *info, GError **error)
{
  batch->tokens = map_block (batch, buffer, meta, GST_ACT_BLOCK_TOKENS,
      batch->n_positions, sizeof (gint32), error);
  if (batch->tokens == NULL)
    return FALSE;
  for (gsize i = 0; i < batch->n_positions; i++) {
    gint32 id = batch->tokens[i];

    if (id >= 0 && (info->vocab_size == 0 || (guint) id < info->vocab_size))
      continue;
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "batch %" G_GUINT64_FORMAT ", sample %" G_GUINT64_FORMAT
        ", position %u: token id %d is not below the vocabulary's size %u",
        batch->batch_index, batch->first_sample + i / batch->sequence_length,
        (guint) (i % batch->sequence_length), id, info->vocab_size);
    return FALSE;
  }
  return TRUE;
}

/* The three blocks of a CSR; first is the block of its indptr. */
static gboolean
map_csr (GstActBatch *batch, GstBuffer *buffer, const GstActBatchMeta *meta,
    GstActBlock first, gsize n_columns, guint64 n_values, GError **error)
{
  const gint64 *indptr;
  const gint32 *indices;

  if (n_values > G_MAXSSIZE / sizeof (gint64)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "block '%s': %" G_GUINT64_FORMAT " values are too many",
        block_names[first], n_values);
    return FALSE;
  }
  indptr = map_block (batch, buffer, meta, first, batch->n_positions + 1,
      sizeof (gint64), error);
  if (indptr == NULL)
    return FALSE;
  indices = map_block (
      batch, buffer, meta, first + 1, n_values, sizeof (gint32), error);
  if (indices == NULL)
    return FALSE;
  if (map_block (
          batch, buffer, meta, first + 2, n_values, sizeof (gfloat), error)
      == NULL)
    return FALSE;
  if (!act_csr_validate (
          batch->n_positions, n_columns, n_values, indptr, indices, error)) {
    g_prefix_error (error,
        "batch %" G_GUINT64_FORMAT ", %s: ", batch->batch_index,
        first == GST_ACT_BLOCK_CLUSTER_INDPTR ? "clusters" : "components");
    return FALSE;
  }
  return TRUE;
}

static gboolean
map_components (GstActBatch *batch, GstBuffer *buffer,
    const GstActBatchMeta *meta, const GstActInfo *info, GError **error)
{
  gsize n;

  if (meta->alive != NULL) {
    if (g_bytes_get_size (meta->alive) != info->n_components) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
          "batch %" G_GUINT64_FORMAT ": %" G_GSIZE_FORMAT
          " columns are marked alive or dead, expected %u",
          batch->batch_index, g_bytes_get_size (meta->alive),
          info->n_components);
      return FALSE;
    }
    batch->alive_bytes = g_bytes_ref (meta->alive);
    batch->alive = g_bytes_get_data (meta->alive, NULL);
  }

  batch->n_components = info->n_components;
  batch->layout = info->layout;
  if (info->layout == GST_ACT_LAYOUT_CSR) {
    if (!map_csr (batch, buffer, meta, GST_ACT_BLOCK_COMPONENT_INDPTR,
            info->n_components, meta->n_component_values, error))
      return FALSE;
    n = meta->n_component_values;
    batch->component_indptr =
        (gpointer) batch->maps[GST_ACT_BLOCK_COMPONENT_INDPTR].data;
    batch->component_indices =
        (gpointer) batch->maps[GST_ACT_BLOCK_COMPONENT_INDICES].data;
  } else if (!g_size_checked_mul (&n, batch->n_positions, batch->n_components)
      || map_block (batch, buffer, meta, GST_ACT_BLOCK_COMPONENT_VALUES, n,
             sizeof (gfloat), error)
          == NULL) {
    return FALSE;
  }
  batch->n_component_values = n;
  batch->component_values =
      (gpointer) batch->maps[GST_ACT_BLOCK_COMPONENT_VALUES].data;
  return TRUE;
}

static gboolean
map_clusters (GstActBatch *batch, GstBuffer *buffer,
    const GstActBatchMeta *meta, const GstActInfo *info, GError **error)
{
  if (!map_csr (batch, buffer, meta, GST_ACT_BLOCK_CLUSTER_INDPTR,
          info->n_clusters, meta->n_cluster_values, error))
    return FALSE;
  batch->n_clusters = info->n_clusters;
  batch->n_cluster_values = meta->n_cluster_values;
  batch->cluster_indptr =
      (gpointer) batch->maps[GST_ACT_BLOCK_CLUSTER_INDPTR].data;
  batch->cluster_indices =
      (gpointer) batch->maps[GST_ACT_BLOCK_CLUSTER_INDICES].data;
  batch->cluster_values =
      (gpointer) batch->maps[GST_ACT_BLOCK_CLUSTER_VALUES].data;
  return TRUE;
}

static gboolean
check_meta (const GstActBatchMeta *meta, GstBuffer *buffer,
    const GstActInfo *info, GError **error)
{
  if (meta == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the buffer has no GstActBatchMeta: it is no batch");
    return FALSE;
  }
  if (meta->sequence_length != info->sequence_length) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "batch %" G_GUINT64_FORMAT ": sequence length %u, expected %u",
        meta->batch_index, meta->sequence_length, info->sequence_length);
    return FALSE;
  }
  if (meta->n_samples < 1
      || (info->batch_size > 0 && meta->n_samples > info->batch_size)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "batch %" G_GUINT64_FORMAT ": %u samples, expected 1 to %u",
        meta->batch_index, meta->n_samples, info->batch_size);
    return FALSE;
  }
  if (!GST_BUFFER_OFFSET_IS_VALID (buffer)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "batch %" G_GUINT64_FORMAT
        ": the buffer has no offset, the index of its first sample",
        meta->batch_index);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_act_batch_map: (skip)
 * @batch: (out caller-allocates): filled with the mapped batch
 * @buffer: a batch buffer
 * @info: what the caps say
 * @flags: which parts to map
 * @error: return location for an error
 *
 * Maps the blocks of a batch for reading and checks all sizes and indices.
 * On success release @batch with gst_act_batch_unmap(); @buffer must outlive
 * it. On failure there is nothing to release.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_batch_map (GstActBatch *batch, GstBuffer *buffer,
    const GstActInfo *info, GstActMapFlags flags, GError **error)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);

  memset (batch, 0, sizeof *batch);
  if (!check_meta (meta, buffer, info, error))
    return FALSE;

  batch->batch_index = meta->batch_index;
  batch->first_sample = GST_BUFFER_OFFSET (buffer);
  batch->n_samples = meta->n_samples;
  batch->sequence_length = meta->sequence_length;
  if (!g_size_checked_mul (
          &batch->n_positions, meta->n_samples, meta->sequence_length)) {
    g_set_error (
        error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT, "a batch is too large");
    return FALSE;
  }
  if (((flags & GST_ACT_MAP_TOKENS)
          && !map_tokens (batch, buffer, meta, info, error))
      || ((flags & GST_ACT_MAP_COMPONENTS)
          && !map_components (batch, buffer, meta, info, error))
      || ((flags & GST_ACT_MAP_CLUSTERS)
          && !map_clusters (batch, buffer, meta, info, error))) {
    gst_act_batch_unmap (batch);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_act_batch_unmap: (skip)
 * @batch: a mapped batch
 *
 * Releases what gst_act_batch_map() mapped.
 */
void
gst_act_batch_unmap (GstActBatch *batch)
{
  gst_act_blocks_unmap (batch->memories, batch->maps, GST_ACT_N_BLOCKS);
  g_clear_pointer (&batch->alive_bytes, g_bytes_unref);
}
