/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gst/activations/gstactsamplelength.h"

/**
 * SECTION:gstactsamplelength
 * @short_description: how many tokens a sample may have
 *
 * How long samples may be is the model's to say, how long they are is up to
 * whoever cuts the tokens. An element that cuts them and was not told their
 * length asks downstream with an `act-sample-length` query
 * (gst_pad_peer_query() on its source pad, from READY to PAUSED on: elements
 * downstream go there first). An element that runs a model answers in the query
 * function of its sink pad, once it has the model:
 *
 * |[<!-- language="C" -->
 * if (gst_act_query_is_sample_length (query)) {
 *   gst_act_query_set_sample_length (query, longest);
 *   return TRUE;
 * }
 * ]|
 *
 * Others pass the query on, which is what pads and base classes do with queries
 * that they do not know. It is no restriction: what is longer is refused when
 * its caps come, with a message that says why.
 */

#define SAMPLE_LENGTH "act-sample-length"
#define LONGEST "longest"

/**
 * gst_act_query_new_sample_length:
 *
 * A custom query that asks how many tokens a sample may have downstream.
 *
 * Returns: (transfer full): the query
 */
GstQuery *
gst_act_query_new_sample_length (void)
{
  return gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new_empty (SAMPLE_LENGTH));
}

/**
 * gst_act_query_is_sample_length:
 * @query: a query
 *
 * Returns: whether @query is an act-sample-length query
 */
gboolean
gst_act_query_is_sample_length (GstQuery *query)
{
  const GstStructure *s;

  g_return_val_if_fail (GST_IS_QUERY (query), FALSE);

  if (GST_QUERY_TYPE (query) != GST_QUERY_CUSTOM)
    return FALSE;
  s = gst_query_get_structure (query);
  return s != NULL && gst_structure_has_name (s, SAMPLE_LENGTH);
}

/**
 * gst_act_query_set_sample_length:
 * @query: an act-sample-length query
 * @longest: tokens that a sample has at most, 1 or more
 *
 * Answers the query.
 */
void
gst_act_query_set_sample_length (GstQuery *query, guint longest)
{
  g_return_if_fail (gst_act_query_is_sample_length (query));
  g_return_if_fail (longest > 0);

  gst_structure_set (gst_query_writable_structure (query), LONGEST, G_TYPE_UINT,
      longest, NULL);
}

/**
 * gst_act_query_parse_sample_length:
 * @query: a query that came back
 * @longest: (out): tokens that a sample has at most
 *
 * The result is only set if the query was answered.
 *
 * Returns: whether @query is an act-sample-length query with an answer
 */
gboolean
gst_act_query_parse_sample_length (GstQuery *query, guint *longest)
{
  guint found;

  g_return_val_if_fail (longest != NULL, FALSE);

  if (!gst_act_query_is_sample_length (query)
      || !gst_structure_get_uint (
          gst_query_get_structure (query), LONGEST, &found)
      || found == 0)
    return FALSE;
  *longest = found;
  return TRUE;
}
