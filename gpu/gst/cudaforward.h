/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gpumodel.h"
#include "gpu/gst/gstactcudabatch.h"

G_BEGIN_DECLS

/* The forward pass of batches on the device: what the element does with
 * kernels. All zero at first. */
typedef struct {
  GstActCudaUser *user;
  ActModel *model;
  ActGpuProducts *products;
  ActGpuModel *gpu;
  GPtrArray *weights; /* of GstMemory */
  GstMemory *scratch; /* of a batch */
  gsize last_values;  /* that the batch before had */
} ActCudaForward;

/* Brings the weights that the selected modules need to the device. */
gboolean act_cuda_forward_open (ActCudaForward *self, GstActCudaUser *user,
    ActModel *model, const guint8 *selected, ActGpuPrecision precision,
    GError **error);
void act_cuda_forward_close (ActCudaForward *self);

/* Adds component activations to a batch of tokens. */
gboolean act_cuda_forward_run (ActCudaForward *self, const GstActInfo *info,
    GstActLayout layout, GstBuffer *buffer, GError **error);

G_END_DECLS
