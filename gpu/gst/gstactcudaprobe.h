/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudadevice.h"

G_BEGIN_DECLS

/* Whether what a pipeline needs is there, before it starts: a device that is
 * found may be of a kind that this build has no code for, and cuBLAS is looked
 * for only when it is first used. */

/* Runs a kernel and looks at what it gives. */
gboolean gst_act_cuda_probe_kernels (GstActCudaDevice *device, GError **error);
/* Makes a handle of cuBLAS. */
gboolean gst_act_cuda_probe_products (GstActCudaDevice *device, GError **error);

G_END_DECLS
