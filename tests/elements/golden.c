/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The golden cases from the dump to the dashboard, through every element: in
 * both layouts, with queues, tees and small records the same files. */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>

#include "../goldenfiles.h"

#include <glib/gstdio.h>
#include <string.h>

/* compiled a second time for the elements on a CUDA device */
#ifdef ACT_TEST_CUDA
#define UP "cudaactupload ! "
#define CUDA "cuda"
#else
#define UP
#define CUDA
#endif

static const gchar *const cases[] = { "basic", "batch_1", "batch_128",
  "dead_components", "dense_normal_sigmoid", "duplicate_texts",
  "empty_clusters", "leaky_negative", "many_values", "negative_and_zero",
  "negative_unfiltered", "ragged_last_batch", "single_cluster", "ties" };

typedef struct {
  gchar *folder; /* of the case */
  gchar *dir;
  gchar *output;
  JsonNode *params_node;
  JsonObject *params;
  gchar *sink; /* description of the sink, without its location */
  gchar *clusters;
  gchar *threshold;
} Case;

static gchar *
number_of (JsonObject *params, const gchar *name)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_dtostr (
      text, sizeof text, json_object_get_double_member (params, name));
  return g_strdup (text);
}

static void
case_open (Case *c, const gchar *name)
{
  g_autofree gchar *criteria = NULL, *activation_threshold = NULL;

  c->folder =
      g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", name, NULL);
  c->dir = g_dir_make_tmp ("act-golden-XXXXXX", NULL);
  c->output = g_build_filename (c->dir, "dashboard", NULL);
  c->params_node = golden_read_json (c->folder, "params.json");
  c->params = json_node_get_object (c->params_node);
  criteria = golden_criteria (c->params);
  activation_threshold = number_of (c->params, "activation_threshold");
  c->sink = g_strdup_printf ("actdashboardsink vocabulary=\"%s/vocab.json\""
                             " criteria=%s n-samples=%d hist-bins=%d"
                             " activation-threshold=%s top-n-tokens=%d",
      c->folder, criteria,
      (gint) json_object_get_int_member (c->params, "n_samples"),
      (gint) json_object_get_int_member (c->params, "hist_bins"),
      activation_threshold,
      (gint) json_object_get_int_member (c->params, "top_n_tokens"));
  c->clusters = g_strdup_printf (CUDA
      "actclustermax clusters=\"%s/clusters.json\" run=%s iteration=%d",
      c->folder, json_object_get_string_member (c->params, "clustering_run"),
      (gint) json_object_get_int_member (c->params, "iteration"));
  c->threshold = number_of (c->params, "filter_dead_threshold");
}

static void
case_close (Case *c)
{
  g_assert_cmpint (g_rmdir (c->dir), ==, 0);
  json_node_unref (c->params_node);
  g_free (c->folder);
  g_free (c->dir);
  g_free (c->output);
  g_free (c->sink);
  g_free (c->clusters);
  g_free (c->threshold);
}

/* runs it to its end; -> how many dashboards were announced */
static guint
run (const gchar *description)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch_full (
      description, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  GstBus *bus;
  guint n_outputs = 0;

  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (gboolean eos = FALSE; !eos;) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
        GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT
            | GST_MESSAGE_EOS);

    fail_unless (message != NULL, "'%s' does not end", description);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      gst_message_parse_error (message, &error, NULL);
    else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
      gst_message_parse_warning (message, &error, NULL);
    g_assert_no_error (error);
    n_outputs += GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT
        && gst_message_has_name (message, "act-output");
    eos = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    gst_message_unref (message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  return n_outputs;
}

/* each case, the dump's layout and the filter's, with facts and without */
GST_START_TEST (test_golden)
{
  static const gchar *const layouts[] = { "dense", "csr" };
  Case c;

  case_open (&c, cases[__i__]);
  for (guint i = 0; i < 4; i++) {
    g_autofree gchar *line =
        g_strdup_printf ("actdumpsrc location=\"%s\" layout=%s ! " UP CUDA
                         "actdeadfilter threshold=%s layout=%s ! %s ! actstore "
                         "! %s location=\"%s\" facts=%s",
            c.folder, layouts[i % 2], c.threshold, layouts[i / 2], c.clusters,
            c.sink, c.output, i == 1 || i == 2 ? "false" : "true");

    fail_unless_equals_int (run (line), 1);
    golden_compare (c.folder, c.output);
    golden_remove (c.output, i == 1 || i == 2 ? 7 : 13);
  }
  case_close (&c);
}
GST_END_TEST;

/* a thread for each element, and records of a kilobyte, components' too */
GST_START_TEST (test_queues)
{
  g_autofree gchar *line = NULL;
  Case c;

  case_open (&c, cases[__i__]);
  line =
      g_strdup_printf ("actdumpsrc location=\"%s\" ! queue ! " UP CUDA
                       "actdeadfilter threshold=%s"
                       " ! queue ! %s ! queue ! actstore max-record-size=1024"
                       " component-records=true ! queue ! %s location=\"%s\"",
          c.folder, c.threshold, c.clusters, c.sink, c.output);
  fail_unless_equals_int (run (line), 1);
  golden_compare (c.folder, c.output);
  golden_remove (c.output, 13);
  case_close (&c);
}
GST_END_TEST;

/* two stores behind a tee, the second with two dashboards */
GST_START_TEST (test_tee)
{
  g_autofree gchar *line = NULL, *second = NULL, *third = NULL;
  Case c;

  case_open (&c, cases[__i__]);
  second = g_build_filename (c.dir, "second", NULL);
  third = g_build_filename (c.dir, "third", NULL);
  line = g_strdup_printf (
      "actdumpsrc location=\"%s\" ! " UP "tee name=t ! queue ! " CUDA
      "actdeadfilter threshold=%s ! %s ! actstore ! %s location=\"%s\""
      "  t. ! queue ! " CUDA "actdeadfilter threshold=%s layout=dense ! %s"
      " ! actstore name=s ! %s location=\"%s\""
      "  s. ! queue ! %s location=\"%s\"",
      c.folder, c.threshold, c.clusters, c.sink, c.output, c.threshold,
      c.clusters, c.sink, second, c.sink, third);
  fail_unless_equals_int (run (line), 3);
  golden_compare (c.folder, c.output);
  golden_compare (c.folder, second);
  golden_compare (c.folder, third);
  golden_remove (c.output, 13);
  golden_remove (second, 13);
  golden_remove (third, 13);
  case_close (&c);
}
GST_END_TEST;

static Suite *
golden_suite (void)
{
  Suite *s = suite_create ("golden");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_golden, 0, G_N_ELEMENTS (cases));
  tcase_add_loop_test (tc, test_queues, 0, G_N_ELEMENTS (cases));
  tcase_add_loop_test (tc, test_tee, 0, G_N_ELEMENTS (cases));
  return s;
}

GST_CHECK_MAIN (golden);
