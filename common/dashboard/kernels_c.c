/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of kernels.h in plain C: reference and fallback. */

#include "dashboard/kernels.h"

static void
extremes (const float *values, gsize n, float *max, float *min, gsize *place)
{
  float high = values[0], low = values[0];
  gsize first = 0;

  for (gsize i = 1; i < n; i++) {
    if (values[i] > high) {
      high = values[i];
      first = i;
    }
    low = MIN (low, values[i]);
  }
  *max = high;
  *min = low;
  *place = first;
}

static void
count_at_least (const float *values, gsize n, const float *edges, guint n_edges,
    guint64 *at_least)
{
  for (guint e = 0; e < n_edges; e++) {
    float edge = edges[e];
    guint32 count = 0;

    for (gsize i = 0; i < n; i++)
      count += values[i] >= edge;
    at_least[e] += count;
  }
}

static gsize
pick_above (const float *values, const gint32 *positions, gsize n,
    float threshold, gint32 *picked)
{
  gsize count = 0;

  /* written always, kept only if it counts: no branch to guess wrong */
  for (gsize i = 0; i < n; i++) {
    picked[count] = positions[i];
    count += values[i] > threshold;
  }
  return count;
}

const ActDashboardKernels act_dashboard_kernels_c = {
  .name = "c",
  .extremes = extremes,
  .count_at_least = count_at_least,
  .pick_above = pick_above,
};
