/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-actdumpsink
 * @title: actdumpsink
 * @short_description: activations out of any point of a pipeline
 *
 * Writes what comes into a folder that #actdumpsrc reads again (see
 * docs/formats.md), for other tools or to run the rest of a pipeline later.
 *
 * Sink: token ids alone; with component activations, dense or CSR (written
 * dense; after a filter the dead columns are 0); or with cluster activations
 * too, [samples * n_ctx, clusters].
 *
 * The folder appears when the stream ends and everything came that the source
 * announced with act-complete. Otherwise nothing is left behind, and the
 * element posts an error: a run that was cut short (num-buffers, say) or that
 * lost buffers looks like a whole one to nobody.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdumpsink
 * location=/tmp/act-doc/dump format=safetensors overwrite=true
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "actdumpsink.h"

#include <gst/activations/activations.h>

#include "acterror.h"
#include "formats/dumpwriter.h"
#include "formats/json.h"
#include "sparse/csr.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actdump_debug);
#define GST_CAT_DEFAULT gst_actdump_debug

struct _GstActDumpSink {
  GstBaseSink parent;

  char *location;
  ActDumpFormat format;
  gboolean overwrite;

  ActDumpWriter *writer;
  GstActInfo *info;
  GstActMapFlags parts;
  GstActVocabulary *vocabulary;
  GstActAssignment *assignment;
  guint64 n_samples; /* written */
  gboolean complete; /* act-complete came, with total */
  guint64 total;
  float *components, *clusters; /* a batch, dense */
  gsize components_size, clusters_size;
};

enum { PROP_LOCATION = 1, PROP_FORMAT, PROP_OVERWRITE, N_PROPS };
static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_ACT_TOKENS_CAPS "; " GST_ACT_COMPONENTS_CAPS
                                             "; " GST_ACT_CLUSTERS_CAPS));

G_DEFINE_TYPE (GstActDumpSink, gst_act_dump_sink, GST_TYPE_BASE_SINK)
GST_ELEMENT_REGISTER_DEFINE (
    actdumpsink, "actdumpsink", GST_RANK_NONE, GST_TYPE_ACT_DUMP_SINK)

#define GST_TYPE_ACT_DUMP_SINK_FORMAT (gst_act_dump_sink_format_get_type ())
static GType
gst_act_dump_sink_format_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { ACT_DUMP_FORMAT_NPY, "Arrays of NumPy, a file a batch", "npy" },
    { ACT_DUMP_FORMAT_SAFETENSORS, "Tensors, a file a batch", "safetensors" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActDumpSinkFormat", values));
  return type;
}

/* forgets the run; what was not published is removed */
static void
gst_act_dump_sink_reset (GstActDumpSink *self)
{
  g_clear_pointer (&self->writer, act_dump_writer_free);
  g_clear_pointer (&self->info, gst_act_info_unref);
  g_clear_pointer (&self->components, g_free);
  g_clear_pointer (&self->clusters, g_free);
  self->components_size = self->clusters_size = 0;
  self->n_samples = 0;
  self->complete = FALSE;
}

static gboolean
gst_act_dump_sink_open (GstActDumpSink *self, GError **error)
{
  gst_act_dump_sink_reset (self);
  if (self->location == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "property 'location' is not set, expected the folder to write");
    return FALSE;
  }
  self->writer = act_dump_writer_new (
      self->location, self->format, self->overwrite, error);
  return self->writer != NULL;
}

static gboolean
gst_act_dump_sink_start (GstBaseSink *sink)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (sink);
  g_autoptr (GError) error = NULL;

  if (gst_act_dump_sink_open (self, &error))
    return TRUE;
  gst_act_element_post_error (GST_ELEMENT (self), error);
  return FALSE;
}

static gboolean
gst_act_dump_sink_stop (GstBaseSink *sink)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (sink);

  gst_act_dump_sink_reset (self);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  g_clear_pointer (&self->assignment, gst_act_assignment_unref);
  return TRUE;
}

