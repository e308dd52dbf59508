/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device.h"

#include <gst/gst.h>

#include "launch.h"

/* All elements try the device on the way to READY; this one needs the most of
 * it: cuBLAS too. */
#define ELEMENT "cudaactforward"

static char *
first_error (GstBus *bus)
{
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  if (message == NULL)
    return g_strdup ("the CUDA device cannot be used");
  gst_message_parse_error (message, &error, NULL);
  return g_strdup (error->message);
}

/* as its elements tell each other */
static char *
device_name (GstElement *element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  g_autoptr (GstQuery) query = gst_query_new_context ("gst.act.CudaDevice");
  GstContext *context = NULL;
  const char *name = NULL;

  if (gst_pad_query (pad, query))
    gst_query_parse_context (query, &context);
  if (context != NULL)
    name = gst_structure_get_string (
        gst_context_get_structure (context), "device-name");
  return g_strdup (name != NULL ? name : "a CUDA device");
}

gboolean
act_device_probe (int id, char **name, char **reason)
{
  g_autoptr (GstBus) bus = gst_bus_new ();
  GstElement *element;
  gboolean works;

  act_launch_add_plugins ();
  element = gst_element_factory_make (ELEMENT, NULL);
  if (element == NULL) {
    *reason = g_strdup (
        "there is no element '" ELEMENT "': this build has no plugin actcuda");
    return FALSE;
  }
  gst_object_ref_sink (element);
  g_object_set (element, "cuda-device-id", id, NULL);
  gst_element_set_bus (element, bus);
  works = gst_element_set_state (element, GST_STATE_READY)
      != GST_STATE_CHANGE_FAILURE;
  if (works)
    *name = device_name (element);
  else
    *reason = first_error (bus);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  return works;
}
