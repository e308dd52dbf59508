/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/gst.h>

#include "elements/actdumpsink.h"
#include "elements/actdumpsrc.h"

GST_DEBUG_CATEGORY (gst_actdump_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      gst_actdump_debug, "actdump", 0, "activations from and to files");
  return GST_ELEMENT_REGISTER (actdumpsrc, plugin)
      && GST_ELEMENT_REGISTER (actdumpsink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actdump,
    "Reads and writes folders of component activations", plugin_init, VERSION,
    GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
