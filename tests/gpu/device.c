/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "device.h"

#include <cuda_runtime_api.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 512
#define MAX_BLOCKS 4096

typedef struct {
  unsigned char *memory;
  size_t size;
} Block;

static Block blocks[MAX_BLOCKS];
static int n_blocks;
static void *kept[MAX_BLOCKS];
static int n_kept;
static int n_failed;
static cudaStream_t stream;
static uint64_t state;
int n_repeats = 3;

void
check_failed (const char *file, int line, const char *format, ...)
{
  va_list args;

  /* the first few tell what is wrong */
  if (++n_failed > 20)
    return;
  va_start (args, format);
  printf ("# %s:%d: ", file, line);
  vprintf (format, args);
  printf ("\n");
  va_end (args);
}

int
check_n_failed (void)
{
  return n_failed;
}

static void
must (cudaError_t error, const char *what)
{
  if (error == cudaSuccess)
    return;
  printf ("Bail out! %s: %s\n", what, cudaGetErrorString (error));
  fflush (stdout);
  exit (1);
}

ActGpuStream
device_stream (void)
{
  if (stream == NULL)
    must (cudaStreamCreateWithFlags (&stream, cudaStreamNonBlocking), "stream");
  return stream;
}

void
device_wait (void)
{
  must (cudaStreamSynchronize (device_stream ()), "kernels");
}

void
device_check (ActGpuStatus status, const char *what)
{
  if (status != ACT_GPU_OK) {
    printf ("Bail out! %s: %s (%d)\n", what, act_gpu_status_string (status),
        status);
    fflush (stdout);
    exit (1);
  }
  must (cudaStreamSynchronize (device_stream ()), what);
}

void *
device_new (size_t size)
{
  size_t padded = (size + 255) / 256 * 256 + 2 * GUARD;
  void *memory;

  if (n_blocks == MAX_BLOCKS) {
    printf ("Bail out! more than %d blocks of device memory\n", MAX_BLOCKS);
    exit (1);
  }
  must (cudaMalloc (&memory, padded), "device memory");
  must (cudaMemset (memory, 0xff, padded), "device memory");
  must (cudaDeviceSynchronize (), "device memory");
  blocks[n_blocks].memory = memory;
  blocks[n_blocks++].size = size;
  return (unsigned char *) memory + GUARD;
}

void
device_poison (void *memory, size_t size)
{
  must (cudaMemset (memory, 0xff, size), "device memory");
  must (cudaDeviceSynchronize (), "device memory");
}

void *
device_copy (const void *host, size_t size)
{
  void *memory = device_new (size);

  if (size > 0)
    must (cudaMemcpy (memory, host, size, cudaMemcpyHostToDevice), "upload");
  must (cudaDeviceSynchronize (), "upload");
  return memory;
}

void *
device_get (const void *memory, size_t size)
{
  void *host = malloc (size > 0 ? size : 1);

  device_wait ();
  if (size > 0)
    must (cudaMemcpy (host, memory, size, cudaMemcpyDeviceToHost), "download");
  return host;
}

static void
check_guard (const unsigned char *memory, size_t size, const char *which)
{
  unsigned char *guard = device_get (memory, size);

  for (size_t i = 0; i < size; i++) {
    if (guard[i] != 0xff) {
      check_failed (
          __FILE__, __LINE__, "written %s an array (byte %zu)", which, i);
      break;
    }
  }
  free (guard);
}

void *
device_keep (void *host)
{
  if (n_kept == MAX_BLOCKS) {
    printf ("Bail out! more than %d blocks of memory\n", MAX_BLOCKS);
    exit (1);
  }
  return kept[n_kept++] = host;
}

void
device_free_all (void)
{
  device_wait ();
  for (int i = 0; i < n_blocks; i++) {
    const Block *block = &blocks[i];
    size_t end = (block->size + 255) / 256 * 256 + 2 * GUARD;

    check_guard (block->memory, GUARD, "before");
    check_guard (block->memory + GUARD + block->size, end - GUARD - block->size,
        "behind");
    must (cudaFree (block->memory), "free");
  }
  n_blocks = 0;
  while (n_kept > 0)
    free (kept[--n_kept]);
}

#ifdef ACT_TEST_EMULATED
const char *
device_name (void)
{
  return "emulated on the CPU";
}

bool
device_limit_shared (size_t size)
{
  act_emulated_set_shared (size);
  return true;
}
#else
bool
device_limit_shared (size_t size)
{
  (void) size;
  return false;
}

const char *
device_name (void)
{
  static struct cudaDeviceProp properties;

  return cudaGetDeviceProperties (&properties, 0) == cudaSuccess
      ? properties.name
      : "unknown";
}
#endif

void
random_seed (uint32_t seed)
{
  state = 0x853c49e6748fea9b ^ (uint64_t) seed << 16;
}

/* PCG: O'Neill, 2014 */
uint32_t
random_next (void)
{
  uint32_t bits, turn;

  state = state * 6364136223846793005u + 1442695040888963407u;
  bits = (uint32_t) (((state >> 18) ^ state) >> 27);
  turn = (uint32_t) (state >> 59);
  return bits >> turn | bits << (-turn & 31);
}

float *
random_floats (size_t n, float scale)
{
  float *values = malloc ((n > 0 ? n : 1) * sizeof *values);

  for (size_t i = 0; i < n; i++)
    values[i] = ((float) (random_next () >> 8) / (1 << 23) - 1.0f) * scale;
  return values;
}

float *
random_sparse (size_t n, double share, bool signed_too)
{
  float *values = malloc ((n > 0 ? n : 1) * sizeof *values);

  for (size_t i = 0; i < n; i++) {
    bool some = random_next () < share * 4294967295.0;
    float value = (float) (1 + (random_next () >> 8)) / (1 << 24);

    if (signed_too && random_next () % 3 == 0)
      value = -value;
    /* what else may be: minus zero, and as small as can be */
    if (random_next () % 64 == 0)
      value = signed_too ? -1e-41f : 1e-41f;
    values[i] = some ? value : random_next () % 16 == 0 ? -0.0f : 0.0f;
  }
  return values;
}
