/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/gst.h>

#include "elements/actforward.h"

GST_DEBUG_CATEGORY (gst_actforward_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      gst_actforward_debug, "actforward", 0, "the model's forward pass");
  return GST_ELEMENT_REGISTER (actforward, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actforward,
    "Runs decomposed models: tokens to component activations", plugin_init,
    VERSION, GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
