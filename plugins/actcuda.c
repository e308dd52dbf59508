/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/gst.h>

#include "gpu/gst/cudaactcluster.h"
#include "gpu/gst/cudaactdeadfilter.h"
#include "gpu/gst/cudaactdownload.h"
#include "gpu/gst/cudaactforward.h"
#include "gpu/gst/cudaactupload.h"

GST_DEBUG_CATEGORY (gst_actcuda_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      gst_actcuda_debug, "actcuda", 0, "activations on a CUDA device");
  return GST_ELEMENT_REGISTER (cudaactclustermax, plugin)
      && GST_ELEMENT_REGISTER (cudaactclustermean, plugin)
      && GST_ELEMENT_REGISTER (cudaactclustersum, plugin)
      && GST_ELEMENT_REGISTER (cudaactdeadfilter, plugin)
      && GST_ELEMENT_REGISTER (cudaactdownload, plugin)
      && GST_ELEMENT_REGISTER (cudaactforward, plugin)
      && GST_ELEMENT_REGISTER (cudaactupload, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actcuda,
    "Activations on a CUDA device", plugin_init, VERSION, GST_LICENSE,
    GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
