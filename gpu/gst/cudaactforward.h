/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_CUDA_FORWARD (gst_act_cuda_forward_get_type ())
G_DECLARE_FINAL_TYPE (GstActCudaForward, gst_act_cuda_forward, GST,
    ACT_CUDA_FORWARD, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (cudaactforward);

G_END_DECLS
