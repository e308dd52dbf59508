/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "planned.h"

#include "acterror.h"
#include "formats/tokens.h"

gboolean
gst_act_planned_is_wanted (const GstActShard *shard)
{
  return shard->post_digests || shard->tokens_digest != 0;
}

/* (transfer full): those of batches from first to before end */
static GArray *
collect (const GstActPlannedTokens *tokens, guint64 first, guint64 end,
    GError **error)
{
  g_autoptr (GArray) digests = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (guint64 batch = first; batch < end; batch++) {
    guint64 digest;

    if (!tokens->digest (tokens->data, batch, &digest, error))
      return NULL;
    g_array_append_val (digests, digest);
  }
  return g_steal_pointer (&digests);
}

static gboolean
post (GstElement *element, const GstActPlannedTokens *tokens, GError **error)
{
  g_autoptr (GArray) digests = collect (tokens, tokens->first_batch,
      tokens->first_batch + tokens->n_batches, error);
  g_autoptr (GBytes) bytes = NULL;

  if (digests == NULL)
    return FALSE;
  bytes = g_bytes_new (digests->data, digests->len * sizeof (guint64));
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element),
          gst_structure_new (
              "act-digests", "digests", G_TYPE_BYTES, bytes, NULL)));
  return TRUE;
}

static gboolean
compare (
    const GstActShard *shard, const GstActPlannedTokens *tokens, GError **error)
{
  g_autoptr (GArray) digests = NULL;
  guint64 first, end, digest;

  gst_act_shard_get_range (shard, tokens->n_batches, &first, &end);
  first += tokens->first_batch;
  end += tokens->first_batch;
  digests = collect (tokens, first, end, error);
  if (digests == NULL)
    return FALSE;
  digest = act_tokens_digest_shard (first, tokens->n_batches, tokens->n_samples,
      (const guint64 *) digests->data, digests->len);
  if (digest == shard->tokens_digest)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "%s has changed since the run was planned, or its parts come in another "
      "order: batches from %" G_GUINT64_FORMAT " to before %" G_GUINT64_FORMAT
      " (shard %u of %u of a run that has %" G_GUINT64_FORMAT
      " batches and %" G_GUINT64_FORMAT
      " samples here) are not those of the plan; nothing of them was stored. "
      "Give back what the plan was made with, or make another plan",
      tokens->name, first, end, shard->index, shard->count, tokens->n_batches,
      tokens->n_samples);
  return FALSE;
}

gboolean
gst_act_planned_check (GstElement *element, const GstActShard *shard,
    const GstActPlannedTokens *tokens, GError **error)
{
  return (!shard->post_digests || post (element, tokens, error))
      && (shard->tokens_digest == 0 || compare (shard, tokens, error));
}
