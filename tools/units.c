/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "units.h"

#include <string.h>

char *
act_units_count (guint64 value)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, value);
  gsize length = strlen (digits);
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      g_string_append_c (out, ',');
    g_string_append_c (out, digits[i]);
  }
  return g_string_free (out, FALSE);
}

char *
act_units_rate (double per_second)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  const char *unit = "";

  if (per_second >= 1e6) {
    per_second /= 1e6;
    unit = "M";
  } else if (per_second >= 1e4) {
    per_second /= 1e3;
    unit = "k";
  }
  g_ascii_formatd (
      number, sizeof number, per_second < 100 ? "%.1f" : "%.0f", per_second);
  return g_strdup_printf ("%s%s/s", number, unit);
}

char *
act_units_duration (double seconds)
{
  guint64 whole = seconds < 0 ? 0 : MIN (seconds + 0.5, 1e9);
  guint hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;

  if (hours > 0)
    return g_strdup_printf ("%u:%02u:%02u", hours, minutes, rest);
  return g_strdup_printf ("%u:%02u", minutes, rest);
}
