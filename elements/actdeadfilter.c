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
 * Src: the same, by default in CSR. The caps have the field "threshold" (a
 * double, the property's value), so that what follows knows what was left out.
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
  gfloat *max;            /* [n_components] of a dense batch's columns */
  guint8 *seen;           /* [2 * n_components] of a CSR's, see filter.h */
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

/* A CSR that nobody else has is filtered where it is. Else the output has the
 * same other blocks, and the components come in transform. */
static GstFlowReturn
gst_act_dead_filter_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  GstActDeadFilter *self = GST_ACT_DEAD_FILTER (trans);

  if (gst_act_batch_meta_get (input) == NULL)
    *output = gst_buffer_new (); /* transform says what is missing */
  else if (self->info->layout == GST_ACT_LAYOUT_CSR
      && self->out_layout == GST_ACT_LAYOUT_CSR
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
  gboolean in_place;     /* what is left out is still there: see compact () */
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
        &verdict->n_nonzero);
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

typedef struct {
  GstMemory *memory[3]; /* indptr, indices, values */
  gint64 *indptr;
  gint32 *indices;
  gfloat *values;
} Csr;

static void
csr_alloc (Csr *csr, gsize n_rows, gsize n_values)
{
  csr->memory[0] = gst_act_memory_new (
      (n_rows + 1) * sizeof (gint64), (gpointer *) &csr->indptr);
  csr->memory[1] = gst_act_memory_new (
      (n_values + ACT_CSR_SLACK) * sizeof (gint32), (gpointer *) &csr->indices);
  csr->memory[2] = gst_act_memory_new (
      (n_values + ACT_CSR_SLACK) * sizeof (gfloat), (gpointer *) &csr->values);
}

static gboolean
add_csr (const GstActBatch *batch, GstBuffer *out, const guint8 *alive,
    gsize n_values, GError **error)
{
  Csr csr;

  if (batch->layout == GST_ACT_LAYOUT_DENSE) {
    csr_alloc (&csr, batch->n_positions, n_values);
    n_values = act_csr_from_dense (batch->component_values, batch->n_positions,
        batch->n_components, alive, csr.indptr, csr.indices, csr.values);
  } else {
    csr_alloc (&csr, batch->n_positions, batch->n_component_values);
    n_values = act_csr_filter (batch->n_positions, batch->n_components,
        batch->component_indptr, batch->component_indices,
        batch->component_values, alive, csr.indptr, csr.indices, csr.values);
  }
  return gst_act_buffer_set_csr (out, GST_ACT_BLOCK_COMPONENT_INDPTR,
      csr.memory[0], csr.memory[1], csr.memory[2], n_values, error);
}

static gboolean
add_dense (const GstActBatch *batch, GstBuffer *out, const guint8 *alive,
    GError **error)
{
  gsize n_columns = batch->n_components;
  GstMemory *memory;
  gfloat *values;
  gsize size;

  if (!g_size_checked_mul (&size, batch->n_positions, n_columns)
      || !g_size_checked_mul (&size, size, sizeof (gfloat))) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "batch %" G_GUINT64_FORMAT ": too large for the dense layout",
        batch->batch_index);
    return FALSE;
  }
  memory = gst_act_memory_new (size, (gpointer *) &values);
  if (batch->layout == GST_ACT_LAYOUT_CSR) {
    act_csr_to_dense (batch->n_positions, n_columns, batch->component_indptr,
        batch->component_indices, batch->component_values, values);
    if (alive != NULL)
      act_filter_dense (values, batch->n_positions, n_columns, alive, values);
  } else {
    act_filter_dense (
        batch->component_values, batch->n_positions, n_columns, alive, values);
  }
  return gst_act_buffer_set_block (
      out, GST_ACT_BLOCK_COMPONENT_VALUES, memory, error);
}

/* Whether the component blocks may be written to: nobody else has them. Asked
 * before they are mapped, which takes references. */
