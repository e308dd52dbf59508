/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What needs values in order: medians and the top of a list. */

/* Median of n_values values and n_zeros zeros: the middle one, or half the
 * float32 sum of the two middle ones. At least one value or zero. Only the
 * nonzeros are looked at, in linear time. */
float act_median_f32 (const float *values, gsize n_values, guint64 n_zeros);

/* Indices of the first n_top of n values, largest first if descending, else
 * smallest first; among equals the lower index first, in either direction.
 * Fewer if n is less. Returns how many; top [min (n_top, n)]. */
gsize act_top_f64 (const double *values, gsize n, gboolean descending,
    gsize n_top, gsize *top);
