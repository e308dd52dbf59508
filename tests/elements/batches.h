/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Batches of activations made by hand, for tests of elements. */

#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <string.h>

#include "sparse/csr.h"

static inline GstMemory *
test_block (gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);

  memcpy (to, data, size);
  return memory;
}

static inline void
test_set_block (
    GstBuffer *buffer, GstActBlock block, gconstpointer data, gsize size)
{
  fail_unless (
      gst_act_buffer_set_block (buffer, block, test_block (data, size), NULL));
}

/* A batch of n_samples x sequence_length positions from its dense matrix; the
 * token ids are 0, 1, 2, ... */
static inline GstBuffer *
test_batch (GstActLayout layout, guint64 batch_index, guint64 first_sample,
    guint n_samples, guint sequence_length, guint n_columns,
    const gfloat *dense)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstActBatchMeta *meta = gst_act_batch_meta_add (
      buffer, batch_index, first_sample, n_samples, sequence_length);
  gsize rows = (gsize) n_samples * sequence_length;
  g_autofree gint32 *tokens = g_new (gint32, rows);

  for (gsize i = 0; i < rows; i++)
    tokens[i] = (gint32) i;
  test_set_block (buffer, GST_ACT_BLOCK_TOKENS, tokens, rows * 4);
  if (layout == GST_ACT_LAYOUT_DENSE) {
    test_set_block (
        buffer, GST_ACT_BLOCK_COMPONENT_VALUES, dense, rows * n_columns * 4);
  } else {
    gsize n = act_csr_count_dense (dense, rows, n_columns, NULL);
    g_autofree gint64 *indptr = g_new (gint64, rows + 1);
    g_autofree gint32 *indices = g_new (gint32, n + ACT_CSR_SLACK);
    g_autofree gfloat *values = g_new (gfloat, n + ACT_CSR_SLACK);

    act_csr_from_dense (dense, rows, n_columns, NULL, indptr, indices, values);
    test_set_block (
        buffer, GST_ACT_BLOCK_COMPONENT_INDPTR, indptr, (rows + 1) * 8);
    test_set_block (buffer, GST_ACT_BLOCK_COMPONENT_INDICES, indices, n * 4);
    test_set_block (buffer, GST_ACT_BLOCK_COMPONENT_VALUES, values, n * 4);
    meta->n_component_values = n;
  }
  return buffer;
}

/* Component caps; modules as in "<a, b>", components as in "<2, 3>". */
static inline GstCaps *
test_component_caps (GstActLayout layout, guint batch_size,
    guint sequence_length, const gchar *modules, const gchar *components)
{
  g_autofree gchar *text = g_strdup_printf (
      "application/x-act-components, format=F32LE, layout=%s, batch-size=%u, "
      "sequence-length=%u, vocab-size=100000, modules=(string)%s, "
      "components=(int)%s",
      gst_act_layout_to_string (layout), batch_size, sequence_length, modules,
      components);
  GstCaps *caps = gst_caps_from_string (text);

  fail_unless (caps != NULL, "%s", text);
  return caps;
}

static inline GstActInfo *
test_out_info (GstHarness *h)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);
  GError *error = NULL;
  GstActInfo *info = gst_act_info_new_from_caps (caps, &error);

  g_assert_no_error (error);
  return info;
}

/* The cluster activations of a batch, dense. */
static inline gfloat *
test_clusters_to_dense (GstBuffer *buffer, const GstActInfo *info, gsize *n)
{
  GError *error = NULL;
  GstActBatch batch;
  gfloat *dense;

  gst_act_batch_map (&batch, buffer, info, GST_ACT_MAP_CLUSTERS, &error);
  g_assert_no_error (error);
  *n = batch.n_positions * batch.n_clusters;
  dense = g_new (gfloat, *n);
  act_csr_to_dense (batch.n_positions, batch.n_clusters, batch.cluster_indptr,
      batch.cluster_indices, batch.cluster_values, dense);
  /* nothing of what is stored is a zero */
  fail_unless_equals_uint64 (
      act_csr_count_dense (dense, 1, *n, NULL), batch.n_cluster_values);
  gst_act_batch_unmap (&batch);
  return dense;
}

/* The component activations of a batch, dense. */
static inline gfloat *
test_components_to_dense (GstBuffer *buffer, const GstActInfo *info, gsize *n)
{
  GError *error = NULL;
  GstActBatch batch;
  gfloat *dense;

  gst_act_batch_map (&batch, buffer, info, GST_ACT_MAP_COMPONENTS, &error);
  g_assert_no_error (error);
  *n = batch.n_positions * batch.n_components;
  dense = g_new (gfloat, *n);
  if (batch.layout == GST_ACT_LAYOUT_DENSE)
    memcpy (dense, batch.component_values, *n * sizeof (gfloat));
  else
    act_csr_to_dense (batch.n_positions, batch.n_components,
        batch.component_indptr, batch.component_indices, batch.component_values,
        dense);
  gst_act_batch_unmap (&batch);
  return dense;
}

/* Collects messages of a harness's element; unref with gst_object_unref. */
static inline GstBus *
test_watch (GstHarness *h)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  return bus;
}

/* The next error on the bus must be there and have each text in it. */
static inline void
test_assert_error (GstBus *bus, const gchar *text, const gchar *and)
{
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no error message was posted");
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, text) != NULL
          && (and == NULL || strstr (error->message, and) != NULL),
      "'%s' is not about '%s' and '%s'", error->message, text,
      and == NULL ? "" : and);
}
