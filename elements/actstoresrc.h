/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_STORE_SRC (gst_act_store_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActStoreSrc, gst_act_store_src, GST, ACT_STORE_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (actstoresrc)

G_END_DECLS
