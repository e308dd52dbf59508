/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sourcerun.h"

#include <gst/activations/activations.h>

#define REPORT_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)

/* the sample that a batch of the run begins with, or the last one ends before
 */
static guint64
batch_start (const GstActSourceRun *run, GstBaseSrc *src, guint64 batch)
{
  if (batch >= run->whole.end_batch)
    return run->whole.end;
  return CLAMP (
      run->first_sample (src, batch), run->whole.first, run->whole.end);
}

/* the batch that a sample of the shard is in */
static guint64
find_batch (const GstActSourceRun *run, GstBaseSrc *src, guint64 sample)
{
  guint64 low = run->range.first_batch, high = run->range.end_batch;

  if (sample >= run->range.end)
    return high;
  /* the last one that does not begin behind it */
  while (high - low > 1) {
    guint64 middle = low + (high - low) / 2;

    if (batch_start (run, src, middle) <= sample)
      low = middle;
    else
      high = middle;
  }
  return low;
}

void
gst_act_source_run_init (GstActSourceRun *run, GstBaseSrc *src,
    const GstActShard *shard, const GstActRange *whole,
    GstActFirstSample first_sample)
{
  GstActRange *range = &run->range;

  run->first_sample = first_sample;
  run->shard = *shard;
  run->whole = *whole;
  run->place = (GstActShard){ 0, 0, TRUE };
  gst_act_shard_get_range (shard, whole->end_batch - whole->first_batch,
      &range->first_batch, &range->end_batch);
  range->first_batch += whole->first_batch;
  range->end_batch += whole->first_batch;
  range->first = batch_start (run, src, range->first_batch);
  range->end = batch_start (run, src, range->end_batch);
  run->start = run->next = range->first;
  run->stop = range->end;
  run->next_batch = range->first_batch;
  run->begun = run->announced = FALSE;
  run->last_report = g_get_monotonic_time ();
  GST_INFO_OBJECT (src,
      "shard %u of %u: batches %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
      ", samples %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
      shard->index, shard->count, range->first_batch, range->end_batch,
      range->first, range->end);
}

void
gst_act_source_run_clear (GstActSourceRun *run, GstBaseSrc *src)
{
  gst_act_source_run_take_caps (run, src, NULL);
  g_clear_pointer (&run->input, g_free);
  gst_act_stored_clear (&run->stored);
}

void
gst_act_source_run_set_place (GstActSourceRun *run, gboolean has_first,
    gboolean has_last, guint64 run_batches, guint64 run_samples)
{
  run->place.index = has_first ? 0 : 1;
  run->place.count = 1 + !has_first + !has_last;
  run->run_batches = run_batches;
  run->run_samples = run_samples;
}

/* what a store behind is told */
static const GstActShard *
get_shard (const GstActSourceRun *run)
{
  return run->place.count > 1 ? &run->place : &run->shard;
}

void
gst_act_source_run_set_tokens (GstActSourceRun *run, const char *input,
    guint n_ctx, GstActReadTokens read_tokens)
{
  g_free (run->input);
  run->input = g_strdup (input);
  run->n_ctx = n_ctx;
  run->read_tokens = read_tokens;
}

void
gst_act_source_run_take_caps (
    GstActSourceRun *run, GstBaseSrc *src, GstCaps *caps)
{
  GstCaps *old;

  GST_OBJECT_LOCK (src);
  old = run->caps;
  run->caps = caps;
  GST_OBJECT_UNLOCK (src);
  gst_clear_caps (&old);
}

GstCaps *
gst_act_source_run_get_caps (
    GstActSourceRun *run, GstBaseSrc *src, GstCaps *filter)
{
  GstCaps *caps = NULL, *result;

  GST_OBJECT_LOCK (src);
  gst_caps_replace (&caps, run->caps);
  GST_OBJECT_UNLOCK (src);
  if (caps == NULL)
    caps = gst_pad_get_pad_template_caps (GST_BASE_SRC_PAD (src));
  if (filter == NULL)
    return caps;
  result = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (caps);
  return result;
}

gboolean
gst_act_source_run_seek (
    GstActSourceRun *run, GstBaseSrc *src, GstSegment *segment)
{
  guint64 batch, start;

  if (segment->format != GST_FORMAT_DEFAULT || segment->rate <= 0.0)
    return FALSE;
  start = CLAMP (segment->position, run->range.first, run->range.end);
  /* may read files, so not under the lock; a seek holds the stream lock */
  batch = find_batch (run, src, start);
  GST_OBJECT_LOCK (src);
  run->start = start;
  run->stop = segment->stop == GST_CLOCK_TIME_NONE
      ? run->range.end
      : CLAMP (segment->stop, run->start, run->range.end);
  run->next = run->start;
  run->next_batch = batch;
  run->begun = run->announced = FALSE;
  segment->start = segment->position = segment->time = run->start;
  /* the base class ends the stream once this position is reached */
  segment->stop = run->stop;
  segment->duration = run->range.end;
  GST_OBJECT_UNLOCK (src);
  return TRUE;
}

