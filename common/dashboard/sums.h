/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/rows.h"

/* Sums in the order in which NumPy adds (golden README, "Statistics"), so that
 * the last bit agrees. Zeros cost nothing: a running sum starts at +0.0 and
 * can never become -0.0 by adding (x + -x is +0.0 too), so adding a zero never
 * changes its bits, and whole pieces without nonzeros add +0.0. */

/* all positions of all rows, row-major, in pieces of 8192 */
float act_sum_rows (const ActRows *rows);

/* without pieces */
double act_sum_f64 (const double *values, gsize n);
