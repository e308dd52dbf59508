/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-actstoresrc
 * @title: actstoresrc
 * @short_description: reads stores again, one or the shards of a run
 *
 * Gives the batches of a store that actstore made in a folder, or of several
 * that are shards of one run, as one run: in the order of their batches,
 * whatever the order of the folders. The stores must be of the same run
 * (model, tokenizer, clusters, sizes, threshold), complete, and make one run
 * without a batch missing or in two of them; the error lists what is not so.
 * Every segment's checksum is looked at before it is read. Memory is that of
 * one segment, mapped.
 *
 * With completeness=part they may be any contiguous part of a run; a store that
 * is made of it can be put together with the others later. With
 * completeness=any whatever is there comes as if it were all, its batches and
 * samples counted from 0 without gaps, and the event act-incomplete says what
 * is missing: a dashboard says so in its model_info.json, actstore does not
 * keep it in a folder.
 *
 * Src: application/x-act-clusters: tokens, component activations in CSR and
 * cluster activations as they were stored, which is what actstore takes. Or,
 * if what follows takes those, application/x-act-components: another
 * clustering of the same activations, without running the model again. The
 * vocabulary and the cluster assignment of the store come along.
 *
 * Seekable by sample (#GST_FORMAT_DEFAULT).
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actstoresrc location=tests/data/store ! actstore ! fakesink
 * ]|
 */
#include "config.h"

#include "elements/actstoresrc.h"

#include <string.h>

#include <gst/activations/activations.h>

#include "acterror.h"
#include "elements/sourcerun.h"
#include "sparse/cluster.h"
#include "store/derive.h"
#include "store/storeset.h"
#include "text/textfiles.h"

GST_DEBUG_CATEGORY_EXTERN (actstore_debug);
#define GST_CAT_DEFAULT actstore_debug

struct _GstActStoreSrc {
  GstPushSrc parent;

  gchar *location;
  ActStoreSetUse completeness;

  /* between start and stop */
  ActStoreSet *set;
  GstActVocabulary *vocabulary; /* or NULL */
  GstActAssignment *assignment; /* or NULL */
  ActClusterDeriver *deriver;   /* NULL: clusters are stored, or not known */
  gboolean with_clusters;       /* what was negotiated */
  gboolean events_stored;
  GstActSourceRun run;
};

enum { PROP_LOCATION = 1, PROP_COMPLETENESS, N_PROPS };
static GParamSpec *props[N_PROPS];

#define CSR(media_type) media_type ", format=(string)F32LE, layout=(string)csr"

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (CSR (GST_ACT_MEDIA_TYPE_CLUSTERS) "; " CSR (
            GST_ACT_MEDIA_TYPE_COMPONENTS)));

G_DEFINE_FINAL_TYPE (GstActStoreSrc, gst_act_store_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    actstoresrc, "actstoresrc", GST_RANK_NONE, GST_TYPE_ACT_STORE_SRC)

/* --- opening --- */

static GstCaps *
gst_act_store_src_new_components_caps (const ActIdentity *identity)
{
  g_autoptr (GstCaps) tokens = gst_act_caps_new_tokens (
      identity->batch_size, identity->n_ctx, identity->vocab_size);
  GstCaps *caps = gst_act_caps_rename (tokens, GST_ACT_MEDIA_TYPE_COMPONENTS);
  static const GstActLayout layout = GST_ACT_LAYOUT_CSR;

  gst_act_caps_set_modules (caps, g_strv_length (identity->modules),
      (const gchar *const *) identity->modules, identity->components);
  gst_act_caps_set_layouts (caps, &layout, 1);
  if (identity->tokenizer != NULL)
    gst_caps_set_simple (
        caps, "tokenizer", G_TYPE_STRING, identity->tokenizer, NULL);
  if (identity->model != NULL)
    gst_caps_set_simple (caps, "model", G_TYPE_STRING, identity->model, NULL);
  if (identity->threshold >= 0)
    gst_caps_set_simple (
        caps, "threshold", G_TYPE_DOUBLE, identity->threshold, NULL);
  return caps;
}

/* clusters first, which whoever takes both gets */
static GstCaps *
gst_act_store_src_new_caps (GstActStoreSrc *self)
{
  const ActIdentity *identity = act_store_set_get_identity (self->set);
  GstCaps *components = gst_act_store_src_new_components_caps (identity);
  GstCaps *caps;

  if (self->deriver == NULL && !act_store_set_get_clusters_stored (self->set))
    return components;
  caps = gst_act_caps_rename (components, GST_ACT_MEDIA_TYPE_CLUSTERS);
  gst_caps_set_simple (
      caps, "clusters", G_TYPE_INT, (gint) identity->n_clusters, NULL);
  if (identity->assignment != NULL)
    gst_caps_set_simple (
        caps, "assignment", G_TYPE_STRING, identity->assignment, NULL);
  if (identity->reduction != NULL)
    gst_caps_set_simple (
        caps, "reduction", G_TYPE_STRING, identity->reduction, NULL);
  gst_caps_append (caps, components);
  return caps;
}

