/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_DEAD_FILTER (gst_act_dead_filter_get_type ())
G_DECLARE_FINAL_TYPE (GstActDeadFilter, gst_act_dead_filter, GST,
    ACT_DEAD_FILTER, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (actdeadfilter);

G_END_DECLS
