/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

/* Whether each value is finite and not 0, in one test: without the sign, 0
 * wraps round to the largest integer and what is not finite is above. */
static inline gboolean
act_values_are_plain (const float *values, gsize n)
{
  guint32 odd = 0;

  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, &values[i], sizeof bits);
    odd |= (bits & 0x7fffffffu) - 1u >= 0x7f7fffffu;
  }
  return odd == 0;
}
