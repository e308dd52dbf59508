/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-actdeadfilter
 * @short_description: leaves out components that stay below a threshold
 *
 * A component is dead in a batch if its largest activation there is below the
 * property "threshold" (as float32; signed; equal is alive). Dead components
 * have no activations behind this element and do not count for their clusters;
 * the batch's meta says which are alive. A component may be dead in one batch
 * and alive in the next.
 *
 * Sink: float32 component activations (n_positions, n_components), dense or
 * CSR, all finite.
 * Src: the same, by default in CSR; where they come dense and more than half of
 * them are not 0, so that CSR would be larger, dense. The first batch decides
 * that, and after it two in a row that would rather have the other. The caps
 * have the field "threshold" (a double, the property's value), so that what
 * follows knows what was left out.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdeadfilter
 * threshold=0.01 ! fakesink
 * ]|
 */

#include "config.h"

#include "elements/actdeadfilter.h"

#include <gst/activations/activations.h>

#include <string.h>

#include "elements/csrblocks.h"
#include "elements/filterblocks.h"
#include "gst/shared/deadfilter.h"
#include "sparse/csr.h"
#include "sparse/filter.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actfilter_debug);
#define GST_CAT_DEFAULT gst_actfilter_debug

struct _GstActDeadFilter {
  GstBaseTransform parent_instance;

  ActFilterSettings settings;

  /* between start and stop */
  GstActInfo *info;
  GstActLayout out_layout;
  GstActLayout wanted; /* of the two, if what follows takes both */
  gboolean looked;     /* at a batch, to say so */
  guint n_otherwise;   /* batches in a row that would rather have the other */
  gdouble density;     /* of a dense batch, about */
  gfloat *max;         /* [n_components] of a dense batch's columns */
  guint8 *seen;        /* [2 * n_components] of a CSR's, see filter.h */
  GstActCsrBlocks sparse; /* of a batch that came dense */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_COMPONENTS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_COMPONENTS_CAPS));

G_DEFINE_FINAL_TYPE (
    GstActDeadFilter, gst_act_dead_filter, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    actdeadfilter, "actdeadfilter", GST_RANK_NONE, GST_TYPE_ACT_DEAD_FILTER)

static GstCaps *
gst_act_dead_filter_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);
  GstCaps *out = act_filter_transform_caps (&self->settings, caps, direction);

  if (filter != NULL) {
    GstCaps *all = out;

    out = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (all);
  }
  return out;
}

static GstCaps *
gst_act_dead_filter_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *othercaps)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);

  if (direction == GST_PAD_SINK && !gst_caps_is_empty (othercaps)) {
    othercaps = gst_caps_make_writable (gst_caps_truncate (othercaps));
    gst_structure_fixate_field_string (gst_caps_get_structure (othercaps, 0),
        "layout", gst_act_layout_to_string (self->wanted));
  }
  return gst_caps_fixate (othercaps);
}

static gboolean
gst_act_dead_filter_set_caps (
    GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) in = gst_act_info_new_from_caps (incaps, &error);
  g_autoptr (GstActInfo) out =
      in != NULL ? gst_act_info_new_from_caps (outcaps, &error) : NULL;

  if (out == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  self->out_layout = out->layout;
  self->max = g_renew (gfloat, self->max, in->n_components);
  self->seen = g_renew (guint8, self->seen, 2 * (gsize) in->n_components);
  g_clear_pointer (&self->info, gst_act_info_unref);
  self->info = g_steal_pointer (&in);
  GST_INFO_OBJECT (self, "%u components, %s to %s, kernels: %s",
      self->info->n_components, gst_act_layout_to_string (self->info->layout),
      gst_act_layout_to_string (self->out_layout), act_csr_kernel_name ());
  return TRUE;
}

/* FALSE: not to be had; whoever maps the batch next says why */
static gboolean
estimate_density (GstActDeadFilter *self, GstBuffer *input)
{
  GstActBatch batch;

  if (self->info == NULL || self->info->layout != GST_ACT_LAYOUT_DENSE
      || !gst_act_batch_map (
          &batch, input, self->info, GST_ACT_MAP_COMPONENTS, NULL))
    return FALSE;
  self->density = act_csr_estimate_density (
      batch.component_values, batch.n_positions, batch.n_components);
  gst_act_batch_unmap (&batch);
  return TRUE;
}

/* Chooses the layout before there is an output buffer. New caps take longer
 * than a small batch does: one that is unlike the others changes nothing. */
