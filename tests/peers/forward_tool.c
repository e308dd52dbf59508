/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* forward_tool MODEL TOKENS.npy VOCAB-SIZE BATCH-SIZE LAYOUT THREADS OUT: runs
 * acttokensrc ! actforward and writes the activations as bare float32
 * [positions, components], whatever the layout. */

#include <gst/activations/activations.h>
#include <gst/gst.h>
#include <stdio.h>

#include "sparse/csr.h"

typedef struct {
  FILE *out;
  gboolean failed;
} Output;

static gboolean
write_batch (Output *output, GstBuffer *buffer, GstPad *pad, GError **error)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, error);
  g_autofree gfloat *dense = NULL;
  const gfloat *values;
  GstActBatch batch;
  gsize n;

  if (info == NULL
      || !gst_act_batch_map (
          &batch, buffer, info, GST_ACT_MAP_COMPONENTS, error))
    return FALSE;
  n = batch.n_positions * info->n_components;
  values = batch.component_values;
  if (batch.layout == GST_ACT_LAYOUT_CSR) {
    dense = g_new (gfloat, n);
    act_csr_to_dense (batch.n_positions, info->n_components,
        batch.component_indptr, batch.component_indices, batch.component_values,
        dense);
    values = dense;
  }
  n -= fwrite (values, sizeof (gfloat), n, output->out);
  gst_act_batch_unmap (&batch);
  if (n > 0)
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_OPEN_WRITE, "short write");
  return n == 0;
}

static void
handoff (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer data)
{
  Output *output = data;
  g_autoptr (GError) error = NULL;

  if (write_batch (output, buffer, pad, &error))
    return;
  fprintf (stderr, "%s\n", error->message);
  output->failed = TRUE;
}

/* -> exit status */
static int
run (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return 0;
  gst_message_parse_error (message, &error, NULL);
  fprintf (stderr, "%s\n", error->message);
  return 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GstElement) pipeline = NULL, sink = NULL;
  g_autofree gchar *description = NULL;
  g_autoptr (GError) error = NULL;
  Output output = { NULL, FALSE };
  int status;

  gst_init (&argc, &argv);
  if (argc != 8) {
    fprintf (stderr,
        "usage: %s MODEL TOKENS.npy VOCAB-SIZE BATCH-SIZE LAYOUT "
        "THREADS OUT\n",
        argv[0]);
    return 2;
  }
  description = g_strdup_printf (
      "acttokensrc location=\"%s\" vocab-size=%s batch-size=%s ! "
      "actforward model=\"%s\" threads=%s ! "
      "application/x-act-components, layout=(string)%s ! "
      "fakesink name=sink signal-handoffs=true",
      argv[2], argv[3], argv[4], argv[1], argv[6], argv[5]);
  pipeline = gst_parse_launch (description, &error);
  if (error != NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  output.out = fopen (argv[7], "wb");
  if (output.out == NULL)
    return 1;
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_signal_connect (sink, "handoff", G_CALLBACK (handoff), &output);
  status = run (pipeline);
  if (fclose (output.out) != 0 || output.failed)
    status = 1;
  return status;
}