static gboolean
gst_act_dump_sink_use_info (
    GstActDumpSink *self, GstActInfo *info, GError **error)
{
  const ActDumpShape shape = {
    .batch_size = info->batch_size,
    .sequence_length = info->sequence_length,
    .vocab_size = info->vocab_size,
    .tokenizer = info->tokenizer,
    .model = info->model,
    .n_modules = info->n_modules,
    .modules = (const char *const *) info->modules,
    .components = info->components,
    .n_components = info->n_components,
    .n_clusters = info->n_clusters,
  };

  self->parts = GST_ACT_MAP_TOKENS;
  if (info->n_modules > 0)
    self->parts |= GST_ACT_MAP_COMPONENTS;
  if (info->n_clusters > 0)
    self->parts |= GST_ACT_MAP_CLUSTERS;
  if (self->info != NULL) {
    if (gst_act_info_same_shape (self->info, info)
        && self->info->batch_size == info->batch_size)
      return TRUE;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the shape of the stream changes after %" G_GUINT64_FORMAT
        " samples, expected the same modules, clusters, batch size and "
        "sequence length in all of a dump",
        self->n_samples);
    return FALSE;
  }
  return act_dump_writer_set_shape (self->writer, &shape, error);
}

static gboolean
gst_act_dump_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (sink);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, &error);

  /* Caps that were refused come again, with each event: then the error is
   * known, and there is no writer any more. */
  if (self->writer == NULL)
    return FALSE;
  if (info == NULL || !gst_act_dump_sink_use_info (self, info, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    gst_act_dump_sink_reset (self);
    return FALSE;
  }
  g_clear_pointer (&self->info, gst_act_info_unref);
  self->info = g_steal_pointer (&info);
  return TRUE;
}

/* room for n_rows x n_columns floats in *values */
static gboolean
gst_act_dump_sink_reserve (gsize n_rows, gsize n_columns, float **values,
    gsize *allocated, GError **error)
{
  gsize size;

  if (!g_size_checked_mul (&size, n_rows, n_columns)
      || !g_size_checked_mul (&size, size, sizeof (float)))
    size = G_MAXSIZE;
  if (*values != NULL && *allocated >= size)
    return TRUE;
  g_free (*values);
  *values = size == G_MAXSIZE ? NULL : g_try_malloc (size);
  *allocated = size;
  if (*values != NULL)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
      "no memory for a dense batch of %" G_GSIZE_FORMAT
      " positions and %" G_GSIZE_FORMAT " columns",
      n_rows, n_columns);
  return FALSE;
}

static gboolean
gst_act_dump_sink_write (
    GstActDumpSink *self, const GstActBatch *batch, GError **error)
{
  const float *components = batch->component_values;

  if ((self->parts & GST_ACT_MAP_COMPONENTS)
      && batch->layout == GST_ACT_LAYOUT_CSR) {
    if (!gst_act_dump_sink_reserve (batch->n_positions, batch->n_components,
            &self->components, &self->components_size, error))
      return FALSE;
    act_csr_to_dense (batch->n_positions, batch->n_components,
        batch->component_indptr, batch->component_indices,
        batch->component_values, self->components);
    components = self->components;
  }
  if (self->parts & GST_ACT_MAP_CLUSTERS) {
    if (!gst_act_dump_sink_reserve (batch->n_positions, batch->n_clusters,
            &self->clusters, &self->clusters_size, error))
      return FALSE;
    act_csr_to_dense (batch->n_positions, batch->n_clusters,
        batch->cluster_indptr, batch->cluster_indices, batch->cluster_values,
        self->clusters);
  }
  return act_dump_writer_add (self->writer, batch->n_samples, batch->tokens,
      components, self->clusters, error);
}

static GstFlowReturn
gst_act_dump_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (sink);
  g_autoptr (GError) error = NULL;
  GstActBatch batch;
  gboolean ok;

  if (self->writer == NULL || self->info == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  ok = gst_act_batch_map (&batch, buffer, self->info, self->parts, &error);
  if (ok) {
    ok = gst_act_dump_sink_write (self, &batch, &error);
    self->n_samples += batch.n_samples;
    gst_act_batch_unmap (&batch);
  }
  if (ok)
    return GST_FLOW_OK;
  gst_act_element_post_error (GST_ELEMENT (self), error);
  gst_act_dump_sink_reset (self);
  return GST_FLOW_ERROR;
}

