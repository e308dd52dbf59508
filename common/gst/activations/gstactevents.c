/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/gstactevents.h>

/**
 * SECTION:gstactevents
 * @short_description: what goes along with the batches
 *
 * End of stream does not say that a run is whole: it also comes after an
 * error. So a source announces the total with `act-complete`, before its last
 * buffer; whoever stores or publishes compares it with what came.
 */

#define COMPLETE "act-complete"
#define INCOMPLETE "act-incomplete"
#define VOCABULARY "act-vocabulary"
#define ASSIGNMENT "act-assignment"
#define PROGRESS "act-progress"

static const GstStructure *
event_structure (GstEvent *event, GstEventType type, const gchar *name)
{
  const GstStructure *s;

  if (GST_EVENT_TYPE (event) != type)
    return NULL;
  s = gst_event_get_structure (event);
  return s != NULL && gst_structure_has_name (s, name) ? s : NULL;
}

/**
 * gst_act_event_new_complete:
 * @n_samples: samples (of a text source: documents) of the whole run
 *
 * An event that says how much the run has if it is whole. It is serialized
 * and not sticky; a source pushes it before its last buffer, or before EOS if
 * there is none. An element that changes the count sends one of its own.
 *
 * Returns: (transfer full): the event
 */
GstEvent *
gst_act_event_new_complete (guint64 n_samples)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new (
          COMPLETE, "n-samples", G_TYPE_UINT64, n_samples, NULL));
}

/**
 * gst_act_event_parse_complete:
 * @event: an event
 * @n_samples: (out): samples of the whole run
 *
 * Returns: whether @event is an act-complete event
 */
gboolean
gst_act_event_parse_complete (GstEvent *event, guint64 *n_samples)
{
  const GstStructure *s =
      event_structure (event, GST_EVENT_CUSTOM_DOWNSTREAM, COMPLETE);

  return s != NULL && gst_structure_get_uint64 (s, "n-samples", n_samples);
}

/**
 * gst_act_event_new_complete_shard:
 * @n_samples: samples of this shard, those among them that are left out because
 *   they are stored already
 * @shard_index: which shard, from 0
 * @shard_count: how many shards the run has, 1 at least
 * @first_batch: index in the whole run of the shard's first batch
 * @run_batches: batches of the whole run
 * @run_samples: samples of the whole run
 *
 * The event of gst_act_event_new_complete() for a source that gives a shard,
 * a contiguous range of batches, of a run. So whoever puts shards together
 * knows whether all are there. An element that sends an act-complete of its
 * own in place of one keeps what is said about the run.
 *
 * Returns: (transfer full): the event
 */
GstEvent *
gst_act_event_new_complete_shard (guint64 n_samples, guint shard_index,
    guint shard_count, guint64 first_batch, guint64 run_batches,
    guint64 run_samples)
{
  g_return_val_if_fail (shard_index < shard_count, NULL);

  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new (COMPLETE, "n-samples", G_TYPE_UINT64, n_samples,
          "shard-index", G_TYPE_UINT, shard_index, "shard-count", G_TYPE_UINT,
          shard_count, "first-batch", G_TYPE_UINT64, first_batch, "run-batches",
          G_TYPE_UINT64, run_batches, "run-samples", G_TYPE_UINT64, run_samples,
          NULL));
}

static void
get_uint64 (const GstStructure *s, const gchar *field, guint64 *value,
    guint64 otherwise)
{
  if (value != NULL && !gst_structure_get_uint64 (s, field, value))
    *value = otherwise;
}

/**
 * gst_act_event_parse_complete_shard:
 * @event: an event
 * @n_samples: (out) (optional): samples of this shard
 * @shard_index: (out) (optional): which shard, from 0
 * @shard_count: (out) (optional): how many shards the run has
 * @first_batch: (out) (optional): index in the whole run of the shard's first
 *   batch
 * @run_batches: (out) (optional): batches of the whole run, %G_MAXUINT64 if
 *   the event does not say
 * @run_samples: (out) (optional): samples of the whole run
 *
 * Parses any act-complete event: one without shards stands for shard 0 of 1,
 * and its samples are those of the run.
 *
 * Returns: whether @event is an act-complete event
 */
gboolean
gst_act_event_parse_complete_shard (GstEvent *event, guint64 *n_samples,
    guint *shard_index, guint *shard_count, guint64 *first_batch,
    guint64 *run_batches, guint64 *run_samples)
{
  const GstStructure *s =
      event_structure (event, GST_EVENT_CUSTOM_DOWNSTREAM, COMPLETE);
  guint64 samples;
  guint index = 0, count = 1;

  if (s == NULL || !gst_structure_get_uint64 (s, "n-samples", &samples))
    return FALSE;
  if (gst_structure_has_field (s, "shard-count")
      && (!gst_structure_get_uint (s, "shard-index", &index)
          || !gst_structure_get_uint (s, "shard-count", &count)
          || index >= count))
    return FALSE;
  if (n_samples != NULL)
    *n_samples = samples;
  if (shard_index != NULL)
    *shard_index = index;
  if (shard_count != NULL)
    *shard_count = count;
  get_uint64 (s, "first-batch", first_batch, 0);
  get_uint64 (s, "run-batches", run_batches, G_MAXUINT64);
  get_uint64 (s, "run-samples", run_samples, samples);
  return TRUE;
}

/**
 * gst_act_event_new_incomplete:
 * @missing: in words, what is not there
 *
 * An event that says that what comes is not all of a run, and is not to be
 * taken for it: a dashboard that is made of it says so. It is serialized and
 * sticky, after SEGMENT and before the first buffer.
 *
 * Returns: (transfer full): the event
 */
