/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-actdashboardsink
 * @title: actdashboardsink
 * @short_description: writes a dashboard folder
 *
 * Takes the records that a store gives when it drains (first the tokens of
 * all samples, then the rows of each cluster) and writes a dashboard: for each
 * cluster its statistics, histograms, top tokens and best samples
 * (`clusters.jsonl`), the texts (`text_samples.jsonl`), the activations of the
 * samples named (`activations.npz`, `activations_map.json`) and the clusters'
 * coactivations (`coactivations.npz`).
 *
 * Sink: `application/x-act-records`, buffers with a #GstActRecordMeta.
 *
 * The folder appears whole or not at all, and only if the stream said with
 * act-complete how many samples the run has, and all of them and all clusters
 * came. Then an element message `act-output` with the field `location` is
 * posted. Otherwise there is a warning and nothing is left behind.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdeadfilter !
 * actclustermax clusters=tests/data/golden/basic/clusters.json ! actstore !
 * actdashboardsink location=/tmp/act-doc/dashboard
 * vocabulary=tests/data/golden/basic/vocab.json n-samples=5 overwrite=true
 * ]|
 */
#include "actdashboardsink.h"

#include <gst/activations/activations.h>

#include "dashboard/dashboard.h"
#include "dashboard/runinfo.h"
#include "formats/output.h"

#include <gio/gio.h>

GST_DEBUG_CATEGORY_EXTERN (act_dashboard_debug);
#define GST_CAT_DEFAULT act_dashboard_debug

#define DEFAULT_CRITERIA "max_activation-max"
#define DEFAULT_N_SAMPLES 20
#define DEFAULT_HIST_BINS 10
#define DEFAULT_THRESHOLD 0.5
#define DEFAULT_TOP_N_TOKENS 50

/* where in the order of records a run is */
typedef struct {
  guint64 n_rows; /* of the samples or the cluster at hand */
  gboolean samples_ended;
  gboolean in_cluster;
  guint cluster; /* the one at hand, or the next */
  gint64 started_us;
  gint64 first_record_us;
  gint64 samples_ended_us;
} Progress;

struct _GstActDashboardSink {
  GstBaseSink parent;

  gchar *location;
  gchar *criteria;
  gchar *vocabulary_file;
  guint n_samples;
  guint hist_bins;
  guint top_n_tokens;
  gdouble activation_threshold;
  gboolean overwrite;

  ActOutputFolder *folder;
  GDateTime *date;
  GstActVocabulary *vocabulary; /* of the file, or else of the stream */
  GstActAssignment *assignment;
  GstActInfo *info;
  ActDashboard *dashboard; /* set and cleared with the object lock */
  Progress progress;
  gboolean failed; /* an error was posted */
  gboolean complete;
  guint64 total;
};

enum {
  PROP_LOCATION = 1,
  PROP_N_SAMPLES,
  PROP_CRITERIA,
  PROP_HIST_BINS,
  PROP_ACTIVATION_THRESHOLD,
  PROP_TOP_N_TOKENS,
  PROP_VOCABULARY,
  PROP_OVERWRITE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_RECORDS_CAPS));

G_DEFINE_TYPE (GstActDashboardSink, gst_act_dashboard_sink, GST_TYPE_BASE_SINK)
GST_ELEMENT_REGISTER_DEFINE (actdashboardsink, "actdashboardsink",
    GST_RANK_NONE, GST_TYPE_ACT_DASHBOARD_SINK)

/* the one message of a failure; frees error */
static void
fail (GstActDashboardSink *self, GError *error)
{
  if (!self->failed)
    gst_act_element_post_error (GST_ELEMENT (self), error);
  self->failed = TRUE;
  g_error_free (error);
}

static void
take_dashboard (GstActDashboardSink *self, ActDashboard *dashboard)
{
  ActDashboard *old;

  GST_OBJECT_LOCK (self);
  old = self->dashboard;
  self->dashboard = dashboard;
  GST_OBJECT_UNLOCK (self);
  act_dashboard_free (old);
}

static void
cancel (GstActDashboardSink *self)
{
  GST_OBJECT_LOCK (self);
  if (self->dashboard != NULL)
    act_dashboard_cancel (self->dashboard);
  GST_OBJECT_UNLOCK (self);
}

