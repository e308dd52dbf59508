/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "formats/scratch.h"
#include "stored.h"

/* From one row of tokens, which grows as text is tokenized, to batches: those
 * of a shard, without those that are stored already. How many batches there
 * are is known at the end of the text, so the tokens of a run that is cut into
 * shards, or compared with a plan, wait in a file until then; else batches can
 * be taken as soon as they are full. */

typedef struct {
  guint n_ctx, batch_size;
  GstActShard shard;

  GArray *tokens;    /* gint32: append here */
  guint n_used;      /* of them, that were taken */
  ActScratch *spool; /* where all text has to be known first */
  gboolean asked;    /* what is stored */
  GstActStored stored;

  guint64 next_batch; /* in the whole run */
  guint64 next_sample;
} GstActTokenBatches;

/* a part of the run, from first to before end */
typedef struct {
  guint64 first_batch, end_batch, first_sample, end_sample;
  guint64 run_batches, run_samples; /* of the whole run */
} GstActTokenRange;

gboolean gst_act_token_batches_init (GstActTokenBatches *self, guint n_ctx,
    guint batch_size, const GstActShard *shard, GError **error);
void gst_act_token_batches_clear (GstActTokenBatches *self);
/* for a text from its beginning */
gboolean gst_act_token_batches_restart (
    GstActTokenBatches *self, GError **error);

/* whether nothing can be taken before the end of the text */
gboolean gst_act_token_batches_waits (const GstActTokenBatches *self);

/* after each document: where it waits, moves its tokens to the file */
gboolean gst_act_token_batches_end_document (
    GstActTokenBatches *self, GError **error);
/* tokens of the whole text so far, taken or not */
guint64 gst_act_token_batches_get_n_tokens (const GstActTokenBatches *self);
/* which part of a run of so many tokens is the shard's */
void gst_act_token_batches_get_range (
    const GstActTokenBatches *self, guint64 n_tokens, GstActTokenRange *range);

/* how many samples the next batch has, if it can be taken now; end: before
 * which sample the run, or the shard, ends */
gboolean gst_act_token_batches_is_full (const GstActTokenBatches *self);
guint gst_act_token_batches_get_n_samples (
    const GstActTokenBatches *self, guint64 end);

/* at the end of a text that waited: whether the tokens are those of a plan, and
 * what somebody plans with; posts as this element */
gboolean gst_act_token_batches_check_planned (GstActTokenBatches *self,
    const GstActTokenRange *range, GstElement *element, GError **error);
/* asks downstream, if that was not done; FALSE if the answer is about batches
 * that are cut otherwise */
gboolean gst_act_token_batches_ask (
    GstActTokenBatches *self, GstPad *pad, GError **error);
/* at the end of the text: whether what is stored ends where batches of the run
 * do, and not behind the last */
gboolean gst_act_token_batches_check_ends (const GstActTokenBatches *self,
    const GstActTokenRange *range, GError **error);
/* the same of the tokens of all batches from the next one to the range's end:
 * before it is said that the run is whole */
gboolean gst_act_token_batches_check_rest (
    GstActTokenBatches *self, const GstActTokenRange *range, GError **error);
/* whether the next batch, of n_samples, is stored; then it is passed over.
 * FALSE with error set if it is stored with another end or other tokens */
gboolean gst_act_token_batches_skip (
    GstActTokenBatches *self, guint n_samples, GError **error);
/* the batch after which no other of the range is wanted; end_batch of it if
 * none is */
guint64 gst_act_token_batches_find_last (
    const GstActTokenBatches *self, const GstActTokenRange *range);
/* to the first batch of a range */
void gst_act_token_batches_go_to (
    GstActTokenBatches *self, const GstActTokenRange *range);
/* the next batch as a buffer */
GstBuffer *gst_act_token_batches_take (
    GstActTokenBatches *self, guint n_samples, GError **error);
/* drops what was taken: the rest is moved, so once for many batches */
void gst_act_token_batches_trim (GstActTokenBatches *self);