/* vocab.json: the token strings, by id */
static gboolean
gst_act_dump_sink_write_vocabulary (GstActDumpSink *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 0);
  guint size = gst_act_vocabulary_get_size (self->vocabulary);

  act_json_begin_array (json);
  for (guint id = 0; id < size; id++) {
    gsize length;
    const char *string =
        gst_act_vocabulary_get_string (self->vocabulary, id, &length);

    act_json_string_len (json, string, length);
  }
  act_json_end_array (json);
  g_string_append_c (text, '\n');
  return act_dump_writer_add_file (
      self->writer, "vocab.json", text->str, text->len, error);
}

/* clusters.json: {"id": [labels]}, in the order of the clusters' columns */
static gboolean
gst_act_dump_sink_write_assignment (GstActDumpSink *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 0);
  guint n = gst_act_assignment_get_n_clusters (self->assignment);

  act_json_begin_object (json);
  for (guint i = 0; i < n; i++) {
    char id[32];
    guint n_members;
    const guint *members =
        gst_act_assignment_get_members (self->assignment, i, &n_members);

    g_snprintf (id, sizeof id, "%" G_GINT64_FORMAT,
        gst_act_assignment_get_id (self->assignment, i));
    act_json_key (json, id);
    act_json_begin_array (json);
    for (guint m = 0; m < n_members; m++) {
      g_autofree char *label = gst_act_info_dup_label (self->info, members[m]);

      act_json_string (json, label);
    }
    act_json_end_array (json);
  }
  act_json_end_object (json);
  g_string_append_c (text, '\n');
  return act_dump_writer_add_file (
      self->writer, "clusters.json", text->str, text->len, error);
}

static gboolean
gst_act_dump_sink_check_complete (GstActDumpSink *self, GError **error)
{
  if (!self->complete) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the stream ended after %" G_GUINT64_FORMAT
        " samples before the source said that it is complete, so '%s' is not "
        "written",
        self->n_samples, self->location);
    return FALSE;
  }
  if (self->total != self->n_samples) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "%" G_GUINT64_FORMAT " samples came, expected %" G_GUINT64_FORMAT
        ", so '%s' is not written",
        self->n_samples, self->total, self->location);
    return FALSE;
  }
  if (self->n_samples == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the run has no samples, expected at least one, so '%s' is not "
        "written",
        self->location);
    return FALSE;
  }
  return TRUE;
}

/* what was written, and where */
static void
gst_act_dump_sink_post_end (GstActDumpSink *self)
{
  g_autofree char *location = g_canonicalize_filename (self->location, NULL);

  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("act-summary", "samples", G_TYPE_UINT64,
              self->n_samples, "positions", G_TYPE_UINT64,
              self->n_samples * self->info->sequence_length, "components",
              G_TYPE_UINT64, (guint64) self->info->n_components, "clusters",
              G_TYPE_UINT64, (guint64) self->info->n_clusters, NULL)));
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (
              "act-output", "location", G_TYPE_STRING, location, NULL)));
}

static gboolean
gst_act_dump_sink_finish (GstActDumpSink *self, GError **error)
{
  if (!gst_act_dump_sink_check_complete (self, error))
    return FALSE;
  if (self->vocabulary != NULL
      && !gst_act_dump_sink_write_vocabulary (self, error))
    return FALSE;
  if (self->assignment != NULL && self->info->n_clusters > 0
      && !gst_act_dump_sink_write_assignment (self, error))
    return FALSE;
  if (!act_dump_writer_publish (self->writer, error))
    return FALSE;
  gst_act_dump_sink_post_end (self);
  GST_INFO_OBJECT (self, "wrote %" G_GUINT64_FORMAT " samples to '%s'",
      self->n_samples, self->location);
  return TRUE;
}

/* FALSE: failed, and the error is posted. After an error in render () there
 * is no writer, and the error is known. */
static gboolean
gst_act_dump_sink_end_of_stream (GstActDumpSink *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (self->writer == NULL)
    return TRUE;
  ok = gst_act_dump_sink_finish (self, &error);
  if (!ok)
    gst_act_element_post_error (GST_ELEMENT (self), error);
  gst_act_dump_sink_reset (self);
  return ok;
}