/* what a run has gathered, but not what the stream said at its start */
static void
drop_run (GstActDashboardSink *self)
{
  take_dashboard (self, NULL);
  g_clear_pointer (&self->folder, act_output_folder_free);
  self->progress = (Progress){ .started_us = g_get_monotonic_time () };
  self->failed = FALSE;
  self->complete = FALSE;
  self->total = 0;
}

static gboolean
open_folder (GstActDashboardSink *self, GError **error)
{
  if (self->folder == NULL)
    self->folder =
        act_output_folder_new (self->location, self->overwrite, error);
  return self->folder != NULL;
}

static gboolean
prepare (GstActDashboardSink *self, GError **error)
{
  g_autoptr (ActCriteria) criteria = NULL;

  if (self->location == NULL || *self->location == '\0') {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "no location: set it to the folder that is to be written");
    return FALSE;
  }
  criteria = act_criteria_parse (self->criteria, self->n_samples, error);
  if (criteria == NULL)
    return FALSE;
  if (self->vocabulary_file != NULL) {
    self->vocabulary =
        gst_act_vocabulary_new_from_file (self->vocabulary_file, error);
    if (self->vocabulary == NULL)
      return FALSE;
  }
  return open_folder (self, error);
}

/* READY to PAUSED, and not GstBaseSink's start: that belongs to NULL to READY,
 * and adds an error message of its own */
static gboolean
start (GstActDashboardSink *self)
{
  GError *error = NULL;

  drop_run (self);
  self->date = g_date_time_new_now_utc ();
  if (prepare (self, &error))
    return TRUE;
  fail (self, error);
  return FALSE;
}

static void
stop (GstActDashboardSink *self)
{
  drop_run (self);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  g_clear_pointer (&self->assignment, gst_act_assignment_unref);
  g_clear_pointer (&self->info, gst_act_info_unref);
  g_clear_pointer (&self->date, g_date_time_unref);
}

static gboolean
gst_act_dashboard_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (sink);
  GError *error = NULL;
  GstActInfo *info = gst_act_info_new_from_caps (caps, &error);

  if (info != NULL && self->dashboard != NULL
      && !gst_act_info_same_shape (info, self->info)) {
    gst_act_info_unref (info);
    info = NULL;
    g_set_error (&error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the records change their shape in the middle of a run");
  }
  if (info == NULL) {
    fail (self, error);
    return FALSE;
  }
  g_clear_pointer (&self->info, gst_act_info_unref);
  self->info = info;
  return TRUE;
}

/* what must have come before the first record */
static gboolean
check_vocabulary (GstActDashboardSink *self, GError **error)
{
  if (self->vocabulary != NULL)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
      "no vocabulary: the stream carries none; set the property vocabulary to"
      " the tokenizer.json or vocab.json that the tokens were made with");
  return FALSE;
}

static gboolean
check_stream (GstActDashboardSink *self, GError **error)
{
  guint n;

  if (self->info == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "no caps came before the records");
    return FALSE;
  }
  if (self->assignment == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "no cluster assignment (event act-assignment) came before the"
        " records; is there an element that makes clusters?");
    return FALSE;
  }
  n = gst_act_assignment_get_n_clusters (self->assignment);
  if (n != self->info->n_clusters) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the assignment has %u clusters, the records' caps say %u", n,
        self->info->n_clusters);
    return FALSE;
  }
  return TRUE;
}

/* ids that the stream cannot hold are left out, however large the file's */
static ActStrings *
make_strings (GstActDashboardSink *self, GError **error)
{
  guint n = self->vocabulary != NULL
      ? gst_act_vocabulary_get_size (self->vocabulary)
      : 0;
  g_autoptr (ActStrings) strings = NULL;

  if (self->info->vocab_size > 0)
    n = MIN (n, self->info->vocab_size);
  strings = act_strings_new (n);
  for (guint i = 0; i < n; i++) {
    gsize length = 0;
    const gchar *string =
        gst_act_vocabulary_get_string (self->vocabulary, i, &length);

    if (!act_strings_set (strings, i, string, length, error))
      return NULL;
  }
  return g_steal_pointer (&strings);
}

