/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudacontext.h"

#include "gpu/gst/gstactcudauser.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

/* elements that go to READY at the same time shall not each make their own */
static GMutex making;

static gboolean
is_on (GstActCudaAllocator *allocator, gint id)
{
  return id < 0
      || gst_act_cuda_device_get_id (
             gst_act_cuda_allocator_get_device (allocator))
      == (guint) id;
}

GstActCudaAllocator *
gst_act_cuda_context_get (GstContext *context, gint id)
{
  GstActCudaAllocator *allocator = NULL;

  if (context == NULL
      || !gst_context_has_context_type (context, GST_ACT_CUDA_CONTEXT_TYPE)
      || !gst_structure_get (gst_context_get_structure (context), "allocator",
          GST_TYPE_ACT_CUDA_ALLOCATOR, &allocator, NULL))
    return NULL;
  if (allocator != NULL && !is_on (allocator, id))
    gst_clear_object (&allocator);
  return allocator;
}

static GstContext *
context_new (GstActCudaAllocator *allocator)
{
  GstContext *context = gst_context_new (GST_ACT_CUDA_CONTEXT_TYPE, TRUE);

  gst_structure_set (gst_context_writable_structure (context), "allocator",
      GST_TYPE_ACT_CUDA_ALLOCATOR, allocator, "device-id", G_TYPE_UINT,
      gst_act_cuda_device_get_id (
          gst_act_cuda_allocator_get_device (allocator)),
      "device-name", G_TYPE_STRING,
      gst_act_cuda_device_get_name (
          gst_act_cuda_allocator_get_device (allocator)),
      NULL);
  return context;
}

gboolean
gst_act_cuda_context_answer (GstQuery *query, GstActCudaAllocator *allocator)
{
  g_autoptr (GstContext) context = NULL;
  const gchar *type;

  gst_query_parse_context_type (query, &type);
  if (allocator == NULL || !g_str_equal (type, GST_ACT_CUDA_CONTEXT_TYPE))
    return FALSE;
  context = context_new (allocator);
  gst_query_set_context (query, context);
  return TRUE;
}

/* of the elements before or behind: they may be of no pipeline */
static GstActCudaAllocator *
ask_neighbours (GstElement *element, gint id)
{
  GstActCudaAllocator *allocator = NULL;

  GST_OBJECT_LOCK (element);
  for (GList *i = element->pads; i != NULL && allocator == NULL; i = i->next) {
    g_autoptr (GstPad) pad = gst_object_ref (i->data);
    g_autoptr (GstQuery) query = NULL;
    GstContext *context = NULL;

    GST_OBJECT_UNLOCK (element);
    query = gst_query_new_context (GST_ACT_CUDA_CONTEXT_TYPE);
    if (gst_pad_peer_query (pad, query))
      gst_query_parse_context (query, &context);
    allocator = gst_act_cuda_context_get (context, id);
    GST_OBJECT_LOCK (element);
  }
  GST_OBJECT_UNLOCK (element);
  return allocator;
}

/* The bin answers with a context it knows, or asks the application. */
static GstActCudaAllocator *
ask_above (GstElement *element, gint id)
{
  GstActCudaAllocator *allocator = NULL;
  g_autolist (GstContext) contexts = NULL;

  gst_element_post_message (element,
      gst_message_new_need_context (
          GST_OBJECT (element), GST_ACT_CUDA_CONTEXT_TYPE));
  contexts = gst_element_get_contexts (element);
  for (GList *i = contexts; i != NULL && allocator == NULL; i = i->next)
    allocator = gst_act_cuda_context_get (i->data, id);
  return allocator;
}

static GstActCudaAllocator *
make (GstElement *element, gint id, GError **error)
{
  g_autoptr (GstActCudaDevice) device =
      gst_act_cuda_device_new ((guint) MAX (id, 0), error);
  GstActCudaAllocator *allocator;

  if (device == NULL)
    return NULL;
  allocator = gst_act_cuda_allocator_new (device);
  gst_element_post_message (element,
      gst_message_new_have_context (
          GST_OBJECT (element), context_new (allocator)));
  return allocator;
}

GstActCudaAllocator *
gst_act_cuda_context_ensure (
    GstElement *element, GstActCudaAllocator *found, gint id, GError **error)
{
  GstActCudaAllocator *allocator;

  if (found != NULL && is_on (found, id))
    return gst_object_ref (found);
  g_mutex_lock (&making);
  allocator = ask_neighbours (element, id);
  if (allocator == NULL)
    allocator = ask_above (element, id);
  if (allocator == NULL)
    allocator = make (element, id, error);
  g_mutex_unlock (&making);
  return allocator;
}
