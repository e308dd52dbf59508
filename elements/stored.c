/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "stored.h"

#include <gst/activations/activations.h>

void
gst_act_stored_clear (GstActStored *stored)
{
  g_clear_pointer (&stored->ranges, g_array_unref);
  g_clear_pointer (&stored->digests, g_array_unref);
  g_clear_pointer (&stored->store, g_free);
}

static gboolean
take_answer (GstActStored *stored, GstPad *pad, GstQuery *query, GError **error)
{
  g_autofree gchar *refusal = gst_act_query_parse_refusal (query);

  if (refusal != NULL) {
    g_set_error_literal (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH, refusal);
    return FALSE;
  }
  if (!gst_act_query_parse_stored (query, &stored->ranges))
    GST_WARNING_OBJECT (pad, "an answer to act-stored that is not in order");
  else
    gst_act_query_parse_digests (query, &stored->store, &stored->digests);
  return TRUE;
}

gboolean
gst_act_stored_ask (
    GstActStored *stored, const GstActShard *shard, GstPad *pad, GError **error)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstQuery *query;
  gboolean fine = TRUE;

  gst_act_stored_clear (stored);
  if (!shard->skip_stored)
    return TRUE;
  query = gst_act_query_new_stored ();
  gst_act_query_set_shard (query, shard->index, shard->count);
  if (caps != NULL)
    gst_act_query_set_stream (query, caps);
  if (gst_pad_peer_query (pad, query))
    fine = take_answer (stored, pad, query, error);
  gst_query_unref (query);
  return fine;
}

gboolean
gst_act_stored_has (const GstActStored *stored, guint64 batch)
{
  return gst_act_batch_ranges_skip (stored->ranges, batch, NULL, NULL);
}

void
gst_act_stored_set_error (
    const GstActStored *stored, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
      "the store '%s' is of another run, or of another text or input: %s; "
      "nothing in it was changed. Give another folder for this one, or remove "
      "that folder to make it anew",
      stored->store != NULL ? stored->store : "downstream", what);
}

/* of a batch that is in the ranges */
static gsize
find_digest (const GstActStored *stored, guint64 batch)
{
  gsize n = 0;

  for (guint i = 0; i < stored->ranges->len; i++) {
    const GstActBatchRange *range =
        &g_array_index (stored->ranges, GstActBatchRange, i);

    if (batch < range->first_batch + range->n_batches)
      return n + (gsize) (batch - range->first_batch);
    n += (gsize) range->n_batches;
  }
  g_return_val_if_reached (0);
}

gboolean
gst_act_stored_check_tokens (const GstActStored *stored, guint64 batch,
    const gint32 *tokens, gsize n_tokens, GError **error)
{
  if (stored->digests == NULL
      || g_array_index (stored->digests, guint64, find_digest (stored, batch))
          == gst_act_tokens_digest (tokens, n_tokens))
    return TRUE;
  gst_act_stored_set_error (stored, error,
      "batch %" G_GUINT64_FORMAT " has other tokens there than here", batch);
  return FALSE;
}
