/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudahost.h"

G_BEGIN_DECLS

GstActCudaHostPool *gst_act_cuda_device_get_host_pool (
    GstActCudaDevice *device);

G_END_DECLS
