/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/columns.h"

/* Coactivation counts a row at a time, for matrices that do not fit in memory:
 * the same counts as those of coactivation.h, and never the matrix.
 *
 * The batches' rows are kept as lists of the columns above 0. A row of the
 * matrix is the sum of the lists at the positions at which its column is above
 * 0, which ActColumns knows; it is counted when it is asked for, in an array
 * that stays in the cache. When the lists would take more than max_memory, what
 * they give for each row is put into a file without a name, and the next lists
 * begin. So each list is made once and read once for each of its columns,
 * however many rows there are. */
typedef struct _ActRowCounts ActRowCounts;

ActRowCounts *act_row_counts_new (
    guint n_cols, gsize max_memory, const char *folder);
void act_row_counts_free (ActRowCounts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActRowCounts, act_row_counts_free)

/* Whether the lists of one more batch do not fit: spill every row, then
 * restart. */
gboolean act_row_counts_is_full (
    const ActRowCounts *self, gsize n_positions, gsize n_values);
/* Rows in order, all of them. */
gboolean act_row_counts_spill (
    ActRowCounts *self, ActColumns *columns, guint row, GError **error);
void act_row_counts_restart (ActRowCounts *self);

/* The next batch, which the columns that are given to the others have, too. */
void act_row_counts_add (
    ActRowCounts *self, gsize n_positions, const ActCsr *batch);

/* After the last batch: a row's counts [n_cols], until the next call; NULL with
 * an error. */
const gint64 *act_row_counts_get (
    ActRowCounts *self, ActColumns *columns, guint row, GError **error);
