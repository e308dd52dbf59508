/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/kernels.h"

#include "cpu.h"

static const ActDashboardKernels *const tables[] = {
  [ACT_CPU_C] = &act_dashboard_kernels_c,
#ifdef __x86_64__
  [ACT_CPU_AVX2] = &act_dashboard_kernels_avx2,
  [ACT_CPU_AVX512] = &act_dashboard_kernels_avx512,
#endif
};

const ActDashboardKernels *
act_dashboard_kernels_nth (guint n)
{
  guint best = act_cpu_best ();

  return n <= best ? tables[best - n] : NULL;
}

const ActDashboardKernels *
act_dashboard_kernels (void)
{
  return tables[act_cpu_get ()];
}
