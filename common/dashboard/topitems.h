/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Puts the first n_top of n items (each of size bytes) at the array's front,
 * in order, and returns how many these are; what is behind them is lost.
 * compare must tell any two items apart. Time is n log n_top. */
gsize act_top_items (gpointer items, gsize n, gsize size, gsize n_top,
    int (*compare) (const void *, const void *));

/* The same where most items need not be compared: of two, the one that compares
 * before the other has no lower score. */
gsize act_top_scored (gpointer items, gsize n, gsize size, gsize n_top,
    const double *scores, int (*compare) (const void *, const void *));
