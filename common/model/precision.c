/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "model/precision.h"

#include <glib.h>

char *
act_model_fingerprint_rounded (const char *fingerprint, const char *precision)
{
  g_autofree char *text =
      g_strdup_printf ("%s\nprecision %s", fingerprint, precision);

  if (g_str_equal (precision, "fp32"))
    return g_strdup (fingerprint);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}
