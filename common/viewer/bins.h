/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Histograms of very many bins, for the page: neighbours become one bin. */

/* at most so many bins where a histogram is drawn */
#define ACT_PAGE_BINS 256

/* how many neighbours become one */
guint act_joined_bins (guint n_bins, guint most);
/* lists as JSON, of edges [n_bins + 1] and counts [n_bins] */
void act_append_joined_edges (GString *out, const double *edges, guint n_bins);
void act_append_joined_counts (
    GString *out, const guint64 *counts, guint n_bins, guint most);
