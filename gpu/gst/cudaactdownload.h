/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_CUDA_DOWNLOAD (gst_act_cuda_download_get_type ())
G_DECLARE_FINAL_TYPE (GstActCudaDownload, gst_act_cuda_download, GST,
    ACT_CUDA_DOWNLOAD, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (cudaactdownload);

G_END_DECLS
