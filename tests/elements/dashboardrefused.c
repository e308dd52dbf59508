/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdashboardsink. Properties and records that are refused. */
#include "dashboardrecords.h"

GST_START_TEST (test_bad_properties)
{
  static const struct {
    const gchar *properties, *text;
  } cases[] = {
    { "criteria=\"\"", "criteria" },
    { "criteria=max_activation", "'max_activation'" },
    { "criteria=max_activation-top", "'max_activation-top'" },
    { "criteria=sum_activation-max", "'sum_activation-max'" },
    { "criteria=\"max_activation-max, max_activation-max\"", "twice" },
    { "vocabulary=/nowhere/vocab.json", "/nowhere/vocab.json" },
    { "location=\"\"", "location" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;

    fixture_init (&f, cases[i].properties);
    fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
        == GST_STATE_CHANGE_FAILURE);
    assert_error (&f, cases[i].text);
    fixture_clear_empty (&f);
  }
}
GST_END_TEST;

GST_START_TEST (test_bad_tokens)
{
  static const gint32 large[] = { 0, 1, 2, 3, 4, 5, 0, 1, 2, 2, 2, 2 };
  static const gint32 negative[] = { -1, 1, 2, 3, 4, 0, 0, 1, 2, 2, 2, 2 };
  Fixture f;

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, large)), GST_FLOW_ERROR);
  assert_error (&f, "sample 101, position 2");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, negative)), GST_FLOW_ERROR);
  assert_error (&f, "no token -1");
  fixture_clear_empty (&f);
}
GST_END_TEST;

/* records in any other order than a store's */
GST_START_TEST (test_bad_order)
{
  GstBuffer *buffer;
  Fixture f;

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, rows_record (0)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (1, 3, tokens)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  fail_unless_equals_int (
      gst_pad_push (f.src, rows_record (1)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  fail_unless_equals_int (
      gst_pad_push (f.src, silent_record (1)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* a row of a sample that the run does not have */
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  buffer = rows_record (0);
  {
    GstActRecordMeta *meta = gst_act_record_meta_get (buffer);
    GstMapInfo map;

    gst_memory_map (gst_buffer_peek_memory (
                        buffer, meta->block[GST_ACT_RECORD_BLOCK_SAMPLES]),
        &map, GST_MAP_WRITE);
    *(guint64 *) map.data = 99;
    gst_memory_unmap (map.memory, &map);
  }
  fail_unless_equals_int (gst_pad_push (f.src, buffer), GST_FLOW_ERROR);
  assert_error (&f, "sample 99");
  fixture_clear_empty (&f);

  /* no record at all */
  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, gst_buffer_new ()), GST_FLOW_ERROR);
  assert_error (&f, "GstActRecordMeta");
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_no_assignment)
{
  Fixture f;

  fixture_init (&f, "");
  fixture_start (&f);
  begin_stream (&f);
  push_vocabulary (&f);
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, tokens)), GST_FLOW_ERROR);
  assert_error (&f, "act-assignment");
  fixture_clear_empty (&f);
}
GST_END_TEST;

static Suite *
dashboardrefused_suite (void)
{
  Suite *s = suite_create ("dashboardrefused");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_bad_properties);
  tcase_add_test (tc, test_bad_tokens);
  tcase_add_test (tc, test_bad_order);
  tcase_add_test (tc, test_no_assignment);
  return s;
}

GST_CHECK_MAIN (dashboardrefused);
