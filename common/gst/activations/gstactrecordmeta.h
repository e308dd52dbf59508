/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

/**
 * GstActRecordKind:
 * @GST_ACT_RECORD_SAMPLES: the tokens of samples of the run, in order. All
 *   samples come before the first cluster.
 * @GST_ACT_RECORD_CLUSTER: rows of one cluster
 * @GST_ACT_RECORD_COMPONENT: rows of one member component of one cluster;
 *   after that cluster's own rows, in the order of its members
 *
 * What a record buffer carries.
 */
typedef enum {
  GST_ACT_RECORD_SAMPLES,
  GST_ACT_RECORD_CLUSTER,
  GST_ACT_RECORD_COMPONENT,
} GstActRecordKind;

/**
 * GstActRecordFlags:
 * @GST_ACT_RECORD_FIRST: the first buffer of its samples, cluster or component
 * @GST_ACT_RECORD_LAST: the last buffer of its samples, cluster or component
 */
typedef enum {
  GST_ACT_RECORD_FIRST = 1 << 0,
  GST_ACT_RECORD_LAST = 1 << 1,
} GstActRecordFlags;

/**
 * GstActRecordBlock:
 * @GST_ACT_RECORD_BLOCK_TOKENS: int32 [n_rows, sequence_length]; samples only
 * @GST_ACT_RECORD_BLOCK_SAMPLES: uint64 [n_rows], the index of each row's
 *   sample in the whole run, ascending
 * @GST_ACT_RECORD_BLOCK_INDPTR: int64 [n_rows + 1], from 0; rows are samples
 * @GST_ACT_RECORD_BLOCK_POSITIONS: int32 [n_values], ascending within a row
 * @GST_ACT_RECORD_BLOCK_VALUES: float32 [n_values]
 * @GST_ACT_RECORD_BLOCK_COACTIVATIONS: int64 [n_clusters]: positions where
 *   this cluster and each other are above 0; with a cluster's last buffer
 * @GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS: int64 [n_members, n_members],
 *   the same among the cluster's components; with its last buffer
 */
typedef enum {
  GST_ACT_RECORD_BLOCK_TOKENS,
  GST_ACT_RECORD_BLOCK_SAMPLES,
  GST_ACT_RECORD_BLOCK_INDPTR,
  GST_ACT_RECORD_BLOCK_POSITIONS,
  GST_ACT_RECORD_BLOCK_VALUES,
  GST_ACT_RECORD_BLOCK_COACTIVATIONS,
  GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS,
} GstActRecordBlock;

/**
 * GST_ACT_RECORD_N_BLOCKS:
 *
 * The number of kinds of blocks of a record.
 */
#define GST_ACT_RECORD_N_BLOCKS 7

#define GST_ACT_RECORD_META_API_TYPE (gst_act_record_meta_api_get_type ())
#define GST_ACT_RECORD_META_INFO (gst_act_record_meta_get_info ())

typedef struct _GstActRecordMeta GstActRecordMeta;

/**
 * GstActRecordMeta:
 * @meta: parent
 * @kind: what the rows are
 * @flags: whether this is the first or the last buffer of them
 * @cluster: index of the cluster (the assignment has its name)
 * @member: which member of the cluster, -1 for the cluster itself
 * @first_row: index of the buffer's first row among all rows of its kind,
 *   cluster and member
 * @n_rows: rows in this buffer; 0 for a cluster that stored nothing
 * @n_values: nonzeros in this buffer
 * @total_rows: rows of all buffers of this samples, cluster or component
 * @block: (array fixed-size=7): index of each block's memory in the buffer, -1
 * where there is none
 *
 * Says what the memories of a record buffer are: a bounded run of rows
 * (samples), sparse, as a store gives them when it drains.
 */
struct _GstActRecordMeta {
  GstMeta meta;

  GstActRecordKind kind;
  GstActRecordFlags flags;
  guint cluster;
  gint member;
  guint64 first_row;
  guint64 n_rows;
  guint64 n_values;
  guint64 total_rows;
  gint8 block[GST_ACT_RECORD_N_BLOCKS];
};

GST_ACT_API
GType gst_act_record_meta_api_get_type (void);

GST_ACT_API
const GstMetaInfo *gst_act_record_meta_get_info (void);

GST_ACT_API
GstActRecordMeta *gst_act_record_meta_get (GstBuffer *buffer);

GST_ACT_API
GstActRecordMeta *gst_act_record_meta_add (
    GstBuffer *buffer, GstActRecordKind kind);

GST_ACT_API
gboolean gst_act_record_set_block (GstBuffer *buffer, GstActRecordBlock block,
    GstMemory *memory, GError **error);

typedef struct _GstActRecord GstActRecord;

/**
 * GstActRecord: (skip)
 *
 * A record buffer mapped for reading, its sizes and indices checked. Fill
 * with gst_act_record_map(), release with gst_act_record_unmap().
 */
struct _GstActRecord {
  const GstActRecordMeta *meta;
  const gint32 *tokens;
  const guint64 *samples;
  const gint64 *indptr;
  const gint32 *positions;
  const gfloat *values;
  const gint64 *coactivations;
  const gint64 *member_coactivations;

  /*< private >*/
  GstMapInfo maps[GST_ACT_RECORD_N_BLOCKS];
  GstMemory *memories[GST_ACT_RECORD_N_BLOCKS];
};

GST_ACT_API
gboolean gst_act_record_map (GstActRecord *record, GstBuffer *buffer,
    guint sequence_length, guint n_clusters, GError **error);

GST_ACT_API
void gst_act_record_unmap (GstActRecord *record);

GST_ACT_API
gfloat *gst_act_record_dup_rows (
    GstBuffer *buffer, guint sequence_length, gsize *n_values);

G_END_DECLS