gboolean
gst_act_source_run_query (
    GstActSourceRun *run, GstBaseSrc *src, GstQuery *query)
{
  GstFormat format;
  guint64 end;

  if (GST_QUERY_TYPE (query) != GST_QUERY_DURATION)
    return FALSE;
  gst_query_parse_duration (query, &format, NULL);
  if (format != GST_FORMAT_DEFAULT
      || !GST_OBJECT_FLAG_IS_SET (src, GST_BASE_SRC_FLAG_STARTED))
    return FALSE;
  GST_OBJECT_LOCK (src);
  end = run->range.end;
  GST_OBJECT_UNLOCK (src);
  gst_query_set_duration (query, format, end);
  return TRUE;
}

/* A segment of a run that is not cut into shards is a run by itself; one of a
 * shard leaves the shard short. */
static GstEvent *
new_complete (const GstActSourceRun *run, GstBaseSrc *src)
{
  guint64 n_samples = run->stop - run->start, first, end;

  if (run->place.count > 1)
    return gst_act_event_new_complete_shard (n_samples, run->place.index,
        run->place.count, run->range.first_batch, run->run_batches,
        run->run_samples);
  if (run->shard.count > 1)
    return gst_act_event_new_complete_shard (n_samples, run->shard.index,
        run->shard.count, run->range.first_batch,
        run->whole.end_batch - run->whole.first_batch,
        run->whole.end - run->whole.first);
  first = find_batch (run, src, run->start);
  end = n_samples == 0 ? first : find_batch (run, src, run->stop - 1) + 1;
  return gst_act_event_new_complete_shard (
      n_samples, 0, 1, first, end - first, n_samples);
}

static void
report (GstActSourceRun *run, GstBaseSrc *src)
{
  run->last_report = g_get_monotonic_time ();
  gst_element_post_message (GST_ELEMENT (src),
      gst_act_message_new_progress (GST_OBJECT (src), "samples",
          run->next - run->start, run->stop - run->start));
}

/* Batches are cut alike in the store and here, or it holds another run. */
static gboolean
check_bounds (const GstActSourceRun *run, GstBaseSrc *src,
    const GstActBatchRange *range, GError **error)
{
  guint64 batches[] = { range->first_batch,
    range->first_batch + range->n_batches };
  guint64 samples[] = { range->first_sample,
    range->first_sample + range->n_samples };

  for (guint k = 0; k < 2; k++) {
    /* of the batches before and after the run nothing is known */
    guint64 edge = k == 0 ? run->whole.end_batch : run->whole.first_batch;

    if (batches[k] < run->whole.first_batch || batches[k] > run->whole.end_batch
        || batches[k] == edge
        || batch_start (run, src, batches[k]) == samples[k])
      continue;
    gst_act_stored_set_error (&run->stored, error,
        "there batch %" G_GUINT64_FORMAT " %s sample %" G_GUINT64_FORMAT
        ", here %" G_GUINT64_FORMAT,
        batches[k] - k, k == 0 ? "begins with" : "ends before", samples[k],
        batch_start (run, src, batches[k]));
    return FALSE;
  }
  return TRUE;
}

/* (transfer full): those of one batch, or NULL */
static gint32 *
read_batch (const GstActSourceRun *run, GstBaseSrc *src, guint64 batch,
    gsize *n_tokens, GError **error)
{
  guint64 first = batch_start (run, src, batch);
  guint64 n_samples = batch_start (run, src, batch + 1) - first;
  g_autofree gint32 *tokens = NULL;

  *n_tokens = (gsize) n_samples * run->n_ctx;
  /* one at least: NULL is an error */
  tokens = g_new (gint32, MAX (*n_tokens, 1));
  return run->read_tokens (src, batch, first, (guint) n_samples, tokens, error)
      ? g_steal_pointer (&tokens)
      : NULL;
}

static gboolean
check_tokens (
    const GstActSourceRun *run, GstBaseSrc *src, guint64 batch, GError **error)
{
  gsize n_tokens;
  g_autofree gint32 *tokens = read_batch (run, src, batch, &n_tokens, error);

  return tokens != NULL
      && gst_act_stored_check_tokens (
          &run->stored, batch, tokens, n_tokens, error);
}

typedef struct {
  const GstActSourceRun *run;
  GstBaseSrc *src;
} Reader;

