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
 * coactivations (`coactivations.npz`); and, unless `facts=false`, more about
 * each cluster (`cluster_facts.jsonl`, `samples.npz`,
 * `component_activations.npz`) and, unless `viewer=false`, a page that shows
 * all of it (`index.html`, `page/`, `data/`), of components also what each does
 * by itself unless `component-details=false`. What these say of single
 * components needs records of them (`component-records=true` of actstore);
 * without, it is left out.
 *
 * Sink: `application/x-act-records`, buffers with a #GstActRecordMeta.
 *
 * The folder appears whole or not at all, and only if the stream said with
 * act-complete how many samples the run has, and all of them and all clusters
 * came. Then an element message `act-output` with the field `location` is
 * posted. Otherwise there is a warning and nothing is left behind.
 *
 * What grows with the run is in memory up to "max-memory"; more is, while the
 * element works, in files without a name in the output's folder.
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

#include "dashboardrun.h"
#include "formats/output.h"

#include <gio/gio.h>

GST_DEBUG_CATEGORY_EXTERN (act_dashboard_debug);
#define GST_CAT_DEFAULT act_dashboard_debug

#define DEFAULT_CRITERIA "max_activation-max"
#define DEFAULT_N_SAMPLES 20
#define DEFAULT_HIST_BINS 10
#define DEFAULT_THRESHOLD 0.5
#define DEFAULT_TOP_N_TOKENS 50
#define DEFAULT_TEXTS TEXTS_ALL
#define DEFAULT_MAX_MEMORY ACT_DASHBOARD_MAX_MEMORY
#define DEFAULT_VIEWER TRUE
#define DEFAULT_FACTS TRUE
#define DEFAULT_COMPONENT_DETAILS TRUE
#define DEFAULT_N_RANDOM 20
#define DEFAULT_SEED 0
#define DEFAULT_N_COACTIVATING 20
#define DEFAULT_MIN_TOKEN_COUNT 5

typedef enum { TEXTS_ALL, TEXTS_REFERENCED } Texts;

struct _GstActDashboardSink {
  GstBaseSink parent;

  gchar *location;
  gchar *criteria;
  gchar *vocabulary_file;
  gchar *title;
  guint n_samples;
  guint hist_bins;
  guint top_n_tokens;
  gdouble activation_threshold;
  gboolean overwrite;
  Texts texts;
  guint64 max_memory;
  gboolean viewer;
  gboolean component_details;
  gboolean facts;
  guint n_random;
  guint64 seed;
  guint n_coactivating;
  guint min_token_count;

  ActOutputFolder *folder;
  GDateTime *date;
  GstActVocabulary *vocabulary; /* of the file, or else of the stream */
  GstActAssignment *assignment;
  GstActInfo *info;
  gchar *incomplete; /* NULL, or what of the run is missing */
  /* with the object lock */
  DashboardRun *run; /* where it is set and cleared */
  gboolean cancelled;

