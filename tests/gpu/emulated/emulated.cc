/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Blocks and threads of cuda_runtime.h. The threads of a block are fibers; one
 * runs until it waits for the others of its block or warp, so that a missing
 * barrier is seen: whoever comes too early finds what the others have not
 * written yet. Every second launch runs blocks and threads backwards, so
 * results that depend on their order differ. Shared memory begins as NaN. */

/* its longjmp () refuses another stack */
#undef _FORTIFY_SOURCE

#include "cuda_runtime.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <ucontext.h>
#include <vector>

#include "state.h"

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace
{

const size_t STACK_SIZE = 128 << 10;
const size_t SHARED_SIZE = 228 << 10;
const unsigned MAX_THREADS = 1024;

struct Fiber {
  ucontext_t context;
  jmp_buf at;
  char *stack;
  bool started, done;
};

struct Warp {
  uint64_t values[2][32];
  unsigned arrived, generation;
};

jmp_buf scheduler;
ucontext_t scheduler_context;
Fiber fibers[MAX_THREADS];
Warp warps[MAX_THREADS / 32];
unsigned n_threads, current;
unsigned n_waiting, block_generation;
bool progress; /* a thread has passed something since the round began */
const std::function<void ()> *body;
alignas (256) unsigned char shared[SHARED_SIZE];

[[noreturn]] void
fail (const char *what)
{
  fprintf (stderr,
      "emulated device: %s (block %u,%u,%u of %u,%u,%u; %u threads)\n", what,
      blockIdx.x, blockIdx.y, blockIdx.z, gridDim.x, gridDim.y, gridDim.z,
      n_threads);
  abort ();
}

void
give_way ()
{
  Fiber *fiber = &fibers[current];

  if (_setjmp (fiber->at) == 0)
    _longjmp (scheduler, 1);
}

/* runs one block's body after another */
void
fiber_main ()
{
  for (;;) {
    (*body) ();
    fibers[current].done = true;
    progress = true;
    give_way ();
  }
}

void
start (Fiber *fiber)
{
  fiber->stack = static_cast<char *> (malloc (STACK_SIZE));
  memset (&fiber->context, 0, sizeof fiber->context);
  if (fiber->stack == nullptr || getcontext (&fiber->context) != 0)
    fail ("no memory for a thread");
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = STACK_SIZE;
  fiber->context.uc_link = nullptr;
  makecontext (&fiber->context, fiber_main, 0);
  fiber->started = true;
  swapcontext (&scheduler_context, &fiber->context);
}

void
resume (unsigned thread)
{
  Fiber *fiber = &fibers[thread];

  current = thread;
  threadIdx = dim3 (thread % blockDim.x, thread / blockDim.x % blockDim.y,
      thread / (blockDim.x * blockDim.y));
  if (_setjmp (scheduler) != 0)
    return;
  if (fiber->started)
    _longjmp (fiber->at, 1);
  start (fiber);
}

void
run_block (bool backwards, size_t shared_size)
{
  unsigned n_left = n_threads;

  memset (shared, 0xff, shared_size);
  memset (warps, 0, sizeof warps);
  n_waiting = 0;
  for (unsigned i = 0; i < n_threads; i++)
    fibers[i].done = false;
  while (n_left > 0) {
    progress = false;
    for (unsigned i = 0; i < n_threads; i++) {
      unsigned thread = backwards ? n_threads - 1 - i : i;

      if (fibers[thread].done)
        continue;
      resume (thread);
      n_left -= fibers[thread].done;
    }
    if (n_left > 0 && !progress)
      fail ("some threads wait for others that never come");
  }
}

} // namespace

void *
act_emulated_shared ()
{
  return shared;
}

void
act_emulated_sync_block ()
{
  unsigned generation = block_generation;

  progress = true;
  if (++n_waiting == n_threads) {
    n_waiting = 0;
    block_generation++;
    return;
  }
  while (generation == block_generation)
    give_way ();
  progress = true;
}

const uint64_t *
act_emulated_exchange (unsigned mask, uint64_t value)
{
  Warp *warp = &warps[current / 32];
  unsigned generation = warp->generation, lane = current % 32;

  if (mask != 0xffffffff)
    fail ("a warp operation of a part of a warp");
  warp->values[generation & 1][lane] = value;
  warp->arrived |= 1u << lane;
  progress = true;
  if (warp->arrived == mask) {
    warp->arrived = 0;
    warp->generation++;
  }
  while (generation == warp->generation)
    give_way ();
  progress = true;
  return warp->values[generation & 1];
}

static void
run_grid (dim3 grid, dim3 block, size_t shared_size, bool backwards,
    const std::function<void ()> &kernel)
{
  size_t n_blocks = (size_t) grid.x * grid.y * grid.z;

  n_threads = block.x * block.y * block.z;
  gridDim = grid;
  blockDim = block;
  if (n_blocks == 0 || n_threads == 0 || n_threads > MAX_THREADS
      || n_threads % 32 != 0 || shared_size > sizeof shared || grid.y > 65535
      || grid.z > 65535 || grid.x > 0x7fffffff) {
    fprintf (stderr,
        "emulated device: launch of %ux%ux%u blocks, %u threads, "
        "%zu bytes\n",
        grid.x, grid.y, grid.z, n_threads, shared_size);
    abort ();
  }
  body = &kernel;
  for (size_t i = 0; i < n_blocks; i++) {
    size_t at = backwards ? n_blocks - 1 - i : i;

    blockIdx =
        dim3 ((unsigned) (at % grid.x), (unsigned) (at / grid.x % grid.y),
            (unsigned) (at / ((size_t) grid.x * grid.y)));
    run_block (backwards, shared_size);
  }
}

void
act_emulated_launch (dim3 grid, dim3 block, size_t shared_size,
    cudaStream_t stream, std::function<void ()> kernel)
{
  bool backwards;

  if (act_emulated_count_launch (stream, &backwards))
    act_emulated_enqueue (stream,
        [=] () { run_grid (grid, block, shared_size, backwards, kernel); });
}