static gboolean
owns_components (GstBuffer *buffer)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);

  for (guint i = GST_ACT_BLOCK_COMPONENT_INDPTR;
       i <= GST_ACT_BLOCK_COMPONENT_VALUES; i++) {
    gint index = meta->block[i];

    if (index < 0 || (guint) index >= gst_buffer_n_memory (buffer)
        || !gst_act_memory_is_exclusive (
            gst_buffer_peek_memory (buffer, (guint) index)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
map_csr_for_writing (GstBuffer *buffer, GstMapInfo *maps, GError **error)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);

  for (guint i = 0; i < 3; i++) {
    gint index = meta->block[GST_ACT_BLOCK_COMPONENT_INDPTR + i];

    if (gst_memory_map (gst_buffer_peek_memory (buffer, (guint) index),
            &maps[i], GST_MAP_READWRITE))
      continue;
    while (i-- > 0)
      gst_memory_unmap (maps[i].memory, &maps[i]);
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "batch %" G_GUINT64_FORMAT
        ": the components could not be mapped for writing",
        meta->batch_index);
    return FALSE;
  }
  return TRUE;
}

/* Drops values where they are. The blocks were checked when they were mapped
 * for reading, and are exclusive. */
static gboolean
compact (GstActDeadFilter *self, GstBuffer *buffer, GError **error)
{
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  gsize n_rows = (gsize) meta->n_samples * meta->sequence_length;
  gsize n_before = meta->n_component_values;
  const guint8 *alive =
      meta->alive != NULL ? g_bytes_get_data (meta->alive, NULL) : NULL;
  GstMapInfo maps[3];
  gint64 *indptr;
  gboolean done = TRUE;

  if (!map_csr_for_writing (buffer, maps, error))
    return FALSE;
  indptr = (gpointer) maps[0].data;
  meta->n_component_values = act_csr_filter (n_rows, self->info->n_components,
      indptr, (gpointer) maps[1].data, (gpointer) maps[2].data, alive, indptr,
      (gpointer) maps[1].data, (gpointer) maps[2].data);
  /* copied while they are mapped, but replaced only then */
  for (guint i = 0; i < 3; i++)
    gst_memory_ref (maps[i].memory);
  /* where much is gone: not to keep memory alive that nobody reads */
  if (n_before - meta->n_component_values > n_before / 4)
    done = gst_act_buffer_copy_csr (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
        n_rows, meta->n_component_values, indptr, (gpointer) maps[1].data,
        (gpointer) maps[2].data, error);
  for (guint i = 0; i < 3; i++) {
    GstMemory *memory = maps[i].memory;

    gst_memory_unmap (memory, &maps[i]);
    gst_memory_unref (memory);
  }
  return done;
}

static gboolean
filter_csr (GstActDeadFilter *self, const GstActBatch *batch, Verdict *verdict,
    const guint8 *alive, GstBuffer *input, GstBuffer *out, GError **error)
{
  /* zeros are never stored: with one among them the CSR is made anew */
  gboolean as_it_is =
      !verdict->drops_values && verdict->n_nonzero == batch->n_component_values;

  if (self->out_layout == GST_ACT_LAYOUT_DENSE)
    return add_dense (batch, out, alive, error);
  if (as_it_is && verdict->own_arrays)
    return gst_act_csr_blocks_set (
        &self->sparse, out, GST_ACT_BLOCK_COMPONENT_INDPTR, error);
  if (as_it_is) {
    verdict->in_place = FALSE;
    return input == out || act_filter_share (input, out, error);
  }
  return verdict->in_place
      || add_csr (batch, out, alive, verdict->n_nonzero, error);
}

static gboolean
filter_dense (GstActDeadFilter *self, const GstActBatch *batch,
    const Verdict *verdict, const guint8 *alive, GstBuffer *input,
    GstBuffer *out, GError **error)
{
  if (self->out_layout == GST_ACT_LAYOUT_CSR)
    return add_csr (batch, out, alive, verdict->n_nonzero, error);
  if (verdict->marked == NULL
      && !act_has_minus_zero (
          batch->component_values, batch->n_component_values))
    return act_filter_share (input, out, error);
  return add_dense (batch, out, alive, error);
}

/* Few values of a dense batch are worth more than one reading of it: what
 * comes after it then looks at those alone. */
static gboolean
make_sparse (GstActDeadFilter *self, GstActBatch *batch)
{
  if (batch->layout != GST_ACT_LAYOUT_DENSE
      || self->out_layout != GST_ACT_LAYOUT_CSR
      || !act_csr_is_sparse (
          batch->component_values, batch->n_positions, batch->n_components))
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

  verdict.in_place = input == output && owns_components (input);
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
    done = compact (self, output, &error);
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
  act_filter_settings_start (&GST_ACT_DEAD_FILTER (trans)->settings);
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
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_dead_filter_set_caps);
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