static gboolean
digest_batch (gpointer data, guint64 batch, guint64 *digest, GError **error)
{
  const Reader *reader = data;
  gsize n;
  g_autofree gint32 *tokens =
      read_batch (reader->run, reader->src, batch, &n, error);

  if (tokens == NULL)
    return FALSE;
  *digest = gst_act_tokens_digest (tokens, n);
  return TRUE;
}

static gboolean
check_planned (const GstActSourceRun *run, GstBaseSrc *src, GError **error)
{
  Reader reader = { run, src };
  g_autofree char *name = NULL;
  GstActPlannedTokens tokens = {
    .first_batch = run->whole.first_batch,
    .n_batches = run->whole.end_batch - run->whole.first_batch,
    .n_samples = run->whole.end - run->whole.first,
    .digest = digest_batch,
    .data = &reader,
  };

  if (!gst_act_planned_is_wanted (&run->shard) || run->read_tokens == NULL)
    return TRUE;
  tokens.name = name = g_strdup_printf ("the input '%s'", run->input);
  return gst_act_planned_check (GST_ELEMENT (src), &run->shard, &tokens, error);
}

/* The first and the last batch of each range: all would be to read the input
 * again that is to be left out. */
static gboolean
check_stored (const GstActSourceRun *run, GstBaseSrc *src, GError **error)
{
  const GArray *ranges = run->stored.ranges;

  for (guint i = 0; ranges != NULL && i < ranges->len; i++) {
    const GstActBatchRange *range =
        &g_array_index (ranges, GstActBatchRange, i);
    guint64 first = MAX (range->first_batch, run->whole.first_batch);
    guint64 end =
        MIN (range->first_batch + range->n_batches, run->whole.end_batch);

    if (!check_bounds (run, src, range, error))
      return FALSE;
    if (run->stored.digests == NULL || run->read_tokens == NULL || first >= end)
      continue;
    if (!check_tokens (run, src, first, error)
        || (end - 1 > first && !check_tokens (run, src, end - 1, error)))
      return FALSE;
  }
  return TRUE;
}

/* to the first batch that is not stored */
static void
skip_stored (GstActSourceRun *run, GstBaseSrc *src)
{
  guint64 batch;

  if (run->next >= run->stop
      || !gst_act_batch_ranges_skip (
          run->stored.ranges, run->next_batch, &batch, NULL))
    return;
  run->next_batch = MIN (batch, run->whole.end_batch);
  run->next = MIN (batch_start (run, src, run->next_batch), run->stop);
  GST_DEBUG_OBJECT (src, "stored up to sample %" G_GUINT64_FORMAT, run->next);
}

static gboolean
begin (GstActSourceRun *run, GstBaseSrc *src)
{
  g_autoptr (GError) error = NULL;

  run->begun = TRUE;
  if (!check_planned (run, src, &error)
      || !gst_act_stored_ask (
          &run->stored, get_shard (run), GST_BASE_SRC_PAD (src), &error)
      || !check_stored (run, src, &error)) {
    gst_act_element_post_error (GST_ELEMENT (src), error);
    return FALSE;
  }
  skip_stored (run, src);
  report (run, src);
  return TRUE;
}

/* no buffer comes that could carry the segment and the total along */
static void
announce_alone (GstActSourceRun *run, GstBaseSrc *src)
{
  GstPad *pad = GST_BASE_SRC_PAD (src);

  run->announced = TRUE;
  GST_OBJECT_LOCK (src);
  src->segment.position = run->stop;
  GST_OBJECT_UNLOCK (src);
  gst_pad_push_event (pad, gst_event_new_segment (&src->segment));
  gst_pad_push_event (pad, new_complete (run, src));
  report (run, src);
}

GstFlowReturn
gst_act_source_run_begin_batch (GstActSourceRun *run, GstBaseSrc *src)
{
  if (!run->begun && !begin (run, src))
    return GST_FLOW_ERROR;
  if (run->next < run->stop)
    return GST_FLOW_OK;
  if (!run->announced)
    announce_alone (run, src);
  return GST_FLOW_EOS;
}

void
gst_act_source_run_end_batch (
    GstActSourceRun *run, GstBaseSrc *src, guint n_samples)
{
  run->next += n_samples;
  run->next_batch++;
  skip_stored (run, src);
  /* The base class queues the event, and sends it after the segment and right
   * before the buffer that create () returns. */
  if (run->next >= run->stop) {
    run->announced = TRUE;
    GST_ELEMENT_GET_CLASS (src)->send_event (
        GST_ELEMENT (src), new_complete (run, src));
  }
  if (run->next >= run->stop
      || g_get_monotonic_time () - run->last_report >= REPORT_INTERVAL)
    report (run, src);
}
