/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cudaactdownload
 * @short_description: brings batches from a CUDA device to the computer
 *
 * Sink: tokens, component or cluster activations in the memory of a device.
 * What is in the computer's memory goes through as it is.
 * Src: the same in the computer's memory.
 *
 * A block is downloaded once, whoever else reads it, and only the bytes that
 * are used. `actstore` needs no download before it: it takes batches as they
 * are.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! cudaactupload !
 * cudaactdeadfilter threshold=0.01 ! cudaactdownload ! fakesink
 * ]|
 */

#include "config.h"

#include "gpu/gst/cudaactdownload.h"

#include <gst/activations/activations.h>

#include "gpu/gst/gstactcudauser.h"

struct _GstActCudaDownload {
  GstBaseTransform parent_instance;

  GstActCudaUser cuda;
};

enum { PROP_CUDA_DEVICE_ID = 1 };

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_CUDA_TOKENS_CAPS
            "; " GST_ACT_CUDA_COMPONENTS_CAPS "; " GST_ACT_CUDA_CLUSTERS_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_TOKENS_CAPS "; " GST_ACT_COMPONENTS_CAPS
                                             "; " GST_ACT_CLUSTERS_CAPS));

G_DEFINE_FINAL_TYPE (
    GstActCudaDownload, gst_act_cuda_download, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (cudaactdownload, "cudaactdownload", GST_RANK_NONE,
    GST_TYPE_ACT_CUDA_DOWNLOAD)

static GstCaps *
gst_act_cuda_download_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstCaps *out = gst_act_cuda_caps_in_both (gst_caps_ref (caps));

  if (direction == GST_PAD_SINK)
    out = gst_act_cuda_caps_on_host (out);
  return gst_act_cuda_caps_filtered (out, filter);
}

static gboolean
gst_act_cuda_download_set_caps (
    GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  gst_base_transform_set_passthrough (
      trans, !gst_act_cuda_caps_are_on_device (incaps));
  return TRUE;
}

/* the blocks that are on a device: bit 1 << block each */
static guint
device_blocks (GstBuffer *buffer)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  guint blocks = 0;

  for (guint i = 0; i < GST_ACT_N_BLOCKS; i++) {
    if (meta->block[i] >= 0
        && (guint) meta->block[i] < gst_buffer_n_memory (buffer)
        && gst_is_act_cuda_memory (
            gst_buffer_peek_memory (buffer, (guint) meta->block[i])))
      blocks |= 1u << i;
  }
  return blocks;
}

/* A copy of the buffer without them keeps none of the device's memory. */
static GstFlowReturn
gst_act_cuda_download_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  if (gst_base_transform_is_passthrough (trans))
    *output = input;
  else if (gst_act_batch_meta_get (input) == NULL)
    *output = gst_buffer_new ();
  else
    *output = gst_act_buffer_copy_without (input, device_blocks (input));
  return GST_FLOW_OK;
}

static gboolean
download (GstBuffer *input, GstBuffer *output, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (input);
  guint blocks;

  if (meta == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the buffer has no GstActBatchMeta: it is no batch");
    return FALSE;
  }
  blocks = device_blocks (input);
  for (guint i = 0; i < GST_ACT_N_BLOCKS; i++) {
    GstMemory *memory;

    if ((blocks & 1u << i) == 0)
      continue;
    memory = gst_act_cuda_memory_to_host (
        gst_buffer_peek_memory (input, (guint) meta->block[i]), error);
    if (memory == NULL || !gst_act_buffer_set_block (output, i, memory, error))
      return FALSE;
  }
  return TRUE;
}

static GstFlowReturn
gst_act_cuda_download_transform (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer *output)
{
  GstActCudaDownload *self = GST_ACT_CUDA_DOWNLOAD (trans);
  GError *error = NULL;

  return download (input, output, &error)
      ? GST_FLOW_OK
      : gst_act_cuda_user_fail (&self->cuda, input, error);
}

static void
gst_act_cuda_download_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_CUDA_DEVICE_ID)
    gst_act_cuda_user_set_device_id (
        &GST_ACT_CUDA_DOWNLOAD (object)->cuda, g_value_get_int (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_cuda_download_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_CUDA_DEVICE_ID)
    g_value_set_int (value,
        gst_act_cuda_user_get_device_id (
            &GST_ACT_CUDA_DOWNLOAD (object)->cuda));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_cuda_download_finalize (GObject *object)
{
  gst_act_cuda_user_finalize (&GST_ACT_CUDA_DOWNLOAD (object)->cuda);
  G_OBJECT_CLASS (gst_act_cuda_download_parent_class)->finalize (object);
}

static void
gst_act_cuda_download_class_init (GstActCudaDownloadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_cuda_download_set_property;
  object_class->get_property = gst_act_cuda_download_get_property;
  object_class->finalize = gst_act_cuda_download_finalize;
  gst_act_cuda_user_class_init (klass, PROP_CUDA_DEVICE_ID);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "CUDA download",
      "Filter/Activations", "Copies batches from the memory of a CUDA device",
      "The gst-activations authors");

  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_download_transform_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_cuda_download_set_caps);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_cuda_download_prepare_output_buffer);
  trans_class->transform = GST_DEBUG_FUNCPTR (gst_act_cuda_download_transform);
}

static void
gst_act_cuda_download_init (GstActCudaDownload *self)
{
  gst_act_cuda_user_init (
      &self->cuda, self, gst_act_cuda_download_parent_class);
}
