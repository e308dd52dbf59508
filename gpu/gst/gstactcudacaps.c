/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/activations.h>

#include "gpu/gst/gstactcudauser.h"

/* On which side of the bus blocks are, in caps. The pads take both sides: what
 * a pad cannot do is refused in set_caps, where there is a message to post. */

static gboolean
is_on_device (const GstCaps *caps, guint i)
{
  GstCapsFeatures *features = gst_caps_get_features (caps, i);

  return features != NULL
      && gst_caps_features_contains (
          features, GST_ACT_CAPS_FEATURE_MEMORY_CUDA);
}

gboolean
gst_act_cuda_caps_are_on_device (const GstCaps *caps)
{
  return gst_caps_get_size (caps) > 0 && is_on_device (caps, 0);
}

GstCaps *
gst_act_cuda_caps_in_both (GstCaps *caps)
{
  GstCaps *both;

  if (gst_caps_is_any (caps) || gst_caps_is_empty (caps))
    return caps;
  both = gst_caps_copy (caps);
  gst_caps_unref (caps);
  gst_caps_set_features_simple (
      both, gst_caps_features_new_single (GST_ACT_CAPS_FEATURE_MEMORY_CUDA));
  caps = gst_caps_copy (both);
  gst_caps_set_features_simple (caps, NULL);
  return gst_caps_merge (both, caps);
}

GstCaps *
gst_act_cuda_caps_on_host (GstCaps *caps)
{
  GstCaps *host;

  if (gst_caps_is_any (caps) || gst_caps_is_empty (caps))
    return caps;
  host = gst_caps_copy (caps);
  gst_caps_unref (caps);
  gst_caps_set_features_simple (host, NULL);
  return gst_caps_simplify (host);
}

GstCaps *
gst_act_cuda_caps_filtered (GstCaps *caps, GstCaps *filter)
{
  GstCaps *both;

  if (filter == NULL)
    return caps;
  both = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (caps);
  return both;
}

GstCaps *
gst_act_cuda_caps_prefer_device (GstCaps *caps)
{
  GstCaps *out;

  if (gst_caps_is_any (caps))
    return caps;
  out = gst_caps_new_empty ();
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    if (is_on_device (caps, i))
      gst_caps_append_structure_full (out,
          gst_structure_copy (gst_caps_get_structure (caps, i)),
          gst_caps_features_copy (gst_caps_get_features (caps, i)));
  }
  if (gst_caps_is_empty (out)) {
    gst_caps_unref (out);
    return caps;
  }
  gst_caps_unref (caps);
  return out;
}

/* GstBaseTransform offers refused caps again and again: one message is enough
 */
gboolean
gst_act_cuda_user_refuse (
    GstActCudaUser *user, GstCaps *caps, const gchar *reason)
{
  if (user->refused == NULL || !gst_caps_is_equal (user->refused, caps)) {
    g_autoptr (GError) error =
        g_error_new_literal (GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS, reason);

    gst_act_element_post_error (GST_ELEMENT (user->trans), error);
  }
  gst_caps_replace (&user->refused, caps);
  return FALSE;
}

static gchar *
peer_name (GstPad *pad)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);
  g_autoptr (GstElement) element =
      peer != NULL ? gst_pad_get_parent_element (peer) : NULL;

  return element != NULL ? gst_object_get_name (GST_OBJECT (element))
                         : g_strdup ("another element");
}

gboolean
gst_act_cuda_user_check_input (GstActCudaUser *user, GstCaps *incaps)
{
  g_autofree gchar *peer = NULL, *reason = NULL;

  if (gst_act_cuda_caps_are_on_device (incaps))
    return TRUE;
  peer = peer_name (GST_BASE_TRANSFORM_SINK_PAD (user->trans));
  reason = g_strdup_printf (
      "what comes from '%s' is in the computer's memory, expected the CUDA "
      "device's: put 'cudaactupload' before this element",
      peer);
  return gst_act_cuda_user_refuse (user, incaps, reason);
}

gboolean
gst_act_cuda_user_check_output (GstActCudaUser *user, GstCaps *outcaps)
{
  g_autofree gchar *peer = NULL, *reason = NULL;

  if (gst_act_cuda_caps_are_on_device (outcaps))
    return TRUE;
  peer = peer_name (GST_BASE_TRANSFORM_SRC_PAD (user->trans));
  reason = g_strdup_printf (
      "what follows, '%s', takes only what is in the computer's memory, and "
      "this is in the CUDA device's: put 'cudaactdownload' behind this element",
      peer);
  return gst_act_cuda_user_refuse (user, outcaps, reason);
}

gboolean
gst_act_cuda_user_check_links (
    GstActCudaUser *user, GstCaps *incaps, GstCaps *outcaps)
{
  return gst_act_cuda_user_check_input (user, incaps)
      && gst_act_cuda_user_check_output (user, outcaps);
}
