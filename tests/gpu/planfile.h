/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpuforward.h"

/* A model out of a file of plan.py, on the device. */

typedef struct {
  ActGpuForward forward;
  ActGpuHead *heads;
  ActGpuOp *ops;
  size_t length;
  size_t weights_size; /* bytes on the device */
  /* golden values; n_samples 0: none */
  size_t n_samples;
  int32_t *tokens; /* [n_samples, length] */
  float *expected; /* [n_samples * length, n_components] */
} PlanFile;

/* path is without its endings; ends the program where something is wrong. The
 * device memory is device.h's. */
void plan_file_read (
    PlanFile *plan, const char *path, const ActGpuProducts *products);
void plan_file_clear (PlanFile *plan);