static gboolean
create_dashboard (GstActDashboardSink *self, GError **error)
{
  const GstActInfo *info = self->info;
  ActDashboardSettings settings = {
    .n_samples = self->n_samples,
    .criteria = self->criteria,
    .hist_bins = self->hist_bins,
    .activation_threshold = self->activation_threshold,
    .top_n_tokens = self->top_n_tokens,
  };
  ActDashboardRun run = {
    .n_ctx = info->sequence_length,
    .vocab_size = info->vocab_size,
    .tokenizer = info->tokenizer,
    .model = info->model,
    .assignment = gst_act_assignment_get_fingerprint (self->assignment),
    .reduction = info->reduction,
    .run = gst_act_assignment_get_run (self->assignment),
    .iteration = gst_act_assignment_get_iteration (self->assignment),
    .n_modules = info->n_modules,
    .modules = (const char *const *) info->modules,
    .components = info->components,
    .n_clusters = info->n_clusters,
  };
  ActStrings *strings = make_strings (self, error);
  ActDashboard *dashboard;

  if (strings == NULL)
    return FALSE;
  dashboard = act_dashboard_new (act_output_folder_get_path (self->folder),
      &settings, &run, strings, error);
  if (dashboard == NULL)
    return FALSE;
  take_dashboard (self, dashboard);
  return TRUE;
}

static gboolean
begin_run (GstActDashboardSink *self, GError **error)
{
  if (self->dashboard != NULL)
    return TRUE;
  self->progress.first_record_us = g_get_monotonic_time ();
  return check_stream (self, error) && open_folder (self, error)
      && create_dashboard (self, error);
}

static gboolean
out_of_order (const GstActRecordMeta *meta, GError **error)
{
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
      "record out of order: kind %d, cluster %u, row %" G_GUINT64_FORMAT
      " of %" G_GUINT64_FORMAT,
      meta->kind, meta->cluster, meta->first_row, meta->total_rows);
  return FALSE;
}

static gboolean
end_samples (GstActDashboardSink *self, GError **error)
{
  self->progress.n_rows = 0;
  self->progress.samples_ended = TRUE;
  self->progress.samples_ended_us = g_get_monotonic_time ();
  return act_dashboard_end_samples (self->dashboard, error);
}

static gboolean
take_samples (
    GstActDashboardSink *self, const GstActRecord *record, GError **error)
{
  const GstActRecordMeta *meta = record->meta;
  Progress *progress = &self->progress;

  if (progress->samples_ended || meta->first_row != progress->n_rows)
    return out_of_order (meta, error);
  if (meta->n_rows > 0 && !check_vocabulary (self, error))
    return FALSE;
  if (!act_dashboard_add_samples (self->dashboard, record->samples,
          record->tokens, meta->n_rows, error))
    return FALSE;
  progress->n_rows += meta->n_rows;
  if (!(meta->flags & GST_ACT_RECORD_LAST))
    return TRUE;
  if (progress->n_rows != meta->total_rows)
    return out_of_order (meta, error);
  return end_samples (self, error);
}

static gboolean
begin_cluster (GstActDashboardSink *self, GError **error)
{
  guint cluster = self->progress.cluster;
  ActDashboardCluster description = {
    .name = gst_act_assignment_get_name (self->assignment, cluster),
    .id = gst_act_assignment_get_id (self->assignment, cluster),
  };

  description.members = gst_act_assignment_get_members (
      self->assignment, cluster, &description.n_members);
  for (guint i = 0; i < description.n_members; i++)
    if (description.members[i] >= self->info->n_components) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
          "cluster '%s' has column %u, the records' caps have %u components",
          description.name, description.members[i], self->info->n_components);
      return FALSE;
    }
  self->progress.in_cluster = TRUE;
  self->progress.n_rows = 0;
  return act_dashboard_begin_cluster (
      self->dashboard, cluster, &description, error);
}

static gboolean
end_cluster (
    GstActDashboardSink *self, const GstActRecord *record, GError **error)
{
  if (self->progress.n_rows != record->meta->total_rows)
    return out_of_order (record->meta, error);
  if (self->progress.n_rows > 0 && record->coactivations == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the last record of cluster %u has no coactivations",
        record->meta->cluster);
    return FALSE;
  }
  self->progress.in_cluster = FALSE;
  self->progress.cluster++;
  return act_dashboard_end_cluster (
      self->dashboard, record->coactivations, error);
}

