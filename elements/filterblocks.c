/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "elements/filterblocks.h"

#include "sparse/csr.h"
#include "sparse/filter.h"

typedef struct {
  GstMemory *memory[3]; /* indptr, indices, values */
  gint64 *indptr;
  gint32 *indices;
  gfloat *values;
} Csr;

static void
csr_alloc (Csr *csr, gsize n_rows, gsize n_values)
{
  csr->memory[0] = gst_act_memory_new (
      (n_rows + 1) * sizeof (gint64), (gpointer *) &csr->indptr);
  csr->memory[1] = gst_act_memory_new (
      (n_values + ACT_CSR_SLACK) * sizeof (gint32), (gpointer *) &csr->indices);
  csr->memory[2] = gst_act_memory_new (
      (n_values + ACT_CSR_SLACK) * sizeof (gfloat), (gpointer *) &csr->values);
}

gboolean
act_filter_add_csr (const GstActBatch *batch, GstBuffer *out,
    const guint8 *alive, gsize n_values, GError **error)
{
  Csr csr;

  if (batch->layout == GST_ACT_LAYOUT_DENSE) {
    csr_alloc (&csr, batch->n_positions, n_values);
    n_values = act_csr_from_dense (batch->component_values, batch->n_positions,
        batch->n_components, alive, csr.indptr, csr.indices, csr.values);
  } else {
    csr_alloc (&csr, batch->n_positions, batch->n_component_values);
    n_values = act_csr_filter (batch->n_positions, batch->n_components,
        batch->component_indptr, batch->component_indices,
        batch->component_values, alive, csr.indptr, csr.indices, csr.values);
  }
  return gst_act_buffer_set_csr (out, GST_ACT_BLOCK_COMPONENT_INDPTR,
      csr.memory[0], csr.memory[1], csr.memory[2], n_values, error);
}

gboolean
act_filter_add_dense (const GstActBatch *batch, GstBuffer *out,
    const guint8 *alive, GError **error)
{
  gsize n_columns = batch->n_components;
  GstMemory *memory;
  gfloat *values;
  gsize size;

  if (!g_size_checked_mul (&size, batch->n_positions, n_columns)
      || !g_size_checked_mul (&size, size, sizeof (gfloat))) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "batch %" G_GUINT64_FORMAT ": too large for the dense layout",
        batch->batch_index);
    return FALSE;
  }
  memory = gst_act_memory_new (size, (gpointer *) &values);
  if (batch->layout == GST_ACT_LAYOUT_CSR) {
    act_csr_to_dense (batch->n_positions, n_columns, batch->component_indptr,
        batch->component_indices, batch->component_values, values);
    if (alive != NULL)
      act_filter_dense (values, batch->n_positions, n_columns, alive, values);
  } else {
    act_filter_dense (
        batch->component_values, batch->n_positions, n_columns, alive, values);
  }
  return gst_act_buffer_set_block (
      out, GST_ACT_BLOCK_COMPONENT_VALUES, memory, error);
}

gboolean
act_filter_owns (GstBuffer *buffer, GstActLayout layout)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  guint first = layout == GST_ACT_LAYOUT_CSR ? GST_ACT_BLOCK_COMPONENT_INDPTR
                                             : GST_ACT_BLOCK_COMPONENT_VALUES;

  for (guint i = first; i <= GST_ACT_BLOCK_COMPONENT_VALUES; i++) {
    gint index = meta->block[i];

    if (index < 0 || (guint) index >= gst_buffer_n_memory (buffer)
        || !gst_act_memory_is_exclusive (
            gst_buffer_peek_memory (buffer, (guint) index)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
map_for_writing (
    GstBuffer *buffer, GstActBlock block, GstMapInfo *map, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  guint index = (guint) meta->block[block];

  if (gst_memory_map (
          gst_buffer_peek_memory (buffer, index), map, GST_MAP_READWRITE))
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
      "batch %" G_GUINT64_FORMAT
      ": the components could not be mapped for writing",
      meta->batch_index);
  return FALSE;
}

static gboolean
map_csr_for_writing (GstBuffer *buffer, GstMapInfo *maps, GError **error)
{
  for (guint i = 0; i < 3; i++) {
    if (map_for_writing (
            buffer, GST_ACT_BLOCK_COMPONENT_INDPTR + i, &maps[i], error))
      continue;
    while (i-- > 0)
      gst_memory_unmap (maps[i].memory, &maps[i]);
    return FALSE;
  }
  return TRUE;
}

/* Drops values where they are. The blocks were checked when they were mapped
 * for reading, and are exclusive. */
static gboolean
compact (GstBuffer *buffer, guint n_components, GError **error)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  gsize n_rows = (gsize) meta->n_samples * meta->sequence_length;
  gsize n_before = meta->n_component_values;
  const guint8 *alive =
      meta->alive != NULL ? g_bytes_get_data (meta->alive, NULL) : NULL;
  GstMapInfo maps[3];
  gint64 *indptr;
  gboolean done = TRUE;

  if (!map_csr_for_writing (buffer, maps, error))
    return FALSE;
  indptr = (gpointer) maps[0].data;
  meta->n_component_values = act_csr_filter (n_rows, n_components, indptr,
      (gpointer) maps[1].data, (gpointer) maps[2].data, alive, indptr,
      (gpointer) maps[1].data, (gpointer) maps[2].data);
  /* copied while they are mapped, but replaced only then */
  for (guint i = 0; i < 3; i++)
    gst_memory_ref (maps[i].memory);
  /* where much is gone: not to keep memory alive that nobody reads */
  if (n_before - meta->n_component_values > n_before / 4)
    done = gst_act_buffer_copy_csr (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
        n_rows, meta->n_component_values, indptr, (gpointer) maps[1].data,
        (gpointer) maps[2].data, error);
  for (guint i = 0; i < 3; i++) {
    GstMemory *memory = maps[i].memory;

    gst_memory_unmap (memory, &maps[i]);
    gst_memory_unref (memory);
  }
  return done;
}

/* zeros in the columns that are dead, and for -0.0, where they are */
static gboolean
clear (GstBuffer *buffer, guint n_components, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  const guint8 *alive =
      meta->alive != NULL ? g_bytes_get_data (meta->alive, NULL) : NULL;
  GstMapInfo map;

  if (!map_for_writing (buffer, GST_ACT_BLOCK_COMPONENT_VALUES, &map, error))
    return FALSE;
  act_filter_dense ((gpointer) map.data,
      (gsize) meta->n_samples * meta->sequence_length, n_components, alive,
      (gpointer) map.data);
  gst_memory_unmap (map.memory, &map);
  return TRUE;
}

gboolean
act_filter_leave_out (
    GstBuffer *buffer, GstActLayout layout, guint n_components, GError **error)
{
  return layout == GST_ACT_LAYOUT_CSR ? compact (buffer, n_components, error)
                                      : clear (buffer, n_components, error);
}
