/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The loops of csr.h that gain from wide instructions, one table for each
 * instruction set. csr_c.c is the reference: the others give the same bits.
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
  /* whether indices[0] < indices[1] < ...; n is at least 1 */
  gboolean (*ascending) (const gint32 *indices, gsize n);
} ActCsrKernels;

extern const ActCsrKernels act_csr_kernels_c;
extern const ActCsrKernels act_csr_kernels_avx2;
extern const ActCsrKernels act_csr_kernels_avx512;

/* the table in use */
const ActCsrKernels *act_csr_kernels (void);
