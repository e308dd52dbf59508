/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cudaactforward
 * @short_description: runs a decomposed model on tokens, on a CUDA device
 *
 * Does what `actforward` does, for the same models. Weights go to the device
 * once; what a batch needs there grows with the largest module, not with their
 * number.
 *
 * Sink: token ids, int32 [n_samples, sequence_length], in the memory of a CUDA
 * device.
 * Src: the tokens, and component activations float32
 * [n_samples * sequence_length, n_components] on the device: CSR, or dense if
 * downstream asks for that.
 *
 * #GstActCudaForward:precision is float32 throughout unless it says otherwise.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 acttextsrc location=/usr/share/common-licenses/GPL-3 !
 * acttokenize tokenizer=samples/licences-model/tokenizer.json n-ctx=128
 * batch-size=8 ! cudaactupload ! cudaactforward model=samples/licences-model !
 * cudaactdownload ! fakesink
 * ]|
 */

#include "config.h"

#include "gpu/gst/cudaactforward.h"

#include "gpu/gst/cudaforward.h"
#include "gst/shared/forwardmodel.h"
#include "model/precision.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actcuda_debug);
#define GST_CAT_DEFAULT gst_actcuda_debug

struct _GstActCudaForward {
  GstBaseTransform parent;

  GstActCudaUser cuda;

  /* properties, under the object lock */
  ActForwardSettings settings;
  ActGpuPrecision precision;

  /* from start to stop; the model under the object lock, as a caps query may
   * come from any thread */
  ActForwardModel model;
  ActCudaForward forward;

  GstActInfo *in_info;
  GstActLayout layout;
};

enum { PROP_CUDA_DEVICE_ID = ACT_FORWARD_N_PROPS, PROP_PRECISION };

static const GEnumValue precisions[] = {
  { ACT_GPU_PRECISION_FP32, "float32 throughout", "fp32" },
  { ACT_GPU_PRECISION_TF32, "Matrix products in TF32", "tf32" },
  { ACT_GPU_PRECISION_BF16, "Matrix products of bfloat16, sums in float32",
      "bf16" },
  { 0, NULL, NULL },
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_CUDA_TOKENS_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_CUDA_COMPONENTS_CAPS));

G_DEFINE_FINAL_TYPE (
    GstActCudaForward, gst_act_cuda_forward, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    cudaactforward, "cudaactforward", GST_RANK_NONE, GST_TYPE_ACT_CUDA_FORWARD)

#define GST_TYPE_ACT_CUDA_PRECISION (gst_act_cuda_precision_get_type ())
static GType
gst_act_cuda_precision_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActCudaPrecision", precisions));
  return type;
}

static gboolean
gst_act_cuda_forward_load (GstActCudaForward *self,
    const ActForwardSettings *settings, ActGpuPrecision precision,
    GError **error)
{
  ActForwardModel model = { NULL };
  g_autofree gchar *plain = NULL;

  if (!act_forward_model_load (&model, settings, error))
    return FALSE;
  plain = model.fingerprint;
  model.fingerprint =
      act_model_fingerprint_rounded (plain, precisions[precision].value_nick);
  if (!act_cuda_forward_open (&self->forward, &self->cuda, model.model,
          model.selected, precision, error)) {
    act_forward_model_clear (&model);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->model = model;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_act_cuda_forward_start (GstBaseTransform *trans)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (trans);
  g_auto (ActForwardSettings) settings = { NULL };
  g_autoptr (GError) error = NULL;
  ActGpuPrecision precision;

  GST_OBJECT_LOCK (self);
  act_forward_settings_copy (&settings, &self->settings);
  precision = self->precision;
  GST_OBJECT_UNLOCK (self);

  if (!gst_act_cuda_forward_load (self, &settings, precision, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "%s, %u components of %u modules, %s",
      act_model_get_architecture (self->model.model),
      act_model_get_n_components (self->model.model),
      act_model_get_n_modules (self->model.model),
      precisions[precision].value_nick);
  return TRUE;
}

static gboolean
gst_act_cuda_forward_stop (GstBaseTransform *trans)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (trans);

  act_cuda_forward_close (&self->forward);
  g_clear_pointer (&self->in_info, gst_act_info_unref);
  GST_OBJECT_LOCK (self);
  act_forward_model_clear (&self->model);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* how long samples may be, for those who cut them */
static gboolean
gst_act_cuda_forward_query (
    GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (trans);
  gboolean answered = FALSE;

  if (direction == GST_PAD_SINK) {
    GST_OBJECT_LOCK (self);
    answered = act_forward_model_answer (&self->model, query);
    GST_OBJECT_UNLOCK (self);
  }
  return answered || gst_act_cuda_user_query (trans, direction, query);
}

static GstCaps *
gst_act_cuda_forward_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (trans);
  GstCaps *out;

  GST_OBJECT_LOCK (self);
  out = act_forward_model_transform_caps (&self->model, caps, direction);
  GST_OBJECT_UNLOCK (self);
  return gst_act_cuda_caps_filtered (gst_act_cuda_caps_in_both (out), filter);
}

static GstCaps *
gst_act_cuda_forward_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *other)
{
  return act_forward_fixate_caps (
      gst_act_cuda_caps_prefer_device (other), direction);
}