  gint64 started_us;
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
  PROP_TEXTS,
  PROP_MAX_MEMORY,
  PROP_VIEWER,
  PROP_TITLE,
  PROP_COMPONENT_DETAILS,
  PROP_FACTS,
  PROP_N_RANDOM,
  PROP_SEED,
  PROP_N_COACTIVATING,
  PROP_MIN_TOKEN_COUNT,
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
take_run (GstActDashboardSink *self, DashboardRun *run)
{
  DashboardRun *old;

  GST_OBJECT_LOCK (self);
  old = self->run;
  self->run = run;
  GST_OBJECT_UNLOCK (self);
  dashboard_run_free (old);
}

static void
cancel (GstActDashboardSink *self)
{
  GST_OBJECT_LOCK (self);
  self->cancelled = TRUE;
  if (self->run != NULL)
    dashboard_run_cancel (self->run);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
check_cancelled (GstActDashboardSink *self, GError **error)
{
  gboolean cancelled;

  GST_OBJECT_LOCK (self);
  cancelled = self->cancelled;
  GST_OBJECT_UNLOCK (self);
  if (cancelled)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  return !cancelled;
}

/* what a run has gathered, but not what the stream said at its start */
static void
drop_run (GstActDashboardSink *self)
{
  take_run (self, NULL);
  GST_OBJECT_LOCK (self);
  self->cancelled = FALSE;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->folder, act_output_folder_free);
  self->started_us = g_get_monotonic_time ();
  self->failed = FALSE;
  self->complete = FALSE;
  self->total = 0;
}

static gboolean
open_folder (GstActDashboardSink *self, GError **error)
{
  if (self->folder == NULL)
    self->folder = act_output_folder_new (
        self->location, self->overwrite ? "model_info.json" : NULL, error);
  return self->folder != NULL;
}

static gboolean
prepare (GstActDashboardSink *self, GError **error)
{
  g_autoptr (ActCriteria) criteria = NULL;

  if (self->location == NULL || *self->location == '\0') {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'location' is not set, expected the folder to write");
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
  g_clear_pointer (&self->incomplete, g_free);
  g_clear_pointer (&self->date, g_date_time_unref);
}

static gboolean
gst_act_dashboard_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (sink);
  GError *error = NULL;
  GstActInfo *info = gst_act_info_new_from_caps (caps, &error);

  if (info != NULL && self->run != NULL
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

static gboolean
begin_run (GstActDashboardSink *self, GError **error)
{
  ActDashboardSettings settings = {
    .n_samples = self->n_samples,
    .criteria = self->criteria,
    .hist_bins = self->hist_bins,
    .activation_threshold = self->activation_threshold,
    .top_n_tokens = self->top_n_tokens,
    .referenced_texts = self->texts == TEXTS_REFERENCED,
    .max_memory = MIN (self->max_memory, G_MAXSIZE),
    .viewer = self->viewer,
    .component_details = self->component_details,
    .facts = {
      .enabled = self->facts,
      .n_random = self->n_random,
      .seed = self->seed,
      .n_coactivating = self->n_coactivating,
      .min_token_count = self->min_token_count,
    },
  };
  DashboardRun *run;

  if (self->run != NULL)
    return TRUE;
  if (!open_folder (self, error))
    return FALSE;
  run = dashboard_run_new (act_output_folder_get_path (self->folder),
      self->info, self->assignment, self->vocabulary, self->incomplete,
      &settings, error);
  if (run == NULL)
    return FALSE;
  if (self->viewer && !self->facts)
    GST_INFO_OBJECT (self, "no page: it shows the facts, and facts=false");
  take_run (self, run);
  return TRUE;
}

static GstFlowReturn
gst_act_dashboard_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (sink);
  GError *error = NULL;

  if (self->failed)
    return GST_FLOW_ERROR;
  if (begin_run (self, &error)
      && dashboard_run_take (self->run, buffer, &error))
    return GST_FLOW_OK;
  fail (self, error);
  return GST_FLOW_ERROR;
}

static gboolean
publish (GstActDashboardSink *self, GError **error)
{
  g_autofree gchar *location =
      g_strdup (act_output_folder_get_target (self->folder));
  DashboardRunOrigin origin = {
    .date = self->date,
    .started_us = self->started_us,
    .title = self->title,
    .location = location,
    .vocabulary_file = self->vocabulary_file,
  };

  if (!dashboard_run_finish (self->run, &origin, error)
      || !check_cancelled (self, error)
      || !act_output_folder_publish (self->folder, error))
    return FALSE;
  drop_run (self);
  GST_INFO_OBJECT (self, "wrote '%s'", location);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (
              "act-output", "location", G_TYPE_STRING, location, NULL)));
  return TRUE;
}

/* Why there is nothing to publish; NULL, or an error, if it is not that. Of a
 * run without samples no record may have come yet. */
static gchar *
what_lacks (GstActDashboardSink *self, GError **error)
{
  if (!self->complete)
    return g_strdup ("the stream ended without saying that the run is complete"
                     " (act-complete)");
  if (self->run == NULL && self->total > 0)
    return g_strdup_printf ("the run has %" G_GUINT64_FORMAT
                            " samples, but no records came",
        self->total);
  if (!begin_run (self, error))
    return NULL;
  return dashboard_run_what_lacks (self->run, self->total);
}