static gboolean
take_cluster (
    GstActDashboardSink *self, const GstActRecord *record, GError **error)
{
  const GstActRecordMeta *meta = record->meta;
  Progress *progress = &self->progress;
  gboolean first = (meta->flags & GST_ACT_RECORD_FIRST) != 0;

  /* a run without samples may begin with its clusters */
  if (!progress->samples_ended && progress->n_rows == 0 && meta->n_rows == 0
      && !end_samples (self, error))
    return FALSE;
  if (!progress->samples_ended || meta->cluster != progress->cluster
      || first == progress->in_cluster
      || meta->first_row != (first ? 0 : progress->n_rows))
    return out_of_order (meta, error);
  if (first && !begin_cluster (self, error))
    return FALSE;
  if (meta->n_rows > 0
      && !act_dashboard_add_rows (self->dashboard, meta->n_rows,
          record->samples, record->indptr, record->positions, record->values,
          error))
    return FALSE;
  progress->n_rows += meta->n_rows;
  return !(meta->flags & GST_ACT_RECORD_LAST)
      || end_cluster (self, record, error);
}

static gboolean
take_record (GstActDashboardSink *self, GstBuffer *buffer, GError **error)
{
  GstActRecordMeta *meta = gst_act_record_meta_get (buffer);
  GstActRecord record;
  gboolean ok;

  /* rows of single components are no part of a dashboard */
  if (meta != NULL && meta->kind == GST_ACT_RECORD_COMPONENT)
    return TRUE;
  if (!begin_run (self, error)
      || !gst_act_record_map (&record, buffer, self->info->sequence_length,
          self->info->n_clusters, error))
    return FALSE;
  if (record.meta->kind == GST_ACT_RECORD_SAMPLES)
    ok = take_samples (self, &record, error);
  else
    ok = take_cluster (self, &record, error);
  gst_act_record_unmap (&record);
  return ok;
}

static GstFlowReturn
gst_act_dashboard_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (sink);
  GError *error = NULL;

  if (self->failed)
    return GST_FLOW_ERROR;
  if (take_record (self, buffer, &error))
    return GST_FLOW_OK;
  fail (self, error);
  return GST_FLOW_ERROR;
}

/* why the run is not whole, or NULL */
static gchar *
what_lacks (GstActDashboardSink *self)
{
  guint64 n_samples = self->dashboard != NULL
      ? act_dashboard_get_n_samples (self->dashboard)
      : 0;

  if (!self->complete)
    return g_strdup ("the stream ended without saying that the run is complete"
                     " (act-complete)");
  if (n_samples != self->total)
    return g_strdup_printf ("the run has %" G_GUINT64_FORMAT
                            " samples, but %" G_GUINT64_FORMAT " came",
        self->total, n_samples);
  if (self->info == NULL || self->assignment == NULL)
    return g_strdup ("no caps or no cluster assignment came");
  /* of no samples there may be no records at all */
  if (self->progress.in_cluster
      || (self->progress.cluster < self->info->n_clusters
          && (self->total > 0 || self->progress.cluster > 0)))
    return g_strdup_printf ("of %u clusters %u came whole",
        self->info->n_clusters, self->progress.cluster);
  return NULL;
}

static gboolean
write_run_info (
    GstActDashboardSink *self, gint64 finish_begun_us, GError **error)
{
  const Progress *progress = &self->progress;
  g_autofree gchar *name = g_build_filename (
      act_output_folder_get_path (self->folder), "run_info.json", NULL);
  g_autofree gchar *engine = gst_version_string ();
  gint64 samples_ended = progress->samples_ended ? progress->samples_ended_us
                                                 : progress->first_record_us;
  ActRunInfo info = {
    .date = self->date,
    .location = act_output_folder_get_target (self->folder),
    .vocabulary = self->vocabulary_file,
    .engine = engine,
    .waiting_seconds = (progress->first_record_us - progress->started_us) / 1e6,
    .samples_seconds = (samples_ended - progress->first_record_us) / 1e6,
    .clusters_seconds = (finish_begun_us - samples_ended) / 1e6,
    .finish_seconds = (g_get_monotonic_time () - finish_begun_us) / 1e6,
  };

  return act_run_info_write (name, &info, error);
}

