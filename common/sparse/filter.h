/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The dead-component filter: a column is dead in a batch if its largest value
 * there (signed, implicit zeros counted) is below the threshold. */

/* One reading of a dense matrix [n_rows, n_cols]: the largest value of each
 * column (max may be NULL), how many values are not zero, and whether one is
 * -0.0. FALSE, and the rest undefined, if one is NaN or infinite. */
gboolean act_filter_scan_dense (const float *dense, gsize n_rows, gsize n_cols,
    float *max, gsize *n_values, gboolean *minus_zero);

/* alive [n_cols]: 1 where max is not below threshold and before (NULL: all)
 * was alive; before may be alive itself. Returns how many it turned dead. */
gsize act_filter_mark (gsize n_cols, const float *max, float threshold,
    const guint8 *before, guint8 *alive);

/* The same for the values of a CSR, with a threshold above 0, so that a
 * column's implicit zeros do not matter: seen [2 * n_cols] (NULL: not wanted)
 * tells which columns have a value below the threshold, then which have
 * another. */
gboolean act_filter_scan_csr (gsize n_values, gsize n_cols,
    const gint32 *indices, const float *values, float threshold, guint8 *seen,
    gsize *n_nonzero);

/* As act_filter_mark, from seen; drops_values: whether a column that is dead
 * now has values. */
gsize act_filter_mark_seen (gsize n_cols, const guint8 *seen,
    const guint8 *before, guint8 *alive, gboolean *drops_values);

/* A copy with zeros in the columns that are dead (alive NULL: none) and with
 * every -0.0 as 0.0; out may be dense. */
void act_filter_dense (const float *dense, gsize n_rows, gsize n_cols,
    const guint8 *alive, float *out);
