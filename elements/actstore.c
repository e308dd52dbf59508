/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-actstore
 * @title: actstore
 * @short_description: stores activations, gives back records of each cluster
 *
 * Takes batches with component and cluster activations and keeps them. At the
 * end of a whole run it drains to its source pads, if it has any: the tokens
 * of all samples, then cluster after cluster the rows (samples) that were
 * stored for it, with its coactivations. Without a source pad it is a sink.
 *
 * A cluster is active in a batch if any of its activations there is not 0;
 * then all samples of that batch are rows of it. Each of its components has
 * the same rows but for batches in which it is dead. With
 * `sample-scope=all` all samples of the run are rows of each cluster that was
 * active at all; so they do not depend on how the run was cut into batches.
 *
 * Sink: application/x-act-clusters, a batch a buffer: tokens [samples, n_ctx],
 * components [samples x n_ctx, components] in CSR or dense, clusters
 * [samples x n_ctx, clusters] in CSR. Source pads (on request, any number):
 * application/x-act-records, a bounded run of rows a buffer, see
 * #GstActRecordMeta.
 *
 * With the property "location" batches go to segments in a folder, and a run
 * that was cut off goes on there: batches that are stored do not come again
 * (query act-stored) or are dropped. Memory for batches is bounded by
 * "max-memory", with or without a folder. Where several machines might work on
 * one folder, "lease" is the file by which this one holds it (see
 * docs/cluster.md).
 *
 * The end of a stream does not say that the run was whole, so nothing is
 * drained unless an act-complete event came whose number of samples is what
 * was stored; else the element warns. Positions and durations are in samples
 * (#GST_FORMAT_DEFAULT). At the end it posts an element message `act-summary`
 * with `samples`, `positions`, `batches`, `component-values`, `clusters` and,
 * without "location", `cluster-values`. A sink with "location" then posts
 * `act-output` with `location`.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdeadfilter !
 * actclustermax clusters=tests/data/golden/basic/clusters.json ! actstore !
 * fakesink
 * ]|
 */
#include "config.h"

#include "actstore.h"

#include <stdio.h>

#include "actstoredrain.h"
#include "actstoreplace.h"
#include "actstorerecords.h"
#include "store/storage_segments.h"

GST_DEBUG_CATEGORY_EXTERN (actstore_debug);
#define GST_CAT_DEFAULT actstore_debug

#define DEFAULT_COMPONENT_RECORDS FALSE
#define DEFAULT_MAX_RECORD_SIZE (4u << 20)
#define DEFAULT_SAMPLE_SCOPE GST_ACT_STORE_ACTIVE_BATCHES
#define DEFAULT_PROGRESS_INTERVAL 250
#define DEFAULT_SEGMENT_SIZE 16
#define DEFAULT_MAX_MEMORY ((guint64) 512 << 20)
#define DEFAULT_REPAIR FALSE

