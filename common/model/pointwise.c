/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cpu.h"

#include "model/pointwise.h"

extern const ActPointwise act_pointwise_c;
extern const ActPointwise act_pointwise_avx2;
extern const ActPointwise act_pointwise_avx512;

static const ActPointwise *const tables[] = {
  [ACT_CPU_C] = &act_pointwise_c,
#ifdef __x86_64__
  [ACT_CPU_AVX2] = &act_pointwise_avx2,
  [ACT_CPU_AVX512] = &act_pointwise_avx512,
#endif
};

const ActPointwise *
act_pointwise_nth (guint n)
{
  guint best = act_cpu_best ();

  return n <= best ? tables[best - n] : NULL;
}

const ActPointwise *
act_pointwise (void)
{
  return tables[act_cpu_get ()];
}
