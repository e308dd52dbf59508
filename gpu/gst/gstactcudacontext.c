/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudacontext.h"

#include "gpu/gst/gstactcudauser.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

/* Elements that go to READY at the same time shall not each make their own:
 * held while a device is made. Never while others are asked or told, who may do
 * anything then, bring more elements to READY too. */
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

static GList *
dup_pads (GstElement *element)
{
  GList *pads;

  GST_OBJECT_LOCK (element);
  pads = g_list_copy_deep (
      element->pads, (GCopyFunc) (void *) gst_object_ref, NULL);
  GST_OBJECT_UNLOCK (element);
  return pads;
}

/* of the elements before or behind: they may be of no pipeline */
static GstActCudaAllocator *
ask_neighbours (GstElement *element, gint id)
{
  GstActCudaAllocator *allocator = NULL;
  g_autolist (GstPad) pads = dup_pads (element);

  for (GList *i = pads; i != NULL && allocator == NULL; i = i->next) {
    g_autoptr (GstQuery) query =
        gst_query_new_context (GST_ACT_CUDA_CONTEXT_TYPE);
    GstContext *context = NULL;

    if (gst_pad_peer_query (i->data, query))
      gst_query_parse_context (query, &context);
    allocator = gst_act_cuda_context_get (context, id);
  }
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

static GstObject *
get_top (GstElement *element)
{
  GstObject *top = gst_object_ref (GST_OBJECT (element)), *parent;

  while ((parent = gst_object_get_parent (top)) != NULL) {
    gst_object_unref (top);
    top = parent;
  }
  return top;
}

static void
free_weak_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* With the lock (transfer none): weak references to the allocators that were
 * made for a pipeline's elements, which its contexts may not have yet. */
static GPtrArray *
made_for (GstObject *top)
{
  GQuark quark = g_quark_from_static_string ("gst-act-cuda-made");
  GPtrArray *made = g_object_get_qdata (G_OBJECT (top), quark);

  if (made == NULL) {
    made = g_ptr_array_new_with_free_func (free_weak_ref);
    g_object_set_qdata_full (
        G_OBJECT (top), quark, made, (GDestroyNotify) g_ptr_array_unref);
  }
  return made;
}

static GstActCudaAllocator *
find_made (GPtrArray *made, gint id)
{
  for (guint i = made->len; i-- > 0;) {
    g_autoptr (GstActCudaAllocator) allocator =
        g_weak_ref_get (g_ptr_array_index (made, i));

    if (allocator == NULL)
      g_ptr_array_remove_index_fast (made, i);
    else if (is_on (allocator, id))
      return g_steal_pointer (&allocator);
  }
  return NULL;
}

static GstActCudaAllocator *
make (GPtrArray *made, gint id, GError **error)
{
  g_autoptr (GstActCudaDevice) device =
      gst_act_cuda_device_new ((guint) MAX (id, 0), error);
  GstActCudaAllocator *allocator;
  GWeakRef *weak;

  if (device == NULL)
    return NULL;
  allocator = gst_act_cuda_allocator_new (device);
  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, allocator);
  g_ptr_array_add (made, weak);
  return allocator;
}

static GstActCudaAllocator *
find_or_make (GstElement *element, gint id, GError **error)
{
  g_autoptr (GstObject) top = get_top (element);
  GstActCudaAllocator *allocator;
  gboolean is_new;

  g_mutex_lock (&making);
  allocator = find_made (made_for (top), id);
  is_new = allocator == NULL;
  if (is_new)
    allocator = make (made_for (top), id, error);
  g_mutex_unlock (&making);
  if (is_new && allocator != NULL)
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
  allocator = ask_neighbours (element, id);
  if (allocator == NULL)
    allocator = ask_above (element, id);
  if (allocator == NULL)
    allocator = find_or_make (element, id, error);
  return allocator;
}
