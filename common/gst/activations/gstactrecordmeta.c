/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/gstactrecordmeta.h>
#include <gst/activations/gstacterror.h>

#include "gst/activations/gstactblocks.h"
#include "sparse/csr.h"

#include <string.h>

/**
 * SECTION:gstactrecordmeta
 * @short_description: what a store gives when it drains
 *
 * A record buffer carries a bounded run of rows (samples): the tokens of the
 * run's samples first, then for each cluster its rows, sparse, and with the
 * last of them its coactivations. A block for each array, and this meta.
 */

/* a macro, and a bare number: as a member of the enumeration it would name all
 * others GstAct.Block.BLOCK_TOKENS and so on in other languages */
G_STATIC_ASSERT (
    GST_ACT_RECORD_N_BLOCKS == GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS + 1);

static const gchar *const block_names[GST_ACT_RECORD_N_BLOCKS] = {
  "tokens",
  "samples",
  "indptr",
  "positions",
  "values",
  "coactivations",
  "member coactivations",
};

GType
gst_act_record_meta_api_get_type (void)
{
  static gsize type = 0;
  static const gchar *tags[] = { NULL };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, gst_meta_api_type_register ("GstActRecordMetaAPI", tags));
  return type;
}

static gboolean
record_meta_init (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  GstActRecordMeta *self = (GstActRecordMeta *) meta;

  self->kind = GST_ACT_RECORD_SAMPLES;
  self->flags = 0;
  self->cluster = 0;
  self->member = -1;
  self->first_row = 0;
  self->n_rows = 0;
  self->n_values = 0;
  self->total_rows = 0;
  gst_act_blocks_init (self->block, GST_ACT_RECORD_N_BLOCKS);
  return TRUE;
}

static gboolean
record_meta_transform (GstBuffer *dest, GstMeta *meta, GstBuffer *buffer,
    GQuark type, gpointer data)
{
  GstActRecordMeta *from = (GstActRecordMeta *) meta;
  GstActRecordMeta *to;

  if (!gst_act_blocks_survive (dest, buffer, type, data))
    return FALSE;
  to = gst_act_record_meta_add (dest, from->kind);
  to->flags = from->flags;
  to->cluster = from->cluster;
  to->member = from->member;
  to->first_row = from->first_row;
  to->n_rows = from->n_rows;
  to->n_values = from->n_values;
  to->total_rows = from->total_rows;
  memcpy (to->block, from->block, sizeof to->block);
  return TRUE;
}

const GstMetaInfo *
gst_act_record_meta_get_info (void)
{
  static const GstMetaInfo *info = NULL;

  if (g_once_init_enter (&info))
    g_once_init_leave (&info,
        gst_meta_register (GST_ACT_RECORD_META_API_TYPE, "GstActRecordMeta",
            sizeof (GstActRecordMeta), record_meta_init, NULL,
            record_meta_transform));
  return info;
}

/**
 * gst_act_record_meta_get:
 * @buffer: a buffer
 *
 * Returns: (transfer none) (nullable): the record meta of @buffer
 */
GstActRecordMeta *
gst_act_record_meta_get (GstBuffer *buffer)
{
  return (GstActRecordMeta *) gst_buffer_get_meta (
      buffer, GST_ACT_RECORD_META_API_TYPE);
}

/**
 * gst_act_record_meta_add:
 * @buffer: a writable buffer
 * @kind: what its rows are
 *
 * Adds a meta without blocks and rows.
 *
 * Returns: (transfer none): the meta
 */
GstActRecordMeta *
gst_act_record_meta_add (GstBuffer *buffer, GstActRecordKind kind)
{
  GstActRecordMeta *meta = (GstActRecordMeta *) gst_buffer_add_meta (
      buffer, GST_ACT_RECORD_META_INFO, NULL);

  meta->kind = kind;
  return meta;
}

