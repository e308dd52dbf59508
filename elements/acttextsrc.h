/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_TEXT_SRC (gst_act_text_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActTextSrc, gst_act_text_src, GST, ACT_TEXT_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (acttextsrc);

G_END_DECLS
