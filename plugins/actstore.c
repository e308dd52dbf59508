/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/gst.h>

#include "../elements/actstore.h"
#include "../elements/actstoresrc.h"

GST_DEBUG_CATEGORY (actstore_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      actstore_debug, "actstore", 0, "storing of activations");
  return GST_ELEMENT_REGISTER (actstore, plugin)
      && GST_ELEMENT_REGISTER (actstoresrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actstore,
    "Stores activations and gives them back as records of each cluster",
    plugin_init, VERSION, GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