/**
 * gst_act_record_set_block:
 * @buffer: a writable buffer with a #GstActRecordMeta
 * @block: which block
 * @memory: (transfer full): its memory
 * @error: return location for an error
 *
 * Adds a block to a record, or replaces its memory.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_record_set_block (GstBuffer *buffer, GstActRecordBlock block,
    GstMemory *memory, GError **error)
{
  GstActRecordMeta *meta = gst_act_record_meta_get (buffer);

  g_return_val_if_fail (meta != NULL, FALSE);
  g_return_val_if_fail (gst_buffer_is_writable (buffer), FALSE);
  g_return_val_if_fail (block < GST_ACT_RECORD_N_BLOCKS, FALSE);

  return gst_act_blocks_set (buffer, meta->block, block, memory, error);
}

/* Maps a block that must be there if required, else only if it is. */
static gboolean
map_block (GstActRecord *record, GstBuffer *buffer, GstActRecordBlock block,
    gboolean required, gsize n, gsize element_size, gconstpointer *data,
    GError **error)
{
  gint index = record->meta->block[block];

  if (index < 0 && !required)
    return TRUE;
  *data = gst_act_blocks_map (buffer, index, block_names[block], n,
      element_size, &record->memories[block], &record->maps[block], error);
  return *data != NULL;
}

static gboolean
check_cluster (const GstActRecordMeta *meta, guint n_clusters, GError **error)
{
  if (meta->kind == GST_ACT_RECORD_SAMPLES || n_clusters == 0
      || meta->cluster < n_clusters)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
      "a record of cluster %u, but there are %u clusters", meta->cluster,
      n_clusters);
  return FALSE;
}

/* Without branches: of two without the highest bit the difference has it if it
 * is negative. FALSE may be wrong. */
static gboolean
surely_ascend (const guint64 *samples, guint64 n)
{
  guint64 wrong = n > 0 ? samples[0] : 0;

  for (guint64 i = 1; i < n; i++)
    wrong |= samples[i] | (samples[i] - samples[i - 1] - 1);
  return wrong >> 63 == 0;
}

static gboolean
check_rows (const GstActRecord *record, guint sequence_length, GError **error)
{
  const GstActRecordMeta *meta = record->meta;
  gboolean ascend = surely_ascend (record->samples, meta->n_rows);

  for (guint64 i = 1; i < meta->n_rows && !ascend; i++)
    if (record->samples[i] <= record->samples[i - 1]) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
          "record of cluster %u: row %" G_GUINT64_FORMAT
          " is not after the one before it",
          meta->cluster, meta->first_row + i);
      return FALSE;
    }
  if (record->indptr == NULL)
    return TRUE;
  if (!act_csr_validate (meta->n_rows, sequence_length, meta->n_values,
          record->indptr, record->positions, error)) {
    g_prefix_error (error, "record of cluster %u: ", meta->cluster);
    return FALSE;
  }
  return TRUE;
}

static gboolean
map_blocks (
    GstActRecord *r, GstBuffer *buffer, guint sequence_length, GError **error)
{
  const GstActRecordMeta *meta = r->meta;
  gboolean rows = meta->n_rows > 0;
  gboolean samples = meta->kind == GST_ACT_RECORD_SAMPLES;
  gsize n_tokens;

  if (meta->n_rows >= G_MAXSSIZE || meta->n_values >= G_MAXSSIZE
      || !g_size_checked_mul (&n_tokens, meta->n_rows, sequence_length)) {
    g_set_error (
        error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT, "a record is too large");
    return FALSE;
  }
  return map_block (r, buffer, GST_ACT_RECORD_BLOCK_SAMPLES, rows, meta->n_rows,
             sizeof (guint64), (gconstpointer *) &r->samples, error)
      && map_block (r, buffer, GST_ACT_RECORD_BLOCK_TOKENS, rows && samples,
          n_tokens, sizeof (gint32), (gconstpointer *) &r->tokens, error)
      && map_block (r, buffer, GST_ACT_RECORD_BLOCK_INDPTR, rows && !samples,
          meta->n_rows + 1, sizeof (gint64), (gconstpointer *) &r->indptr,
          error)
      && map_block (r, buffer, GST_ACT_RECORD_BLOCK_POSITIONS, rows && !samples,
          meta->n_values, sizeof (gint32), (gconstpointer *) &r->positions,
          error)
      && map_block (r, buffer, GST_ACT_RECORD_BLOCK_VALUES, rows && !samples,
          meta->n_values, sizeof (gfloat), (gconstpointer *) &r->values, error);
}