enum {
  PROP_COMPONENT_RECORDS = 1,
  PROP_MAX_RECORD_SIZE,
  PROP_PROGRESS_INTERVAL,
  PROP_LOCATION,
  PROP_SEGMENT_SIZE,
  PROP_MAX_MEMORY,
  PROP_REPAIR,
  PROP_SAMPLE_SCOPE,
  PROP_LEASE,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    /* a device's memory is mapped like any other */
    GST_STATIC_CAPS (GST_ACT_CLUSTERS_CAPS
        "; " GST_ACT_MEDIA_TYPE_CLUSTERS "(" GST_ACT_CAPS_FEATURE_MEMORY_CUDA
        "), format=(string)F32LE, layout=(string){ csr, dense }"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src_%u",
    GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS (GST_ACT_RECORDS_CAPS));

G_DEFINE_TYPE (GstActStore, gst_act_store, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    actstore, "actstore", GST_RANK_NONE, GST_TYPE_ACT_STORE)

/* --- waiting and giving up --- */

static gboolean
gst_act_store_is_sink (GstActStore *self)
{
  gboolean is_sink;

  GST_OBJECT_LOCK (self);
  is_sink = GST_OBJECT_FLAG_IS_SET (self, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (self);
  return is_sink;
}

static gboolean
gst_act_store_is_linked (GstActStore *self)
{
  gboolean is_linked = FALSE;

  GST_OBJECT_LOCK (self);
  for (GList *l = GST_ELEMENT (self)->srcpads; l != NULL; l = l->next)
    is_linked |= gst_pad_is_linked (l->data);
  GST_OBJECT_UNLOCK (self);
  return is_linked;
}

/* Without a link there is nobody behind that would hold the data while PAUSED.
 * Returns FALSE when flushing. */
static gboolean
gst_act_store_wait (GstActStore *self)
{
  gboolean go_on;

  g_mutex_lock (&self->lock);
  while (!self->flushing && !self->stopping && !self->playing
      && !gst_act_store_is_linked (self))
    g_cond_wait (&self->cond, &self->lock);
  go_on = !self->flushing && !self->stopping;
  g_mutex_unlock (&self->lock);
  return go_on;
}

static void
gst_act_store_set (GstActStore *self, gboolean *flag, gboolean value)
{
  g_mutex_lock (&self->lock);
  *flag = value;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* Flushing or stopping: who waits for the store's writer shall look. */
static void
gst_act_store_interrupt (GstActStore *self, gboolean *flag)
{
  gst_act_store_set (self, flag, TRUE);
  GST_OBJECT_LOCK (self);
  if (self->storage != NULL)
    act_segment_storage_wake (self->storage);
  GST_OBJECT_UNLOCK (self);
}

/* --- a run's data --- */

/* What came before an end that was none stays in the folder. */
static void
gst_act_store_close (GstActStore *self)
{
  g_autoptr (GError) error = NULL;

  if (self->store != NULL && self->folder != NULL
      && !act_store_settle (self->store, &error))
    GST_WARNING_OBJECT (self, "closing: %s", error->message);
  GST_OBJECT_LOCK (self);
  self->storage = NULL;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->store, act_store_free);
}

static void
gst_act_store_reset_run (GstActStore *self)
{
  gst_act_store_close (self);
  self->total = (GstActComplete){ 0 };
  self->failed = FALSE;
  self->ended = FALSE;
  self->run++;
  self->last_progress = 0;
  g_mutex_lock (&self->lock);
  self->eos_posted = FALSE;
  self->position = 0;
  g_mutex_unlock (&self->lock);
}

static void
gst_act_store_reset (GstActStore *self)
{
  gst_act_store_reset_run (self);
  self->asked_index = self->asked_count = 0;
  gst_act_store_close_folder (self);
  g_clear_pointer (&self->info, gst_act_info_unref);
  gst_clear_caps (&self->record_caps);
  gst_clear_event (&self->vocabulary);
  gst_clear_event (&self->assignment_event);
  g_clear_pointer (&self->assignment, gst_act_assignment_unref);
}

static void
gst_act_store_post (GstActStore *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static void
gst_act_store_post_summary (GstActStore *self)
{
  guint64 n_samples = act_store_get_n_samples (self->store);
  GstStructure *summary = gst_structure_new ("act-summary", "samples",
      G_TYPE_UINT64, n_samples, "positions", G_TYPE_UINT64,
      n_samples * self->info->sequence_length, "batches", G_TYPE_UINT64,
      (guint64) act_store_get_n_batches (self->store), "component-values",
      G_TYPE_UINT64, act_store_get_n_component_values (self->store), NULL);

  /* in a folder they are not kept but made again, so nobody counts them */
  if (self->folder == NULL)
    gst_structure_set (summary, "cluster-values", G_TYPE_UINT64,
        act_store_get_n_cluster_values (self->store), NULL);
  gst_structure_set (summary, "clusters", G_TYPE_UINT64,
      (guint64) self->info->n_clusters, "components", G_TYPE_UINT64,
      (guint64) self->info->n_components, NULL);
  /* clusters that were made for another model may fit, and leave most out */
  if (self->assignment != NULL)
    gst_structure_set (summary, "clustered-components", G_TYPE_UINT64,
        gst_act_records_count_members (
            self->assignment, self->info->n_components),
        NULL);
  gst_act_store_post (self, summary);
}

/* a store that is all that was asked for; else a dashboard is what was made */
static void
gst_act_store_post_output (GstActStore *self)
{
  if (self->folder != NULL && gst_act_store_is_sink (self))
    gst_act_store_post (self,
        gst_structure_new (
            "act-output", "location", G_TYPE_STRING, self->folder->path, NULL));
}

/* --- the end of a run --- */

/* Whether what came is what was announced; warns if not. */
static gboolean
gst_act_store_check_complete (GstActStore *self)
{
  g_autoptr (GError) error = NULL;
  guint64 n_samples =
      self->store != NULL ? act_store_get_n_samples (self->store) : 0;

  if (self->info == NULL)
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("The stream ended before it said what it carries."), (NULL));
  else if (!self->total.announced)
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("The run is not whole: it ended after %" G_GUINT64_FORMAT
         " samples, before the source announced their number.",
            n_samples),
        ("no records are made of it"));
  else if (self->store != NULL && !act_store_check_whole (self->store, &error))
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("The run is not whole: %s.", error->message),
        ("no records are made of it"));
  else if (self->total.n_samples != n_samples)
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("The run is not whole: %" G_GUINT64_FORMAT " samples came, "
         "%" G_GUINT64_FORMAT " were announced.",
            n_samples, self->total.n_samples),
        ("no records are made of it"));
  else
    return TRUE;
  return FALSE;
}

