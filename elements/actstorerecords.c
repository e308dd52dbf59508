/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "actstorerecords.h"

#include <string.h>

#include "elements/hostblocks.h"
#include "sparse/csr.h"
#include "sparse/csrarrays.h"

/* --- derived or not --- */

/* rows that are compared at a time, in memory that stays in the cache */
#define PIECE 256

typedef struct {
  ActClusterReducer *reducer;
  gint64 indptr[PIECE + 1];
  gint32 *indices;
  gfloat *values;
} Derived;

static gsize
derive_rows (
    Derived *derived, const GstActBatch *batch, gsize first, gsize n_rows)
{
  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    return act_cluster_reduce_dense (derived->reducer, n_rows,
        batch->component_values + first * batch->n_components, derived->indptr,
        derived->indices, derived->values);
  return act_cluster_reduce_csr (derived->reducer, n_rows,
      batch->component_indptr + first, batch->component_indices,
      batch->component_values, derived->indptr, derived->indices,
      derived->values);
}

/* n values bit for bit; a zero has no sign */
static gboolean
same_rows (const Derived *derived, gsize n, const GstActBatch *batch,
    gsize first, gsize n_rows)
{
  const gint64 *indptr = batch->cluster_indptr + first;

  if (n != (gsize) (indptr[n_rows] - indptr[0]))
    return FALSE;
  for (gsize i = 0; i <= n_rows; i++)
    if (indptr[i] - indptr[0] != derived->indptr[i])
      return FALSE;
  return memcmp (derived->indices, batch->cluster_indices + indptr[0],
             n * sizeof (gint32))
      == 0
      && memcmp (derived->values, batch->cluster_values + indptr[0],
             n * sizeof (gfloat))
      == 0;
}

static gboolean
derive_and_compare (const GstActBatch *batch, ActClusterReduction reduction,
    const gint32 *cluster_of)
{
  g_autoptr (ActClusterReducer) reducer = act_cluster_reducer_new (
      reduction, batch->n_components, batch->n_clusters, cluster_of);
  gsize room = act_cluster_reducer_bound (
      reducer, PIECE, (gsize) PIECE * batch->n_components);
  g_autofree gint32 *indices = g_new (gint32, room);
  g_autofree gfloat *values = g_new (gfloat, room);
  Derived derived = { reducer, { 0 }, indices, values };
  gboolean same = TRUE;

  act_cluster_reducer_set_alive (reducer, batch->alive);
  for (gsize first = 0; same && first < batch->n_positions; first += PIECE) {
    gsize n_rows = MIN (PIECE, batch->n_positions - first);
    gsize n = derive_rows (&derived, batch, first, n_rows);

    same = n != G_MAXSIZE && same_rows (&derived, n, batch, first, n_rows);
  }
  return same;
}

gboolean
gst_act_records_are_derived (GstBuffer *buffer, const GstActInfo *info,
    ActClusterReduction reduction, const gint32 *cluster_of, GError **error)
{
  GstActBatch batch;
  gboolean same;

  if (!gst_act_batch_map (&batch, buffer, info,
          GST_ACT_MAP_COMPONENTS | GST_ACT_MAP_CLUSTERS, error))
    return FALSE;
  same = derive_and_compare (&batch, reduction, cluster_of);
  gst_act_batch_unmap (&batch);
  return same;
}

/* --- batches in --- */

/* what the store keeps of a buffer, mapped as long as it does */
typedef struct {
  GstBuffer *buffer;
  GstActBatch batch;
  GBytes *alive;
} KeptBatch;

static void
kept_batch_free (gpointer data)
{
  KeptBatch *kept = data;

  gst_act_batch_unmap (&kept->batch);
  gst_buffer_unref (kept->buffer);
  g_clear_pointer (&kept->alive, g_bytes_unref);
  g_free (kept);
}

/* Maps buffer (transfer full). */
static KeptBatch *
kept_batch_new (GstBuffer *buffer, const GstActInfo *info, GstActMapFlags flags,
    GError **error)
{
  KeptBatch *kept = g_new0 (KeptBatch, 1);

  if (!gst_act_batch_map (&kept->batch, buffer, info, flags, error)) {
    gst_buffer_unref (buffer);
    g_free (kept);
    return NULL;
  }
  kept->buffer = buffer;
  return kept;
}