static void
gst_act_dead_filter_before_transform (GstBaseTransform *trans, GstBuffer *input)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);
  GstActLayout better;

  if (self->settings.layout == ACT_FILTER_LAYOUT_DENSE
      || !estimate_density (self, input)
      || self->settings.layout == ACT_FILTER_LAYOUT_CSR)
    return;
  better = self->density > ACT_CSR_MOST_DENSITY ? GST_ACT_LAYOUT_DENSE
                                                : GST_ACT_LAYOUT_CSR;
  self->n_otherwise = better != self->wanted ? self->n_otherwise + 1 : 0;
  if (self->n_otherwise > (self->looked ? 1 : 0)) {
    self->wanted = better;
    self->n_otherwise = 0;
    gst_base_transform_reconfigure_src (trans);
  }
  self->looked = TRUE;
}

/* What nobody else has, and keeps its layout, is filtered where it is. Else the
 * output has the same other blocks, and the components come in transform. */
static GstFlowReturn
gst_act_dead_filter_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);

  if (gst_act_batch_meta_get (input) == NULL)
    *output = gst_buffer_new (); /* transform says what is missing */
  else if (self->info->layout == self->out_layout
      && gst_buffer_is_writable (input))
    *output = input;
  else
    *output = gst_act_buffer_copy_without (input, ACT_FILTER_BLOCKS);
  return GST_FLOW_OK;
}

/* what a batch's values are like, and which columns are alive */
typedef struct {
  gsize n_nonzero;
  GBytes *marked;        /* NULL: no more are dead than were */
  gboolean drops_values; /* a column has values and is dead */
  gboolean minus_zero;   /* there is one, in a dense batch */
  gboolean in_place;     /* what is left out is still there */
  gboolean own_arrays;   /* the CSR is this element's, for this batch only */
} Verdict;

/* Looks at all values once. */
static gboolean
scan (GstActDeadFilter *self, const GstActBatch *batch, gfloat threshold,
    Verdict *verdict, GError **error)
{
  gboolean finite;

  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    finite = act_filter_scan_dense (batch->component_values, batch->n_positions,
        batch->n_components, threshold > 0.0f ? self->max : NULL,
        &verdict->n_nonzero, &verdict->minus_zero);
  else
    finite = act_filter_scan_csr (batch->n_component_values,
        batch->n_components, batch->component_indices, batch->component_values,
        threshold, threshold > 0.0f ? self->seen : NULL, &verdict->n_nonzero);
  if (!finite)
    gst_act_batch_check_finite (batch, self->info, error);
  return finite;
}

static void
mark_alive (GstActDeadFilter *self, const GstActBatch *batch, gfloat threshold,
    Verdict *verdict)
{
  gsize n = batch->n_components, n_dead;
  g_autofree guint8 *alive = g_malloc (MAX (n, 1));

  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    n_dead = act_filter_mark (n, self->max, threshold, batch->alive, alive);
  else
    n_dead = act_filter_mark_seen (
        n, self->seen, batch->alive, alive, &verdict->drops_values);
  GST_LOG_OBJECT (self,
      "batch %" G_GUINT64_FORMAT ": %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
      " components dead",
      batch->batch_index, n_dead, n);
  if (n_dead > 0)
    verdict->marked = g_bytes_new_take (g_steal_pointer (&alive), n);
}

static gboolean
filter_csr (GstActDeadFilter *self, const GstActBatch *batch, Verdict *verdict,
    const guint8 *alive, GstBuffer *input, GstBuffer *out, GError **error)
{
  /* zeros are never stored: with one among them the CSR is made anew */
  gboolean as_it_is =
      !verdict->drops_values && verdict->n_nonzero == batch->n_component_values;

  if (self->out_layout == GST_ACT_LAYOUT_DENSE)
    return act_filter_add_dense (batch, out, alive, error);
  if (as_it_is && verdict->own_arrays)
    return gst_act_csr_blocks_set (
        &self->sparse, out, GST_ACT_BLOCK_COMPONENT_INDPTR, error);
  if (as_it_is) {
    verdict->in_place = FALSE;
    return input == out || act_filter_share (input, out, error);
  }
  return verdict->in_place
      || act_filter_add_csr (batch, out, alive, verdict->n_nonzero, error);
}

static gboolean
filter_dense (GstActDeadFilter *self, const GstActBatch *batch,
    Verdict *verdict, const guint8 *alive, GstBuffer *input, GstBuffer *out,
    GError **error)
{
  if (self->out_layout == GST_ACT_LAYOUT_CSR)
    return act_filter_add_csr (batch, out, alive, verdict->n_nonzero, error);
  if (verdict->marked == NULL && !verdict->minus_zero) {
    verdict->in_place = FALSE;
    return input == out || act_filter_share (input, out, error);
  }
  return verdict->in_place || act_filter_add_dense (batch, out, alive, error);
}

/* Few values of a dense batch are worth more than one reading of it: what
 * comes after it then looks at those alone. */
