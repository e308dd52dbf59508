/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

/* CUDA's header of this name, as far as the kernels use it: a warp's matrix
 * products. A lane has a row of the left matrix and eight columns of the right
 * one, of which it makes eight elements of a row of the result. */

namespace nvcuda
{
namespace wmma
{

struct matrix_a {
};
struct matrix_b {
};
struct accumulator {
};
struct row_major {
};
struct col_major {
};
namespace precision
{
struct tf32 {
};
} // namespace precision

enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Order = void>
struct fragment;

template <int M, int N, int K, class T>
struct fragment<matrix_a, M, N, K, T, row_major> {
  float row[K];
};

template <int M, int N, int K, class T, class Order>
struct fragment<matrix_b, M, N, K, T, Order> {
  float columns[8][K];
};

template <int M, int N, int K>
struct fragment<accumulator, M, N, K, float, void> {
  float x[8];
};

/* all of the warp come here, and nobody goes on before */
static inline void
meet (const void *memory)
{
  if (reinterpret_cast<uintptr_t> (memory) % 32 != 0) {
    fprintf (stderr, "emulated device: a matrix that is not on 32 bytes\n");
    abort ();
  }
  act_emulated_exchange (0xffffffff, 0);
}

static inline float
widen (__nv_bfloat16 value)
{
  return __bfloat162float (value);
}

static inline float
widen (float value)
{
  return value;
}

/* to the nearest with 10 bits, ties away from 0 */
static inline float
__float_to_tf32 (float value)
{
  unsigned bits = __float_as_uint (value);

  if ((bits & 0x7f800000u) == 0x7f800000u)
    return value;
  return __uint_as_float ((bits + 0x1000u) & ~0x1fffu);
}

template <int M, int N, int K, class T, class Element>
static inline void
load_matrix_sync (fragment<matrix_a, M, N, K, T, row_major> &to,
    const Element *from, unsigned row)
{
  meet (from);
  for (int k = 0; k < K; k++)
    to.row[k] = widen (from[act_emulated_lane () / 2 * row + k]);
}

template <int M, int N, int K, class T, class Element>
static inline void
load_matrix_sync (fragment<matrix_b, M, N, K, T, row_major> &to,
    const Element *from, unsigned row)
{
  meet (from);
  for (int i = 0; i < 8; i++)
    for (int k = 0; k < K; k++)
      to.columns[i][k] =
          widen (from[k * row + act_emulated_lane () % 2 * 8 + i]);
}

template <int M, int N, int K, class T, class Element>
static inline void
load_matrix_sync (fragment<matrix_b, M, N, K, T, col_major> &to,
    const Element *from, unsigned column)
{
  meet (from);
  for (int i = 0; i < 8; i++)
    for (int k = 0; k < K; k++)
      to.columns[i][k] =
          widen (from[(act_emulated_lane () % 2 * 8 + i) * column + k]);
}

template <int M, int N, int K>
static inline void
fill_fragment (fragment<accumulator, M, N, K, float> &to, float value)
{
  for (int i = 0; i < 8; i++)
    to.x[i] = value;
}

template <int M, int N, int K, class T, class Order>
static inline void
mma_sync (fragment<accumulator, M, N, K, float> &to,
    const fragment<matrix_a, M, N, K, T, row_major> &a,
    const fragment<matrix_b, M, N, K, T, Order> &b,
    const fragment<accumulator, M, N, K, float> &c)
{
  act_emulated_exchange (0xffffffff, 0);
  for (int i = 0; i < 8; i++) {
    float sum = c.x[i];

    for (int k = 0; k < K; k++)
      sum += a.row[k] * b.columns[i][k];
    to.x[i] = sum;
  }
}

template <int M, int N, int K>
static inline void
store_matrix_sync (float *to, const fragment<accumulator, M, N, K, float> &from,
    unsigned row, layout_t)
{
  meet (to);
  for (int i = 0; i < 8; i++)
    to[act_emulated_lane () / 2 * row + act_emulated_lane () % 2 * 8 + i] =
        from.x[i];
}

} // namespace wmma
} // namespace nvcuda