/* publish () may take minutes. GstBaseSink holds its lock during an event, and
 * waits for it on the way down from PLAYING: without this nobody could pause,
 * and cancel () would come after the folder. The stream's own lock is held all
 * the time, so that nothing else of the stream comes meanwhile. */
static gboolean
publish_unlocked (GstActDashboardSink *self, GError **error)
{
  gboolean ok;

  GST_BASE_SINK_PREROLL_UNLOCK (self);
  ok = publish (self, error);
  GST_BASE_SINK_PREROLL_LOCK (self);
  return ok;
}

/* At EOS. FALSE after an error, which then stands for the EOS. */
static gboolean
finish (GstActDashboardSink *self)
{
  g_autofree gchar *lack = NULL;
  GError *error = NULL;

  if (self->failed)
    return FALSE;
  lack = what_lacks (self, &error);
  if (lack != NULL) {
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("'%s' was not written: %s", self->location, lack), (NULL));
    drop_run (self);
    return TRUE;
  }
  if (error == NULL && publish_unlocked (self, &error))
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
  const gchar *missing;

  if (gst_act_event_parse_complete (event, &self->total)) {
    self->complete = TRUE;
  } else if (gst_act_event_parse_incomplete (event, &missing)) {
    g_free (self->incomplete);
    self->incomplete = g_strdup (missing);
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

  if (self->failed || dashboard_run_check_vocabulary (self->vocabulary, &error))
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

static GType
texts_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { TEXTS_ALL, "All texts of the run", "all" },
    { TEXTS_REFERENCED, "Those that examples refer to", "referenced" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActDashboardSinkTexts", values));
  return type;
}

static void
set_facts_property (
    GstActDashboardSink *self, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_FACTS:
    self->facts = g_value_get_boolean (value);
    break;
  case PROP_N_RANDOM:
    self->n_random = g_value_get_uint (value);
    break;
  case PROP_SEED:
    self->seed = g_value_get_uint64 (value);
    break;
  case PROP_N_COACTIVATING:
    self->n_coactivating = g_value_get_uint (value);
    break;
  case PROP_MIN_TOKEN_COUNT:
    self->min_token_count = g_value_get_uint (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (self, id, pspec);
  }
}

static void
get_facts_property (
    GstActDashboardSink *self, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_FACTS:
    g_value_set_boolean (value, self->facts);
    break;
  case PROP_N_RANDOM:
    g_value_set_uint (value, self->n_random);
    break;
  case PROP_SEED:
    g_value_set_uint64 (value, self->seed);
    break;
  case PROP_N_COACTIVATING:
    g_value_set_uint (value, self->n_coactivating);
    break;
  case PROP_MIN_TOKEN_COUNT:
    g_value_set_uint (value, self->min_token_count);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (self, id, pspec);
  }
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
  case PROP_TITLE:
    g_free (self->title);
    self->title = g_value_dup_string (value);
    break;
  case PROP_OVERWRITE:
    self->overwrite = g_value_get_boolean (value);
    break;
  case PROP_TEXTS:
    self->texts = g_value_get_enum (value);
    break;
  case PROP_MAX_MEMORY:
    self->max_memory = g_value_get_uint64 (value);
    break;
  case PROP_VIEWER:
    self->viewer = g_value_get_boolean (value);
    break;
  case PROP_COMPONENT_DETAILS:
    self->component_details = g_value_get_boolean (value);
    break;
  default:
    set_facts_property (self, id, value, pspec);
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
  case PROP_TITLE:
    g_value_set_string (value, self->title);
    break;
  case PROP_OVERWRITE:
    g_value_set_boolean (value, self->overwrite);
    break;
  case PROP_TEXTS:
    g_value_set_enum (value, self->texts);
    break;
  case PROP_MAX_MEMORY:
    g_value_set_uint64 (value, self->max_memory);
    break;
  case PROP_VIEWER:
    g_value_set_boolean (value, self->viewer);
    break;
  case PROP_COMPONENT_DETAILS:
    g_value_set_boolean (value, self->component_details);
    break;
  default:
    get_facts_property (self, id, value, pspec);
  }
}

