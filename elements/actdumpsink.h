/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_DUMP_SINK (gst_act_dump_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActDumpSink, gst_act_dump_sink, GST, ACT_DUMP_SINK, GstBaseSink)

GST_ELEMENT_REGISTER_DECLARE (actdumpsink)

G_END_DECLS
