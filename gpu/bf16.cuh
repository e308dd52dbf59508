/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "launch.cuh"

/* float32 to bfloat16, to the nearest, ties to even; NaN stays one, though its
 * upper bits may be zero */
static inline __device__ uint16_t
act_bf16_of (float value)
{
  uint32_t bits = __float_as_uint (value);

  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t) (bits >> 16 | 0x40);
  return (uint16_t) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