static gboolean
publish (GstActDashboardSink *self, GError **error)
{
  guint n = gst_act_assignment_get_n_clusters (self->assignment);
  g_autofree gint64 *ids = g_new (gint64, n + 1);
  g_autofree gchar *location = NULL;
  gint64 begun = g_get_monotonic_time ();

  if (!begin_run (self, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    ids[i] = gst_act_assignment_get_id (self->assignment, i);
  if (!act_dashboard_finish (self->dashboard, ids, error)
      || !write_run_info (self, begun, error)
      || !act_output_folder_publish (self->folder, error))
    return FALSE;
  location = g_strdup (act_output_folder_get_target (self->folder));
  drop_run (self);
  GST_INFO_OBJECT (self, "wrote '%s'", location);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (
              "act-output", "location", G_TYPE_STRING, location, NULL)));
  return TRUE;
}

/* At EOS. FALSE after an error, which then stands for the EOS. */
static gboolean
finish (GstActDashboardSink *self)
{
  g_autofree gchar *lack = NULL;
  GError *error = NULL;

  if (self->failed)
    return FALSE;
  lack = what_lacks (self);
  if (lack != NULL) {
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("'%s' was not written: %s", self->location, lack), (NULL));
    drop_run (self);
    return TRUE;
  }
  if (publish (self, &error))
    return TRUE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    GST_INFO_OBJECT (self, "cancelled");
    g_error_free (error);
    drop_run (self);
    return FALSE;
  }
  fail (self, error);
  return FALSE;
}

static void
take_custom (GstActDashboardSink *self, GstEvent *event)
{
  GstActVocabulary *vocabulary = NULL;
  GstActAssignment *assignment = NULL;

  if (gst_act_event_parse_complete (event, &self->total)) {
    self->complete = TRUE;
  } else if (gst_act_event_parse_assignment (event, &assignment)) {
    g_clear_pointer (&self->assignment, gst_act_assignment_unref);
    self->assignment = assignment;
  } else if (gst_act_event_parse_vocabulary (event, &vocabulary)) {
    /* the file was asked for by name, so it comes first */
    if (self->vocabulary_file != NULL) {
      gst_act_vocabulary_unref (vocabulary);
      return;
    }
    g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
    self->vocabulary = vocabulary;
  }
}

/* A store sends a gap for each batch that it takes: what is missing is said
 * then, not after hours. */
static gboolean
check_early (GstActDashboardSink *self)
{
  GError *error = NULL;

  if (self->failed || check_vocabulary (self, &error))
    return !self->failed;
  fail (self, error);
  return FALSE;
}

static gboolean
gst_act_dashboard_sink_event (GstBaseSink *sink, GstEvent *event)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (sink);
  gboolean ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_FLUSH_START:
    cancel (self);
    break;
  case GST_EVENT_FLUSH_STOP:
    drop_run (self);
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    take_custom (self, event);
    break;
  case GST_EVENT_GAP:
    ok = check_early (self);
    break;
  case GST_EVENT_EOS:
    ok = finish (self);
    break;
  default:
    break;
  }
  if (!ok) {
    gst_event_unref (event);
    return FALSE;
  }
  return GST_BASE_SINK_CLASS (gst_act_dashboard_sink_parent_class)
      ->event (sink, event);
}

/* positions and durations are the source's, in samples */
static gboolean
gst_act_dashboard_sink_query (GstElement *element, GstQuery *query)
{
  GstPad *pad = GST_BASE_SINK_PAD (element);

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_POSITION:
  case GST_QUERY_DURATION:
    return gst_pad_peer_query (pad, query);
  default:
    return GST_ELEMENT_CLASS (gst_act_dashboard_sink_parent_class)
        ->query (element, query);
  }
}

