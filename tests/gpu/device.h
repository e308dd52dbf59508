/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpustatus.h"

/* Device memory for tests, and what is said about it. Works with CUDA's
 * runtime and with tests/gpu/emulated. */

/* n bytes on the device, full of 0xff (NaN), between guards of the same. What
 * is allocated is freed by device_free_all (), which first checks that the
 * guards are as they were. */
void *device_new (size_t size);
void *device_copy (const void *host, size_t size);
/* full of 0xff again */
void device_poison (void *memory, size_t size);
/* malloc ()ed; size 0 gives something too */
void *device_get (const void *memory, size_t size);
/* what was malloc ()ed beside it: freed with it */
void *device_keep (void *host);
void device_free_all (void);
ActGpuStream device_stream (void);
void device_wait (void);
/* ends the program unless the status is 0 and the stream passes */
void device_check (ActGpuStatus status, const char *what);
const char *device_name (void);

/* A failed check says what and where, and counts. */
#define CHECK(CONDITION, ...)                                                  \
  do {                                                                         \
    if (!(CONDITION))                                                          \
      check_failed (__FILE__, __LINE__, __VA_ARGS__);                          \
  } while (0)
void check_failed (const char *file, int line, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
int check_n_failed (void);

/* the same numbers on every machine */
uint32_t random_next (void);
void random_seed (uint32_t seed);
/* about share of them not zero: mixed signs if signed_too, some -0.0 */
float *random_sparse (size_t n, double share, bool signed_too);
float *random_floats (size_t n, float scale);

/* how often a call is repeated and compared */
extern int n_repeats;

/* bytes of shared memory that a block may have, as on a smaller device; false
 * where that cannot be said: not emulated */
bool device_limit_shared (size_t size);

/* the tests, each a line of output */
typedef struct {
  const char *name;
  void (*run) (void);
} Test;

extern const Test csr_tests[], cluster_tests[], operation_tests[];
/* of sizes at which all blocks of a device are at work; emulated, they are
 * divided, for then they only try the tests */
extern const Test large_csr_tests[], large_cluster_tests[],
    large_operation_tests[];
#ifdef ACT_TEST_EMULATED
#define LARGE(N) ((N) / 64)
#else
#define LARGE(N) (N)
#endif
