/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/bins.h"

#include "viewer/numbers.h"

guint
act_joined_bins (guint n_bins, guint most)
{
  return n_bins > most ? (n_bins - 1) / most + 1 : 1;
}

void
act_append_joined_edges (GString *out, const double *edges, guint n_bins)
{
  guint step = act_joined_bins (n_bins, ACT_PAGE_BINS);

  g_string_append_c (out, '[');
  for (guint i = 0; i < n_bins; i += step) {
    act_append_double (out, edges[i]);
    g_string_append_c (out, ',');
  }
  act_append_double (out, edges[n_bins]);
  g_string_append_c (out, ']');
}

void
act_append_joined_counts (
    GString *out, const guint64 *counts, guint n_bins, guint most)
{
  guint step = act_joined_bins (n_bins, most), n = 0;
  g_autofree guint64 *joined = g_new0 (guint64, (gsize) n_bins / step + 1);

  for (guint i = 0; i < n_bins; i += step, n++)
    for (guint k = i; k < MIN (i + step, n_bins); k++)
      joined[n] += counts[k];
  act_append_u64_list (out, joined, n);
}
