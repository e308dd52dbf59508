/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_TOKEN_SRC (gst_act_token_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActTokenSrc, gst_act_token_src, GST, ACT_TOKEN_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (acttokensrc)

G_END_DECLS
