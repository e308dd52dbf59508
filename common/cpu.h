/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Instruction sets that kernels are made for, each above those before it.
 * GST_ACTIVATIONS_CPU=c|avx2|avx512 forces one that the processor has. */
typedef enum {
  ACT_CPU_C,
  ACT_CPU_AVX2,   /* with POPCNT */
  ACT_CPU_AVX512, /* F, BW, DQ, VL */
} ActCpu;

/* the best of this processor */
ActCpu act_cpu_best (void);

/* the one to use: the best, or what is forced. A name that is not known or
 * not supported is said once in a process, and the best is used. */
ActCpu act_cpu_get (void);