static GstStateChangeReturn
gst_act_dashboard_sink_change_state (
    GstElement *element, GstStateChange transition)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self)) {
    stop (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  /* before the streaming thread is waited for */
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    cancel (self);
  ret = GST_ELEMENT_CLASS (gst_act_dashboard_sink_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

static void
gst_act_dashboard_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (object);

  switch (id) {
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    break;
  case PROP_N_SAMPLES:
    self->n_samples = g_value_get_uint (value);
    break;
  case PROP_CRITERIA:
    g_free (self->criteria);
    self->criteria = g_value_dup_string (value);
    break;
  case PROP_HIST_BINS:
    self->hist_bins = g_value_get_uint (value);
    break;
  case PROP_ACTIVATION_THRESHOLD:
    self->activation_threshold = g_value_get_double (value);
    break;
  case PROP_TOP_N_TOKENS:
    self->top_n_tokens = g_value_get_uint (value);
    break;
  case PROP_VOCABULARY:
    g_free (self->vocabulary_file);
    self->vocabulary_file = g_value_dup_string (value);
    break;
  case PROP_OVERWRITE:
    self->overwrite = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_dashboard_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (object);

  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_N_SAMPLES:
    g_value_set_uint (value, self->n_samples);
    break;
  case PROP_CRITERIA:
    g_value_set_string (value, self->criteria);
    break;
  case PROP_HIST_BINS:
    g_value_set_uint (value, self->hist_bins);
    break;
  case PROP_ACTIVATION_THRESHOLD:
    g_value_set_double (value, self->activation_threshold);
    break;
  case PROP_TOP_N_TOKENS:
    g_value_set_uint (value, self->top_n_tokens);
    break;
  case PROP_VOCABULARY:
    g_value_set_string (value, self->vocabulary_file);
    break;
  case PROP_OVERWRITE:
    g_value_set_boolean (value, self->overwrite);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_dashboard_sink_finalize (GObject *object)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (object);

  g_free (self->location);
  g_free (self->criteria);
  g_free (self->vocabulary_file);
  G_OBJECT_CLASS (gst_act_dashboard_sink_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folder to write; it appears when the run is complete", NULL, flags);
  props[PROP_N_SAMPLES] = g_param_spec_uint ("n-samples", "Samples",
      "How many samples each criterion names for a cluster", 1, G_MAXINT,
      DEFAULT_N_SAMPLES, flags);
  props[PROP_CRITERIA] = g_param_spec_string ("criteria", "Criteria",
      "What a cluster's samples are ranked by: a list like"
      " max_activation-max,mean_activation-min of max_activation,"
      " mean_activation, min_activation, median_activation or max_position,"
      " each with -max (largest first) or -min (smallest first)",
      DEFAULT_CRITERIA, flags);
  props[PROP_HIST_BINS] = g_param_spec_uint ("hist-bins", "Histogram bins",
      "Number of bins of each histogram", 1, 65536, DEFAULT_HIST_BINS, flags);
  props[PROP_ACTIVATION_THRESHOLD] =
      g_param_spec_double ("activation-threshold", "Activation threshold",
          "A token counts for a cluster where the activation is above this",
          0.0, G_MAXFLOAT, DEFAULT_THRESHOLD, flags);
  props[PROP_TOP_N_TOKENS] = g_param_spec_uint ("top-n-tokens", "Top tokens",
      "How many of the most frequent tokens are named for a cluster", 0,
      G_MAXINT, DEFAULT_TOP_N_TOKENS, flags);
  props[PROP_VOCABULARY] = g_param_spec_string ("vocabulary", "Vocabulary",
      "tokenizer.json or vocab.json with the token strings; needed where the"
      " stream carries none, and preferred to the stream's",
      NULL, flags);
  props[PROP_OVERWRITE] = g_param_spec_boolean ("overwrite", "Overwrite",
      "Replace the folder if it exists, once the new one is whole", FALSE,
      flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gst_act_dashboard_sink_class_init (GstActDashboardSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  object_class->set_property = gst_act_dashboard_sink_set_property;
  object_class->get_property = gst_act_dashboard_sink_get_property;
  object_class->finalize = gst_act_dashboard_sink_finalize;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Dashboard of component clusters", "Sink/File",
      "Writes a folder with each cluster's statistics, top tokens, best"
      " samples and coactivations",
      "gst-activations");
  element_class->query = GST_DEBUG_FUNCPTR (gst_act_dashboard_sink_query);
  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_dashboard_sink_change_state);

  sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_dashboard_sink_set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR (gst_act_dashboard_sink_event);
  sink_class->render = GST_DEBUG_FUNCPTR (gst_act_dashboard_sink_render);
}

static void
gst_act_dashboard_sink_init (GstActDashboardSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  self->criteria = g_strdup (DEFAULT_CRITERIA);
  self->n_samples = DEFAULT_N_SAMPLES;
  self->hist_bins = DEFAULT_HIST_BINS;
  self->activation_threshold = DEFAULT_THRESHOLD;
  self->top_n_tokens = DEFAULT_TOP_N_TOKENS;
  gst_base_sink_set_sync (sink, FALSE);
  gst_base_sink_set_async_enabled (sink, FALSE);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}
