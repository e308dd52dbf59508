/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/activity.h"

#include "dashboard/order.h"

#include <math.h>

void
act_activity_init (ActActivity *activity, float threshold)
{
  *activity = (ActActivity){
    .threshold = threshold, .min = INFINITY, .max = -INFINITY
  };
}

/* one value; the sum goes to that set of its bins */
#define ADD(set, value)                                                        \
  G_STMT_START                                                                 \
  {                                                                            \
    float v = (value);                                                         \
    act_exact_sum_add (&activity->sum, (set), v);                              \
    min = v < min ? v : min;                                                   \
    max = v > max ? v : max;                                                   \
    n_active += v > threshold;                                                 \
    n_negative += v < 0.0f;                                                    \
  }                                                                            \
  G_STMT_END

guint
act_activity_add_row (ActActivity *activity, const float *values, gsize n)
{
  const float threshold = activity->threshold;
  float min = activity->min, max = activity->max;
  guint n_active = 0, n_negative = 0;

  for (gsize i = 0; i + 1 < n; i += 2) {
    ADD (0, values[i]);
    ADD (1, values[i + 1]);
  }
  if (n % 2 != 0)
    ADD (0, values[n - 1]);
  activity->min = min;
  activity->max = max;
  activity->n_values += n;
  activity->n_negative += n_negative;
  activity->n_active_positions += n_active;
  activity->n_active_samples += n_active > 0;
  activity->n_samples++;
  return n_active;
}

void
act_activity_add_empty_rows (ActActivity *activity, guint64 n)
{
  activity->n_samples += n;
}

static gboolean
has_zeros (const ActActivity *activity, guint n_ctx)
{
  return activity->n_values < activity->n_samples * n_ctx
      || activity->n_values == 0;
}

float
act_activity_get_min (const ActActivity *activity, guint n_ctx)
{
  return has_zeros (activity, n_ctx) ? MIN (activity->min, 0.0f)
                                     : activity->min;
}

float
act_activity_get_max (const ActActivity *activity, guint n_ctx)
{
  return has_zeros (activity, n_ctx) ? MAX (activity->max, 0.0f)
                                     : activity->max;
}

/* Mostly both middle values are zeros; then no value is looked at. */
float
act_activity_get_median (
    const ActActivity *activity, guint n_ctx, const float *values)
{
  guint64 n = activity->n_samples * n_ctx;
  guint64 n_zeros = n - activity->n_values;

  if (n == 0
      || ((n - 1) / 2 >= activity->n_negative
          && n / 2 < activity->n_negative + n_zeros))
    return 0.0f;
  return act_median_f32 (values, activity->n_values, n_zeros) + 0.0f;
}
