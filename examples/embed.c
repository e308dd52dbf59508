/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program with a pipeline inside: it runs in the program's own main loop,
 * tells how far it is, and hands the cluster records to the program instead
 * of writing files.
 *
 *   embed MODEL_FOLDER TEXT [N]
 *
 * prints the N clusters (10) that are active most often. Build it with
 *
 *   cc -o embed embed.c \
 *       $(pkg-config --cflags --libs gstactivations-1.0 gstreamer-app-1.0)
 *
 * Which variables that, and running it, needs where gst-activations is
 * installed in a prefix of its own: docs/guide.md, "Installed in a prefix".
 */
#include <stdlib.h>

#include <gst/activations/activations.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>

typedef struct {
  guint cluster;
  guint64 n_positions; /* where it is above 0 */
  guint64 n_samples;   /* in which it is anywhere */
  gfloat maximum;
} ClusterCount;

typedef struct {
  GMainLoop *loop;
  GArray *counts;               /* of ClusterCount, by cluster */
  GstActAssignment *assignment; /* their names */
  gboolean failed;
} App;

/* one bounded run of one cluster's rows; the streaming thread calls this */
static gboolean
count_record (
    App *app, GstBuffer *buffer, const GstActInfo *info, GError **error)
{
  GstActRecord record;

  if (!gst_act_record_map (
          &record, buffer, info->sequence_length, info->n_clusters, error))
    return FALSE;
  if (record.meta->kind == GST_ACT_RECORD_CLUSTER) {
    ClusterCount *count;

    if (app->counts->len <= record.meta->cluster)
      g_array_set_size (app->counts, record.meta->cluster + 1);
    count = &g_array_index (app->counts, ClusterCount, record.meta->cluster);
    count->cluster = record.meta->cluster;
    for (guint64 row = 0; row < record.meta->n_rows; row++) {
      gboolean any = FALSE;

      for (gint64 i = record.indptr[row]; i < record.indptr[row + 1]; i++) {
        if (record.values[i] <= 0)
          continue;
        any = TRUE;
        count->n_positions++;
        count->maximum = MAX (count->maximum, record.values[i]);
      }
      count->n_samples += any;
    }
  }
  gst_act_record_unmap (&record);
  return TRUE;
}

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer data)
{
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  g_autoptr (GstActInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  if (sample == NULL)
    return GST_FLOW_EOS;
  info = gst_act_info_new_from_caps (gst_sample_get_caps (sample), &error);
  if (info == NULL
      || !count_record (data, gst_sample_get_buffer (sample), info, &error)) {
    gst_act_element_post_error (GST_ELEMENT (sink), error);
    return GST_FLOW_ERROR;
  }
  return GST_FLOW_OK;
}

static gboolean
take_assignment (GstPad *pad, GstEvent **event, gpointer data)
{
  App *app = data;

  /* TRUE goes on to the next sticky event */
  return !gst_act_event_parse_assignment (*event, &app->assignment);
}

static int
compare_counts (gconstpointer a, gconstpointer b)
{
  const ClusterCount *x = a, *y = b;

  if (x->n_positions != y->n_positions)
    return x->n_positions < y->n_positions ? 1 : -1;
  return x->cluster < y->cluster ? -1 : 1;
}

static void
print_counts (App *app, guint n_shown)
{
  g_array_sort (app->counts, compare_counts);
  g_print ("cluster positions samples maximum\n");
  for (guint i = 0; i < MIN (n_shown, app->counts->len); i++) {
    const ClusterCount *count = &g_array_index (app->counts, ClusterCount, i);

    g_print ("%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %.3f\n",
        gst_act_assignment_get_name (app->assignment, count->cluster),
        count->n_positions, count->n_samples, (double) count->maximum);
  }
}

/* total 0: not known yet */
static void
print_progress (
    const gchar *name, const gchar *unit, guint64 done, guint64 total)
{
  g_autofree gchar *of =
      total > 0 ? g_strdup_printf (" of %" G_GUINT64_FORMAT, total) : NULL;

  g_printerr ("%s: %" G_GUINT64_FORMAT "%s %s\n", name, done,
      of != NULL ? of : "", unit);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  App *app = data;
  g_autoptr (GError) error = NULL;
  const gchar *unit;
  guint64 done, total;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    gst_message_parse_error (message, &error, NULL);
    break;
  case GST_MESSAGE_WARNING:
    /* EOS comes after failures too; whoever misses a part of the run warns */
    gst_message_parse_warning (message, &error, NULL);
    break;
  case GST_MESSAGE_EOS:
    g_main_loop_quit (app->loop);
    break;
  case GST_MESSAGE_ELEMENT:
    if (gst_act_message_parse_progress (message, &unit, &done, &total))
      print_progress (GST_MESSAGE_SRC_NAME (message), unit, done, total);
    break;
  default:
    break;
  }
  if (error != NULL) {
    g_printerr ("%s: %s\n", GST_MESSAGE_SRC_NAME (message), error->message);
    app->failed = TRUE;
    g_main_loop_quit (app->loop);
  }
  return G_SOURCE_CONTINUE;
}

static void
set_file (GstElement *pipeline, const char *element, const char *property,
    const char *folder, const char *name)
{
  g_autoptr (GstElement) found =
      gst_bin_get_by_name (GST_BIN (pipeline), element);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_object_set (found, property, path, NULL);
}

static GstElement *
make_pipeline (const char *model, const char *text, GError **error)
{
  GstElement *pipeline = gst_parse_launch_full (
      "acttextsrc name=text ! acttokenize name=tokens ! actforward name=model "
      "! queue max-size-buffers=2 ! actdeadfilter threshold=0.01 "
      "! actclustermax name=clusters ! actstore "
      "! appsink name=records sync=false max-buffers=4",
      NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);

  if (pipeline == NULL)
    return NULL;
  set_file (pipeline, "text", "location", text, NULL);
  set_file (pipeline, "tokens", "tokenizer", model, "tokenizer.json");
  set_file (pipeline, "model", "model", model, NULL);
  set_file (pipeline, "clusters", "clusters", model, "clusters.json");
  return pipeline;
}

/* runs to the end, then takes what the records' pad remembers */
static void
run (App *app, GstElement *pipeline)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "records");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, app, NULL);
  gst_bus_add_watch (bus, on_message, app);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (app->loop);
  gst_bus_remove_watch (bus);
  gst_pad_sticky_events_foreach (pad, take_assignment, app);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

int
main (int argc, char **argv)
{
  App app = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;

  gst_init (&argc, &argv);
  if (argc < 3) {
    g_printerr ("usage: %s MODEL_FOLDER TEXT [N]\n", argv[0]);
    return 2;
  }
  pipeline = make_pipeline (argv[1], argv[2], &error);
  if (pipeline == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  app.loop = g_main_loop_new (NULL, FALSE);
  app.counts = g_array_new (FALSE, TRUE, sizeof (ClusterCount));
  run (&app, pipeline);
  if (!app.failed && app.assignment != NULL)
    print_counts (&app, argc > 3 ? atoi (argv[3]) : 10);
  g_clear_pointer (&app.assignment, gst_act_assignment_unref);
  g_array_unref (app.counts);
  g_main_loop_unref (app.loop);
  return app.failed ? 1 : 0;
}