static gboolean
gst_act_store_src_load_vocabulary (GstActStoreSrc *self, GError **error)
{
  g_autofree gchar *path = g_build_filename (
      act_store_set_get_folder (self->set), ACT_STORE_VOCABULARY_NAME, NULL);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  self->vocabulary = gst_act_vocabulary_new_from_file (path, error);
  return self->vocabulary != NULL;
}

static gboolean
gst_act_store_src_load_assignment (GstActStoreSrc *self, GError **error)
{
  const ActIdentity *identity = act_store_set_get_identity (self->set);
  g_autofree gchar *path = g_build_filename (
      act_store_set_get_folder (self->set), ACT_STORE_CLUSTERS_NAME, NULL);
  g_autoptr (GstCaps) caps = gst_act_store_src_new_components_caps (identity);
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, error);

  if (info == NULL)
    return FALSE;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  self->assignment = gst_act_assignment_new_from_file (info,
      identity->run != NULL ? identity->run : "run", identity->iteration, path,
      error);
  if (self->assignment == NULL)
    return FALSE;
  if (g_strcmp0 (gst_act_assignment_get_fingerprint (self->assignment),
          identity->assignment)
      == 0)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
      "'%s' has not the clusters of the store's manifest", path);
  return FALSE;
}

static gboolean
gst_act_store_src_make_deriver (GstActStoreSrc *self, GError **error)
{
  const ActIdentity *identity = act_store_set_get_identity (self->set);
  ActStoreShape shape = act_identity_get_shape (identity);
  g_autofree gint32 *cluster_of = NULL;
  ActClusterReduction reduction;

  if (act_store_set_get_clusters_stored (self->set))
    return TRUE;
  if (self->assignment == NULL
      || !act_cluster_reduction_find (identity->reduction, &reduction)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "'%s' has neither cluster activations nor what they are made by",
        act_store_set_get_folder (self->set));
    return FALSE;
  }
  cluster_of = g_new (gint32, shape.n_components);
  if (!gst_act_assignment_get_partition (self->assignment, cluster_of, error))
    return FALSE;
  self->deriver = act_cluster_deriver_new (&shape, reduction, cluster_of);
  return TRUE;
}

/* Folders are found by their manifests. */
static GPtrArray *
find_folders (const gchar *location, GError **error)
{
  g_auto (GStrv) patterns = act_text_locations_split (location);
  g_autoptr (GPtrArray) manifests = NULL;
  GPtrArray *folders;

  for (guint i = 0; patterns[i] != NULL; i++) {
    gchar *pattern = g_build_filename (patterns[i], ACT_MANIFEST_NAME, NULL);

    g_free (patterns[i]);
    patterns[i] = pattern;
  }
  manifests = act_text_files_find (
      (const char *const *) patterns, g_strv_length (patterns), error);
  if (manifests == NULL)
    return NULL;
  folders = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < manifests->len; i++)
    g_ptr_array_add (folders,
        g_path_get_dirname (((const ActTextFile *) manifests->pdata[i])->name));
  return folders;
}

static guint64
gst_act_store_src_first_sample (GstBaseSrc *src, guint64 batch)
{
  ActStoreSet *set = GST_ACT_STORE_SRC (src)->set;

  return act_store_set_first_sample (
      set, batch - act_store_set_get_first_batch (set));
}

static gboolean
gst_act_store_src_read_tokens (GstBaseSrc *src, guint64 batch,
    guint64 first_sample, guint n_samples, gint32 *tokens, GError **error)
{
  ActStoreSet *set = GST_ACT_STORE_SRC (src)->set;
  ActStoredBatch stored;

  if (!act_store_set_get (
          set, batch - act_store_set_get_first_batch (set), &stored, error))
    return FALSE;
  memcpy (tokens, stored.tokens,
      (gsize) n_samples * act_store_set_get_identity (set)->n_ctx
          * sizeof *tokens);
  return TRUE;
}

/* A part that has both ends is the whole run. */
static void
gst_act_store_src_set_place (GstActStoreSrc *self)
{
  ActStoreSetPlace place = act_store_set_get_place (self->set);

  if (self->completeness == ACT_STORE_SET_PART
      && !(place.has_first && place.has_last))
    gst_act_source_run_set_place (&self->run, place.has_first, place.has_last,
        place.batches, place.samples);
}

