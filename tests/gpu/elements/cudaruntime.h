/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The runtime of gpu/cudaruntime.h on the CPU, for tests: it counts what is
 * done, and fails where it is told to. What is copied to the host is there
 * only once the stream or an event behind it was waited for, and memory is
 * filled with rubbish when it is given out and when it is freed.
 *
 * From the environment: ACT_EMULATED_CUDA_DEVICES, how many there are (1);
 * ACT_EMULATED_CUDA_MEMORY, bytes of each (1 GiB). */

typedef struct {
  size_t n_allocated; /* device memories, ever */
  size_t n_used;      /* now */
  size_t bytes_used;  /* now */
  size_t n_pinned;    /* host memories, ever */
  size_t n_to_device, bytes_to_device;
  size_t n_to_host, bytes_to_host;
  size_t n_on_device;
} ActEmulatedCounts;

void act_emulated_counts (ActEmulatedCounts *counts);
void act_emulated_reset_counts (void);
/* bytes that the device has from now on */
void act_emulated_set_memory (size_t size);
/* status of all that waits from now on, as after a kernel that failed; 0: none
 */
void act_emulated_set_failure (int status);
