/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <math.h>

/* GELU in both forms, for the processor's kernels and the device's, which say
 * by ACT_GELU_FUNCTION what a function is there. */
#ifndef ACT_GELU_FUNCTION
#define ACT_GELU_FUNCTION static inline
#endif

/* GELU (x) = x Phi (x) = max (x, 0) - |x| Phi (-|x|), and Phi (-a) for a >= 0
 * is 1 / P (a)^8, P a polynomial of degree 9: one division, no branch, and an
 * error that is small where the function itself is. Its coefficients minimise
 * the largest error of a Phi (-a), which is 8e-9 for the erf form and 3e-8
 * for the tanh form; float32 arithmetic adds up to 1.7e-7. P grows without
 * bound, so large a give 0. */
#define ACT_DEFINE_GELU(NAME, C0, C1, C2, C3, C4, C5, C6, C7, C8, C9)          \
  ACT_GELU_FUNCTION float NAME (float x)                                       \
  {                                                                            \
    float a = fabsf (x), p = C9;                                               \
                                                                               \
    p = p * a + C8;                                                            \
    p = p * a + C7;                                                            \
    p = p * a + C6;                                                            \
    p = p * a + C5;                                                            \
    p = p * a + C4;                                                            \
    p = p * a + C3;                                                            \
    p = p * a + C2;                                                            \
    p = p * a + C1;                                                            \
    p = p * a + C0;                                                            \
    p *= p;                                                                    \
    p *= p;                                                                    \
    p *= p;                                                                    \
    return (x > 0.0f ? x : 0.0f) - a / p;                                      \
  }

ACT_DEFINE_GELU (act_gelu_erf, 0x1.172b82p+0f, 0x1.bd8078p-4f, 0x1.8fbd2ap-5f,
    0x1.37c766p-7f, 0x1.b4ea5ep-11f, 0x1.63626ap-12f, -0x1.7a92c6p-17f,
    0x1.38535cp-16f, -0x1.8e7114p-19f, 0x1.c75f3p-22f)
ACT_DEFINE_GELU (act_gelu_tanh, 0x1.172b7ap+0f, 0x1.bd893p-4f, 0x1.8f451p-5f,
    0x1.3b15dep-7f, 0x1.9e3a5ep-12f, 0x1.8554a2p-11f, -0x1.35df64p-12f,
    0x1.5268dap-13f, -0x1.11ec24p-15f, 0x1.b58c3p-19f)
