/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_STORE (gst_act_store_get_type ())
G_DECLARE_FINAL_TYPE (GstActStore, gst_act_store, GST, ACT_STORE, GstElement)

GST_ELEMENT_REGISTER_DECLARE (actstore)

G_END_DECLS
