/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/shared/deadfilter.h"

#include <gst/activations/activations.h>

GType
act_filter_layout_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { ACT_FILTER_LAYOUT_AUTO,
        "CSR, or dense if what follows takes nothing else", "auto" },
    { ACT_FILTER_LAYOUT_CSR, "Compressed sparse rows: nonzeros only", "csr" },
    { ACT_FILTER_LAYOUT_DENSE, "Dense: every value", "dense" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type)) {
    /* two plugins have this file, and a type's name is there once */
    GType known = g_type_from_name ("GstActDeadFilterLayout");

    g_once_init_leave (&type,
        known != 0 ? known
                   : g_enum_register_static ("GstActDeadFilterLayout", values));
  }
  return type;
}

void
act_filter_install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, ACT_FILTER_PROP_THRESHOLD,
      g_param_spec_double ("threshold", "Threshold",
          "A component whose largest activation over a batch is below this is "
          "dead in that batch: left out, as if it had none; 0 keeps all",
          0.0, G_MAXFLOAT, 0.0,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, ACT_FILTER_PROP_LAYOUT,
      g_param_spec_enum ("layout", "Layout",
          "Layout of the activations that are handed on; results are the same",
          ACT_TYPE_FILTER_LAYOUT, ACT_FILTER_LAYOUT_AUTO,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
  gst_type_mark_as_plugin_api (ACT_TYPE_FILTER_LAYOUT, 0);
}

gboolean
act_filter_settings_set (
    ActFilterSettings *settings, guint id, const GValue *value)
{
  switch (id) {
  case ACT_FILTER_PROP_THRESHOLD:
    settings->threshold = g_value_get_double (value);
    return TRUE;
  case ACT_FILTER_PROP_LAYOUT:
    settings->layout = (ActFilterLayout) g_value_get_enum (value);
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
act_filter_settings_get (
    const ActFilterSettings *settings, guint id, GValue *value)
{
  switch (id) {
  case ACT_FILTER_PROP_THRESHOLD:
    g_value_set_double (value, settings->threshold);
    return TRUE;
  case ACT_FILTER_PROP_LAYOUT:
    g_value_set_enum (value, (gint) settings->layout);
    return TRUE;
  default:
    return FALSE;
  }
}

void
act_filter_settings_start (ActFilterSettings *settings)
{
  settings->run_threshold = settings->threshold;
  settings->running = TRUE;
}

static void
set_layouts (GstCaps *caps, ActFilterLayout layout)
{
  static const GstActLayout layouts[] = { GST_ACT_LAYOUT_CSR,
    GST_ACT_LAYOUT_DENSE };

  gst_act_caps_set_layouts (caps,
      layouts + (layout == ACT_FILTER_LAYOUT_DENSE ? 1 : 0),
      layout == ACT_FILTER_LAYOUT_AUTO ? 2 : 1);
}

/* What was dead before stays dead: of two filters the higher threshold says
 * what is left. */
static gboolean
set_threshold (GstCapsFeatures *features, GstStructure *s, gpointer threshold)
{
  gdouble own = *(gdouble *) threshold, before;

  if (!gst_structure_get_double (s, "threshold", &before) || before < own)
    gst_structure_set (s, "threshold", G_TYPE_DOUBLE, own, NULL);
  return TRUE;
}

static gboolean
remove_threshold (GstCapsFeatures *features, GstStructure *s, gpointer data)
{
  gst_structure_remove_field (s, "threshold");
  return TRUE;
}

GstCaps *
act_filter_transform_caps (
    const ActFilterSettings *settings, GstCaps *caps, GstPadDirection direction)
{
  GstCaps *out = gst_caps_copy (caps);
  gdouble threshold =
      settings->running ? settings->run_threshold : settings->threshold;

  if (!gst_caps_is_empty (out))
    set_layouts (out,
        direction == GST_PAD_SINK ? settings->layout : ACT_FILTER_LAYOUT_AUTO);
  if (direction == GST_PAD_SINK)
    gst_caps_map_in_place (out, set_threshold, &threshold);
  else
    gst_caps_map_in_place (out, remove_threshold, NULL);
  return out;
}

gboolean
act_filter_share (GstBuffer *input, GstBuffer *out, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (input);

  for (guint i = 0; i < GST_ACT_N_BLOCKS; i++) {
    if ((ACT_FILTER_BLOCKS & 1u << i) != 0 && meta->block[i] >= 0
        && !gst_act_buffer_set_block (out, i,
            gst_buffer_get_memory (input, (guint) meta->block[i]), error))
      return FALSE;
  }
  return TRUE;
}
