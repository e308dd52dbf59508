/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "shard.h"

#include "acterror.h"

enum { SHARD_INDEX, SHARD_COUNT, SKIP_STORED, TOKENS_DIGEST, POST_DIGESTS };

void
gst_act_shard_install_properties (GParamSpec **props, guint first_id)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[first_id + SHARD_INDEX] = g_param_spec_uint ("shard-index",
      "Shard index", "Which of the shards of the run to give, counted from 0",
      0, G_MAXUINT, 0, flags);
  props[first_id + SHARD_COUNT] =
      g_param_spec_uint ("shard-count", "Shard count",
          "Into how many shards, each a contiguous range of batches, the run "
          "is cut",
          1, G_MAXUINT, 1, flags);
  props[first_id + SKIP_STORED] = g_param_spec_boolean ("skip-stored",
      "Skip stored",
      "Leave out batches that a store downstream holds already; switch it off "
      "where other branches need them",
      TRUE, flags);
  props[first_id + TOKENS_DIGEST] = g_param_spec_uint64 ("tokens-digest",
      "Tokens digest",
      "What the digest of the shard's tokens has to be, as a plan has it, or "
      "nothing is given; 0: whatever it is",
      0, G_MAXUINT64, 0, flags);
  props[first_id + POST_DIGESTS] = g_param_spec_boolean ("post-digests",
      "Post digests",
      "Post the digests of the tokens of all batches of the run, as a message, "
      "before the first batch",
      FALSE, flags);
}

gboolean
gst_act_shard_set_property (
    GstActShard *shard, guint id, guint first_id, const GValue *value)
{
  switch ((gint) (id - first_id)) {
  case SHARD_INDEX:
    shard->index = g_value_get_uint (value);
    return TRUE;
  case SHARD_COUNT:
    shard->count = g_value_get_uint (value);
    return TRUE;
  case SKIP_STORED:
    shard->skip_stored = g_value_get_boolean (value);
    return TRUE;
  case TOKENS_DIGEST:
    shard->tokens_digest = g_value_get_uint64 (value);
    return TRUE;
  case POST_DIGESTS:
    shard->post_digests = g_value_get_boolean (value);
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
gst_act_shard_get_property (
    const GstActShard *shard, guint id, guint first_id, GValue *value)
{
  switch ((gint) (id - first_id)) {
  case SHARD_INDEX:
    g_value_set_uint (value, shard->index);
    return TRUE;
  case SHARD_COUNT:
    g_value_set_uint (value, shard->count);
    return TRUE;
  case SKIP_STORED:
    g_value_set_boolean (value, shard->skip_stored);
    return TRUE;
  case TOKENS_DIGEST:
    g_value_set_uint64 (value, shard->tokens_digest);
    return TRUE;
  case POST_DIGESTS:
    g_value_set_boolean (value, shard->post_digests);
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
gst_act_shard_check (const GstActShard *shard, GError **error)
{
  if (shard->index < shard->count)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
      "shard-index is %u, expected it to be below shard-count, which is %u",
      shard->index, shard->count);
  return FALSE;
}

void
gst_act_shard_get_range (
    const GstActShard *shard, guint64 n_batches, guint64 *first, guint64 *end)
{
  /* computed in 128 bits */
  *first = gst_util_uint64_scale (n_batches, shard->index, shard->count);
  *end = gst_util_uint64_scale (
      n_batches, (guint64) shard->index + 1, shard->count);
}
