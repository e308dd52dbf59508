/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cudaactupload
 * @short_description: brings batches to a CUDA device
 *
 * Sink: tokens, component or cluster activations in the computer's memory, all
 * finite. What is on the device already goes through as it is.
 * Src: the same in the memory of the device.
 *
 * Each block is checked, then copied once; whoever maps it for reading later
 * finds the copy that it came from, and no byte crosses the bus again.
 *
 * A batch waits until the device holds less than #GstActCudaUpload
 * :memory-budget, so that a fast source does not fill it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! cudaactupload !
 * cudaactdeadfilter threshold=0.01 ! cudaactdownload ! fakesink
 * ]|
 */

#include "config.h"

#include "gpu/gst/cudaactupload.h"

#include <gst/activations/activations.h>

#include <string.h>

#include "gpu/gst/gstactcudachecked.h"
#include "gpu/gst/gstactcudauser.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

struct _GstActCudaUpload {
  GstBaseTransform parent_instance;

  GstActCudaUser cuda;
  guint64 budget; /* property, with the object lock */

  guint64 run_budget;
  GstActInfo *info;
  GstActMapFlags parts; /* that the caps promise */
};

enum { PROP_CUDA_DEVICE_ID = 1, PROP_MEMORY_BUDGET };

#define ANY_CAPS                                                               \
  GST_ACT_CUDA_TOKENS_CAPS                                                     \
  "; " GST_ACT_CUDA_COMPONENTS_CAPS "; " GST_ACT_CUDA_CLUSTERS_CAPS

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (ANY_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (ANY_CAPS));

G_DEFINE_FINAL_TYPE (
    GstActCudaUpload, gst_act_cuda_upload, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    cudaactupload, "cudaactupload", GST_RANK_NONE, GST_TYPE_ACT_CUDA_UPLOAD)

static gboolean
gst_act_cuda_upload_start (GstBaseTransform *trans)
{
  GstActCudaUpload *self = GST_ACT_CUDA_UPLOAD (trans);
  guint64 budget;

  GST_OBJECT_LOCK (self);
  budget = self->budget;
  GST_OBJECT_UNLOCK (self);
  self->run_budget = gst_act_cuda_user_settle_budget (&self->cuda, budget);
  return TRUE;
}

static gboolean
gst_act_cuda_upload_stop (GstBaseTransform *trans)
{
  g_clear_pointer (&GST_ACT_CUDA_UPLOAD (trans)->info, gst_act_info_unref);
  return TRUE;
}

static GstCaps *
gst_act_cuda_upload_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  return gst_act_cuda_caps_filtered (
      gst_act_cuda_caps_in_both (gst_caps_ref (caps)), filter);
}

static GstCaps *
gst_act_cuda_upload_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *other)
{
  return gst_caps_fixate (gst_act_cuda_caps_prefer_device (other));
}

static GstActMapFlags
parts_of (const GstCaps *caps)
{
  GstStructure *s = gst_caps_get_structure (caps, 0);

  if (gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_TOKENS))
    return GST_ACT_MAP_TOKENS;
  if (gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_COMPONENTS))
    return GST_ACT_MAP_COMPONENTS;
  return GST_ACT_MAP_COMPONENTS | GST_ACT_MAP_CLUSTERS;
}

static gboolean
gst_act_cuda_upload_set_caps (
    GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstActCudaUpload *self = GST_ACT_CUDA_UPLOAD (trans);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) info = NULL;

  if (!gst_act_cuda_user_check_output (&self->cuda, outcaps))
    return FALSE;
  info = gst_act_info_new_from_caps (incaps, &error);
  if (info == NULL)
    return gst_act_cuda_user_refuse (&self->cuda, incaps, error->message);
  g_clear_pointer (&self->info, gst_act_info_unref);
  self->info = g_steal_pointer (&info);
  self->parts = parts_of (incaps);
  gst_base_transform_set_passthrough (
      trans, gst_act_cuda_caps_are_on_device (incaps));
  return TRUE;
}

static GstFlowReturn
gst_act_cuda_upload_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  if (gst_base_transform_is_passthrough (trans))
    *output = input;
  else if (gst_act_batch_meta_get (input) == NULL)
    *output = gst_buffer_new (); /* transform says what is missing */
  else
    *output = gst_act_buffer_copy_without (input, (1u << GST_ACT_N_BLOCKS) - 1);
  return GST_FLOW_OK;
}

/* bytes of each block that are in use, 0: there is none */
static void
measure (const GstActBatch *batch, gsize sizes[GST_ACT_N_BLOCKS])
{
  memset (sizes, 0, GST_ACT_N_BLOCKS * sizeof sizes[0]);
  if (batch->tokens != NULL)
    sizes[GST_ACT_BLOCK_TOKENS] = batch->n_positions * sizeof (gint32);
  if (batch->component_indptr != NULL) {
    sizes[GST_ACT_BLOCK_COMPONENT_INDPTR] =
        (batch->n_positions + 1) * sizeof (gint64);
    sizes[GST_ACT_BLOCK_COMPONENT_INDICES] =
        MAX (batch->n_component_values, 1) * sizeof (gint32);
  }
  if (batch->component_values != NULL)
    sizes[GST_ACT_BLOCK_COMPONENT_VALUES] =
        MAX (batch->n_component_values, 1) * sizeof (gfloat);
  if (batch->cluster_indptr != NULL) {
    sizes[GST_ACT_BLOCK_CLUSTER_INDPTR] =
        (batch->n_positions + 1) * sizeof (gint64);
    sizes[GST_ACT_BLOCK_CLUSTER_INDICES] =
        MAX (batch->n_cluster_values, 1) * sizeof (gint32);
    sizes[GST_ACT_BLOCK_CLUSTER_VALUES] =
        MAX (batch->n_cluster_values, 1) * sizeof (gfloat);
  }
}

