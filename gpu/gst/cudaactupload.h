/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_CUDA_UPLOAD (gst_act_cuda_upload_get_type ())
G_DECLARE_FINAL_TYPE (GstActCudaUpload, gst_act_cuda_upload, GST,
    ACT_CUDA_UPLOAD, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (cudaactupload);

G_END_DECLS
