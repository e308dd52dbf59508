/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sparse/tiles.h"

#include "cpu.h"

static const ActTileKernels *const tables[] = {
  [ACT_CPU_C] = &act_tile_kernels_c,
#ifdef __x86_64__
  [ACT_CPU_AVX2] = &act_tile_kernels_avx2,
  [ACT_CPU_AVX512] = &act_tile_kernels_avx512,
#endif
};

const ActTileKernels *
act_tile_kernels (void)
{
  return tables[act_cpu_get ()];
}
