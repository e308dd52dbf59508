/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <gst/gst.h>

#include "elements/acttextsrc.h"
#include "elements/acttokenize.h"
#include "elements/acttokensrc.h"

GST_DEBUG_CATEGORY (act_text_debug);

static gboolean
plugin_init (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (
      act_text_debug, "acttext", 0, "Text and tokens for activations");
  return GST_ELEMENT_REGISTER (acttextsrc, plugin)
      && GST_ELEMENT_REGISTER (acttokenize, plugin)
      && GST_ELEMENT_REGISTER (acttokensrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, acttext,
    "Sources of text and of tokens, and the tokenizer", plugin_init, VERSION,
    GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
