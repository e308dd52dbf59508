/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

GST_ACT_API
GstQuery *gst_act_query_new_sample_length (void);

GST_ACT_API
gboolean gst_act_query_is_sample_length (GstQuery *query);

GST_ACT_API
void gst_act_query_set_sample_length (GstQuery *query, guint longest);

GST_ACT_API
gboolean gst_act_query_parse_sample_length (GstQuery *query, guint *longest);

G_END_DECLS
