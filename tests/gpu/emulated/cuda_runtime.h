/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For tests: CUDA C++ as the kernels use it, for a C++ compiler. A block runs
 * after the other, a block's threads are fibers that take turns at
 * __syncthreads () and at warp operations; see emulated.cc. */

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>

#include "cuda_runtime_api.h"

#define ACT_GPU_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define __align__(n) __attribute__ ((aligned (n)))

struct dim3 {
  unsigned x, y, z;
  constexpr dim3 (unsigned x = 1, unsigned y = 1, unsigned z = 1)
      : x (x), y (y), z (z)
  {
  }
};

struct float4 {
  float x, y, z, w;
} __align__ (16);
struct uint4 {
  unsigned x, y, z, w;
} __align__ (16);
struct uint2 {
  unsigned x, y;
} __align__ (8);
struct uchar4 {
  unsigned char x, y, z, w;
} __align__ (4);

static inline float4
make_float4 (float x, float y, float z, float w)
{
  return { x, y, z, w };
}

static inline uint4
make_uint4 (unsigned x, unsigned y, unsigned z, unsigned w)
{
  return { x, y, z, w };
}

extern dim3 threadIdx, blockIdx, blockDim, gridDim;

/* emulated.cc */
void act_emulated_launch (dim3 grid, dim3 block, size_t shared_size,
    cudaStream_t stream, std::function<void ()> body);
void *act_emulated_shared ();
void act_emulated_sync_block ();
/* Leaves value for the warp's other threads, waits for all and gives what they
 * left, [32], until the thread's next call. */
const uint64_t *act_emulated_exchange (unsigned mask, uint64_t value);

template <class T> struct ActEmulatedParameter {
  typedef T type; /* is said by the kernel, not by what it is given */
};

/* Whenever it runs, the arguments are those of the launch. */
template <class... P>
static inline void
act_emulated_launch_kernel (void (*kernel) (P...), dim3 grid, dim3 block,
    size_t shared_size, cudaStream_t stream,
    typename ActEmulatedParameter<P>::type... arguments)
{
  act_emulated_launch (
      grid, block, shared_size, stream, [=] () { kernel (arguments...); });
}

#define ACT_LAUNCH(KERNEL, GRID, BLOCK, SHARED, STREAM, ...)                   \
  do {                                                                         \
    (void) cudaGetLastError ();                                                \
    act_emulated_launch_kernel (                                               \
        KERNEL, (GRID), (BLOCK), (SHARED), (STREAM), __VA_ARGS__);             \
  } while (0)
#define ACT_DYNAMIC_SHARED(TYPE, NAME)                                         \
  TYPE *NAME = static_cast<TYPE *> (act_emulated_shared ())

static inline void
__syncthreads ()
{
  act_emulated_sync_block ();
}

static inline void
__syncwarp (unsigned mask = 0xffffffff)
{
  act_emulated_exchange (mask, 0);
}

template <class T>
static inline uint64_t
act_emulated_to_bits (T value)
{
  uint64_t bits = 0;

  static_assert (sizeof value <= sizeof bits, "too large for a shuffle");
  memcpy (&bits, &value, sizeof value);
  return bits;
}

template <class T>
static inline T
act_emulated_from_bits (uint64_t bits)
{
  T value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static inline unsigned
act_emulated_lane ()
{
  return threadIdx.x % 32;
}

template <class T>
static inline T
__shfl_sync (unsigned mask, T value, int lane)
{
  const uint64_t *all =
      act_emulated_exchange (mask, act_emulated_to_bits (value));

  return act_emulated_from_bits<T> (all[lane & 31]);
}

template <class T>
static inline T
__shfl_xor_sync (unsigned mask, T value, int bits)
{
  return __shfl_sync (mask, value, (int) act_emulated_lane () ^ bits);
}

template <class T>
static inline T
__shfl_down_sync (unsigned mask, T value, unsigned by)
{
  unsigned lane = act_emulated_lane ();

  return __shfl_sync (mask, value, (int) (lane + by > 31 ? lane : lane + by));
}

template <class T>
static inline T
__shfl_up_sync (unsigned mask, T value, unsigned by)
{
  unsigned lane = act_emulated_lane ();

  return __shfl_sync (mask, value, (int) (lane < by ? lane : lane - by));
}

static inline unsigned
__ballot_sync (unsigned mask, int yes)
{
  const uint64_t *all = act_emulated_exchange (mask, yes != 0);
  unsigned ballot = 0;

  for (int i = 0; i < 32; i++)
    ballot |= (unsigned) all[i] << i;
  return ballot;
}

static inline int
__any_sync (unsigned mask, int yes)
{
  return __ballot_sync (mask, yes) != 0;
}

template <class T>
static inline unsigned
__match_any_sync (unsigned mask, T value)
{
  uint64_t bits = act_emulated_to_bits (value);
  const uint64_t *all = act_emulated_exchange (mask, bits);
  unsigned match = 0;

  for (int i = 0; i < 32; i++)
    match |= (unsigned) (all[i] == bits) << i;
  return match;
}

template <class T, class U>
static inline T
atomicAdd (T *at, U value)
{
  T before = *at;

  *at = before + (T) value;
  return before;
}

template <class T, class U>
static inline T
atomicMax (T *at, U value)
{
  T before = *at;

  *at = (T) value > before ? (T) value : before;
  return before;
}

template <class T, class U>
static inline T
atomicMin (T *at, U value)
{
  T before = *at;

  *at = (T) value < before ? (T) value : before;
  return before;
}

static inline int
__popc (unsigned x)
{
  return __builtin_popcount (x);
}

static inline int
__ffs (int x)
{
  return __builtin_ffs (x);
}

static inline unsigned
__float_as_uint (float x)
{
  return act_emulated_from_bits<unsigned> (act_emulated_to_bits (x));
}

static inline float
__uint_as_float (unsigned x)
{
  return act_emulated_from_bits<float> (act_emulated_to_bits (x));
}

template <class T>
static inline T
__ldg (const T *at)
{
  return *at;
}

template <class T>
static inline T
__ldcs (const T *at)
{
  return *at;
}

static inline float
__fmaf_rn (float a, float b, float c)
{
  return std::fma (a, b, c);
}

static inline float
__fmul_rn (float a, float b)
{
  return a * b;
}

template <class Kernel>
static inline cudaError_t
cudaFuncSetAttribute (Kernel, cudaFuncAttribute, int size)
{
  return act_emulated_allow_shared (size);
}

using std::isfinite;
