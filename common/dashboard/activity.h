/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/exactsum.h"

/* How much and how often rows are active: of a cluster, or of one of its
 * members. A position is active above the threshold, a sample is if one of its
 * positions is. */

typedef struct {
  float threshold; /* at least 0 */
  ActExactSum sum;
  guint64 n_samples;
  guint64 n_active_positions;
  guint64 n_active_samples;
  /* of the values, zeros aside */
  float min;
  float max;
  guint64 n_values;
  guint64 n_negative;
} ActActivity;

void act_activity_init (ActActivity *activity, float threshold);
/* -> how many positions of the row are active */
guint act_activity_add_row (
    ActActivity *activity, const float *values, gsize n);

/* n rows without values */
void act_activity_add_empty_rows (ActActivity *activity, guint64 n);

/* With the zeros: min, max, and the median; values [n_values] are those of all
 * rows that were added. */
float act_activity_get_min (const ActActivity *activity, guint n_ctx);
float act_activity_get_max (const ActActivity *activity, guint n_ctx);
float act_activity_get_median (
    const ActActivity *activity, guint n_ctx, const float *values);
