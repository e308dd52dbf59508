/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpu.h"

/* Each plugin has a copy of the cores and of what is static in them; quarks
 * are the process's. */
void
act_cpu_report_unknown (const char *forced, const char *used)
{
  static const char said[] = "gst-activations-cpu-unknown";

  if (g_quark_try_string (said) != 0)
    return;
  (void) g_quark_from_string (said);
  g_message ("GST_ACTIVATIONS_CPU=%s is not known or not supported here, "
             "using %s",
      forced, used);
}