/* bytes that the buffer holds, used or not, and that are no other batch's */
static gsize
held_size (GstBuffer *buffer)
{
  gsize size = 0, most;

  for (guint i = 0; i < gst_buffer_n_memory (buffer); i++) {
    GstMemory *memory = gst_buffer_peek_memory (buffer, i);

    if (gst_act_memory_is_common (memory))
      continue;
    gst_memory_get_sizes (memory, NULL, &most);
    size += most;
  }
  return size;
}

static gboolean
add_kept (
    ActStore *store, KeptBatch *kept, ActStoreBatch *batch, GError **error)
{
  const GstActBatch *b = &kept->batch;

  batch->index = b->batch_index;
  batch->first_sample = b->first_sample;
  batch->n_samples = b->n_samples;
  batch->n_ctx = b->sequence_length;
  batch->tokens = b->tokens;
  if (b->cluster_indptr != NULL)
    batch->clusters = (ActCsr){ b->cluster_indptr, b->cluster_indices,
      b->cluster_values, b->n_cluster_values };
  batch->size = held_size (kept->buffer);
  batch->owner = kept;
  batch->release_owner = kept_batch_free;
  if (act_store_add (store, batch, error))
    return TRUE;
  kept_batch_free (kept);
  return FALSE;
}

#define CLUSTER_BLOCKS                                                         \
  (1u << GST_ACT_BLOCK_CLUSTER_INDPTR | 1u << GST_ACT_BLOCK_CLUSTER_INDICES    \
      | 1u << GST_ACT_BLOCK_CLUSTER_VALUES)

/* The buffer without the blocks that are not kept, in plain memory, mapped. */
static KeptBatch *
keep (GstBuffer *buffer, const GstActInfo *info, guint dropped,
    GstActMapFlags flags, GError **error)
{
  GstBuffer *own = act_host_blocks (buffer, dropped, error);

  if (dropped & CLUSTER_BLOCKS)
    flags &= ~GST_ACT_MAP_CLUSTERS;
  return own != NULL ? kept_batch_new (own, info, flags, error) : NULL;
}

static gboolean
count_clusters (
    GstBuffer *buffer, const GstActInfo *info, gsize *n, GError **error)
{
  GstActBatch batch;

  if (!gst_act_batch_map (&batch, buffer, info, GST_ACT_MAP_CLUSTERS, error))
    return FALSE;
  *n = batch.n_cluster_values;
  gst_act_batch_unmap (&batch);
  return TRUE;
}

/* A dense matrix of which most is not 0 stays. So many clusters are cheaper to
 * make again than to keep: that would be new memory for each batch. */
static gboolean
add_staying (ActStore *store, GstBuffer *buffer, const GstActInfo *info,
    GstActRecordsClusters clusters, GError **error)
{
  const gboolean given = clusters == GST_ACT_RECORDS_GIVEN;
  KeptBatch *kept;
  ActStoreBatch batch = { 0 };

  if (clusters == GST_ACT_RECORDS_DERIVABLE
      && !count_clusters (buffer, info, &batch.clusters.n_values, error))
    return FALSE;
  kept = keep (buffer, info, given ? 0 : CLUSTER_BLOCKS,
      GST_ACT_MAP_TOKENS | GST_ACT_MAP_COMPONENTS | GST_ACT_MAP_CLUSTERS,
      error);
  if (kept == NULL)
    return FALSE;
  batch.alive = kept->batch.alive;
  batch.component_dense = kept->batch.component_values;
  batch.dense_stays = TRUE;
  return add_kept (store, kept, &batch, error);
}

/* One of which most is 0 is read and let go: the store keeps its nonzeros. */
static gboolean
add_read (ActStore *store, GstBuffer *buffer, const GstActInfo *info,
    const GstActBatch *dense, guint dropped, GError **error)
{
  KeptBatch *kept =
      keep (buffer, info, dropped | 1u << GST_ACT_BLOCK_COMPONENT_VALUES,
          GST_ACT_MAP_TOKENS | GST_ACT_MAP_CLUSTERS, error);
  ActStoreBatch batch = { 0 };

  if (kept == NULL)
    return FALSE;
  if (dense->alive_bytes != NULL) {
    kept->alive = g_bytes_ref (dense->alive_bytes);
    batch.alive = g_bytes_get_data (kept->alive, NULL);
  }
  batch.component_dense = dense->component_values;
  return add_kept (store, kept, &batch, error);
}

