/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"

/* A segment: batches that follow each other, as one safetensors file
 * (docs/formats.md, "Store"):
 *
 *   batches          I64 [n_batches, 4]  index, first sample, samples, values
 *   indptr           I64 [positions + 1] of all its rows, from 0
 *   tokens           I32 [samples, n_ctx]
 *   indices          I32 [values]        component columns
 *   values           F32 [values]
 *   alive            U8  [n_batches, (components + 7) / 8] a bit a component
 *
 * and, where cluster activations cannot be derived from those,
 *
 *   cluster_batches  I64 [n_batches]     cluster values of each batch
 *   cluster_indptr   I64 [positions + 1]
 *   cluster_indices  I32 [cluster values]
 *   cluster_values   F32 [cluster values] */

/* Where the bytes go, piece by piece; FALSE with an error ends the writing. */
typedef gboolean (*ActSegmentAppend) (
    gpointer user_data, const void *data, gsize size, GError **error);

gboolean act_segment_write (const ActStoreShape *shape,
    const ActStoredBatch *const *batches, gsize n_batches,
    gboolean with_clusters, ActSegmentAppend append, gpointer user_data,
    GError **error);

typedef struct _ActSegment ActSegment;

/* Checks everything: shapes against the run's, the batch table, indices in
 * range and ascending, values finite and not 0. name is for messages. */
ActSegment *act_segment_new (GBytes *bytes, const char *name,
    const ActStoreShape *shape, gboolean with_clusters, GError **error);
void act_segment_free (ActSegment *segment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActSegment, act_segment_free)

gsize act_segment_get_n_batches (const ActSegment *segment);
guint64 act_segment_get_n_samples (const ActSegment *segment);
guint64 act_segment_get_n_values (const ActSegment *segment);
ActBatchRange act_segment_get_range (const ActSegment *segment, gsize i);
/* its tokens [n_samples, n_ctx], as long as the segment is */
const gint32 *act_segment_get_tokens (const ActSegment *segment, gsize i);

/* The i-th batch: views into the segment and, for what has to be counted from
 * 0 again, into scratch memory of the segment that the next call overwrites.
 * Clusters are empty where they are not in the segment. */
void act_segment_get (ActSegment *segment, gsize i, ActStoredBatch *batch);
