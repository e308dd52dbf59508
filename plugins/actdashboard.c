/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "../elements/actdashboardsink.h"

GST_DEBUG_CATEGORY (act_dashboard_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      act_dashboard_debug, "actdashboard", 0, "serialization of a dashboard");
  return GST_ELEMENT_REGISTER (actdashboardsink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actdashboard,
    "Dashboard of component clusters", plugin_init, VERSION, GST_LICENSE,
    GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