static void
gst_act_store_post_eos (GstActStore *self, guint32 seqnum)
{
  GstMessage *message = gst_message_new_eos (GST_OBJECT (self));

  gst_message_set_seqnum (message, seqnum);
  g_mutex_lock (&self->lock);
  self->eos_posted = TRUE;
  self->eos_seqnum = seqnum;
  g_mutex_unlock (&self->lock);
  gst_element_post_message (GST_ELEMENT (self), message);
}

/* All of the run is here: it is put down and drained. FALSE: an error, which
 * was posted, or given up. */
static gboolean
gst_act_store_finish (GstActStore *self)
{
  g_autoptr (GError) error = NULL;

  if (!act_store_settle (self->store, &error)
      || !gst_act_store_write_complete (self, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  return gst_act_store_is_sink (self) || gst_act_store_drain_all (self);
}

/* With a folder, a run of which everything was stored before has no batch. */
static gboolean
gst_act_store_begin_without_batch (GstActStore *self)
{
  g_autoptr (GError) error = NULL;

  if (self->store != NULL || self->info == NULL || !self->total.announced
      || self->failed)
    return TRUE;
  if (gst_act_store_begin (self, NULL, &error))
    return TRUE;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    gst_act_element_post_error (GST_ELEMENT (self), error);
  return FALSE;
}

/* Takes event. Runs in the streaming thread and may take long; a flush or a
 * change to READY ends it. */
static gboolean
gst_act_store_eos (GstActStore *self, GstEvent *event)
{
  g_autoptr (GstEvent) eos = event;
  gboolean complete;

  if (!gst_act_store_wait (self))
    return FALSE;
  if (!gst_act_store_begin_without_batch (self))
    return FALSE;
  /* sources end the stream after an error too, which was said then */
  complete = !self->failed && gst_act_store_check_complete (self);
  if (complete && !gst_act_store_finish (self))
    return FALSE;
  if (gst_act_store_cancelled (self))
    return FALSE;
  if (self->store != NULL)
    gst_act_store_post_summary (self);
  if (complete)
    gst_act_store_post_output (self);
  /* nothing can come any more: the memory is of no use */
  gst_act_store_close (self);
  self->ended = TRUE;

  if (gst_act_store_is_sink (self))
    gst_act_store_post_eos (self, gst_event_get_seqnum (eos));
  else
    gst_act_store_push_event (self, g_steal_pointer (&eos));
  return TRUE;
}

/* --- what comes in --- */

static gboolean
gst_act_store_add (GstActStore *self, GstBuffer *buffer, GError **error)
{
  gint64 total, first;

  if (self->store == NULL && !gst_act_store_begin (self, buffer, error))
    return FALSE;
  if (!gst_act_records_add (self->store, buffer, self->info,
          self->derives          ? GST_ACT_RECORDS_DERIVED
              : self->can_derive ? GST_ACT_RECORDS_DERIVABLE
                                 : GST_ACT_RECORDS_GIVEN,
          error))
    return FALSE;
  g_mutex_lock (&self->lock);
  self->position =
      GST_BUFFER_OFFSET (buffer) + gst_act_batch_meta_get (buffer)->n_samples;
  g_mutex_unlock (&self->lock);

  if (!gst_act_store_progress_is_due (self))
    return TRUE;
  first = (gint64) act_store_get_batches (self->store)[0].first_sample;
  if (!gst_pad_peer_query_duration (self->sink_pad, GST_FORMAT_DEFAULT, &total)
      || total < first)
    total = first;
  gst_act_store_post_progress (
      self, "samples", act_store_get_n_samples (self->store), total - first);
  return TRUE;
}

static GstFlowReturn
gst_act_store_chain (GstPad *pad, GstObject *parent, GstBuffer *buf)
{
  GstActStore *self = GST_ACT_STORE (parent);
  g_autoptr (GstBuffer) buffer = buf;
  g_autoptr (GError) error = NULL;

  if (!gst_act_store_wait (self))
    return GST_FLOW_FLUSHING;
  if (self->info == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (self->failed)
    return GST_FLOW_ERROR;
  if (!gst_act_store_add (self, buffer, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      return GST_FLOW_FLUSHING;
    self->failed = TRUE;
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  /* nothing to give yet, but sinks behind shall preroll, and pause, on it */
  gst_act_store_push_event (self, gst_event_new_gap (0, 0));
  return gst_act_store_cancelled (self) ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

static gboolean
gst_act_store_set_caps (GstActStore *self, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, &error);
  g_autoptr (GstCaps) record_caps = NULL;

  if (info != NULL && self->store != NULL
      && !gst_act_info_same_shape (info, self->info))
    g_set_error (&error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the caps changed after %" G_GUINT64_FORMAT " samples: %u positions a "
        "sample, %u components and %u clusters came; %u, %u and %u, of the "
        "same names, were expected",
        act_store_get_n_samples (self->store), info->sequence_length,
        info->n_components, info->n_clusters, self->info->sequence_length,
        self->info->n_components, self->info->n_clusters);
  if (error != NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }

  g_clear_pointer (&self->info, gst_act_info_unref);
  self->info = g_steal_pointer (&info);
  record_caps = gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_RECORDS);
  /* wherever the batches were, records are in plain memory */
  gst_caps_set_features_simple (record_caps, NULL);
  if (self->record_caps == NULL
      || !gst_caps_is_equal (record_caps, self->record_caps))
    self->run++;
  gst_caps_replace (&self->record_caps, record_caps);
  return TRUE;
}

/* Takes event, sticky: kept for every pad, and for pads to come. */
static void
gst_act_store_keep_event (GstActStore *self, GstEvent **kept, GstEvent *event)
{
  if (*kept == event) {
    gst_event_unref (event);
    return;
  }
  gst_event_take (kept, event);
  gst_act_store_push_sticky (self, event);
}

/* Takes event. A folder of what is not all would be taken for a run that can
 * be gone on with. */
static void
gst_act_store_take_incomplete (
    GstActStore *self, GstEvent *event, const gchar *missing)
{
  if (self->location == NULL) {
    gst_act_store_push_event (self, event);
    return;
  }
  self->failed = TRUE;
  GST_ELEMENT_ERROR (self, STREAM, FORMAT,
      ("What comes is not all of a run (%s); it is not kept in '%s'.", missing,
          self->location),
      (NULL));
  gst_event_unref (event);
}

/* What could not be drained is refused before it is stored. Takes
 * assignment. */
static void
gst_act_store_set_assignment (GstActStore *self, GstActAssignment *assignment)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->assignment, gst_act_assignment_unref);
  self->assignment = assignment;
  if (gst_act_store_is_sink (self) || !self->component_records
      || gst_act_records_check_members (assignment, &error))
    return;
  self->failed = TRUE;
  gst_act_element_post_error (GST_ELEMENT (self), error);
}

/* Takes event. */
static void
gst_act_store_custom (GstActStore *self, GstEvent *event)
{
  g_autoptr (GstActVocabulary) vocabulary = NULL;
  const gchar *missing;
  GstActAssignment *assignment = NULL;

  if (gst_act_event_parse_complete_shard (event, &self->total.n_samples,
          &self->total.shard_index, &self->total.shard_count,
          &self->total.first_batch, &self->total.run_batches,
          &self->total.run_samples)) {
    self->total.announced = TRUE;
    gst_event_unref (event);
  } else if (gst_act_event_parse_vocabulary (event, &vocabulary)) {
    gst_act_store_keep_event (self, &self->vocabulary, event);
  } else if (gst_act_event_parse_assignment (event, &assignment)) {
    gst_act_store_set_assignment (self, assignment);
    gst_act_store_keep_event (self, &self->assignment_event, event);
  } else if (gst_act_event_parse_incomplete (event, &missing)) {
    gst_act_store_take_incomplete (self, event, missing);
  } else if (self->record_caps != NULL) {
    gst_act_store_push_event (self, event);
  } else {
    gst_event_unref (event);
  }
}

/* Another run, or this one anew: what is in the folder by now counts. */
static void
gst_act_store_restart (GstActStore *self)
{
  g_autoptr (GError) error = NULL;

  gst_act_store_reset_run (self);
  if (gst_act_store_open_folder (self, &error))
    return;
  gst_act_element_post_error (GST_ELEMENT (self), error);
  /* without its folder the run would go on as one that does not stay */
  self->failed = TRUE;
}

static void
gst_act_store_stream_start (GstActStore *self, GstEvent *event)
{
  GstMessage *message;
  guint group_id;

  if (self->ended)
    gst_act_store_restart (self);
  if (!gst_act_store_is_sink (self))
    return;
  message = gst_message_new_stream_start (GST_OBJECT (self));
  gst_message_set_seqnum (message, gst_event_get_seqnum (event));
  if (gst_event_parse_group_id (event, &group_id))
    gst_message_set_group_id (message, group_id);
  gst_element_post_message (GST_ELEMENT (self), message);
}

static gboolean
gst_act_store_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstActStore *self = GST_ACT_STORE (parent);
  gboolean result = TRUE;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_FLUSH_START:
    gst_act_store_interrupt (self, &self->flushing);
    return gst_pad_event_default (pad, parent, event);
  case GST_EVENT_FLUSH_STOP:
    gst_act_store_restart (self);
    gst_act_store_set (self, &self->flushing, FALSE);
    return gst_pad_event_default (pad, parent, event);
  case GST_EVENT_EOS:
    return gst_act_store_eos (self, event);
  case GST_EVENT_CUSTOM_DOWNSTREAM:
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    gst_act_store_custom (self, event);
    return TRUE;
  case GST_EVENT_STREAM_START:
    gst_act_store_stream_start (self, event);
    break;
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    result = gst_act_store_set_caps (self, caps);
    break;
  case GST_EVENT_SEGMENT:
  case GST_EVENT_GAP:
    break;
  default:
    if (self->record_caps == NULL || !GST_EVENT_IS_SERIALIZED (event))
      return gst_pad_event_default (pad, parent, event);
    gst_act_store_push_event (self, event);
    return TRUE;
  }
  gst_event_unref (event);
  return result;
}

