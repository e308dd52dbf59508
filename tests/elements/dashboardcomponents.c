/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdashboardsink. Records of components, and the facts. */
#include "dashboardrecords.h"

#include <math.h>
#include <string.h>

/* without facts records of components are passed over */
GST_START_TEST (test_component_records)
{
  GstBuffer *buffer;
  Fixture f;

  fixture_begin (&f, "facts=false");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push (&f, rows_record (1));
  buffer = gst_buffer_new ();
  gst_act_record_meta_add (buffer, GST_ACT_RECORD_COMPONENT)->member = 0;
  push (&f, buffer);
  push (&f, silent_record (1));
  finish (&f, N_SAMPLES);
  assert_output_of (&f, 7);
  fixture_clear (&f);
}
GST_END_TEST;

/* the line of docs/formats.md */
static const gchar facts_line[] =
    "{\"cluster_hash\": \"run|x--1-0\", \"activation\": {\"n_samples\": 2, "
    "\"sum\": 2.0, \"mean\": 0.3333333333333333, \"n_active_positions\": 2, "
    "\"n_active_samples\": 2, \"position_rate\": 0.16666666666666666, "
    "\"sample_rate\": 0.5}, \"samples\": {\"max_activation-max-20\": "
    "{\"row\": [1, 0], \"sample\": [101, 100], \"text_hash\": "
    "[\"4b4f0944\", \"0e9f6403\"]}, \"random\": {\"row\": [0], \"sample\": "
    "[100], \"text_hash\": [\"0e9f6403\"]}}, \"tokens\": {\"n_positions\": "
    "12, \"n_active_positions\": 2, \"n_unique\": 2, \"by_count\": "
    "{\"token\": [\"b\", \"d\"], \"count\": [1, 1], \"run_count\": [2, 1], "
    "\"p_token_given_active\": [0.5, 0.5], \"p_active_given_token\": [0.5, "
    "1.0], \"lift\": [3.0, 6.0]}, \"by_lift\": {\"token\": [\"d\", \"b\"], "
    "\"count\": [1, 1], \"run_count\": [1, 2], \"p_token_given_active\": "
    "[0.5, 0.5], \"p_active_given_token\": [1.0, 0.5], \"lift\": [6.0, "
    "3.0]}}, ";
static const gchar facts_members[] =
    "\"members\": [{\"label\": \"m:0\", \"n_samples\": 1, \"sum\": 0.75, "
    "\"mean\": 0.25, \"min\": 0.0, \"max\": 0.75, \"median\": 0.0, "
    "\"n_active_positions\": 1, \"n_active_samples\": 1, \"position_rate\": "
    "0.08333333333333333, \"sample_rate\": 0.25, \"mass\": 0.75, "
    "\"mass_share\": 1.0}, {\"label\": \"m:2\", \"n_samples\": 0, \"sum\": "
    "0.0, \"mean\": 0.0, \"min\": 0.0, \"max\": 0.0, \"median\": 0.0, "
    "\"n_active_positions\": 0, \"n_active_samples\": 0, \"position_rate\": "
    "0.0, \"sample_rate\": 0.0, \"mass\": 0.0, \"mass_share\": 0.0}], "
    "\"modules\": [{\"module\": \"m\", \"n_members\": 2, \"mass\": 0.75, "
    "\"mass_share\": 1.0}], \"layers\": [{\"layer\": null, \"n_members\": 2, "
    "\"mass\": 0.75, \"mass_share\": 1.0}], \"coactivating\": "
    "{\"n_positions\": 3, \"by_count\": {\"line\": [], \"cluster_hash\": [], "
    "\"count\": [], \"jaccard\": [], \"lift\": []}, \"by_jaccard\": {\"line\": "
    "[], \"cluster_hash\": [], \"count\": [], \"jaccard\": [], \"lift\": "
    "[]}}}\n";