static gboolean
gst_act_store_src_open (GstActStoreSrc *self, GError **error)
{
  static const GstActShard all = { 0, 1, TRUE };
  g_autoptr (GPtrArray) folders = NULL;
  GstActRange range;

  if (self->location == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'location' is not set, expected folders of stores, with "
        "commas between");
    return FALSE;
  }
  folders = find_folders (self->location, error);
  if (folders == NULL)
    return FALSE;
  self->set = act_store_set_open ((const char *const *) folders->pdata,
      folders->len, self->completeness, NULL, error);
  if (self->set == NULL || !gst_act_store_src_load_vocabulary (self, error)
      || !gst_act_store_src_load_assignment (self, error)
      || !gst_act_store_src_make_deriver (self, error))
    return FALSE;
  range.first_batch = act_store_set_get_first_batch (self->set);
  range.end_batch = range.first_batch + act_store_set_get_n_batches (self->set);
  range.first = act_store_set_get_first_sample (self->set);
  range.end = range.first + act_store_set_get_n_samples (self->set);
  gst_act_source_run_init (&self->run, GST_BASE_SRC (self), &all, &range,
      gst_act_store_src_first_sample);
  gst_act_store_src_set_place (self);
  gst_act_source_run_set_tokens (&self->run, self->location,
      act_store_set_get_identity (self->set)->n_ctx,
      gst_act_store_src_read_tokens);
  return TRUE;
}

static gboolean
gst_act_store_src_stop (GstBaseSrc *src)
{
  GstActStoreSrc *self = GST_ACT_STORE_SRC (src);

  gst_act_source_run_clear (&self->run, src);
  g_clear_pointer (&self->set, act_store_set_free);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  g_clear_pointer (&self->assignment, gst_act_assignment_unref);
  g_clear_pointer (&self->deriver, act_cluster_deriver_free);
  return TRUE;
}

static gboolean
gst_act_store_src_start (GstBaseSrc *src)
{
  GstActStoreSrc *self = GST_ACT_STORE_SRC (src);
  g_autoptr (GError) error = NULL;

  self->events_stored = FALSE;
  if (!gst_act_store_src_open (self, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    gst_act_store_src_stop (src);
    return FALSE;
  }
  gst_act_source_run_take_caps (
      &self->run, src, gst_act_store_src_new_caps (self));
  return TRUE;
}

/* --- negotiation, seeks, queries --- */

static GstCaps *
gst_act_store_src_get_caps (GstBaseSrc *src, GstCaps *filter)
{
  return gst_act_source_run_get_caps (
      &GST_ACT_STORE_SRC (src)->run, src, filter);
}

static gboolean
gst_act_store_src_set_caps (GstBaseSrc *src, GstCaps *caps)
{
  GST_ACT_STORE_SRC (src)->with_clusters = gst_structure_has_name (
      gst_caps_get_structure (caps, 0), GST_ACT_MEDIA_TYPE_CLUSTERS);
  return TRUE;
}

static gboolean
gst_act_store_src_is_seekable (GstBaseSrc *src)
{
  return TRUE;
}

static gboolean
gst_act_store_src_do_seek (GstBaseSrc *src, GstSegment *segment)
{
  return gst_act_source_run_seek (&GST_ACT_STORE_SRC (src)->run, src, segment);
}

static gboolean
gst_act_store_src_query (GstBaseSrc *src, GstQuery *query)
{
  return gst_act_source_run_query (&GST_ACT_STORE_SRC (src)->run, src, query)
      || GST_BASE_SRC_CLASS (gst_act_store_src_parent_class)
             ->query (src, query);
}

/* --- batches --- */

static gboolean
add_csr (GstBuffer *buffer, GstActBlock first, gsize n_rows, const ActCsr *csr,
    GError **error)
{
  return gst_act_buffer_copy_csr (buffer, first, n_rows, csr->n_values,
      csr->indptr, csr->indices, csr->values, error);
}

static GstBuffer *
gst_act_store_src_new_buffer (
    GstActStoreSrc *self, ActStoredBatch *batch, GError **error)
{
  const ActIdentity *identity = act_store_set_get_identity (self->set);
  const gsize n_rows = (gsize) batch->n_samples * identity->n_ctx;
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  GstActBatchMeta *meta = gst_act_batch_meta_add (buffer, batch->index,
      batch->first_sample, batch->n_samples, identity->n_ctx);

  if (batch->alive != NULL) {
    ActStoreShape shape = act_identity_get_shape (identity);
    g_autoptr (GBytes) alive = g_bytes_new (batch->alive, shape.n_components);

    gst_act_batch_meta_set_alive (meta, alive);
  }
  if (!gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_TOKENS,
          gst_act_memory_copy (batch->tokens, n_rows * sizeof (gint32)), error)
      || !add_csr (buffer, GST_ACT_BLOCK_COMPONENT_INDPTR, n_rows,
          &batch->components, error))
    return NULL;
  if (!self->with_clusters)
    return g_steal_pointer (&buffer);
  if (self->deriver != NULL)
    act_cluster_deriver_run (self->deriver, batch);
  if (!add_csr (buffer, GST_ACT_BLOCK_CLUSTER_INDPTR, n_rows, &batch->clusters,
          error))
    return NULL;
  return g_steal_pointer (&buffer);
}