static GstMemory *
upload_block (
    GstActCudaUpload *self, const GstMapInfo *from, gsize size, GError **error)
{
  GstMemory *memory = gst_act_cuda_memory_new (
      self->cuda.allocator, GST_ACT_CUDA_STREAM_UPLOAD, size, error);

  /* the last element of an empty block is nobody's */
  if (memory != NULL
      && !gst_act_cuda_memory_fill (
          memory, from->data, MIN (size, from->size), error))
    g_clear_pointer (&memory, gst_memory_unref);
  return memory;
}

static gboolean
upload (GstActCudaUpload *self, const GstActBatch *batch, GstBuffer *output,
    GError **error)
{
  gsize sizes[GST_ACT_N_BLOCKS];

  measure (batch, sizes);
  for (guint i = 0; i < GST_ACT_N_BLOCKS; i++) {
    GstMemory *memory;

    if (sizes[i] == 0)
      continue;
    memory = upload_block (self, &batch->maps[i], sizes[i], error);
    if (memory == NULL || !gst_act_buffer_set_block (output, i, memory, error))
      return FALSE;
  }
  if (batch->component_indptr != NULL)
    gst_act_cuda_csr_set_checked (output, GST_ACT_BLOCK_COMPONENT_INDPTR,
        batch->n_positions, batch->n_components);
  return TRUE;
}

static GstFlowReturn
gst_act_cuda_upload_transform (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer *output)
{
  GstActCudaUpload *self = GST_ACT_CUDA_UPLOAD (trans);
  GstActBatchMeta *meta = gst_act_batch_meta_get (input);
  GstActMapFlags parts = self->parts;
  GError *error = NULL;
  GstActBatch batch;
  gboolean done;

  if (gst_act_cuda_user_wait (&self->cuda, self->run_budget) != GST_FLOW_OK)
    return GST_FLOW_FLUSHING;
  if (meta != NULL && meta->block[GST_ACT_BLOCK_TOKENS] >= 0)
    parts |= GST_ACT_MAP_TOKENS;
  done = gst_act_batch_map (&batch, input, self->info, parts, &error);
  if (done) {
    /* elsewhere it would take a kernel, and one more to say where it is */
    done = ((parts & GST_ACT_MAP_COMPONENTS) == 0
               || gst_act_batch_check_finite (&batch, self->info, &error))
        && upload (self, &batch, output, &error);
    gst_act_batch_unmap (&batch);
  }
  return done ? GST_FLOW_OK
              : gst_act_cuda_user_fail (&self->cuda, input, error);
}

static void
gst_act_cuda_upload_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActCudaUpload *self = GST_ACT_CUDA_UPLOAD (object);

  switch (id) {
  case PROP_CUDA_DEVICE_ID:
    gst_act_cuda_user_set_device_id (&self->cuda, g_value_get_int (value));
    break;
  case PROP_MEMORY_BUDGET:
    GST_OBJECT_LOCK (self);
    self->budget = g_value_get_uint64 (value);
    GST_OBJECT_UNLOCK (self);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_cuda_upload_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActCudaUpload *self = GST_ACT_CUDA_UPLOAD (object);

  switch (id) {
  case PROP_CUDA_DEVICE_ID:
    g_value_set_int (value, gst_act_cuda_user_get_device_id (&self->cuda));
    break;
  case PROP_MEMORY_BUDGET:
    GST_OBJECT_LOCK (self);
    g_value_set_uint64 (value, self->budget);
    GST_OBJECT_UNLOCK (self);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_cuda_upload_finalize (GObject *object)
{
  gst_act_cuda_user_finalize (&GST_ACT_CUDA_UPLOAD (object)->cuda);
  G_OBJECT_CLASS (gst_act_cuda_upload_parent_class)->finalize (object);
}

static void
gst_act_cuda_upload_class_init (GstActCudaUploadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_cuda_upload_set_property;
  object_class->get_property = gst_act_cuda_upload_get_property;
  object_class->finalize = gst_act_cuda_upload_finalize;
  gst_act_cuda_user_class_init (klass, PROP_CUDA_DEVICE_ID);
  gst_act_cuda_install_budget (object_class, PROP_MEMORY_BUDGET);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "CUDA upload",
      "Filter/Activations", "Copies batches to the memory of a CUDA device",
      "The gst-activations authors");

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_cuda_upload_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_cuda_upload_stop);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_upload_transform_caps);
  trans_class->fixate_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_upload_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_cuda_upload_set_caps);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_cuda_upload_prepare_output_buffer);
  trans_class->transform = GST_DEBUG_FUNCPTR (gst_act_cuda_upload_transform);
}

static void
gst_act_cuda_upload_init (GstActCudaUpload *self)
{
  gst_act_cuda_user_init (&self->cuda, self, gst_act_cuda_upload_parent_class);
}
