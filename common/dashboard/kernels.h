/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The loops over a cluster's values that gain from wide instructions, one
 * table for each instruction set. kernels_c.c is the reference: the others
 * give the same bits. Picked at run time; GST_ACTIVATIONS_CPU=c|avx2|avx512
 * forces one.
 *
 * Values are finite. A table's functions may be called with any n, also 0
 * where nothing else is said, and with pointers of any alignment. */
#define ACT_DASHBOARD_SLACK 16

typedef struct {
  const char *name;

  /* The largest value, the smallest, and where the largest is first; n is at
   * least 1 and no value is zero. */
  void (*extremes) (
      const float *values, gsize n, float *max, float *min, gsize *place);
  /* at_least[e] grows by the number of values that are edges[e] or more; n is
   * below 2^32 */
  void (*count_at_least) (const float *values, gsize n, const float *edges,
      guint n_edges, guint64 *at_least);
  /* The positions of the values above the threshold, in order; returns how
   * many. picked has room for n + ACT_DASHBOARD_SLACK. */
  gsize (*pick_above) (const float *values, const gint32 *positions, gsize n,
      float threshold, gint32 *picked);
} ActDashboardKernels;

extern const ActDashboardKernels act_dashboard_kernels_c;
extern const ActDashboardKernels act_dashboard_kernels_avx2;
extern const ActDashboardKernels act_dashboard_kernels_avx512;

/* all that this processor can run, best first; NULL after the last */
const ActDashboardKernels *act_dashboard_kernels_nth (guint n);
/* the table in use */
const ActDashboardKernels *act_dashboard_kernels (void);
