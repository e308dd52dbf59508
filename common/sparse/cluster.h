/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* From component activations to cluster activations, where each component is
 * in one cluster at most.
 *
 * Input: CSR [n_rows, n_columns] or dense, as in csr.h, with the columns that
 * are alive (NULL: all); values of dead columns are not read as activations.
 * Output: CSR [n_rows, n_clusters], ascending, no zeros of either sign.
 *
 * max: over the alive members, without a floor at 0; a member without a value
 *   counts as 0; 0 where no member is alive
 * sum: float32, from 0, members one by one in column order
 * mean: that sum divided by the number of all members, dead ones too
 *
 * The work is proportional to the nonzeros (and, for dense input, to reading
 * it once). Which instruction set runs makes no difference to any bit. */

typedef enum {
  ACT_CLUSTER_MAX,
  ACT_CLUSTER_MEAN,
  ACT_CLUSTER_SUM,
} ActClusterReduction;

/* Owns the assignment and the scratch memory: one for each thread. */
typedef struct _ActClusterReducer ActClusterReducer;

/* cluster_of [n_columns]: below n_clusters, or -1 where a column is in none */
ActClusterReducer *act_cluster_reducer_new (ActClusterReduction reduction,
    gsize n_columns, gsize n_clusters, const gint32 *cluster_of);
void act_cluster_reducer_free (ActClusterReducer *reducer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActClusterReducer, act_cluster_reducer_free)

/* Columns alive from here on; NULL: all, as at first. Copied. */
void act_cluster_reducer_set_alive (
    ActClusterReducer *reducer, const guint8 *alive);

/* Elements that the output arrays need at most, slack included, for n_values
 * component activations that are not zero. */
gsize act_cluster_reducer_bound (
    const ActClusterReducer *reducer, gsize n_rows, gsize n_values);

/* Both return the number of values written; out_indptr [n_rows + 1]. From
 * dense, which is then in the cache, it looks as well whether all of it is
 * finite, dead columns too: if not, G_MAXSIZE, and the output is undefined. */
gsize act_cluster_reduce_csr (ActClusterReducer *reducer, gsize n_rows,
    const gint64 *indptr, const gint32 *indices, const float *values,
    gint64 *out_indptr, gint32 *out_indices, float *out_values);
gsize act_cluster_reduce_dense (ActClusterReducer *reducer, gsize n_rows,
    const float *dense, gint64 *out_indptr, gint32 *out_indices,
    float *out_values);

/* The values alone, [n_rows, n_clusters], where they need no indices: FALSE,
 * and the output undefined, if one of them is 0, or something is not finite, or
 * there are too few rows or too many columns for that. */
gboolean act_cluster_reduce_full (ActClusterReducer *reducer, gsize n_rows,
    const float *dense, float *out_values);
