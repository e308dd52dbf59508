/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>
#include <gst/activations/gstactcaps.h>
#include <gst/activations/gstactmemory.h>

G_BEGIN_DECLS

/**
 * GstActBlock:
 * @GST_ACT_BLOCK_TOKENS: int32 [n_samples, sequence_length]
 * @GST_ACT_BLOCK_COMPONENT_INDPTR: int64 [n_positions + 1], CSR only
 * @GST_ACT_BLOCK_COMPONENT_INDICES: int32 [n_component_values], CSR only;
 *   columns, ascending within a row
 * @GST_ACT_BLOCK_COMPONENT_VALUES: float32 [n_component_values] in CSR,
 *   [n_positions, n_components] in the dense layout
 * @GST_ACT_BLOCK_CLUSTER_INDPTR: int64 [n_positions + 1]
 * @GST_ACT_BLOCK_CLUSTER_INDICES: int32 [n_cluster_values], ascending
 * @GST_ACT_BLOCK_CLUSTER_VALUES: float32 [n_cluster_values]
 *
 * The blocks of a batch; each is a #GstMemory of its own in the buffer. A
 * memory may be larger than what is used of it (it is never empty).
 */
typedef enum {
  GST_ACT_BLOCK_TOKENS,
  GST_ACT_BLOCK_COMPONENT_INDPTR,
  GST_ACT_BLOCK_COMPONENT_INDICES,
  GST_ACT_BLOCK_COMPONENT_VALUES,
  GST_ACT_BLOCK_CLUSTER_INDPTR,
  GST_ACT_BLOCK_CLUSTER_INDICES,
  GST_ACT_BLOCK_CLUSTER_VALUES,
} GstActBlock;

/**
 * GST_ACT_N_BLOCKS:
 *
 * The number of kinds of blocks.
 */
#define GST_ACT_N_BLOCKS 7

#define GST_ACT_BATCH_META_API_TYPE (gst_act_batch_meta_api_get_type ())
#define GST_ACT_BATCH_META_INFO (gst_act_batch_meta_get_info ())

typedef struct _GstActBatchMeta GstActBatchMeta;

/**
 * GstActBatchMeta:
 * @meta: parent
 * @batch_index: index of the batch in the whole run
 * @n_samples: samples in this batch, at most the caps' batch-size
 * @sequence_length: positions a sample
 * @n_component_values: nonzeros of the component CSR (unused when dense)
 * @n_cluster_values: nonzeros of the cluster CSR
 * @alive: (nullable): one byte a column, 0 where the component is dead in
 *   this batch; %NULL: all are alive
 * @block: (array fixed-size=7): index of each block's memory in the buffer, -1
 * where there is none
 *
 * Says what the memories of a batch buffer are. The buffer's offset is the
 * index of its first sample in the whole run, offset-end one past the last.
 */
struct _GstActBatchMeta {
  GstMeta meta;

  guint64 batch_index;
  guint n_samples;
  guint sequence_length;
  guint64 n_component_values;
  guint64 n_cluster_values;
  GBytes *alive;
  gint8 block[GST_ACT_N_BLOCKS];
};

GST_ACT_API
GType gst_act_batch_meta_api_get_type (void);

GST_ACT_API
const GstMetaInfo *gst_act_batch_meta_get_info (void);

GST_ACT_API
GstActBatchMeta *gst_act_batch_meta_get (GstBuffer *buffer);

GST_ACT_API
GstActBatchMeta *gst_act_batch_meta_add (GstBuffer *buffer, guint64 batch_index,
    guint64 first_sample, guint n_samples, guint sequence_length);

GST_ACT_API
void gst_act_batch_meta_set_alive (GstActBatchMeta *meta, GBytes *alive);

GST_ACT_API
gboolean gst_act_buffer_set_block (
    GstBuffer *buffer, GstActBlock block, GstMemory *memory, GError **error);

GST_ACT_API
gboolean gst_act_buffer_set_csr (GstBuffer *buffer, GstActBlock first,
    GstMemory *indptr, GstMemory *indices, GstMemory *values, gsize n_values,
    GError **error);

GST_ACT_API
gboolean gst_act_buffer_copy_csr (GstBuffer *buffer, GstActBlock first,
    gsize n_positions, gsize n_values, const gint64 *indptr,
    const gint32 *indices, const gfloat *values, GError **error);

GST_ACT_API
GstBuffer *gst_act_buffer_copy_without (GstBuffer *buffer, guint drop_blocks);

typedef struct _GstActBatch GstActBatch;

/**
 * GstActBatch: (skip)
 *
 * A batch buffer mapped for reading, with every size checked against the
 * caps. Fill with gst_act_batch_map(), release with gst_act_batch_unmap().
 * Pointers are %NULL for blocks that the buffer does not have or that were
 * not asked for. Index blocks were checked: indptr never falls and ends at
 * the number of values, indices are below the number of columns and ascend
 * within a row, token ids are below the vocabulary's size.
 */
struct _GstActBatch {
  guint64 batch_index;
  guint64 first_sample;
  guint n_samples;
  guint sequence_length;
  gsize n_positions;

  const gint32 *tokens;

  guint n_components;
  GstActLayout layout;
  const gint64 *component_indptr;
  const gint32 *component_indices;
  const gfloat *component_values;
  gsize n_component_values;
  const guint8 *alive;

  guint n_clusters;
  const gint64 *cluster_indptr;
  const gint32 *cluster_indices;
  const gfloat *cluster_values;
  gsize n_cluster_values;

  /*< private >*/
  GBytes *alive_bytes;
  GstMapInfo maps[GST_ACT_N_BLOCKS];
  GstMemory *memories[GST_ACT_N_BLOCKS];
};

/**
 * GstActMapFlags:
 * @GST_ACT_MAP_TOKENS: map the tokens
 * @GST_ACT_MAP_COMPONENTS: map the component activations
 * @GST_ACT_MAP_CLUSTERS: map the cluster activations
 *
 * Which parts of a batch to map; asking for one that is not there is an error.
 */
typedef enum {
  GST_ACT_MAP_TOKENS = 1 << 0,
  GST_ACT_MAP_COMPONENTS = 1 << 1,
  GST_ACT_MAP_CLUSTERS = 1 << 2,
} GstActMapFlags;

GST_ACT_API
gboolean gst_act_batch_map (GstActBatch *batch, GstBuffer *buffer,
    const GstActInfo *info, GstActMapFlags flags, GError **error);

GST_ACT_API
void gst_act_batch_unmap (GstActBatch *batch);

G_END_DECLS
