/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/kernels.h"

#include "cpu.h"

#ifdef __x86_64__
static gboolean
have_avx2 (void)
{
  __builtin_cpu_init ();
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("popcnt");
}

static gboolean
have_avx512 (void)
{
  return have_avx2 () && __builtin_cpu_supports ("avx512f");
}
#endif

static gboolean
have_c (void)
{
  return TRUE;
}

/* best first */
static const struct {
  const ActDashboardKernels *kernels;
  gboolean (*supported) (void);
} choices[] = {
#ifdef __x86_64__
  { &act_dashboard_kernels_avx512, have_avx512 },
  { &act_dashboard_kernels_avx2, have_avx2 },
#endif
  { &act_dashboard_kernels_c, have_c },
};

const ActDashboardKernels *
act_dashboard_kernels_nth (guint n)
{
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    if (choices[i].supported () && n-- == 0)
      return choices[i].kernels;
  return NULL;
}

static const ActDashboardKernels *
best_kernels (void)
{
  const char *forced = g_getenv ("GST_ACTIVATIONS_CPU");
  const ActDashboardKernels *best = act_dashboard_kernels_nth (0), *kernels;

  if (forced == NULL || *forced == '\0')
    return best;
  for (guint n = 0; (kernels = act_dashboard_kernels_nth (n)) != NULL; n++)
    if (g_str_equal (forced, kernels->name))
      return kernels;
  act_cpu_report_unknown (forced, best->name);
  return best;
}

const ActDashboardKernels *
act_dashboard_kernels (void)
{
  static gsize kernels = 0;

  if (g_once_init_enter (&kernels))
    g_once_init_leave (&kernels, (gsize) best_kernels ());
  return (const ActDashboardKernels *) kernels;
}
