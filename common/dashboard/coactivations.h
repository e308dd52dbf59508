/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/countrows.h"

/* coactivations.npz: the clusters' coactivation counts, a row a cluster, in
 * order, never all in memory. Up to ACT_COACTIVATIONS_MAX_DENSE clusters one
 * array `coactivations` int64 [n, n]; above, CSR: `indptr` int64 [n + 1],
 * `indices` int32, `data` int64, `shape` int64 [2]. And `cluster_indices`
 * int64 [n], the clusters' ids. */
typedef struct _ActCoactivations ActCoactivations;

#define ACT_COACTIVATIONS_MAX_DENSE 4096

/* folder: where the file goes. rows: the caller's, who adds each row to them
 * before it is added here, and ends them; NULL for one array. */
ActCoactivations *act_coactivations_new (
    const char *folder, guint n_clusters, ActCountRows *rows, GError **error);
void act_coactivations_free (ActCoactivations *coactivations);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActCoactivations, act_coactivations_free)

/* Row `cluster` [n_clusters], not below those before; rows left out are 0. */
gboolean act_coactivations_add (ActCoactivations *coactivations, guint cluster,
    const gint64 *row, GError **error);
/* ids [n_clusters] */
gboolean act_coactivations_finish (ActCoactivations *coactivations,
    const gint64 *ids, const gint *cancelled, GError **error);
