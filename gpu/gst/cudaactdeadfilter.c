/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cudaactdeadfilter
 * @short_description: leaves out components that stay below a threshold, on a
 * CUDA device
 *
 * Does what `actdeadfilter` does, with the same bits.
 *
 * Sink: float32 component activations (n_positions, n_components) in the
 * memory of a CUDA device, dense or CSR, all finite.
 * Src: the same, by default in CSR.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! cudaactupload !
 * cudaactdeadfilter threshold=0.01 ! cudaactdownload ! fakesink
 * ]|
 */

#include "config.h"

#include "gpu/gst/cudaactdeadfilter.h"

#include "gpu/gst/cudafilter.h"
#include "gst/shared/deadfilter.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

struct _GstActCudaDeadFilter {
  GstBaseTransform parent_instance;

  GstActCudaUser cuda;
  ActFilterSettings settings;

  /* between start and stop */
  GstActInfo *info;
  GstActLayout out_layout;
  ActCudaFilter filter;
};

enum { PROP_CUDA_DEVICE_ID = ACT_FILTER_N_PROPS };

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_CUDA_COMPONENTS_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_CUDA_COMPONENTS_CAPS));

G_DEFINE_FINAL_TYPE (
    GstActCudaDeadFilter, gst_act_cuda_dead_filter, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (cudaactdeadfilter, "cudaactdeadfilter",
    GST_RANK_NONE, GST_TYPE_ACT_CUDA_DEAD_FILTER)

static GstCaps *
gst_act_cuda_dead_filter_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstActCudaDeadFilter *self = GST_ACT_CUDA_DEAD_FILTER (trans);

  return gst_act_cuda_caps_filtered (
      gst_act_cuda_caps_in_both (
          act_filter_transform_caps (&self->settings, caps, direction)),
      filter);
}

static GstCaps *
gst_act_cuda_dead_filter_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *other)
{
  return gst_caps_fixate (gst_act_cuda_caps_prefer_device (other));
}

static gboolean
gst_act_cuda_dead_filter_set_caps (
    GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstActCudaDeadFilter *self = GST_ACT_CUDA_DEAD_FILTER (trans);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) in = NULL, out = NULL;

  if (!gst_act_cuda_user_check_links (&self->cuda, incaps, outcaps))
    return FALSE;
  in = gst_act_info_new_from_caps (incaps, &error);
  out = in != NULL ? gst_act_info_new_from_caps (outcaps, &error) : NULL;
  if (out == NULL)
    return gst_act_cuda_user_refuse (&self->cuda, incaps, error->message);
  self->out_layout = out->layout;
  g_clear_pointer (&self->info, gst_act_info_unref);
  self->info = g_steal_pointer (&in);
  return TRUE;
}

static GstFlowReturn
gst_act_cuda_dead_filter_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  if (gst_act_batch_meta_get (input) == NULL)
    *output = gst_buffer_new (); /* transform says what is missing */
  else
    *output = gst_act_buffer_copy_without (input, ACT_FILTER_BLOCKS);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_act_cuda_dead_filter_transform (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer *output)
{
  GstActCudaDeadFilter *self = GST_ACT_CUDA_DEAD_FILTER (trans);
  GError *error = NULL;

  return act_cuda_filter_run (&self->filter, &self->cuda, self->info,
             (gfloat) self->settings.run_threshold, self->out_layout, input,
             output, &error)
      ? GST_FLOW_OK
      : gst_act_cuda_user_fail (&self->cuda, input, error);
}

static gboolean
gst_act_cuda_dead_filter_start (GstBaseTransform *trans)
{
  act_filter_settings_start (&GST_ACT_CUDA_DEAD_FILTER (trans)->settings);
  return TRUE;
}

static gboolean
gst_act_cuda_dead_filter_stop (GstBaseTransform *trans)
{
  GstActCudaDeadFilter *self = GST_ACT_CUDA_DEAD_FILTER (trans);

  self->settings.running = FALSE;
  g_clear_pointer (&self->info, gst_act_info_unref);
  act_cuda_filter_clear (&self->filter);
  return TRUE;
}

static void
gst_act_cuda_dead_filter_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActCudaDeadFilter *self = GST_ACT_CUDA_DEAD_FILTER (object);

  if (id == PROP_CUDA_DEVICE_ID)
    gst_act_cuda_user_set_device_id (&self->cuda, g_value_get_int (value));
  else if (!act_filter_settings_set (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_cuda_dead_filter_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActCudaDeadFilter *self = GST_ACT_CUDA_DEAD_FILTER (object);

  if (id == PROP_CUDA_DEVICE_ID)
    g_value_set_int (value, gst_act_cuda_user_get_device_id (&self->cuda));
  else if (!act_filter_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_cuda_dead_filter_finalize (GObject *object)
{
  gst_act_cuda_dead_filter_stop (GST_BASE_TRANSFORM (object));
  gst_act_cuda_user_finalize (&GST_ACT_CUDA_DEAD_FILTER (object)->cuda);
  G_OBJECT_CLASS (gst_act_cuda_dead_filter_parent_class)->finalize (object);
}

static void
gst_act_cuda_dead_filter_class_init (GstActCudaDeadFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_cuda_dead_filter_set_property;
  object_class->get_property = gst_act_cuda_dead_filter_get_property;
  object_class->finalize = gst_act_cuda_dead_filter_finalize;
  gst_act_cuda_user_class_init (klass, PROP_CUDA_DEVICE_ID);
  act_filter_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "CUDA dead-component filter", "Filter/Activations",
      "Leaves out the components whose activations stay below a threshold in "
      "a batch, on a CUDA device",
      "The gst-activations authors");

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_stop);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_transform_caps);
  trans_class->fixate_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_set_caps);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_prepare_output_buffer);
  trans_class->transform =
      GST_DEBUG_FUNCPTR (gst_act_cuda_dead_filter_transform);
}

static void
gst_act_cuda_dead_filter_init (GstActCudaDeadFilter *self)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), FALSE);
  gst_act_cuda_user_init (
      &self->cuda, self, gst_act_cuda_dead_filter_parent_class);
}
