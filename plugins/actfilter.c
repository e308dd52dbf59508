/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/gst.h>

#include "elements/actdeadfilter.h"

GST_DEBUG_CATEGORY (gst_actfilter_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      gst_actfilter_debug, "actfilter", 0, "filter of dead components");
  return GST_ELEMENT_REGISTER (actdeadfilter, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actfilter,
    "Filter of components that are dead in a batch", plugin_init, VERSION,
    GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