static guint
get_dropped (GstActRecordsClusters clusters)
{
  return clusters == GST_ACT_RECORDS_DERIVED ? CLUSTER_BLOCKS : 0;
}

static gboolean
add_dense (ActStore *store, GstBuffer *buffer, const GstActInfo *info,
    GstActRecordsClusters clusters, GError **error)
{
  GstActBatch dense;
  gboolean added;

  if (!gst_act_batch_map (&dense, buffer, info, GST_ACT_MAP_COMPONENTS, error))
    return FALSE;
  if (act_csr_estimate_density (
          dense.component_values, dense.n_positions, dense.n_components)
      > ACT_CSR_MOST_DENSITY)
    added = add_staying (store, buffer, info, clusters, error);
  else
    added =
        add_read (store, buffer, info, &dense, get_dropped (clusters), error);
  gst_act_batch_unmap (&dense);
  return added;
}

gboolean
gst_act_records_add (ActStore *store, GstBuffer *buffer, const GstActInfo *info,
    GstActRecordsClusters clusters, GError **error)
{
  KeptBatch *kept;
  ActStoreBatch batch = { 0 };

  if (info->layout == GST_ACT_LAYOUT_DENSE)
    return add_dense (store, buffer, info, clusters, error);
  kept = keep (buffer, info, get_dropped (clusters),
      GST_ACT_MAP_TOKENS | GST_ACT_MAP_COMPONENTS | GST_ACT_MAP_CLUSTERS,
      error);
  if (kept == NULL)
    return FALSE;
  batch.alive = kept->batch.alive;
  batch.components =
      (ActCsr){ kept->batch.component_indptr, kept->batch.component_indices,
        kept->batch.component_values, kept->batch.n_component_values };
  return add_kept (store, kept, &batch, error);
}

/* --- members --- */

guint64
gst_act_records_count_members (
    const GstActAssignment *assignment, guint n_components)
{
  g_autofree guint8 *is_member = g_new0 (guint8, n_components);
  guint64 n_found = 0;

  for (guint c = 0; c < gst_act_assignment_get_n_clusters (assignment); c++) {
    guint n;
    const guint *members = gst_act_assignment_get_members (assignment, c, &n);

    for (guint m = 0; m < n; m++) {
      if (members[m] >= n_components || is_member[members[m]])
        continue;
      is_member[members[m]] = TRUE;
      n_found++;
    }
  }
  return n_found;
}

/* of one cluster: counts of every two of them take 2 GiB then */
#define MAX_MEMBERS 16384

gboolean
gst_act_records_check_members (
    const GstActAssignment *assignment, GError **error)
{
  for (guint c = 0; c < gst_act_assignment_get_n_clusters (assignment); c++) {
    guint n;

    (void) gst_act_assignment_get_members (assignment, c, &n);
    if (n <= MAX_MEMBERS)
      continue;
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED,
        "cluster '%s' has %u members, of which every two are counted; at most "
        "%d were expected ('component-records=false' leaves that out)",
        gst_act_assignment_get_name (assignment, c), n, MAX_MEMBERS);
    return FALSE;
  }
  return TRUE;
}

gboolean
gst_act_records_get_members (GstActRecordsMembers *members,
    const GstActAssignment *assignment, const GstActInfo *info, GError **error)
{
  guint n_clusters = gst_act_assignment_get_n_clusters (assignment);
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree guint *n_members = g_new (guint, n_clusters);

  if (n_clusters != info->n_clusters) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the assignment has %u clusters; the caps say %u", n_clusters,
        info->n_clusters);
    return FALSE;
  }
  for (guint c = 0; c < n_clusters; c++) {
    const guint *columns =
        gst_act_assignment_get_members (assignment, c, &n_members[c]);

    for (guint m = 0; m < n_members[c]; m++) {
      if (columns[m] < info->n_components)
        continue;
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
          "cluster '%s' has column %u as a member; there are %u",
          gst_act_assignment_get_name (assignment, c), columns[m],
          info->n_components);
      return FALSE;
    }
    g_array_append_vals (all, columns, n_members[c]);
  }
  members->n_members = g_steal_pointer (&n_members);
  members->members =
      (guint *) (gpointer) g_array_free (g_steal_pointer (&all), FALSE);
  return TRUE;
}

void
gst_act_records_clear_members (GstActRecordsMembers *members)
{
  g_clear_pointer (&members->n_members, g_free);
  g_clear_pointer (&members->members, g_free);
}