GstEvent *
gst_act_event_new_incomplete (const gchar *missing)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
      gst_structure_new (INCOMPLETE, "missing", G_TYPE_STRING, missing, NULL));
}

/**
 * gst_act_event_parse_incomplete:
 * @event: an event
 * @missing: (out) (transfer none): in words, what is not there
 *
 * Returns: whether @event is an act-incomplete event
 */
gboolean
gst_act_event_parse_incomplete (GstEvent *event, const gchar **missing)
{
  const GstStructure *s =
      event_structure (event, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, INCOMPLETE);

  if (s == NULL)
    return FALSE;
  *missing = gst_structure_get_string (s, "missing");
  return *missing != NULL;
}

/**
 * gst_act_event_new_vocabulary:
 * @vocabulary: the token strings
 *
 * A sticky event that carries the token strings of the run.
 *
 * Returns: (transfer full): the event
 */
GstEvent *
gst_act_event_new_vocabulary (GstActVocabulary *vocabulary)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
      gst_structure_new (
          VOCABULARY, "vocabulary", GST_TYPE_ACT_VOCABULARY, vocabulary, NULL));
}

/**
 * gst_act_event_parse_vocabulary:
 * @event: an event
 * @vocabulary: (out) (transfer full): the token strings
 *
 * Returns: whether @event is an act-vocabulary event
 */
gboolean
gst_act_event_parse_vocabulary (GstEvent *event, GstActVocabulary **vocabulary)
{
  const GstStructure *s =
      event_structure (event, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, VOCABULARY);

  return s != NULL
      && gst_structure_get (
          s, "vocabulary", GST_TYPE_ACT_VOCABULARY, vocabulary, NULL);
}

/**
 * gst_act_event_new_assignment:
 * @assignment: which components belong to which cluster
 *
 * A sticky event that carries the clusters of the run: their names and
 * members.
 *
 * Returns: (transfer full): the event
 */
GstEvent *
gst_act_event_new_assignment (GstActAssignment *assignment)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
      gst_structure_new (
          ASSIGNMENT, "assignment", GST_TYPE_ACT_ASSIGNMENT, assignment, NULL));
}

/**
 * gst_act_event_parse_assignment:
 * @event: an event
 * @assignment: (out) (transfer full): which components belong to which cluster
 *
 * Returns: whether @event is an act-assignment event
 */
gboolean
gst_act_event_parse_assignment (GstEvent *event, GstActAssignment **assignment)
{
  const GstStructure *s =
      event_structure (event, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, ASSIGNMENT);

  return s != NULL
      && gst_structure_get (
          s, "assignment", GST_TYPE_ACT_ASSIGNMENT, assignment, NULL);
}

static GstMessage *
new_progress (GstObject *source, const gchar *unit, guint64 done, guint64 total,
    gboolean estimate)
{
  return gst_message_new_element (source,
      gst_structure_new (PROGRESS, "unit", G_TYPE_STRING, unit, "done",
          G_TYPE_UINT64, done, "total", G_TYPE_UINT64, total, "estimate",
          G_TYPE_BOOLEAN, estimate, NULL));
}

/**
 * gst_act_message_new_progress:
 * @source: (transfer none): the element that reports
 * @unit: what is counted: "bytes", "documents" or "samples"
 * @done: how many are done
 * @total: how many there are, 0 if not known
 *
 * Of several elements that report, the one that is furthest downstream says
 * how far the run is.
 *
 * Returns: (transfer full) (type Gst.Message): an element message act-progress
 */
GstMessage *
gst_act_message_new_progress (
    GstObject *source, const gchar *unit, guint64 done, guint64 total)
{
  return new_progress (source, unit, done, total, FALSE);
}

/**
 * gst_act_message_new_progress_estimate:
 * @source: (transfer none): the element that reports
 * @unit: what is counted: "bytes", "documents" or "samples"
 * @done: how many are done
 * @total: about how many there will be; it may change either way
 *
 * Elements behind one whose total is an estimate get it by duration queries,
 * and have no better one, so what they report is an estimate as well until
 * this element sends an exact total.
 *
 * Returns: (transfer full) (type Gst.Message): an element message
 *   act-progress whose total is marked as an estimate
 */
GstMessage *
gst_act_message_new_progress_estimate (
    GstObject *source, const gchar *unit, guint64 done, guint64 total)
{
  return new_progress (source, unit, done, total, TRUE);
}

static const GstStructure *
progress_structure (GstMessage *message)
{
  const GstStructure *s;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT)
    return NULL;
  s = gst_message_get_structure (message);
  return s != NULL && gst_structure_has_name (s, PROGRESS) ? s : NULL;
}

/**
 * gst_act_message_parse_progress:
 * @message: a message
 * @unit: (out) (transfer none): what is counted
 * @done: (out): how many are done
 * @total: (out): how many there are, 0 if not known
 *
 * Returns: whether @message is an act-progress message
 */
gboolean
gst_act_message_parse_progress (
    GstMessage *message, const gchar **unit, guint64 *done, guint64 *total)
{
  const GstStructure *s = progress_structure (message);

  if (s == NULL)
    return FALSE;
  *unit = gst_structure_get_string (s, "unit");
  return *unit != NULL && gst_structure_get_uint64 (s, "done", done)
      && gst_structure_get_uint64 (s, "total", total);
}

/**
 * gst_act_message_progress_is_estimate:
 * @message: a message
 *
 * Returns: whether @message is an act-progress message with a total that is an
 *   estimate
 */
gboolean
gst_act_message_progress_is_estimate (GstMessage *message)
{
  const GstStructure *s = progress_structure (message);
  gboolean estimate;

  return s != NULL && gst_structure_get_boolean (s, "estimate", &estimate)
      && estimate;
}