/* --- queries and events of the element --- */

static gboolean
gst_act_store_answer (GstActStore *self, GstQuery *query)
{
  GstFormat format;

  if (GST_QUERY_TYPE (query) != GST_QUERY_POSITION)
    return FALSE;
  gst_query_parse_position (query, &format, NULL);
  if (format != GST_FORMAT_DEFAULT)
    return FALSE;
  g_mutex_lock (&self->lock);
  gst_query_set_position (query, format, self->position);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gboolean
gst_act_store_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  return gst_act_store_answer_stored (GST_ACT_STORE (parent), query)
      || gst_pad_query_default (pad, parent, query);
}

static gboolean
gst_act_store_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  return gst_act_store_answer (GST_ACT_STORE (parent), query)
      || gst_pad_query_default (pad, parent, query);
}

static gboolean
gst_act_store_query (GstElement *element, GstQuery *query)
{
  GstActStore *self = GST_ACT_STORE (element);

  return gst_act_store_answer (self, query)
      || gst_pad_peer_query (self->sink_pad, query);
}

static gboolean
gst_act_store_send_event (GstElement *element, GstEvent *event)
{
  if (GST_EVENT_IS_UPSTREAM (event))
    return gst_pad_push_event (GST_ACT_STORE (element)->sink_pad, event);
  return GST_ELEMENT_CLASS (gst_act_store_parent_class)
      ->send_event (element, event);
}