static void
gst_act_dashboard_sink_finalize (GObject *object)
{
  GstActDashboardSink *self = GST_ACT_DASHBOARD_SINK (object);

  g_free (self->location);
  g_free (self->criteria);
  g_free (self->title);
  g_free (self->vocabulary_file);
  G_OBJECT_CLASS (gst_act_dashboard_sink_parent_class)->finalize (object);
}

static void
install_facts_properties (GParamFlags flags)
{
  props[PROP_FACTS] = g_param_spec_boolean ("facts", "Facts",
      "Also write cluster_facts.jsonl, samples.npz and"
      " component_activations.npz",
      DEFAULT_FACTS, flags);
  props[PROP_N_RANDOM] = g_param_spec_uint ("n-random", "Random samples",
      "How many samples are picked at random among those in which a cluster is"
      " active",
      0, G_MAXINT, DEFAULT_N_RANDOM, flags);
  props[PROP_SEED] = g_param_spec_uint64 ("seed", "Seed",
      "Of the random samples; with one seed the same run gives the same", 0,
      G_MAXUINT64, DEFAULT_SEED, flags);
  props[PROP_N_COACTIVATING] = g_param_spec_uint ("n-coactivating",
      "Coactivating clusters",
      "How many of the clusters that are active together with a cluster most"
      " are named",
      0, G_MAXINT, DEFAULT_N_COACTIVATING, flags);
  props[PROP_MIN_TOKEN_COUNT] = g_param_spec_uint ("min-token-count",
      "Minimum token count",
      "Tokens that a cluster is active at less often are not ranked by lift", 1,
      G_MAXINT, DEFAULT_MIN_TOKEN_COUNT, flags);
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
  props[PROP_TITLE] = g_param_spec_string ("title", "Title",
      "What was run, in words: it goes into run_info.json and stands on the"
      " page",
      NULL, flags);
  props[PROP_OVERWRITE] = g_param_spec_boolean ("overwrite", "Overwrite",
      "Replace the folder if it exists, once the new one is whole; it must be "
      "empty or an earlier dashboard (with a model_info.json)",
      FALSE, flags);
  props[PROP_TEXTS] = g_param_spec_enum ("texts", "Texts",
      "Which texts text_samples.jsonl has: all of the run, or those that"
      " examples refer to",
      texts_get_type (), DEFAULT_TEXTS, flags);
  props[PROP_MAX_MEMORY] = g_param_spec_uint64 ("max-memory", "Maximum memory",
      "About the most bytes of memory for what grows with the run: texts, and"
      " the rows of the cluster at hand; more goes to disk",
      1, G_MAXUINT64, DEFAULT_MAX_MEMORY, flags);
  props[PROP_VIEWER] = g_param_spec_boolean ("viewer", "Viewer",
      "Also write the page that shows the dashboard (index.html, page/ and"
      " data/); it needs the facts",
      DEFAULT_VIEWER, flags);
  props[PROP_COMPONENT_DETAILS] = g_param_spec_boolean ("component-details",
      "Component details",
      "On the page, also what each component does by itself: samples, tokens"
      " and histograms; it needs the page and records of components",
      DEFAULT_COMPONENT_DETAILS, flags);
  install_facts_properties (flags);
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
      "The gst-activations authors");
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
  self->texts = DEFAULT_TEXTS;
  self->max_memory = DEFAULT_MAX_MEMORY;
  self->viewer = DEFAULT_VIEWER;
  self->component_details = DEFAULT_COMPONENT_DETAILS;
  self->facts = DEFAULT_FACTS;
  self->n_random = DEFAULT_N_RANDOM;
  self->seed = DEFAULT_SEED;
  self->n_coactivating = DEFAULT_N_COACTIVATING;
  self->min_token_count = DEFAULT_MIN_TOKEN_COUNT;
  gst_base_sink_set_sync (sink, FALSE);
  gst_base_sink_set_async_enabled (sink, FALSE);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}