/* --- records out --- */

static gpointer
block_new (GstMemory **memory, gsize n, gsize element_size)
{
  gpointer data = NULL;
  gsize size;

  /* a run is bounded by what is in memory already; this cannot overflow */
  if (!g_size_checked_mul (&size, n, element_size))
    g_assert_not_reached ();
  *memory = gst_act_memory_new (size, &data);
  return data;
}

static gboolean
fill_samples (
    GstBuffer *buffer, ActDrain *drain, const ActRun *run, GError **error)
{
  GstMemory *samples, *tokens;
  guint64 *s = block_new (&samples, run->n_rows, sizeof (guint64));
  gint32 *t = block_new (&tokens, run->n_values, sizeof (gint32));

  if (!act_drain_fill_tokens (drain, s, t, error)) {
    gst_memory_unref (samples);
    gst_memory_unref (tokens);
    return FALSE;
  }
  return gst_act_record_set_block (
             buffer, GST_ACT_RECORD_BLOCK_SAMPLES, samples, error)
      && gst_act_record_set_block (
          buffer, GST_ACT_RECORD_BLOCK_TOKENS, tokens, error);
}

static gboolean
fill_rows (
    GstBuffer *buffer, ActDrain *drain, const ActRun *run, GError **error)
{
  GstMemory *memory[4];
  static const GstActRecordBlock blocks[] = {
    GST_ACT_RECORD_BLOCK_SAMPLES,
    GST_ACT_RECORD_BLOCK_INDPTR,
    GST_ACT_RECORD_BLOCK_POSITIONS,
    GST_ACT_RECORD_BLOCK_VALUES,
  };
  guint64 *samples = block_new (&memory[0], run->n_rows, sizeof (guint64));
  gint64 *indptr = block_new (&memory[1], run->n_rows + 1, sizeof (gint64));
  gint32 *positions = block_new (&memory[2], run->n_values, sizeof (gint32));
  gfloat *values = block_new (&memory[3], run->n_values, sizeof (gfloat));
  gboolean done = TRUE;

  act_drain_fill_rows (drain, samples, indptr, positions, values);
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++) {
    if (done)
      done = gst_act_record_set_block (buffer, blocks[i], memory[i], error);
    else
      gst_memory_unref (memory[i]);
  }
  return done;
}

static gboolean
add_counts (GstBuffer *buffer, GstActRecordBlock block, const gint64 *counts,
    gsize n, GError **error)
{
  GstMemory *memory;

  if (counts == NULL)
    return TRUE;
  memcpy (block_new (&memory, n, sizeof (gint64)), counts, n * sizeof (gint64));
  return gst_act_record_set_block (buffer, block, memory, error);
}

static GstBuffer *
record_new (const ActRun *run)
{
  static const GstActRecordKind kinds[] = {
    [ACT_RUN_SAMPLES] = GST_ACT_RECORD_SAMPLES,
    [ACT_RUN_CLUSTER] = GST_ACT_RECORD_CLUSTER,
    [ACT_RUN_COMPONENT] = GST_ACT_RECORD_COMPONENT,
  };
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta = gst_act_record_meta_add (buffer, kinds[run->kind]);

  meta->flags = (run->first ? GST_ACT_RECORD_FIRST : 0)
      | (run->last ? GST_ACT_RECORD_LAST : 0);
  meta->cluster = run->cluster;
  meta->member = run->member;
  meta->first_row = run->first_row;
  meta->n_rows = run->n_rows;
  meta->n_values = run->kind == ACT_RUN_SAMPLES ? 0 : run->n_values;
  meta->total_rows = run->total_rows;
  return buffer;
}

GstBuffer *
gst_act_records_buffer_new (
    ActDrain *drain, const ActRun *run, const GstActInfo *info, GError **error)
{
  g_autoptr (GstBuffer) buffer = record_new (run);

  if (run->n_rows > 0
      && !(run->kind == ACT_RUN_SAMPLES
              ? fill_samples (buffer, drain, run, error)
              : fill_rows (buffer, drain, run, error)))
    return NULL;
  if (!add_counts (buffer, GST_ACT_RECORD_BLOCK_COACTIVATIONS,
          run->coactivations, info->n_clusters, error)
      || !add_counts (buffer, GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS,
          run->member_coactivations, (gsize) run->n_members * run->n_members,
          error))
    return NULL;
  return g_steal_pointer (&buffer);
}
