/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdashboardsink. What is written, of whole runs. */
#include "dashboardrecords.h"

#include "formats/json.h"

#include <string.h>

GST_START_TEST (test_dashboard)
{
  static const gint64 counts[] = { 3, 0, 0, 0 }, ids[] = { 0, 7 };
  /* rows of texts "d e a" and "a b c", in order of storing */
  static const guint16 half[] = { 0, 0x3a00, 0, 0x3c00, 0, 0x3400 };
  g_autofree gchar *texts = NULL, *clusters = NULL, *map = NULL;
  g_autoptr (ActNpy) activations = NULL, coactivations = NULL, indices = NULL;
  Fixture f;

  fixture_begin (&f, "criteria=max_activation-max,max_position-min");
  push_all (&f);
  fail_if (g_file_test (f.location, G_FILE_TEST_EXISTS));
  finish (&f, N_SAMPLES);
  assert_output (&f);

  texts = contents (&f, "text_samples.jsonl");
  fail_unless_equals_string (texts,
      "{\"text_hash\": \"0e9f6403\", \"full_text\": \"a b c\", \"tokens\": "
      "[\"a\", \"b\", \"c\"]}\n"
      "{\"text_hash\": \"4b4f0944\", \"full_text\": \"d \\u0120e a\", "
      "\"tokens\": [\"d\", \"\\u0120e\", \"a\"]}\n"
      "{\"text_hash\": \"130a359c\", \"full_text\": \"c c c\", \"tokens\": "
      "[\"c\", \"c\", \"c\"]}\n");
  map = contents (&f, "activations_map.json");
  fail_unless_equals_string (
      map, "{\n  \"run|x--1-0|0e9f6403\": 0,\n  \"run|x--1-0|4b4f0944\": 1\n}");
  clusters = contents (&f, "clusters.jsonl");
  fail_unless (g_str_has_prefix (clusters,
      "{\"cluster_hash\": \"run|x--1-0\", \"components\": [{\"module\": \"m\", "
      "\"index\": 0, \"label\": \"m:0\"}, {\"module\": \"m\", \"index\": 2, "
      "\"label\": \"m:2\"}], \"criterion_samples\": {\"max_activation-max-20\":"
      " [\"4b4f0944\", \"0e9f6403\"], \"max_position-min-20\": [\"4b4f0944\", "
      "\"0e9f6403\"]}, "));
  fail_unless (strstr (clusters,
                   "\"top_tokens\": [{\"token\": \"b\", \"count\": 1}, "
                   "{\"token\": \"d\", "
                   "\"count\": 1}], ")
      != NULL);
  fail_unless_equals_int (
      strchr (clusters, '\n') - clusters + 1, strlen (clusters));

  activations = member (&f, "activations.npz", "activations.npy");
  fail_unless_equals_int (act_npy_get (activations)->shape[0], 2);
  fail_unless_equals_int (
      memcmp (act_npy_get (activations)->data, half, sizeof half), 0);
  coactivations = member (&f, "coactivations.npz", "coactivations.npy");
  fail_unless_equals_int (
      memcmp (act_npy_get (coactivations)->data, counts, sizeof counts), 0);
  indices = member (&f, "coactivations.npz", "cluster_indices.npy");
  fail_unless_equals_int (
      memcmp (act_npy_get (indices)->data, ids, sizeof ids), 0);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_info_files)
{
  g_autofree gchar *info = NULL;
  g_autoptr (JsonNode) run = NULL;
  g_autofree gchar *path = NULL;
  JsonObject *object;
  Fixture f;

  fixture_begin (&f, "n-samples=3");
  push_all (&f);
  finish (&f, N_SAMPLES);
  assert_output (&f);
  info = contents (&f, "model_info.json");
  fail_unless (strstr (info,
                   "\"n_samples\": 4,\n  \"n_positions\": 12,\n"
                   "  \"n_texts\": 3,")
          != NULL,
      "%s", info);
  fail_unless (strstr (info, "\"max_activation-max-3\"") != NULL);
  fail_unless (strstr (info, "\"n_clusters_written\": 1") != NULL);
  path = g_build_filename (f.location, "run_info.json", NULL);
  run = act_json_read_file (path, 100000, NULL);
  fail_unless (run != NULL);
  object = json_node_get_object (run);
  fail_unless_equals_string (
      json_object_get_string_member (object, "location"), f.location);
  fail_unless (json_object_get_null_member (object, "vocabulary"));
  fail_unless (json_object_get_null_member (object, "title"));
  fail_unless (json_object_has_member (object, "date"));
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_all_silent)
{
  g_autofree gchar *clusters = NULL, *map = NULL;
  g_autoptr (ActNpy) activations = NULL;
  Fixture f;

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, silent_record (0));
  push (&f, silent_record (1));
  finish (&f, N_SAMPLES);
  assert_output (&f);
  clusters = contents (&f, "clusters.jsonl");
  fail_unless_equals_string (clusters, "");
  map = contents (&f, "activations_map.json");
  fail_unless_equals_string (map, "{}");
  activations = member (&f, "activations.npz", "activations.npy");
  fail_unless_equals_int (act_npy_get (activations)->shape[0], 0);
  fail_unless_equals_int (act_npy_get (activations)->shape[1], N_CTX);
  fixture_clear (&f);
}
GST_END_TEST;

