/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudabatch.h"

G_BEGIN_DECLS

/* The dead-component filter of one batch on the device: what the element does
 * with kernels. All zero at first. */
typedef struct {
  GstMemory *scratch;
  gsize last_values; /* that the batch before had, if it came dense */
} ActCudaFilter;

void act_cuda_filter_clear (ActCudaFilter *filter);

/* Fills out, a batch without components, from input. */
gboolean act_cuda_filter_run (ActCudaFilter *filter, GstActCudaUser *user,
    const GstActInfo *info, gfloat threshold, GstActLayout layout,
    GstBuffer *input, GstBuffer *out, GError **error);

G_END_DECLS