/* the pad sends them after the segment and before the buffer */
static void
gst_act_store_src_store_events (GstActStoreSrc *self)
{
  GstPad *pad = GST_BASE_SRC_PAD (self);
  const char *missing = act_store_set_get_missing (self->set);

  if (self->events_stored)
    return;
  self->events_stored = TRUE;
  if (missing != NULL) {
    g_autoptr (GstEvent) event = gst_act_event_new_incomplete (missing);
    gst_pad_store_sticky_event (pad, event);
  }
  if (self->vocabulary != NULL) {
    g_autoptr (GstEvent) event =
        gst_act_event_new_vocabulary (self->vocabulary);
    gst_pad_store_sticky_event (pad, event);
  }
  if (self->assignment != NULL && self->with_clusters) {
    g_autoptr (GstEvent) event =
        gst_act_event_new_assignment (self->assignment);
    gst_pad_store_sticky_event (pad, event);
  }
}

static GstFlowReturn
gst_act_store_src_create (GstPushSrc *push, GstBuffer **out)
{
  GstActStoreSrc *self = GST_ACT_STORE_SRC (push);
  GstBaseSrc *src = GST_BASE_SRC (push);
  g_autoptr (GError) error = NULL;
  ActStoredBatch batch;
  GstFlowReturn ret;

  gst_act_store_src_store_events (self);
  ret = gst_act_source_run_begin_batch (&self->run, src);
  if (ret != GST_FLOW_OK)
    return ret;
  *out = NULL;
  if (act_store_set_get (self->set,
          self->run.next_batch - act_store_set_get_first_batch (self->set),
          &batch, &error))
    *out = gst_act_store_src_new_buffer (self, &batch, &error);
  if (*out == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  gst_act_source_run_end_batch (&self->run, src,
      (guint) (batch.first_sample + batch.n_samples - self->run.next));
  return GST_FLOW_OK;
}

/* --- type --- */

static GType
completeness_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { ACT_STORE_SET_WHOLE, "A whole run", "whole" },
    { ACT_STORE_SET_PART, "A contiguous part of a run", "part" },
    { ACT_STORE_SET_ANY, "Whatever is there, marked as incomplete", "any" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActStoreCompleteness", values));
  return type;
}

static void
gst_act_store_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActStoreSrc *self = GST_ACT_STORE_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    break;
  case PROP_COMPLETENESS:
    self->completeness = g_value_get_enum (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_store_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActStoreSrc *self = GST_ACT_STORE_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_COMPLETENESS:
    g_value_set_enum (value, self->completeness);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_store_src_finalize (GObject *object)
{
  g_free (GST_ACT_STORE_SRC (object)->location);
  G_OBJECT_CLASS (gst_act_store_src_parent_class)->finalize (object);
}

/* Opened here and not in GstBaseSrc's start, which adds an error message of
 * its own that says nothing. */
static GstStateChangeReturn
gst_act_store_src_change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && !gst_act_store_src_start (GST_BASE_SRC (element)))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_act_store_src_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && ret == GST_STATE_CHANGE_FAILURE)
    gst_act_store_src_stop (GST_BASE_SRC (element));
  return ret;
}

static void
gst_act_store_src_class_init (GstActStoreSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  object_class->set_property = gst_act_store_src_set_property;
  object_class->get_property = gst_act_store_src_get_property;
  object_class->finalize = gst_act_store_src_finalize;
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folders of stores, with commas between (\"\\,\" for one in a name); "
      "globs are allowed",
      NULL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  props[PROP_COMPLETENESS] = g_param_spec_enum ("completeness", "Completeness",
      "What the stores have to be together", completeness_get_type (),
      ACT_STORE_SET_WHOLE,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Activation store reader", "Source/File",
      "Reads the activations of a store again, or of the shards of a run as "
      "one run",
      "The gst-activations authors");

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_store_src_change_state);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_act_store_src_stop);
  src_class->get_caps = GST_DEBUG_FUNCPTR (gst_act_store_src_get_caps);
  src_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_store_src_set_caps);
  src_class->is_seekable = GST_DEBUG_FUNCPTR (gst_act_store_src_is_seekable);
  src_class->do_seek = GST_DEBUG_FUNCPTR (gst_act_store_src_do_seek);
  src_class->query = GST_DEBUG_FUNCPTR (gst_act_store_src_query);
  GST_PUSH_SRC_CLASS (klass)->create =
      GST_DEBUG_FUNCPTR (gst_act_store_src_create);
}

static void
gst_act_store_src_init (GstActStoreSrc *self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_DEFAULT);
}