/* --- pads and states --- */

static void
gst_act_store_pad_linked (GstPad *pad, GstPad *peer, GstActStore *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static GstPad *
gst_act_store_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  GstActStore *self = GST_ACT_STORE (element);
  g_autofree gchar *own_name = NULL;
  GstPad *pad;
  guint number;

  GST_OBJECT_LOCK (self);
  if (name != NULL && sscanf (name, "src_%u", &number) == 1)
    self->next_pad = MAX (self->next_pad, number + 1);
  else
    name = own_name = g_strdup_printf ("src_%u", self->next_pad++);
  GST_OBJECT_UNLOCK (self);

  pad = gst_pad_new_from_template (templ, name);
  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (gst_act_store_src_query));
  g_signal_connect_object (
      pad, "linked", G_CALLBACK (gst_act_store_pad_linked), self, 0);
  if (GST_STATE (element) > GST_STATE_READY
      || GST_STATE_TARGET (element) > GST_STATE_READY)
    gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad))
    return NULL;

  GST_OBJECT_LOCK (self);
  GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (self);
  return pad;
}

static void
gst_act_store_release_pad (GstElement *element, GstPad *pad)
{
  g_object_set_data (G_OBJECT (pad), "act-released", GINT_TO_POINTER (1));
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
  GST_OBJECT_LOCK (element);
  if (element->srcpads == NULL)
    GST_OBJECT_FLAG_SET (element, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (element);
}

static void
gst_act_store_to_playing (GstActStore *self)
{
  gboolean eos;
  guint32 seqnum;

  g_mutex_lock (&self->lock);
  self->playing = TRUE;
  eos = self->eos_posted;
  seqnum = self->eos_seqnum;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  /* the bin forgets the message when it leaves PLAYING */
  if (eos && gst_act_store_is_sink (self))
    gst_act_store_post_eos (self, seqnum);
}

static GstStateChangeReturn
gst_act_store_change_state (GstElement *element, GstStateChange transition)
{
  GstActStore *self = GST_ACT_STORE (element);
  g_autoptr (GError) error = NULL;
  GstStateChangeReturn result;

  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    gst_act_store_set (self, &self->flushing, FALSE);
    gst_act_store_set (self, &self->stopping, FALSE);
    if (!gst_act_store_open_folder (self, &error)) {
      gst_act_element_post_error (element, error);
      return GST_STATE_CHANGE_FAILURE;
    }
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    gst_act_store_to_playing (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    gst_act_store_set (self, &self->playing, FALSE);
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    /* before chaining up, which waits for the streaming thread */
    gst_act_store_interrupt (self, &self->stopping);
    break;
  default:
    break;
  }

  result = GST_ELEMENT_CLASS (gst_act_store_parent_class)
               ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_act_store_reset (self);
  return result;
}

/* --- type --- */

static GType
sample_scope_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ACT_STORE_ACTIVE_BATCHES,
        "All samples of the batches in which the cluster is active",
        "active-batches" },
    { GST_ACT_STORE_ALL_SAMPLES, "All samples of the run", "all" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActStoreSampleScope", values));
  return type;
}

