/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define ACT_CSR_ALIVE_SLACK 3

/* A row of results that values were added to here and there, looked through in
 * groups of 1 << group_shift columns, as suits the kernels: those whose bit is
 * set in marks.
 *
 * take_groups: columns that are not zero, each divided by its divisor if there
 *   are divisors, to indices and values, ascending; the groups back to zeros.
 * take_signed_groups: maxima; where one is negative and has fewer than
 *   full[column] values counted, it is 0. The groups back to -infinity, the
 *   counts to 0.
 *
 * Marks end up all clear. indices and values have room for ACT_CSR_SLACK
 * elements more. Returns how many were written. */
typedef struct {
  guint64 *marks; /* [n_words] */
  gsize n_words;
  float *row;
  const float *divisors; /* or NULL */
  gint32 *counts;
  const gint32 *full;
} ActGroups;

/* what scan finds among values */
enum {
  ACT_SCAN_NOT_FINITE = 1 << 0,
  ACT_SCAN_MINUS_ZERO = 1 << 1,
};

/* The loops of csr.h and cluster.h that gain from wide instructions, one table
 * for each instruction set. csr_c.c is the reference: the others give the same
 * bits.
 *
 * A table's functions may be called with any n, also 0, and with pointers of
 * any alignment. count_row and row_from_dense do one row; alive may be NULL. */
typedef struct {
  const char *name;

  gsize (*count_row) (const float *row, gsize n, const guint8 *alive);
  /* indices and values have room for ACT_CSR_SLACK elements more */
  gsize (*row_from_dense) (const float *row, gsize n, const guint8 *alive,
      gint32 *indices, float *values);
  /* max[i] = the larger of max[i] and row[i]; zeros keep whatever sign */
  void (*max_row) (const float *row, gsize n, float *max);
  gssize (*find_nonfinite) (const float *values, gsize n);
  /* One reading for all of it: which of ACT_SCAN_* there are, and how many
   * values are not zero. */
  guint (*scan) (const float *values, gsize n, gsize *n_nonzero);
  /* how many of indices[1..n) are not above the one before, G_MAXSIZE if one of
   * all n is not in 0 .. n_cols - 1 */
  gsize (*count_descents) (const gint32 *indices, gsize n, gsize n_cols);
  /* A CSR row without zeros and without columns that are dead. The output may
   * be the input, or begin before it in the same arrays; nothing behind the
   * input's n elements is written. alive may be read up to
   * ACT_CSR_ALIVE_SLACK bytes behind the last column. Returns how many stay. */
  gsize (*filter_row) (const gint32 *indices, const float *values, gsize n,
      const guint8 *alive, gint32 *out_indices, float *out_values);
  gboolean (*any_negative) (const float *values, gsize n);
  /* see ActGroups */
  guint group_shift;
  gsize (*take_groups) (
      const ActGroups *groups, gint32 *indices, float *values);
  gsize (*take_signed_groups) (
      const ActGroups *groups, gint32 *indices, float *values);
} ActCsrKernels;

extern const ActCsrKernels act_csr_kernels_c;
extern const ActCsrKernels act_csr_kernels_avx2;
extern const ActCsrKernels act_csr_kernels_avx512;

/* the table in use */
const ActCsrKernels *act_csr_kernels (void);