GST_START_TEST (test_facts)
{
  static const gint64 line_rows[] = { 0, 4 }, row_ends[] = { 0, 0, 1, 1, 1 };
  static const gint64 counts[] = { 3, 1, 1, 2 };
  static const gfloat shown[] = { 0, 0.75f, 0, 1.0f, 0, 0.25f };
  static const guint64 samples[] = { 100, 101 };
  g_autofree gchar *facts = NULL;
  g_autoptr (ActNpy) a = NULL, s = NULL, l = NULL, r = NULL, c = NULL;
  GstBuffer *last;
  Fixture f;

  fixture_begin (&f, "min-token-count=1 n-random=1");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  last = rows_record (1);
  set_block (last, GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS, counts, 32);
  push (&f, last);
  push (&f, component_record (0, 0, WHOLE));
  push (&f, silent_component_record (0, 1));
  push (&f, silent_record (1));
  push (&f, silent_component_record (1, 0));
  finish (&f, N_SAMPLES);
  assert_output (&f);

  facts = contents (&f, "cluster_facts.jsonl");
  fail_unless (g_str_has_prefix (facts, facts_line), "%s", facts);
  fail_unless (g_str_has_suffix (facts, facts_members), "%s", facts);
  a = member (&f, "samples.npz", "activations.npy");
  fail_unless_equals_int (act_npy_get (a)->dtype, ACT_DTYPE_F32);
  fail_unless_equals_int (act_npy_get (a)->n_elements, 6);
  fail_unless (memcmp (act_npy_get (a)->data, shown, sizeof shown) == 0);
  s = member (&f, "samples.npz", "sample.npy");
  fail_unless (memcmp (act_npy_get (s)->data, samples, sizeof samples) == 0);
  l = member (&f, "component_activations.npz", "line_indptr.npy");
  fail_unless (memcmp (act_npy_get (l)->data, line_rows, 16) == 0);
  r = member (&f, "component_activations.npz", "indptr.npy");
  fail_unless (memcmp (act_npy_get (r)->data, row_ends, 40) == 0);
  c = member (&f, "component_activations.npz", "coactivations.npy");
  fail_unless (memcmp (act_npy_get (c)->data, counts, 32) == 0);
  fixture_clear (&f);
}
GST_END_TEST;

static void
push_cluster (Fixture *f)
{
  push (f, samples_record (0, 4, tokens));
  push (f, rows_record (0));
  push (f, rows_record (1));
}

/* what does not follow its cluster in order, or is not all that there is */
GST_START_TEST (test_components_out_of_order)
{
  Fixture f;

  /* the second first */
  fixture_begin (&f, "");
  push_cluster (&f);
  push_refused (&f, component_record (0, 1, WHOLE));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* of a cluster that has not come */
  fixture_begin (&f, "");
  push_cluster (&f);
  push_refused (&f, component_record (1, 0, WHOLE));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* more than there are */
  fixture_begin (&f, "");
  push_cluster (&f);
  push (&f, component_record (0, 0, WHOLE));
  push (&f, component_record (0, 1, WHOLE));
  push_refused (&f, component_record (0, 2, WHOLE));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* the next cluster before the second */
  fixture_begin (&f, "");
  push_cluster (&f);
  push (&f, component_record (0, 0, WHOLE));
  push_refused (&f, silent_record (1));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* the end before the last one's */
  fixture_begin (&f, "");
  push_all (&f);
  push (&f, component_record (1, 0, GST_ACT_RECORD_FIRST));
  finish (&f, N_SAMPLES);
  assert_warning (&f, "of the 1 components of cluster 1 0 came whole");
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_component_not_finite)
{
  static const gfloat values[] = { NAN, -INFINITY };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    Fixture f;

    fixture_begin (&f, "");
    push_cluster (&f);
    push (&f, component_record (0, 0, WHOLE));
    push_refused (&f, component_record_of (0, 1, WHOLE, values[i]));
    assert_error (&f,
        "cluster 'run|x--1-0', component 1 of 2: the activation in sample 101,"
        " position 1, is ");
    fixture_clear_empty (&f);
  }
}
GST_END_TEST;

GST_START_TEST (test_bad_member_coactivations)
{
  static const gint64 counts[] = { 3, 1, 1, 2 };
  GstBuffer *last = rows_record (1);
  Fixture f;

  /* not rounded up to a cache line, as set_block () does */
  fail_unless (
      gst_act_record_set_block (last, GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS,
          gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, (gpointer) counts,
              24, 0, 24, NULL, NULL),
          NULL));
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push_refused (&f, last);
  assert_error (&f, "cluster 0 has 2 components");
  fixture_clear_empty (&f);
}
GST_END_TEST;

static Suite *
dashboardcomponents_suite (void)
{
  Suite *s = suite_create ("dashboardcomponents");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_component_records);
  tcase_add_test (tc, test_facts);
  tcase_add_test (tc, test_components_out_of_order);
  tcase_add_test (tc, test_component_not_finite);
  tcase_add_test (tc, test_bad_member_coactivations);
  return s;
}

GST_CHECK_MAIN (dashboardcomponents);
