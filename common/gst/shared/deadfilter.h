/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

/* What the dead-component filters for the CPU and for CUDA share: properties,
 * what they say in caps, and blocks that are handed on as they are. */

typedef enum {
  ACT_FILTER_LAYOUT_AUTO,
  ACT_FILTER_LAYOUT_CSR,
  ACT_FILTER_LAYOUT_DENSE,
} ActFilterLayout;

#define ACT_TYPE_FILTER_LAYOUT (act_filter_layout_get_type ())
GType act_filter_layout_get_type (void);

/* the properties; an element's own come behind them */
enum {
  ACT_FILTER_PROP_THRESHOLD = 1,
  ACT_FILTER_PROP_LAYOUT,
  ACT_FILTER_N_PROPS
};

typedef struct {
  gdouble threshold;
  ActFilterLayout layout;

  /* between start and stop: the threshold as it was at start */
  gboolean running;
  gdouble run_threshold;
} ActFilterSettings;

void act_filter_install_properties (GObjectClass *klass);
/* FALSE: it is a property of the element's own */
gboolean act_filter_settings_set (
    ActFilterSettings *settings, guint id, const GValue *value);
gboolean act_filter_settings_get (
    const ActFilterSettings *settings, guint id, GValue *value);
void act_filter_settings_start (ActFilterSettings *settings);

/* (transfer full): what caps become, seen from the pad on side direction */
GstCaps *act_filter_transform_caps (const ActFilterSettings *settings,
    GstCaps *caps, GstPadDirection direction);

/* the blocks that a filter makes anew or hands on: bit 1 << block each */
#define ACT_FILTER_BLOCKS                                                      \
  (1u << GST_ACT_BLOCK_COMPONENT_INDPTR                                        \
      | 1u << GST_ACT_BLOCK_COMPONENT_INDICES                                  \
      | 1u << GST_ACT_BLOCK_COMPONENT_VALUES)

/* out gets those of input, the memories themselves. */
gboolean act_filter_share (GstBuffer *input, GstBuffer *out, GError **error);