static gboolean
gst_act_cuda_forward_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (trans);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) in = NULL, out = NULL;

  if (!gst_act_cuda_user_check_links (&self->cuda, in_caps, out_caps))
    return FALSE;
  in = gst_act_info_new_from_caps (in_caps, &error);
  if (in != NULL && act_forward_model_check_tokens (&self->model, in, &error))
    out = gst_act_info_new_from_caps (out_caps, &error);
  if (out == NULL)
    return gst_act_cuda_user_refuse (&self->cuda, in_caps, error->message);
  self->layout = out->layout;
  g_clear_pointer (&self->in_info, gst_act_info_unref);
  self->in_info = g_steal_pointer (&in);
  return TRUE;
}

static GstFlowReturn
gst_act_cuda_forward_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *in, GstBuffer **out)
{
  *out = gst_buffer_is_writable (in) ? in : gst_buffer_copy (in);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_act_cuda_forward_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (trans);
  GError *error = NULL;

  if (self->in_info == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!act_cuda_forward_run (
          &self->forward, self->in_info, self->layout, buffer, &error))
    return gst_act_cuda_user_fail (&self->cuda, buffer, error);
  if (self->model.alive != NULL)
    gst_act_batch_meta_set_alive (
        gst_act_batch_meta_get (buffer), self->model.alive);
  return GST_FLOW_OK;
}

static void
gst_act_cuda_forward_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (object);

  if (id == PROP_CUDA_DEVICE_ID) {
    gst_act_cuda_user_set_device_id (&self->cuda, g_value_get_int (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_PRECISION:
    self->precision = (ActGpuPrecision) g_value_get_enum (value);
    break;
  default:
    if (!act_forward_settings_set (&self->settings, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_act_cuda_forward_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (object);

  if (id == PROP_CUDA_DEVICE_ID) {
    g_value_set_int (value, gst_act_cuda_user_get_device_id (&self->cuda));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_PRECISION:
    g_value_set_enum (value, (gint) self->precision);
    break;
  default:
    if (!act_forward_settings_get (&self->settings, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_act_cuda_forward_finalize (GObject *object)
{
  GstActCudaForward *self = GST_ACT_CUDA_FORWARD (object);

  act_forward_settings_clear (&self->settings);
  gst_act_cuda_user_finalize (&self->cuda);
  G_OBJECT_CLASS (gst_act_cuda_forward_parent_class)->finalize (object);
}

static void
gst_act_cuda_forward_install_properties (GObjectClass *object_class)
{
  act_forward_install_properties (object_class);
  g_object_class_install_property (object_class, PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Of matrix products; all else is float32",
          GST_TYPE_ACT_CUDA_PRECISION, ACT_GPU_PRECISION_FP32,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_CUDA_PRECISION, 0);
}

static void
gst_act_cuda_forward_class_init (GstActCudaForwardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_cuda_forward_set_property;
  object_class->get_property = gst_act_cuda_forward_get_property;
  object_class->finalize = gst_act_cuda_forward_finalize;
  gst_act_cuda_user_class_init (klass, PROP_CUDA_DEVICE_ID);
  gst_act_cuda_forward_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "CUDA model forward pass", "Filter/Analyzer",
      "Runs a decomposed transformer on tokens on a CUDA device: how much each "
      "of its components matters at each position",
      "The gst-activations authors");

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_cuda_forward_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_cuda_forward_stop);
  trans_class->query = GST_DEBUG_FUNCPTR (gst_act_cuda_forward_query);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_forward_transform_caps);
  trans_class->fixate_caps =
      GST_DEBUG_FUNCPTR (gst_act_cuda_forward_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_cuda_forward_set_caps);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_cuda_forward_prepare_output_buffer);
  trans_class->transform_ip =
      GST_DEBUG_FUNCPTR (gst_act_cuda_forward_transform_ip);
}

static void
gst_act_cuda_forward_init (GstActCudaForward *self)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_act_cuda_user_init (&self->cuda, self, gst_act_cuda_forward_parent_class);
  self->cuda.needs_products = TRUE;
  self->cuda.stream = GST_ACT_CUDA_STREAM_MODEL;
}
