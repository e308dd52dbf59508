/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpu.h"

static const char *const names[] = { "c", "avx2", "avx512" };

ActCpu
act_cpu_best (void)
{
#ifdef __x86_64__
  __builtin_cpu_init ();
  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("popcnt"))
    return ACT_CPU_C;
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq")
      && __builtin_cpu_supports ("avx512vl"))
    return ACT_CPU_AVX512;
  return ACT_CPU_AVX2;
#else
  return ACT_CPU_C;
#endif
}

/* Each plugin has a copy of the cores and of what is static in them; quarks
 * are the process's. */
static void
report_unknown (const char *forced, const char *used)
{
  static const char said[] = "gst-activations-cpu-unknown";

  if (g_quark_try_string (said) != 0)
    return;
  (void) g_quark_from_string (said);
  g_message ("GST_ACTIVATIONS_CPU=%s is not known or not supported here, "
             "using %s",
      forced, used);
}

static ActCpu
choose (void)
{
  const char *forced = g_getenv ("GST_ACTIVATIONS_CPU");
  ActCpu best = act_cpu_best ();

  if (forced == NULL || *forced == '\0')
    return best;
  for (guint i = 0; i <= best; i++)
    if (g_str_equal (forced, names[i]))
      return i;
  report_unknown (forced, names[best]);
  return best;
}

ActCpu
act_cpu_get (void)
{
  static gsize chosen = 0; /* one more than the choice */

  if (g_once_init_enter (&chosen))
    g_once_init_leave (&chosen, (gsize) choose () + 1);
  return (ActCpu) (chosen - 1);
}
