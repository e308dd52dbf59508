/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_CUDA_DEAD_FILTER (gst_act_cuda_dead_filter_get_type ())
G_DECLARE_FINAL_TYPE (GstActCudaDeadFilter, gst_act_cuda_dead_filter, GST,
    ACT_CUDA_DEAD_FILTER, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (cudaactdeadfilter);

G_END_DECLS
