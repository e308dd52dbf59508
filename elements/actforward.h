/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_FORWARD (gst_act_forward_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActForward, gst_act_forward, GST, ACT_FORWARD, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (actforward)

G_END_DECLS
