/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Kernels on component activations: dense float32 [n_rows, n_cols] row-major,
 * or CSR (indptr int64 [n_rows + 1], indices int32 ascending in a row, values
 * float32). -0.0 counts as zero and is dropped or read as +0.0.
 *
 * Picked at run time by instruction set; all give the same bits.
 * GST_ACTIVATIONS_CPU=c|avx2|avx512 forces one. */

/* Name of the kernels in use: "c", "avx2", "avx512". */
const char *act_csr_kernel_name (void);

/* Nonzeros of the columns that are alive (alive NULL: all). */
gsize act_csr_count_dense (
    const float *dense, gsize n_rows, gsize n_cols, const guint8 *alive);

/* The same, and whether all values are finite, of dead columns too. */
gboolean act_csr_check_dense (const float *dense, gsize n_rows, gsize n_cols,
    const guint8 *alive, gsize *n_values);

/* Dense to CSR; indices and values hold at least what act_csr_count_dense
 * says plus ACT_CSR_SLACK elements. Returns the number of values. */
#define ACT_CSR_SLACK 16
gsize act_csr_from_dense (const float *dense, gsize n_rows, gsize n_cols,
    const guint8 *alive, gint64 *indptr, gint32 *indices, float *values);

/* CSR to dense; every element of dense is written. */
void act_csr_to_dense (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, const float *values, float *dense);

/* Largest value of each column, implicit zeros counted; max [n_cols]. */
void act_dense_column_max (
    const float *dense, gsize n_rows, gsize n_cols, float *max);
void act_csr_column_max (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, const float *values, float *max);

/* Drops dead columns (alive NULL: none) and zeros. Output arrays as large as
 * the input's, or the same. Returns the number of values. */
gsize act_csr_filter (gsize n_rows, gsize n_cols, const gint64 *indptr,
    const gint32 *indices, const float *values, const guint8 *alive,
    gint64 *out_indptr, gint32 *out_indices, float *out_values);

/* Index of the first value that is NaN or infinite, or -1. */
gssize act_find_nonfinite (const float *values, gsize n);

/* Whether a CSR's arrays are what they must be: indptr from 0, never falling,
 * ending at n_values; indices in range and ascending in each row. */
gboolean act_csr_validate (gsize n_rows, gsize n_cols, gsize n_values,
    const gint64 *indptr, const gint32 *indices, GError **error);
