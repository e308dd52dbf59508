/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_DASHBOARD_SINK (gst_act_dashboard_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstActDashboardSink, gst_act_dashboard_sink, GST,
    ACT_DASHBOARD_SINK, GstBaseSink)

GST_ELEMENT_REGISTER_DECLARE (actdashboardsink);

G_END_DECLS
