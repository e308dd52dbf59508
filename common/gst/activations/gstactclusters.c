/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/gstactcomponents.h>

#include <gst/activations/gstacterror.h>

#include <math.h>
#include <string.h>

#include "sparse/csr.h"
#include "sparse/filter.h"

/* The cluster activations of a batch while they are made: either rows one by
 * one, or all three blocks at once. What a subclass gives is checked here, so
 * that those behind can rely on it. */

struct _GstActClusters {
  gint ref_count;
  gsize n_positions;
  guint n_clusters;

  gsize n_rows; /* appended so far */
  gsize n_values;
  gsize capacity;
  gint64 *indptr;
  gint32 *indices;
  gfloat *values;

  gboolean taken; /* the blocks, by take_csr () */
  GstMemory *blocks[3];
};

G_DEFINE_BOXED_TYPE (GstActClusters, gst_act_clusters, gst_act_clusters_ref,
    gst_act_clusters_unref)

/**
 * gst_act_clusters_new:
 * @n_positions: rows that the batch has
 * @n_clusters: number of clusters
 *
 * Returns: (transfer full): cluster activations without a row yet
 */
GstActClusters *
gst_act_clusters_new (gsize n_positions, guint n_clusters)
{
  GstActClusters *self = g_new0 (GstActClusters, 1);

  self->ref_count = 1;
  self->n_positions = n_positions;
  self->n_clusters = n_clusters;
  return self;
}

/**
 * gst_act_clusters_ref:
 * @clusters: the cluster activations of a batch
 *
 * Returns: (transfer full): @clusters
 */
GstActClusters *
gst_act_clusters_ref (GstActClusters *clusters)
{
  g_atomic_int_inc (&clusters->ref_count);
  return clusters;
}

static void
clear_blocks (GstActClusters *self)
{
  for (guint i = 0; i < 3; i++)
    g_clear_pointer (&self->blocks[i], gst_memory_unref);
}

/**
 * gst_act_clusters_unref:
 * @clusters: (transfer full): the cluster activations of a batch
 *
 * Gives up a reference.
 */
void
gst_act_clusters_unref (GstActClusters *clusters)
{
  if (!g_atomic_int_dec_and_test (&clusters->ref_count))
    return;
  g_free (clusters->indptr);
  g_free (clusters->indices);
  g_free (clusters->values);
  clear_blocks (clusters);
  g_free (clusters);
}

/**
 * gst_act_clusters_get_n_clusters:
 * @clusters: the cluster activations of a batch
 *
 * Returns: the number of clusters
 */
guint
gst_act_clusters_get_n_clusters (GstActClusters *clusters)
{
  return clusters->n_clusters;
}

static gboolean
check_value (const GstActClusters *self, gsize row, gint32 before, gint32 index,
    gfloat value, GError **error)
{
  if (index <= before) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "cluster activations at position %" G_GSIZE_FORMAT
        ": cluster %d, expected ascending indices from 0",
        row, index);
    return FALSE;
  }
  if ((guint) index >= self->n_clusters) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "cluster activations at position %" G_GSIZE_FORMAT
        ": there is no cluster %d, expected below %u",
        row, index, self->n_clusters);
    return FALSE;
  }
  if (!isfinite (value)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "cluster activations at position %" G_GSIZE_FORMAT
        ": cluster %d is %g, expected a finite number",
        row, index, (gdouble) value);
    return FALSE;
  }
  return TRUE;
}

static void
reserve (GstActClusters *self, gsize n_values)
{
  if (self->indptr == NULL)
    self->indptr = g_new0 (gint64, self->n_positions + 1);
  if (self->n_values + n_values <= self->capacity)
    return;
  self->capacity = MAX (self->n_values + n_values, self->capacity * 2);
  self->capacity = MAX (self->capacity, 1024);
  self->indices = g_renew (gint32, self->indices, self->capacity);
  self->values = g_renew (gfloat, self->values, self->capacity);
}

/**
 * gst_act_clusters_append_row:
 * @clusters: the cluster activations of a batch
 * @n_values: number of values in the row
 * @indices: (array length=n_values): indices of clusters, ascending
 * @values: (array length=n_values): their activations, finite
 * @error: return location for an error
 *
 * Appends the row of the next position. Clusters that are not named are 0;
 * zeros may be given and are not stored.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_clusters_append_row (GstActClusters *clusters, gsize n_values,
    const gint32 *indices, const gfloat *values, GError **error)
{
  gint32 before = -1;
  gsize n;

  if (clusters->taken || clusters->n_rows == clusters->n_positions) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "a row of cluster activations too many, expected %" G_GSIZE_FORMAT
        ", one for each position",
        clusters->n_positions);
    return FALSE;
  }
  /* ascending indices below n_clusters: more cannot be right */
  if (n_values > clusters->n_clusters) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "cluster activations at position %" G_GSIZE_FORMAT ": %" G_GSIZE_FORMAT
        " values, expected %u at most",
        clusters->n_rows, n_values, clusters->n_clusters);
    return FALSE;
  }
  reserve (clusters, n_values);
  n = clusters->n_values;
  for (gsize i = 0; i < n_values; i++) {
    if (!check_value (
            clusters, clusters->n_rows, before, indices[i], values[i], error))
      return FALSE;
    before = indices[i];
    clusters->indices[n] = indices[i];
    clusters->values[n] = values[i];
    n += values[i] != 0.0f;
  }
  clusters->n_values = n;
  clusters->n_rows++;
  clusters->indptr[clusters->n_rows] = (gint64) n;
  return TRUE;
}

