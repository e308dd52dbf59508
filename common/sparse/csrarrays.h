/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A CSR that grows while dense rows are read once, in arrays that go from
 * batch to batch: zeroed at first, cleared at last. indices and values have
 * room for ACT_CSR_SLACK elements behind the last value. */
typedef struct {
  gsize n_rows, n_values;
  gint64 *indptr; /* [n_rows + 1] */
  gint32 *indices;
  float *values;
  gsize n_rows_allocated, n_allocated;
  gboolean lent; /* the arrays are somebody else's */
} ActCsrArrays;

/* Share of the values that are not 0, by some 64 of the rows at even
 * distances. */
double act_csr_estimate_density (
    const float *dense, gsize n_rows, gsize n_cols);
/* CSR takes two numbers for each value: above this it is larger than the dense
 * matrix, and below a quarter it pays to make one for what comes after. */
#define ACT_CSR_MOST_DENSITY 0.5
#define ACT_CSR_GOOD_DENSITY 0.25
/* whether it is at most ACT_CSR_GOOD_DENSITY */
gboolean act_csr_is_sparse (const float *dense, gsize n_rows, gsize n_cols);

/* Arrays to fill in place of own ones: indptr [n_rows + 1], indices and values
 * [n], slack included. What does not fit goes on in own arrays, and lent is
 * FALSE then. */
void act_csr_arrays_lend (ActCsrArrays *arrays, gsize n_rows, gint64 *indptr,
    gsize n, gint32 *indices, float *values);
/* forgets them, if they are still those; there are no rows then */
void act_csr_arrays_give_back (ActCsrArrays *arrays);

/* no rows */
void act_csr_arrays_begin (ActCsrArrays *arrays);
/* a piece of the row that comes next: its columns first_column and so on */
void act_csr_arrays_append (ActCsrArrays *arrays, const float *values,
    gsize n_cols, gsize first_column);
/* one value of the row that comes next; columns ascend, 0 is left out */
void act_csr_arrays_append_value (
    ActCsrArrays *arrays, gint32 column, float value);
void act_csr_arrays_end_row (ActCsrArrays *arrays);
/* all of it at once */
void act_csr_arrays_from_dense (
    ActCsrArrays *arrays, const float *dense, gsize n_rows, gsize n_cols);
void act_csr_arrays_clear (ActCsrArrays *arrays);