static void
gst_act_store_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActStore *self = GST_ACT_STORE (object);

  switch (id) {
  case PROP_COMPONENT_RECORDS:
    self->component_records = g_value_get_boolean (value);
    break;
  case PROP_MAX_RECORD_SIZE:
    self->max_record_size = g_value_get_uint (value);
    break;
  case PROP_PROGRESS_INTERVAL:
    self->progress_interval = g_value_get_uint (value);
    break;
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    /* a description's variable that is not given */
    if (self->location != NULL && *self->location == '\0')
      g_clear_pointer (&self->location, g_free);
    break;
  case PROP_SEGMENT_SIZE:
    self->segment_size = g_value_get_uint (value);
    break;
  case PROP_MAX_MEMORY:
    self->max_memory = g_value_get_uint64 (value);
    break;
  case PROP_REPAIR:
    self->repair = g_value_get_boolean (value);
    break;
  case PROP_SAMPLE_SCOPE:
    self->sample_scope = g_value_get_enum (value);
    break;
  case PROP_LEASE:
    g_free (self->lease);
    self->lease = g_value_dup_string (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_store_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActStore *self = GST_ACT_STORE (object);

  switch (id) {
  case PROP_COMPONENT_RECORDS:
    g_value_set_boolean (value, self->component_records);
    break;
  case PROP_MAX_RECORD_SIZE:
    g_value_set_uint (value, self->max_record_size);
    break;
  case PROP_PROGRESS_INTERVAL:
    g_value_set_uint (value, self->progress_interval);
    break;
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_SEGMENT_SIZE:
    g_value_set_uint (value, self->segment_size);
    break;
  case PROP_MAX_MEMORY:
    g_value_set_uint64 (value, self->max_memory);
    break;
  case PROP_REPAIR:
    g_value_set_boolean (value, self->repair);
    break;
  case PROP_SAMPLE_SCOPE:
    g_value_set_enum (value, self->sample_scope);
    break;
  case PROP_LEASE:
    g_value_set_string (value, self->lease);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_store_finalize (GObject *object)
{
  GstActStore *self = GST_ACT_STORE (object);

  gst_act_store_reset (self);
  g_free (self->location);
  g_free (self->lease);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->folder_lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (gst_act_store_parent_class)->finalize (object);
}

static void
gst_act_store_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_COMPONENT_RECORDS] = g_param_spec_boolean ("component-records",
      "Component records",
      "Also give back the rows of each component of each cluster, after the "
      "cluster's own",
      DEFAULT_COMPONENT_RECORDS, flags);
  props[PROP_MAX_RECORD_SIZE] = g_param_spec_uint ("max-record-size",
      "Maximum record size",
      "Most bytes of rows in one record buffer; longer records come in several "
      "(a single row is never cut)",
      1024, 1u << 30, DEFAULT_MAX_RECORD_SIZE, flags);
  props[PROP_PROGRESS_INTERVAL] = g_param_spec_uint ("progress-interval",
      "Progress interval",
      "Least time in milliseconds between two act-progress messages (0 = one "
      "for each batch and cluster)",
      0, G_MAXUINT, DEFAULT_PROGRESS_INTERVAL, flags);
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folder of a store that stays, in which a run that was cut off goes on "
      "(not set: nothing stays)",
      NULL, flags);
  props[PROP_SEGMENT_SIZE] = g_param_spec_uint ("segment-size", "Segment size",
      "Batches in a segment, the file that is lost at most when a run is "
      "killed; one ends where a batch's index is a multiple of this",
      1, G_MAXINT32, DEFAULT_SEGMENT_SIZE, flags);
  props[PROP_MAX_MEMORY] = g_param_spec_uint64 ("max-memory", "Maximum memory",
      "About the most bytes of memory for batches and, at the end, for turning "
      "them into records; more goes to disk",
      (guint64) 1 << 20, G_MAXUINT64, DEFAULT_MAX_MEMORY, flags);
  props[PROP_REPAIR] = g_param_spec_boolean ("repair", "Repair",
      "Make the batches of damaged segments again, instead of an error",
      DEFAULT_REPAIR, flags);
  props[PROP_SAMPLE_SCOPE] = g_param_spec_enum ("sample-scope", "Sample scope",
      "Which samples are rows of a cluster: those of the batches in which it "
      "is active, or all of the run",
      sample_scope_get_type (), DEFAULT_SAMPLE_SCOPE, flags);
  props[PROP_LEASE] = g_param_spec_string ("lease", "Lease",
      "File by which who runs this holds the folder; it is renewed before "
      "anything is published there, and nothing is once it is gone",
      NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gst_act_store_class_init (GstActStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_act_store_set_property;
  object_class->get_property = gst_act_store_get_property;
  object_class->finalize = gst_act_store_finalize;
  gst_act_store_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Activation store",
      "Sink/Filter",
      "Keeps all activations of a run; at its end gives back, cluster by "
      "cluster, the samples that each fired on and what fires together",
      "The gst-activations authors");
  element_class->request_new_pad =
      GST_DEBUG_FUNCPTR (gst_act_store_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_act_store_release_pad);
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_act_store_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (gst_act_store_send_event);
  element_class->query = GST_DEBUG_FUNCPTR (gst_act_store_query);
}

static void
gst_act_store_init (GstActStore *self)
{
  self->component_records = DEFAULT_COMPONENT_RECORDS;
  self->max_record_size = DEFAULT_MAX_RECORD_SIZE;
  self->progress_interval = DEFAULT_PROGRESS_INTERVAL;
  self->segment_size = DEFAULT_SEGMENT_SIZE;
  self->max_memory = DEFAULT_MAX_MEMORY;
  self->repair = DEFAULT_REPAIR;
  self->sample_scope = DEFAULT_SAMPLE_SCOPE;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->folder_lock);
  g_cond_init (&self->cond);

  self->sink_pad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sink_pad, GST_DEBUG_FUNCPTR (gst_act_store_chain));
  gst_pad_set_event_function (
      self->sink_pad, GST_DEBUG_FUNCPTR (gst_act_store_sink_event));
  gst_pad_set_query_function (
      self->sink_pad, GST_DEBUG_FUNCPTR (gst_act_store_sink_query));
  gst_element_add_pad (GST_ELEMENT (self), self->sink_pad);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
