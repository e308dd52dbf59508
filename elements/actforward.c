/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-actforward
 * @short_description: runs a decomposed model on tokens
 *
 * Runs a transformer and, for each of its decomposed modules, the causal
 * importance function on what the module is given: how much each component
 * matters at each position. Logits are not computed, nor is anything else
 * that the chosen modules do not need.
 *
 * Sink: token ids, int32 [n_samples, sequence_length].
 * Src: the tokens, and component activations float32
 * [n_samples * sequence_length, n_components], with most sigmoids 0..1 and
 * mostly zero: CSR, or dense if downstream asks for that. Columns are all
 * modules of the model in the order of its config.json.
 *
 * #GstActForward:model is a folder with config.json and model.safetensors
 * (docs/forward.md says what they hold). With #GstActForward:modules only some
 * modules are computed; the others keep their columns, marked as dead.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 acttextsrc location=/usr/share/common-licenses/GPL-3 !
 * acttokenize tokenizer=samples/licences-model/tokenizer.json n-ctx=128
 * batch-size=8 ! actforward model=samples/licences-model modules="h.1.*" !
 * fakesink
 * ]|
 */

#include "config.h"

#include "elements/actforward.h"

#include <gst/activations/activations.h>

#include "gst/shared/forwardmodel.h"
#include "model/forward.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actforward_debug);
#define GST_CAT_DEFAULT gst_actforward_debug

enum { PROP_THREADS = ACT_FORWARD_N_PROPS, PROP_WORKER_CPU_TIME };

struct _GstActForward {
  GstBaseTransform parent;

  /* properties, under the object lock */
  ActForwardSettings settings;
  guint n_threads;
  guint64 worker_cpu_time;

  /* from start to stop; the model under the object lock, as a caps query may
   * come from any thread */
  ActForwardModel model;
  ActForward *forward;

  GstActInfo *in_info;
  GstActLayout layout;
  gboolean refused; /* caps, and said so: they may come again with events */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_TOKENS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_COMPONENTS_CAPS));

G_DEFINE_TYPE (GstActForward, gst_act_forward, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    actforward, "actforward", GST_RANK_NONE, GST_TYPE_ACT_FORWARD)

