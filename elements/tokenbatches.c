/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tokenbatches.h"

#include <gst/activations/activations.h>
#include <string.h>

#include "planned.h"

gboolean
gst_act_token_batches_init (GstActTokenBatches *self, guint n_ctx,
    guint batch_size, const GstActShard *shard, GError **error)
{
  memset (self, 0, sizeof *self);
  self->n_ctx = n_ctx;
  self->batch_size = batch_size;
  self->shard = *shard;
  self->tokens = g_array_new (FALSE, FALSE, sizeof (gint32));
  if (shard->count > 1 || gst_act_planned_is_wanted (shard)) {
    self->spool = act_scratch_new (NULL, error);
    return self->spool != NULL;
  }
  return TRUE;
}

void
gst_act_token_batches_clear (GstActTokenBatches *self)
{
  g_clear_pointer (&self->tokens, g_array_unref);
  g_clear_pointer (&self->spool, act_scratch_free);
  gst_act_stored_clear (&self->stored);
}

gboolean
gst_act_token_batches_restart (GstActTokenBatches *self, GError **error)
{
  g_array_set_size (self->tokens, 0);
  self->n_used = 0;
  self->asked = FALSE;
  gst_act_stored_clear (&self->stored);
  self->next_batch = self->next_sample = 0;
  return self->spool == NULL || act_scratch_clear (self->spool, error);
}

gboolean
gst_act_token_batches_waits (const GstActTokenBatches *self)
{
  return self->spool != NULL;
}

gboolean
gst_act_token_batches_end_document (GstActTokenBatches *self, GError **error)
{
  if (self->spool == NULL)
    return TRUE;
  if (!act_scratch_append (self->spool, self->tokens->data,
          self->tokens->len * sizeof (gint32), error))
    return FALSE;
  g_array_set_size (self->tokens, 0);
  return TRUE;
}

guint64
gst_act_token_batches_get_n_tokens (const GstActTokenBatches *self)
{
  if (self->spool != NULL)
    return act_scratch_get_size (self->spool) / sizeof (gint32);
  return self->next_sample * self->n_ctx + (self->tokens->len - self->n_used);
}

void
gst_act_token_batches_get_range (
    const GstActTokenBatches *self, guint64 n_tokens, GstActTokenRange *range)
{
  guint64 n_samples = n_tokens / self->n_ctx;

  range->run_samples = n_samples;
  range->run_batches =
      n_samples / self->batch_size + (n_samples % self->batch_size > 0 ? 1 : 0);
  gst_act_shard_get_range (
      &self->shard, range->run_batches, &range->first_batch, &range->end_batch);
  range->first_sample = MIN (range->first_batch * self->batch_size, n_samples);
  range->end_sample = MIN (range->end_batch * self->batch_size, n_samples);
}

gboolean
gst_act_token_batches_is_full (const GstActTokenBatches *self)
{
  return self->spool == NULL
      && (self->tokens->len - self->n_used) / self->n_ctx >= self->batch_size;
}

guint
gst_act_token_batches_get_n_samples (
    const GstActTokenBatches *self, guint64 end)
{
  return (guint) MIN (self->batch_size, end - self->next_sample);
}

typedef struct {
  GstActTokenBatches *batches;
  const GstActTokenRange *range;
  gint32 *tokens; /* of one batch */
} Reader;

static gboolean
digest_batch (gpointer data, guint64 batch, guint64 *digest, GError **error)
{
  Reader *reader = data;
  const GstActTokenBatches *batches = reader->batches;
  guint64 sample = batch * batches->batch_size;
  gsize n =
      (gsize) MIN (batches->batch_size, reader->range->run_samples - sample)
      * batches->n_ctx;

  if (reader->tokens == NULL)
    reader->tokens =
        g_new (gint32, (gsize) batches->batch_size * batches->n_ctx);
  if (!act_scratch_read (batches->spool,
          sample * batches->n_ctx * sizeof (gint32), reader->tokens,
          n * sizeof (gint32), error))
    return FALSE;
  *digest = gst_act_tokens_digest (reader->tokens, n);
  return TRUE;
}

gboolean
gst_act_token_batches_check_planned (GstActTokenBatches *self,
    const GstActTokenRange *range, GstElement *element, GError **error)
{
  Reader reader = { self, range, NULL };
  const GstActPlannedTokens tokens = {
    .name = "the text",
    .n_batches = range->run_batches,
    .n_samples = range->run_samples,
    .digest = digest_batch,
    .data = &reader,
  };
  gboolean same = gst_act_planned_check (element, &self->shard, &tokens, error);

  g_free (reader.tokens);
  return same;
}

gboolean
gst_act_token_batches_ask (
    GstActTokenBatches *self, GstPad *pad, GError **error)
{
  const GArray *ranges;

  if (self->asked)
    return TRUE;
  if (!gst_act_stored_ask (&self->stored, &self->shard, pad, error))
    return FALSE;
  ranges = self->stored.ranges;
  for (guint i = 0; ranges != NULL && i < ranges->len; i++) {
    const GstActBatchRange *range =
        &g_array_index (ranges, GstActBatchRange, i);
    guint64 begins;

    if (g_uint64_checked_mul (&begins, range->first_batch, self->batch_size)
        && begins == range->first_sample)
      continue;
    gst_act_stored_set_error (&self->stored, error,
        "there batch %" G_GUINT64_FORMAT
        " begins with sample %" G_GUINT64_FORMAT
        ", here batches have %u samples",
        range->first_batch, range->first_sample, self->batch_size);
    return FALSE;
  }
  self->asked = TRUE;
  return TRUE;
}

