/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

/* What the dead-component filters for the CPU and for CUDA say in caps. */

typedef enum {
  ACT_FILTER_LAYOUT_AUTO,
  ACT_FILTER_LAYOUT_CSR,
  ACT_FILTER_LAYOUT_DENSE,
} ActFilterLayout;

#define ACT_TYPE_FILTER_LAYOUT (act_filter_layout_get_type ())
GType act_filter_layout_get_type (void);

/* ids of the properties threshold and layout */
void act_filter_install_properties (
    GObjectClass *klass, guint threshold, guint layout);

/* (transfer full): what caps become, seen from the pad on side direction */
GstCaps *act_filter_transform_caps (GstCaps *caps, GstPadDirection direction,
    gdouble threshold, ActFilterLayout layout);
