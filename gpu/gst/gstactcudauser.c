/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudauser.h"

#include <gst/activations/activations.h>

#include "gpu/cudaruntime.h"
#include "gpu/gst/gstactcudacontext.h"
#include "gpu/gst/gstactcudaprobe.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

static GQuark
user_quark (void)
{
  static gsize quark = 0;

  if (g_once_init_enter (&quark))
    g_once_init_leave (
        &quark, g_quark_from_static_string ("gst-act-cuda-user"));
  return (GQuark) quark;
}

static GstActCudaUser *
user_of (gpointer element)
{
  return g_object_get_qdata (element, user_quark ());
}

static gboolean
open_device (GstActCudaUser *user)
{
  GstElement *element = GST_ELEMENT (user->trans);
  g_autoptr (GError) error = NULL;
  GstActCudaAllocator *found, *allocator;
  gint device_id;

  GST_OBJECT_LOCK (element);
  device_id = user->device_id;
  found = user->allocator != NULL ? gst_object_ref (user->allocator) : NULL;
  GST_OBJECT_UNLOCK (element);
  /* asks others, which may set the context in between */
  allocator = gst_act_cuda_context_ensure (element, found, device_id, &error);
  gst_clear_object (&found);
  if (allocator != NULL && user->needs_products
      && !gst_act_cuda_probe_products (
          gst_act_cuda_allocator_get_device (allocator), &error))
    gst_clear_object (&allocator);
  if (allocator == NULL) {
    gst_act_element_post_error (element, error);
    return FALSE;
  }
  GST_OBJECT_LOCK (element);
  found = user->allocator;
  user->allocator = allocator;
  GST_OBJECT_UNLOCK (element);
  gst_clear_object (&found);
  GST_INFO_OBJECT (element, "on device %u, '%s'",
      gst_act_cuda_device_get_id (gst_act_cuda_user_get_device (user)),
      gst_act_cuda_device_get_name (gst_act_cuda_user_get_device (user)));
  return TRUE;
}

static void
close_device (GstActCudaUser *user)
{
  GstActCudaAllocator *allocator;

  GST_OBJECT_LOCK (user->trans);
  allocator = g_steal_pointer (&user->allocator);
  GST_OBJECT_UNLOCK (user->trans);
  gst_clear_object (&allocator);
}

static void
set_cancelled (GstActCudaUser *user, gboolean cancelled)
{
  if (user->allocator != NULL)
    gst_act_cuda_allocator_set_cancelled (
        user->allocator, &user->wait, cancelled);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstActCudaUser *user = user_of (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_device (user))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    set_cancelled (user, FALSE);
  /* before the parent waits for the streaming thread */
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    set_cancelled (user, TRUE);
  ret = user->parent_class->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_clear_caps (&user->refused);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    close_device (user);
  return ret;
}

static void
set_context (GstElement *element, GstContext *context)
{
  GstActCudaUser *user = user_of (element);
  GstActCudaAllocator *found, *old = NULL;

  found = gst_act_cuda_context_get (
      context, gst_act_cuda_user_get_device_id (user));
  GST_OBJECT_LOCK (element);
  /* what is in use stays */
  if (found != NULL && user->allocator == NULL)
    user->allocator = found;
  else
    old = found;
  GST_OBJECT_UNLOCK (element);
  gst_clear_object (&old);
  user->parent_class->set_context (element, context);
}

gboolean
gst_act_cuda_user_query (
    GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  GstActCudaUser *user = user_of (trans);

  if (GST_QUERY_TYPE (query) == GST_QUERY_CONTEXT) {
    GstActCudaAllocator *allocator;
    gboolean answered;

    GST_OBJECT_LOCK (trans);
    allocator =
        user->allocator != NULL ? gst_object_ref (user->allocator) : NULL;
    GST_OBJECT_UNLOCK (trans);
    answered = gst_act_cuda_context_answer (query, allocator);
    gst_clear_object (&allocator);
    if (answered)
      return TRUE;
  }
  return GST_BASE_TRANSFORM_CLASS (user->parent_class)
      ->query (trans, direction, query);
}

static gboolean
sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstActCudaUser *user = user_of (trans);

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    set_cancelled (user, TRUE);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    set_cancelled (user, FALSE);
  return GST_BASE_TRANSFORM_CLASS (user->parent_class)
      ->sink_event (trans, event);
}

/* Whoever has no allocator of the device yet may take this one; blocks come
 * with our meta, and no pool fits (docs/cuda-elements.md). */