static void
gst_act_forward_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActForward *self = GST_ACT_FORWARD (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_THREADS:
    self->n_threads = g_value_get_uint (value);
    break;
  default:
    if (!act_forward_settings_set (&self->settings, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_act_forward_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActForward *self = GST_ACT_FORWARD (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_THREADS:
    g_value_set_uint (value, self->n_threads);
    break;
  case PROP_WORKER_CPU_TIME:
    g_value_set_uint64 (value, self->worker_cpu_time);
    break;
  default:
    if (!act_forward_settings_get (&self->settings, id, value))
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_act_forward_finalize (GObject *object)
{
  act_forward_settings_clear (&GST_ACT_FORWARD (object)->settings);
  G_OBJECT_CLASS (gst_act_forward_parent_class)->finalize (object);
}

static gboolean
gst_act_forward_load (GstActForward *self, const ActForwardSettings *settings,
    guint n_threads, GError **error)
{
  ActForwardModel model = { NULL };

  if (!act_forward_model_load (&model, settings, error))
    return FALSE;
  self->forward =
      act_forward_new (model.model, model.selected, n_threads, error);
  if (self->forward == NULL) {
    act_forward_model_clear (&model);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->model = model;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_act_forward_start (GstBaseTransform *trans)
{
  GstActForward *self = GST_ACT_FORWARD (trans);
  g_auto (ActForwardSettings) settings = { NULL };
  g_autoptr (GError) error = NULL;
  guint n_threads;

  GST_OBJECT_LOCK (self);
  act_forward_settings_copy (&settings, &self->settings);
  n_threads = self->n_threads;
  self->worker_cpu_time = 0;
  GST_OBJECT_UNLOCK (self);

  if (!gst_act_forward_load (self, &settings, n_threads, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "%s, %u components of %u modules, %u threads, %s",
      act_model_get_architecture (self->model.model),
      act_model_get_n_components (self->model.model),
      act_model_get_n_modules (self->model.model),
      act_forward_get_n_threads (self->forward), act_forward_kernel_name ());
  return TRUE;
}

static gboolean
gst_act_forward_stop (GstBaseTransform *trans)
{
  GstActForward *self = GST_ACT_FORWARD (trans);

  g_clear_pointer (&self->forward, act_forward_free);
  g_clear_pointer (&self->in_info, gst_act_info_unref);
  self->refused = FALSE;
  GST_OBJECT_LOCK (self);
  act_forward_model_clear (&self->model);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* how long samples may be, for those who cut them */
static gboolean
gst_act_forward_query (
    GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  GstActForward *self = GST_ACT_FORWARD (trans);
  gboolean answered = FALSE;

  if (direction == GST_PAD_SINK) {
    GST_OBJECT_LOCK (self);
    answered = act_forward_model_answer (&self->model, query);
    GST_OBJECT_UNLOCK (self);
  }
  return answered
      || GST_BASE_TRANSFORM_CLASS (gst_act_forward_parent_class)
             ->query (trans, direction, query);
}

static GstCaps *
gst_act_forward_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstActForward *self = GST_ACT_FORWARD (trans);
  GstCaps *out;

  GST_OBJECT_LOCK (self);
  out = act_forward_model_transform_caps (&self->model, caps, direction);
  GST_OBJECT_UNLOCK (self);
  if (filter != NULL) {
    GstCaps *both =
        gst_caps_intersect_full (filter, out, GST_CAPS_INTERSECT_FIRST);

    gst_caps_unref (out);
    out = both;
  }
  return out;
}

static GstCaps *
gst_act_forward_fixate_caps (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, GstCaps *other)
{
  return act_forward_fixate_caps (other, direction);
}

static gboolean
gst_act_forward_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstActForward *self = GST_ACT_FORWARD (trans);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) in = gst_act_info_new_from_caps (in_caps, &error);
  g_autoptr (GstActInfo) out = NULL;

  if (in != NULL && act_forward_model_check_tokens (&self->model, in, &error))
    out = gst_act_info_new_from_caps (out_caps, &error);
  if (out == NULL) {
    if (!self->refused)
      gst_act_element_post_error (GST_ELEMENT (self), error);
    self->refused = TRUE;
    return FALSE;
  }
  self->refused = FALSE;
  self->layout = out->layout;
  g_clear_pointer (&self->in_info, gst_act_info_unref);
  self->in_info = g_steal_pointer (&in);
  return TRUE;
}

static gboolean
gst_act_forward_decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  return TRUE; /* blocks are appended, no pool fits */
}

static GstFlowReturn
gst_act_forward_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *in, GstBuffer **out)
{
  *out = gst_buffer_is_writable (in) ? in : gst_buffer_copy (in);
  return GST_FLOW_OK;
}

static gboolean
gst_act_forward_add_dense (GstActForward *self, GstBuffer *buffer,
    const GstActBatch *batch, GError **error)
{
  gsize n_columns = act_model_get_n_components (self->model.model), size;
  GstMemory *memory;
  gpointer values;

  if (!g_size_checked_mul (&size, batch->n_positions, n_columns)
      || size > G_MAXSSIZE / sizeof (gfloat)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "%" G_GSIZE_FORMAT " positions of %" G_GSIZE_FORMAT
        " components do not fit dense",
        batch->n_positions, n_columns);
    return FALSE;
  }
  memory = gst_act_memory_new (size * sizeof (gfloat), &values);
  if (!act_forward_run_dense (self->forward, batch->tokens, batch->n_samples,
          batch->sequence_length, values, error)) {
    gst_memory_unref (memory);
    return FALSE;
  }
  return gst_act_buffer_set_block (
      buffer, GST_ACT_BLOCK_COMPONENT_VALUES, memory, error);
}

static gboolean
gst_act_forward_add_csr (GstActForward *self, GstBuffer *buffer,
    const GstActBatch *batch, GError **error)
{
  GstMemory *memories[3];
  gpointer data[3];
  gsize n;

  if (!act_forward_run_csr (self->forward, batch->tokens, batch->n_samples,
          batch->sequence_length, &n, error))
    return FALSE;
  memories[0] =
      gst_act_memory_new ((batch->n_positions + 1) * sizeof (gint64), &data[0]);
  memories[1] = gst_act_memory_new (n * sizeof (gint32), &data[1]);
  memories[2] = gst_act_memory_new (n * sizeof (gfloat), &data[2]);
  act_forward_store_csr (self->forward, data[0], data[1], data[2]);
  return gst_act_buffer_set_csr (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
      memories[0], memories[1], memories[2], n, error);
}

static gboolean
gst_act_forward_add_components (
    GstActForward *self, GstBuffer *buffer, GError **error)
{
  GstActBatch batch;
  guint64 index;
  gboolean ok;

  if (!gst_act_batch_map (
          &batch, buffer, self->in_info, GST_ACT_MAP_TOKENS, error))
    return FALSE;
  index = batch.batch_index;
  ok = self->layout == GST_ACT_LAYOUT_CSR
      ? gst_act_forward_add_csr (self, buffer, &batch, error)
      : gst_act_forward_add_dense (self, buffer, &batch, error);
  gst_act_batch_unmap (&batch);
  GST_OBJECT_LOCK (self);
  self->worker_cpu_time = act_forward_get_worker_cpu_ns (self->forward);
  GST_OBJECT_UNLOCK (self);
  if (!ok)
    g_prefix_error (error, "batch %" G_GUINT64_FORMAT ", ", index);
  return ok;
}

static GstFlowReturn
gst_act_forward_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstActForward *self = GST_ACT_FORWARD (trans);
  g_autoptr (GError) error = NULL;

  if (self->in_info == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_act_forward_add_components (self, buffer, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  if (self->model.alive != NULL)
    gst_act_batch_meta_set_alive (
        gst_act_batch_meta_get (buffer), self->model.alive);
  return GST_FLOW_OK;
}

static void
gst_act_forward_install_properties (GObjectClass *object_class)
{
  act_forward_install_properties (object_class);
  g_object_class_install_property (object_class, PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Number of threads that compute; 0: one for each processor. Results "
          "do not depend on it",
          0, ACT_FORWARD_MAX_THREADS, 0,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (object_class, PROP_WORKER_CPU_TIME,
      g_param_spec_uint64 ("worker-cpu-time", "Worker CPU time",
          "Processor time that this element's own threads have used in this "
          "run, in nanoseconds; the thread that brings the batches is not one "
          "of them",
          0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_act_forward_class_init (GstActForwardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_forward_set_property;
  object_class->get_property = gst_act_forward_get_property;
  object_class->finalize = gst_act_forward_finalize;
  gst_act_forward_install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "Model forward pass",
      "Filter/Analyzer",
      "Runs a decomposed transformer on tokens: how much each of its "
      "components matters at each position",
      "The gst-activations authors");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_forward_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_forward_stop);
  trans_class->query = GST_DEBUG_FUNCPTR (gst_act_forward_query);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_forward_transform_caps);
  trans_class->fixate_caps = GST_DEBUG_FUNCPTR (gst_act_forward_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_forward_set_caps);
  trans_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_act_forward_decide_allocation);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_forward_prepare_output_buffer);
  trans_class->transform_ip = GST_DEBUG_FUNCPTR (gst_act_forward_transform_ip);
}

static void
gst_act_forward_init (GstActForward *self)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
