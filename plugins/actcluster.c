/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/gst.h>

#include "elements/actclustermax.h"
#include "elements/actclustermean.h"
#include "elements/actclustersum.h"

GST_DEBUG_CATEGORY (gst_actcluster_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      gst_actcluster_debug, "actcluster", 0, "cluster activations");
  return GST_ELEMENT_REGISTER (actclustermax, plugin)
      && GST_ELEMENT_REGISTER (actclustermean, plugin)
      && GST_ELEMENT_REGISTER (actclustersum, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actcluster,
    "Activations of clusters of components", plugin_init, VERSION, GST_LICENSE,
    GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
