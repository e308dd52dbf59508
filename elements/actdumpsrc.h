/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_DUMP_SRC (gst_act_dump_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActDumpSrc, gst_act_dump_src, GST, ACT_DUMP_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (actdumpsrc)

G_END_DECLS