static void
set_end_error (const GstActTokenBatches *self, guint64 batch, guint64 stored,
    guint64 expected, GError **error)
{
  gst_act_stored_set_error (&self->stored, error,
      "there batch %" G_GUINT64_FORMAT " ends before sample %" G_GUINT64_FORMAT
      ", here %" G_GUINT64_FORMAT,
      batch, stored, expected);
}

gboolean
gst_act_token_batches_check_ends (const GstActTokenBatches *self,
    const GstActTokenRange *range, GError **error)
{
  const GArray *ranges = self->stored.ranges;

  for (guint i = 0; ranges != NULL && i < ranges->len; i++) {
    const GstActBatchRange *stored =
        &g_array_index (ranges, GstActBatchRange, i);
    guint64 batch = stored->first_batch + stored->n_batches;
    guint64 sample = stored->first_sample + stored->n_samples;
    guint64 expected = batch >= range->run_batches ? range->run_samples
                                                   : batch * self->batch_size;

    if (batch <= range->run_batches && sample == expected)
      continue;
    set_end_error (self, batch - 1, sample, expected, error);
    return FALSE;
  }
  return TRUE;
}

static void
pass (GstActTokenBatches *self, guint n_samples)
{
  if (self->spool == NULL)
    self->n_used += n_samples * self->n_ctx;
  self->next_batch++;
  self->next_sample += n_samples;
}

/* n_samples from a sample on that was not taken: where they are, or from the
 * file into *own */
static const gint32 *
get_tokens (GstActTokenBatches *self, guint64 sample, guint n_samples,
    gint32 **own, GError **error)
{
  const gsize n = (gsize) n_samples * self->n_ctx;

  if (self->spool == NULL)
    return &g_array_index (self->tokens, gint32,
        self->n_used + (sample - self->next_sample) * self->n_ctx);
  *own = g_renew (gint32, *own, n);
  return act_scratch_read (self->spool, sample * self->n_ctx * sizeof (gint32),
             *own, n * sizeof (gint32), error)
      ? *own
      : NULL;
}

static gboolean
check_tokens (GstActTokenBatches *self, guint64 batch, guint64 sample,
    guint n_samples, gint32 **own, GError **error)
{
  const gint32 *tokens = get_tokens (self, sample, n_samples, own, error);

  return tokens != NULL
      && gst_act_stored_check_tokens (
          &self->stored, batch, tokens, (gsize) n_samples * self->n_ctx, error);
}

gboolean
gst_act_token_batches_check_rest (
    GstActTokenBatches *self, const GstActTokenRange *range, GError **error)
{
  g_autofree gint32 *own = NULL;
  guint64 sample = self->next_sample;

  for (guint64 batch = self->next_batch; batch < range->end_batch; batch++) {
    guint n_samples =
        (guint) MIN (self->batch_size, range->end_sample - sample);

    if (gst_act_stored_has (&self->stored, batch)
        && !check_tokens (self, batch, sample, n_samples, &own, error))
      return FALSE;
    sample += n_samples;
  }
  return TRUE;
}

gboolean
gst_act_token_batches_skip (
    GstActTokenBatches *self, guint n_samples, GError **error)
{
  g_autofree gint32 *own = NULL;
  guint64 next, sample;

  if (!gst_act_batch_ranges_skip (
          self->stored.ranges, self->next_batch, &next, &sample))
    return FALSE;
  if (next == self->next_batch + 1 && sample != self->next_sample + n_samples) {
    set_end_error (
        self, self->next_batch, sample, self->next_sample + n_samples, error);
    return FALSE;
  }
  if (!check_tokens (
          self, self->next_batch, self->next_sample, n_samples, &own, error))
    return FALSE;
  pass (self, n_samples);
  return TRUE;
}

guint64
gst_act_token_batches_find_last (
    const GstActTokenBatches *self, const GstActTokenRange *range)
{
  for (guint64 batch = range->end_batch; batch > range->first_batch; batch--)
    if (!gst_act_stored_has (&self->stored, batch - 1))
      return batch - 1;
  return range->end_batch;
}

void
gst_act_token_batches_go_to (
    GstActTokenBatches *self, const GstActTokenRange *range)
{
  self->next_batch = range->first_batch;
  self->next_sample = range->first_sample;
}

GstBuffer *
gst_act_token_batches_take (
    GstActTokenBatches *self, guint n_samples, GError **error)
{
  gsize n_tokens = (gsize) n_samples * self->n_ctx;
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  gpointer data;
  GstMemory *memory = gst_act_memory_new (n_tokens * sizeof (gint32), &data);

  if (self->spool == NULL) {
    memcpy (data, &g_array_index (self->tokens, gint32, self->n_used),
        n_tokens * sizeof (gint32));
  } else if (!act_scratch_read (self->spool,
                 self->next_sample * self->n_ctx * sizeof (gint32), data,
                 n_tokens * sizeof (gint32), error)) {
    gst_memory_unref (memory);
    return NULL;
  }
  gst_act_batch_meta_add (
      buffer, self->next_batch, self->next_sample, n_samples, self->n_ctx);
  if (!gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_TOKENS, memory, error))
    return NULL;
  pass (self, n_samples);
  return g_steal_pointer (&buffer);
}

void
gst_act_token_batches_trim (GstActTokenBatches *self)
{
  g_array_remove_range (self->tokens, 0, self->n_used);
  self->n_used = 0;
}