static gboolean
make_sparse (GstActDeadFilter *self, GstActBatch *batch)
{
  if (batch->layout != GST_ACT_LAYOUT_DENSE
      || self->out_layout != GST_ACT_LAYOUT_CSR
      || self->density > ACT_CSR_GOOD_DENSITY)
    return FALSE;
  gst_act_csr_blocks_lend (
      &self->sparse, batch->n_positions, batch->n_components);
  act_csr_arrays_from_dense (&self->sparse.csr, batch->component_values,
      batch->n_positions, batch->n_components);
  batch->layout = GST_ACT_LAYOUT_CSR;
  batch->component_indptr = self->sparse.csr.indptr;
  batch->component_indices = self->sparse.csr.indices;
  batch->component_values = self->sparse.csr.values;
  batch->n_component_values = self->sparse.csr.n_values;
  return TRUE;
}

static gboolean
filter_batch (GstActDeadFilter *self, const GstActBatch *batch,
    Verdict *verdict, GstBuffer *input, GstBuffer *out, GError **error)
{
  gfloat threshold = (gfloat) self->settings.run_threshold;
  g_autoptr (GBytes) marked = NULL;
  const guint8 *alive = batch->alive;

  if (!scan (self, batch, threshold, verdict, error))
    return FALSE;
  if (threshold > 0.0f)
    mark_alive (self, batch, threshold, verdict);
  marked = verdict->marked;
  if (marked != NULL) {
    alive = g_bytes_get_data (marked, NULL);
    gst_act_batch_meta_set_alive (gst_act_batch_meta_get (out), marked);
  }
  if (batch->layout == GST_ACT_LAYOUT_DENSE)
    return filter_dense (self, batch, verdict, alive, input, out, error);
  return filter_csr (self, batch, verdict, alive, input, out, error);
}

static GstFlowReturn
gst_act_dead_filter_transform (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer *output)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);
  g_autoptr (GError) error = NULL;
  Verdict verdict = { 0 };
  GstActBatch batch;
  gboolean done;

  verdict.in_place =
      input == output && act_filter_owns (input, self->out_layout);
  done = gst_act_batch_map (
      &batch, input, self->info, GST_ACT_MAP_COMPONENTS, &error);
  if (done) {
    verdict.own_arrays = make_sparse (self, &batch);
    done = filter_batch (self, &batch, &verdict, input, output, &error);
    gst_act_batch_unmap (&batch);
    if (verdict.own_arrays)
      gst_act_csr_blocks_end (&self->sparse);
  }
  if (done && verdict.in_place)
    done = act_filter_leave_out (
        output, self->out_layout, self->info->n_components, &error);
  if (!done) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  return GST_FLOW_OK;
}

/* no pool: what is added belongs to nobody else */
static gboolean
gst_act_dead_filter_decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  return TRUE;
}

static gboolean
gst_act_dead_filter_start (GstBaseTransform *trans)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);

  act_filter_settings_start (&self->settings);
  self->wanted = GST_ACT_LAYOUT_CSR;
  self->looked = FALSE;
  self->n_otherwise = 0;
  return TRUE;
}

static gboolean
gst_act_dead_filter_stop (GstBaseTransform *trans)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);

  self->settings.running = FALSE;
  g_clear_pointer (&self->info, gst_act_info_unref);
  g_clear_pointer (&self->max, g_free);
  g_clear_pointer (&self->seen, g_free);
  gst_act_csr_blocks_clear (&self->sparse);
  return TRUE;
}

static void
gst_act_dead_filter_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (!act_filter_settings_set (
          &GST_ACT_DEAD_FILTER (object)->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_dead_filter_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (!act_filter_settings_get (
          &GST_ACT_DEAD_FILTER (object)->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_act_dead_filter_finalize (GObject *object)
{
  gst_act_dead_filter_stop (GST_BASE_TRANSFORM (object));
  G_OBJECT_CLASS (gst_act_dead_filter_parent_class)->finalize (object);
}

static void
gst_act_dead_filter_class_init (GstActDeadFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_act_dead_filter_set_property;
  object_class->get_property = gst_act_dead_filter_get_property;
  object_class->finalize = gst_act_dead_filter_finalize;

  act_filter_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Dead-component filter",
      "Filter/Activations",
      "Leaves out the components whose activations stay below a threshold in "
      "a batch, and turns activations into their sparse form",
      "The gst-activations authors");

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_dead_filter_start);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_dead_filter_transform_caps);
  trans_class->fixate_caps =
      GST_DEBUG_FUNCPTR (gst_act_dead_filter_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_dead_filter_set_caps);
  trans_class->before_transform =
      GST_DEBUG_FUNCPTR (gst_act_dead_filter_before_transform);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_dead_filter_prepare_output_buffer);
  trans_class->transform = GST_DEBUG_FUNCPTR (gst_act_dead_filter_transform);
  trans_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_act_dead_filter_decide_allocation);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_dead_filter_stop);
}

static void
gst_act_dead_filter_init (GstActDeadFilter *self)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), FALSE);
}