static gboolean
map_coactivations (
    GstActRecord *r, GstBuffer *buffer, guint n_clusters, GError **error)
{
  /* a square of members; how many is up to the assignment, unknown here */
  return map_block (r, buffer, GST_ACT_RECORD_BLOCK_COACTIVATIONS, FALSE,
             n_clusters, sizeof (gint64), (gconstpointer *) &r->coactivations,
             error)
      && map_block (r, buffer, GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS, FALSE,
          1, sizeof (gint64), (gconstpointer *) &r->member_coactivations,
          error);
}

/**
 * gst_act_record_map: (skip)
 * @record: (out caller-allocates): filled with the mapped record
 * @buffer: a record buffer
 * @sequence_length: positions a sample, from the caps
 * @n_clusters: number of clusters, from the caps; 0 if not known: then the
 *   record's cluster is not checked and its coactivations not mapped
 * @error: return location for an error
 *
 * Maps the blocks of a record for reading and checks sizes and indices. The
 * size of the member coactivations is left to the caller, who knows how many
 * members the cluster has: `maps[...].size`. On success release @record with
 * gst_act_record_unmap(); @buffer must outlive it.
 *
 * Returns: %FALSE on error
 */
gboolean
gst_act_record_map (GstActRecord *record, GstBuffer *buffer,
    guint sequence_length, guint n_clusters, GError **error)
{
  memset (record, 0, sizeof *record);
  record->meta = gst_act_record_meta_get (buffer);
  if (record->meta == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the buffer has no GstActRecordMeta: it is no record");
    return FALSE;
  }
  if (!check_cluster (record->meta, n_clusters, error)
      || !map_blocks (record, buffer, sequence_length, error)
      || (n_clusters > 0
          && !map_coactivations (record, buffer, n_clusters, error))
      || !check_rows (record, sequence_length, error)) {
    gst_act_record_unmap (record);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_act_record_unmap: (skip)
 * @record: a mapped record
 *
 * Releases what gst_act_record_map() mapped.
 */
void
gst_act_record_unmap (GstActRecord *record)
{
  gst_act_blocks_unmap (
      record->memories, record->maps, GST_ACT_RECORD_N_BLOCKS);
}

/**
 * gst_act_record_dup_rows:
 * @buffer: a record buffer of a cluster or a component
 * @sequence_length: positions a sample, from the caps
 * @n_values: (out): length of the array, rows x @sequence_length
 *
 * The activations of a record as a dense, row-major array, for programs that
 * want a few of them and for languages without pointers.
 *
 * Returns: (transfer full) (array length=n_values) (nullable): the array;
 *   %NULL if @buffer is no such record, or has no rows
 */
gfloat *
gst_act_record_dup_rows (
    GstBuffer *buffer, guint sequence_length, gsize *n_values)
{
  GstActRecord record;
  gfloat *rows = NULL;

  *n_values = 0;
  if (!gst_act_record_map (&record, buffer, sequence_length, 0, NULL))
    return NULL;
  if (record.indptr != NULL) {
    *n_values = (gsize) record.meta->n_rows * sequence_length;
    rows = g_new (gfloat, *n_values);
    act_csr_to_dense (record.meta->n_rows, sequence_length, record.indptr,
        record.positions, record.values, rows);
  }
  gst_act_record_unmap (&record);
  return rows;
}