/* no samples: with records that say so, or without any */
GST_START_TEST (test_empty)
{
  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *texts = NULL;
    Fixture f;

    fixture_begin (&f, "");
    if (i == 1) {
      push (&f, silent_record (0));
      push (&f, silent_record (1));
    }
    finish (&f, 0);
    assert_output (&f);
    texts = contents (&f, "text_samples.jsonl");
    fail_unless_equals_string (texts, "");
    fixture_clear (&f);
  }
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  GstSegment segment;
  Fixture f;

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push_event (&f, gst_event_new_flush_start ());
  push_event (&f, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  push_event (&f, gst_event_new_segment (&segment));
  push_all (&f);
  finish (&f, N_SAMPLES);
  assert_output (&f);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_reuse)
{
  g_autofree gchar *second = NULL;
  Fixture f;

  fixture_begin (&f, "");
  push_all (&f);
  finish (&f, N_SAMPLES);
  assert_output (&f);
  gst_element_set_state (f.sink, GST_STATE_NULL);
  second = g_build_filename (f.location, "again", NULL);
  g_object_set (f.sink, "location", second, NULL);
  fixture_restart (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  push_all (&f);
  finish (&f, N_SAMPLES);
  fail_unless_equals_int (count_files (second), 13);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_vocabulary)
{
  g_autofree gchar *file = NULL, *properties = NULL, *texts = NULL;
  Fixture f;

  /* none: said with the first gap, long before the records */
  fixture_init (&f, "");
  fixture_start (&f);
  begin_stream (&f);
  push_event (&f, gst_event_new_gap (0, 1));
  assert_error (&f, "vocabulary");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, tokens)), GST_FLOW_ERROR);
  push_event (&f, gst_event_new_eos ());
  assert_no_message (&f);
  fixture_clear_empty (&f);

  /* the property's is preferred; "e" has no string there */
  f.dir = g_dir_make_tmp ("act-dashboard-XXXXXX", NULL);
  f.location = g_build_filename (f.dir, "out", NULL);
  file = g_build_filename (f.dir, "vocab.json", NULL);
  fail_unless (
      g_file_set_contents (file, "[\"p\", \"q\", \"r\", \"s\"]", -1, NULL));
  properties = g_strdup_printf ("vocabulary=\"%s\"", file);
  fixture_link (&f, properties);
  fixture_start (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, tokens)), GST_FLOW_ERROR);
  assert_error (
      &f, "sample 101, position 1: the vocabulary of 4 has no token 4");
  fixture_clear (&f);
}
GST_END_TEST;

static Suite *
actdashboardsink_suite (void)
{
  Suite *s = suite_create ("actdashboardsink");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_dashboard);
  tcase_add_test (tc, test_info_files);
  tcase_add_test (tc, test_all_silent);
  tcase_add_test (tc, test_empty);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_reuse);
  tcase_add_test (tc, test_vocabulary);
  return s;
}

GST_CHECK_MAIN (actdashboardsink);
