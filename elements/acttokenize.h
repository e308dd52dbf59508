/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_TOKENIZE (gst_act_tokenize_get_type ())
G_DECLARE_FINAL_TYPE (
    GstActTokenize, gst_act_tokenize, GST, ACT_TOKENIZE, GstElement)

GST_ELEMENT_REGISTER_DECLARE (acttokenize);

G_END_DECLS
