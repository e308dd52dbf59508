/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <cstdint>
#include <cstring>

/* CUDA's header of this name, as far as the kernels use it. */

struct __nv_bfloat16 {
  uint16_t bits;
};

static inline __nv_bfloat16
__ushort_as_bfloat16 (uint16_t bits)
{
  return { bits };
}

static inline float
__bfloat162float (__nv_bfloat16 value)
{
  uint32_t bits = (uint32_t) value.bits << 16;
  float wide;

  memcpy (&wide, &bits, sizeof wide);
  return wide;
}
