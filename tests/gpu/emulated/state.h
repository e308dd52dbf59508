/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this folder tell each other (runtime.cc). */

#include <functional>

#include "cuda_runtime_api.h"

/* Counts a launch; false where it is to fail. backwards: every second. */
bool act_emulated_count_launch (cudaStream_t stream, bool *backwards);
/* Something for a stream to do, one thing at a time for all streams. */
void act_emulated_enqueue (cudaStream_t stream, std::function<void ()> work);
/* whether this build or machine is to be without it: act_emulated_set_missing
 */
bool act_emulated_is_missing (const char *what);