static gboolean
propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  GstActCudaUser *user = user_of (trans);
  GstCaps *caps = NULL;

  gst_query_parse_allocation (query, &caps, NULL);
  gst_query_add_allocation_meta (query, GST_ACT_BATCH_META_API_TYPE, NULL);
  if (caps != NULL && gst_act_cuda_caps_are_on_device (caps))
    gst_query_add_allocation_param (
        query, GST_ALLOCATOR (user->allocator), NULL);
  return TRUE;
}

static gboolean
decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  return TRUE;
}

void
gst_act_cuda_user_class_init (gpointer klass, guint property_id)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  g_object_class_install_property (G_OBJECT_CLASS (klass), property_id,
      g_param_spec_int ("cuda-device-id", "CUDA device",
          "Which of the machine's CUDA devices to run on, counted from 0; -1: "
          "the one that the pipeline uses already, else the first",
          -1, G_MAXINT, -1,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
  element_class->change_state = change_state;
  element_class->set_context = set_context;
  trans_class->query = gst_act_cuda_user_query;
  trans_class->sink_event = sink_event;
  trans_class->propose_allocation = propose_allocation;
  trans_class->decide_allocation = decide_allocation;
}

void
gst_act_cuda_install_budget (GObjectClass *klass, guint property_id)
{
  g_object_class_install_property (klass, property_id,
      g_param_spec_uint64 ("memory-budget", "Memory budget",
          "A batch waits before this element while batches take this many "
          "bytes of the device's memory or more, all elements' together; 0: "
          "half of what is free at the start",
          0, G_MAXUINT64, 0,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
}

void
gst_act_cuda_user_init (
    GstActCudaUser *user, gpointer element, gpointer parent_class)
{
  user->trans = GST_BASE_TRANSFORM (element);
  user->parent_class = parent_class;
  user->stream = GST_ACT_CUDA_STREAM_BATCH;
  user->device_id = -1;
  g_object_set_qdata (element, user_quark (), user);
  gst_base_transform_set_qos_enabled (user->trans, FALSE);
}

void
gst_act_cuda_user_finalize (GstActCudaUser *user)
{
  gst_clear_object (&user->allocator);
  gst_clear_caps (&user->refused);
}

void
gst_act_cuda_user_set_device_id (GstActCudaUser *user, gint id)
{
  GST_OBJECT_LOCK (user->trans);
  user->device_id = id;
  GST_OBJECT_UNLOCK (user->trans);
}

gint
gst_act_cuda_user_get_device_id (GstActCudaUser *user)
{
  gint id;

  GST_OBJECT_LOCK (user->trans);
  id = user->device_id;
  GST_OBJECT_UNLOCK (user->trans);
  return id;
}

GstActCudaDevice *
gst_act_cuda_user_get_device (GstActCudaUser *user)
{
  return gst_act_cuda_allocator_get_device (user->allocator);
}

gpointer
gst_act_cuda_user_get_stream (GstActCudaUser *user)
{
  return gst_act_cuda_device_get_stream (
      gst_act_cuda_user_get_device (user), user->stream);
}

GstFlowReturn
gst_act_cuda_user_wait (GstActCudaUser *user, guint64 budget)
{
  return gst_act_cuda_allocator_wait (user->allocator, budget, &user->wait)
      ? GST_FLOW_OK
      : GST_FLOW_FLUSHING;
}

guint64
gst_act_cuda_user_settle_budget (GstActCudaUser *user, guint64 budget)
{
  gsize n_free = 0, total = 0;

  if (budget > 0)
    return budget;
  gst_act_cuda_device_enter (gst_act_cuda_user_get_device (user));
  act_cudart_memory_info (&n_free, &total);
  return n_free / 2;
}

static void
suggest_less (GError *error)
{
  gchar *message = g_strconcat (
      error->message, "; smaller batches ('batch-size') need less", NULL);

  g_free (error->message);
  error->message = message;
}

GstFlowReturn
gst_act_cuda_user_fail (GstActCudaUser *user, GstBuffer *batch, GError *error)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (batch);

  if (g_error_matches (error, GST_ACT_ERROR, GST_ACT_ERROR_NO_SPACE))
    suggest_less (error);
  /* some have it by themselves */
  if (meta != NULL && !g_str_has_prefix (error->message, "batch "))
    g_prefix_error (&error,
        "batch %" G_GUINT64_FORMAT " (%u samples of %u positions): ",
        meta->batch_index, meta->n_samples, meta->sequence_length);
  gst_act_element_post_error (GST_ELEMENT (user->trans), error);
  g_error_free (error);
  return GST_FLOW_ERROR;
}