/* Values of a whole CSR: finite, and no zeros of either sign. */
static gboolean
check_values (const GstActClusters *self, const gint64 *indptr,
    const gint32 *indices, const gfloat *values, gsize n_values, GError **error)
{
  gboolean minus_zero;
  gsize n_nonzero, row = 0;
  gsize bad;

  if (!act_filter_scan_dense (
          values, 1, n_values, NULL, &n_nonzero, &minus_zero)) {
    bad = (gsize) act_find_nonfinite (values, n_values);
    while ((gsize) indptr[row + 1] <= bad)
      row++;
    return check_value (self, row, -1, indices[bad], values[bad], error);
  }
  if (n_nonzero == n_values)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
      "cluster activations: a zero among the stored values");
  return FALSE;
}

static gboolean
check_blocks (const GstActClusters *self, const GstMapInfo *maps,
    gsize n_values, GError **error)
{
  const gint64 *indptr = (gpointer) maps[0].data;
  const gint32 *indices = (gpointer) maps[1].data;
  const gfloat *values = (gpointer) maps[2].data;

  if (maps[0].size / 8 <= self->n_positions || maps[1].size / 4 < n_values
      || maps[2].size / 4 < n_values) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "cluster activations: blocks too small for %" G_GSIZE_FORMAT
        " positions and %" G_GSIZE_FORMAT " values",
        self->n_positions, n_values);
    return FALSE;
  }
  if (!act_csr_validate (self->n_positions, self->n_clusters, n_values, indptr,
          indices, error)) {
    g_prefix_error (error, "cluster activations: ");
    return FALSE;
  }
  return check_values (self, indptr, indices, values, n_values, error);
}

/**
 * gst_act_clusters_take_csr: (skip)
 * @clusters: the cluster activations of a batch, without a row yet
 * @indptr: (transfer full): int64 [positions + 1]
 * @indices: (transfer full): int32 [@n_values], ascending within a row
 * @values: (transfer full): float32 [@n_values], finite and not zero
 * @n_values: number of values; the memories may be larger
 * @error: return location for an error
 *
 * Takes all rows at once, in place of gst_act_clusters_append_row().
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_clusters_take_csr (GstActClusters *clusters, GstMemory *indptr,
    GstMemory *indices, GstMemory *values, gsize n_values, GError **error)
{
  GstMemory *blocks[3] = { indptr, indices, values };
  GstMapInfo maps[3];
  guint n_mapped = 0;
  gboolean fine = FALSE;

  if (clusters->taken || clusters->n_rows > 0) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "cluster activations are given twice");
  } else {
    while (n_mapped < 3
        && gst_memory_map (blocks[n_mapped], &maps[n_mapped], GST_MAP_READ))
      n_mapped++;
    if (n_mapped < 3)
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
          "cluster activations could not be mapped for reading");
    else
      fine = check_blocks (clusters, maps, n_values, error);
  }
  for (guint i = 0; i < n_mapped; i++)
    gst_memory_unmap (blocks[i], &maps[i]);
  if (!fine) {
    for (guint i = 0; i < 3; i++)
      gst_memory_unref (blocks[i]);
    return FALSE;
  }
  memcpy (clusters->blocks, blocks, sizeof blocks);
  clusters->n_values = n_values;
  clusters->n_rows = clusters->n_positions;
  clusters->taken = TRUE;
  return TRUE;
}

/* Appended rows as memories of their own. */
static void
wrap_rows (GstActClusters *self)
{
  gsize indptr_size = (self->n_positions + 1) * sizeof (gint64);
  gsize size;

  reserve (self, 1); /* no memory may be empty */
  size = self->capacity * sizeof (gfloat);
  self->blocks[0] = gst_memory_new_wrapped (
      0, self->indptr, indptr_size, 0, indptr_size, self->indptr, g_free);
  self->blocks[1] = gst_memory_new_wrapped (
      0, self->indices, size, 0, size, self->indices, g_free);
  self->blocks[2] = gst_memory_new_wrapped (
      0, self->values, size, 0, size, self->values, g_free);
  self->indptr = NULL;
  self->indices = NULL;
  self->values = NULL;
  self->taken = TRUE;
}

/**
 * gst_act_clusters_store:
 * @clusters: the cluster activations of a batch
 * @buffer: the batch: a writable buffer with a #GstActBatchMeta
 * @error: return location for an error
 *
 * Adds the cluster activations to @buffer as its three cluster blocks. Every
 * position must have its row by then. Can be done once.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_clusters_store (
    GstActClusters *clusters, GstBuffer *buffer, GError **error)
{
  g_return_val_if_fail (gst_act_batch_meta_get (buffer) != NULL, FALSE);

  if (clusters->n_rows != clusters->n_positions) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "%" G_GSIZE_FORMAT " rows of cluster activations, expected "
        "%" G_GSIZE_FORMAT ", one for each position",
        clusters->n_rows, clusters->n_positions);
    return FALSE;
  }
  if (!clusters->taken)
    wrap_rows (clusters);
  g_return_val_if_fail (clusters->blocks[0] != NULL, FALSE);
  return gst_act_buffer_set_csr (buffer, GST_ACT_BLOCK_CLUSTER_INDPTR,
      g_steal_pointer (&clusters->blocks[0]),
      g_steal_pointer (&clusters->blocks[1]),
      g_steal_pointer (&clusters->blocks[2]), clusters->n_values, error);
}