/* a run begins anew */
static void
gst_act_dump_sink_flushed (GstActDumpSink *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) info = g_steal_pointer (&self->info);

  /* the caps stay as they were */
  if (!gst_act_dump_sink_open (self, &error)
      || (info != NULL && !gst_act_dump_sink_use_info (self, info, &error))) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    gst_act_dump_sink_reset (self);
    return;
  }
  self->info = g_steal_pointer (&info);
}

static gboolean
gst_act_dump_sink_event (GstBaseSink *sink, GstEvent *event)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (sink);
  GstActVocabulary *vocabulary;
  GstActAssignment *assignment;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_EOS:
    if (!gst_act_dump_sink_end_of_stream (self)) {
      gst_event_unref (event);
      return FALSE;
    }
    break;
  case GST_EVENT_FLUSH_STOP:
    gst_act_dump_sink_flushed (self);
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
    if (gst_act_event_parse_complete (event, &self->total))
      self->complete = TRUE;
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    if (gst_act_event_parse_vocabulary (event, &vocabulary)) {
      g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
      self->vocabulary = vocabulary;
    } else if (gst_act_event_parse_assignment (event, &assignment)) {
      g_clear_pointer (&self->assignment, gst_act_assignment_unref);
      self->assignment = assignment;
    }
    break;
  default:
    break;
  }
  return GST_BASE_SINK_CLASS (gst_act_dump_sink_parent_class)
      ->event (sink, event);
}

static void
gst_act_dump_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (object);

  switch (id) {
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    break;
  case PROP_FORMAT:
    self->format = g_value_get_enum (value);
    break;
  case PROP_OVERWRITE:
    self->overwrite = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_dump_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActDumpSink *self = GST_ACT_DUMP_SINK (object);

  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_FORMAT:
    g_value_set_enum (value, self->format);
    break;
  case PROP_OVERWRITE:
    g_value_set_boolean (value, self->overwrite);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_dump_sink_finalize (GObject *object)
{
  g_free (GST_ACT_DUMP_SINK (object)->location);
  G_OBJECT_CLASS (gst_act_dump_sink_parent_class)->finalize (object);
}

/* READY to PAUSED, and not GstBaseSink's start: that belongs to NULL to READY,
 * and adds an error message of its own when it fails */
static GstStateChangeReturn
gst_act_dump_sink_change_state (GstElement *element, GstStateChange transition)
{
  GstBaseSink *sink = GST_BASE_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && !gst_act_dump_sink_start (sink))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_act_dump_sink_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE))
    gst_act_dump_sink_stop (sink);
  return ret;
}

static void
gst_act_dump_sink_class_init (GstActDumpSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  object_class->set_property = gst_act_dump_sink_set_property;
  object_class->get_property = gst_act_dump_sink_get_property;
  object_class->finalize = gst_act_dump_sink_finalize;

  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folder to write; it appears when the run is complete", NULL, flags);
  props[PROP_FORMAT] = g_param_spec_enum ("format", "Format",
      "What the files of the batches are", GST_TYPE_ACT_DUMP_SINK_FORMAT,
      ACT_DUMP_FORMAT_NPY, flags);
  props[PROP_OVERWRITE] = g_param_spec_boolean ("overwrite", "Overwrite",
      "Replace the folder if it exists, once the new one is whole; it must be "
      "empty or an earlier dump (with a dump.json)",
      FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Activation dump writer", "Sink/File",
      "Writes token ids, component activations and cluster activations into "
      "a folder, for other tools or for a later run",
      "The gst-activations authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_DUMP_SINK_FORMAT, 0);

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_dump_sink_change_state);
  sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_dump_sink_set_caps);
  sink_class->render = GST_DEBUG_FUNCPTR (gst_act_dump_sink_render);
  sink_class->event = GST_DEBUG_FUNCPTR (gst_act_dump_sink_event);
}

static void
gst_act_dump_sink_init (GstActDumpSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  gst_base_sink_set_sync (sink, FALSE);
  gst_base_sink_set_async_enabled (sink, FALSE);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}
