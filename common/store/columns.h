/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/coactivation.h"
#include "store/storage.h"

/* A run turned round: the values of each column (the clusters, then
 * components) batch by batch, from batches that come as rows.
 *
 * Each batch is transposed by itself, in memory. When these take more than
 * max_memory they are put into a file without a name, column by column, and
 * read back through a mapping. So a value is moved once or twice, however long
 * the run is, and what a column has lies together. */
typedef struct _ActColumns ActColumns;

typedef struct {
  guint n_clusters; /* columns of the clusters */
  guint n_columns;  /* of all */
  /* [n_components] its column, or -1: in none; not below n_clusters */
  const gint32 *column_of;
  guint n_components;
  gsize max_memory;
  const char *folder; /* of the file; NULL: the system's */
} ActColumnsSettings;

ActColumns *act_columns_new (const ActColumnsSettings *settings);
void act_columns_free (ActColumns *columns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActColumns, act_columns_free)

/* The next batch; -> its clusters' cells [n_clusters], valid until the next
 * call, or NULL with an error. */
const ActColumn *act_columns_add (ActColumns *columns, gsize n_positions,
    const ActStoredBatch *batch, GError **error);

/* The columns will be looked at anew, from the first on. */
void act_columns_rewind (ActColumns *columns);
/* Cells of a column in the b-th batch added: positions within the batch,
 * ascending. Cheapest where b ascends. */
ActColumn act_columns_get (ActColumns *columns, guint column, gsize b);
/* values of a column in all batches */
guint64 act_columns_get_total (const ActColumns *columns, guint column);
/* whether the component in that column is dead in the batch */
gboolean act_columns_is_dead (ActColumns *columns, guint column, gsize b);
