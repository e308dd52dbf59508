/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/gstacterror.h>

#include "acterror.h"

/**
 * SECTION:gstacterror
 * @short_description: the library's error domain
 */

G_STATIC_ASSERT ((int) GST_ACT_ERROR_FAILED == (int) ACT_ERROR_FAILED);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_FORMAT == (int) ACT_ERROR_FORMAT);
G_STATIC_ASSERT (
    (int) GST_ACT_ERROR_UNSUPPORTED == (int) ACT_ERROR_UNSUPPORTED);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_MISMATCH == (int) ACT_ERROR_MISMATCH);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_VALUE == (int) ACT_ERROR_VALUE);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_SETTINGS == (int) ACT_ERROR_SETTINGS);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_OPEN_READ == (int) ACT_ERROR_OPEN_READ);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_OPEN_WRITE == (int) ACT_ERROR_OPEN_WRITE);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_NO_SPACE == (int) ACT_ERROR_NO_SPACE);
G_STATIC_ASSERT ((int) GST_ACT_ERROR_EXISTS == (int) ACT_ERROR_EXISTS);

GQuark
gst_act_error_quark (void)
{
  return ACT_ERROR;
}

static void
stream_or_resource (const GError *error, GQuark *domain, gint *code)
{
  *domain = GST_STREAM_ERROR;
  *code = GST_STREAM_ERROR_FAILED;
  if (error->domain != GST_ACT_ERROR)
    return;

  switch ((GstActError) error->code) {
  case GST_ACT_ERROR_FORMAT:
  case GST_ACT_ERROR_UNSUPPORTED:
  case GST_ACT_ERROR_MISMATCH:
    *code = GST_STREAM_ERROR_FORMAT;
    return;
  case GST_ACT_ERROR_SETTINGS:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_SETTINGS;
    return;
  case GST_ACT_ERROR_OPEN_READ:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_OPEN_READ;
    return;
  case GST_ACT_ERROR_OPEN_WRITE:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_OPEN_WRITE;
    return;
  case GST_ACT_ERROR_NO_SPACE:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    return;
  case GST_ACT_ERROR_EXISTS:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_FAILED;
    return;
  case GST_ACT_ERROR_FAILED:
  case GST_ACT_ERROR_VALUE:
    return;
  }
}

/**
 * gst_act_element_post_error:
 * @element: who fails
 * @error: what went wrong
 *
 * Posts @error as the element's error message (what GST_ELEMENT_ERROR does),
 * with the stream or resource code that fits it. The text of the message is
 * the text of @error.
 */
void
gst_act_element_post_error (GstElement *element, const GError *error)
{
  GQuark domain;
  gint code;

  g_return_if_fail (GST_IS_ELEMENT (element));
  g_return_if_fail (error != NULL);

  stream_or_resource (error, &domain, &code);
  gst_element_message_full (element, GST_MESSAGE_ERROR, domain, code,
      g_strdup (error->message),
      g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code),
      __FILE__, GST_FUNCTION, __LINE__);
}
