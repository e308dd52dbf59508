/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdashboardsink. The folder is there whole or not at all. */
#include "dashboardrecords.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

GST_START_TEST (test_incomplete)
{
  Fixture f;

  /* EOS alone */
  fixture_begin (&f, "");
  push_all (&f);
  push_event (&f, gst_event_new_eos ());
  assert_warning (&f, "act-complete");
  fixture_clear_empty (&f);

  /* another number of samples */
  fixture_begin (&f, "");
  push_all (&f);
  finish (&f, N_SAMPLES + 1);
  assert_warning (&f, "5 samples, but 4 came");
  fixture_clear_empty (&f);

  /* the last cluster is missing */
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push (&f, rows_record (1));
  finish (&f, N_SAMPLES);
  assert_warning (&f, "of 2 clusters 1 came whole");
  fixture_clear_empty (&f);

  /* the first one stops half-way */
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  finish (&f, N_SAMPLES);
  assert_warning (&f, "of 2 clusters 0 came whole");
  fixture_clear_empty (&f);
}
GST_END_TEST;

/* the state goes down in the middle: no message, nothing left */
GST_START_TEST (test_cancelled)
{
  Fixture f;

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  fail_unless_equals_int (count_files (f.dir), 1);
  gst_element_set_state (f.sink, GST_STATE_NULL);
  assert_no_message (&f);
  fixture_clear_empty (&f);
}
GST_END_TEST;

static gpointer
push_end (gpointer data)
{
  finish (data, N_SAMPLES);
  return NULL;
}

static gpointer
to_null (gpointer data)
{
  gst_element_set_state (((Fixture *) data)->sink, GST_STATE_NULL);
  return NULL;
}

/* in the temporary folder, which is alone in dir */
static gchar *
temporary_file (Fixture *f, const gchar *name)
{
  GDir *dir = g_dir_open (f->dir, 0, NULL);
  gchar *path = g_build_filename (f->dir, g_dir_read_name (dir), name, NULL);

  g_dir_close (dir);
  return path;
}

/* Going down while the last files are written: pipes stand for a slow disk,
 * as they cannot be opened for writing before somebody reads. */
GST_START_TEST (test_cancelled_at_end)
{
  g_autofree gchar *array = NULL, *info = NULL;
  GThread *streaming, *down;
  GstPad *pad;
  Fixture f;
  int fds[2];

  fixture_begin (&f, "");
  push_all (&f);
  array = temporary_file (&f, "activations.npz");
  info = temporary_file (&f, "model_info.json");
  fail_unless_equals_int (mkfifo (array, 0600), 0);
  fail_unless_equals_int (mkfifo (info, 0600), 0);
  streaming = g_thread_new ("streaming", push_end, &f);
  fds[0] = g_open (array, O_RDONLY, 0);
  fail_unless (fds[0] >= 0);
  down = g_thread_new ("down", to_null, &f);
  pad = gst_element_get_static_pad (f.sink, "sink");
  while (!GST_PAD_IS_FLUSHING (pad))
    g_thread_yield ();
  gst_object_unref (pad);
  fds[1] = g_open (info, O_RDONLY | O_NONBLOCK, 0);
  fail_unless (fds[1] >= 0);
  g_thread_join (streaming);
  g_thread_join (down);
  close (fds[0]);
  close (fds[1]);
  assert_no_message (&f);
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_existing_folder)
{
  Fixture f;

  fixture_init (&f, "");
  fail_unless_equals_int (g_mkdir (f.location, 0755), 0);
  fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, f.location);
  fixture_clear (&f);
}
GST_END_TEST;

/* the old one stays as it is until the new one is whole, and if it never is */
GST_START_TEST (test_overwrite)
{
  g_autofree gchar *old = NULL, *mark = NULL;
  Fixture f;

  fixture_init (&f, "overwrite=true");
  fail_unless_equals_int (g_mkdir (f.location, 0755), 0);
  old = g_build_filename (f.location, "old", NULL);
  fail_unless (g_file_set_contents (old, "x", 1, NULL));
  /* none of ours */
  fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, "model_info.json");
  gst_element_set_state (f.sink, GST_STATE_NULL);
  mark = g_build_filename (f.location, "model_info.json", NULL);
  fail_unless (g_file_set_contents (mark, "x", 1, NULL));
  fixture_start (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  push_all (&f);
  push_event (&f, gst_event_new_eos ());
  fail_unless (g_file_test (old, G_FILE_TEST_EXISTS));
  assert_warning (&f, "act-complete");
  gst_element_set_state (f.sink, GST_STATE_NULL);
  fail_unless_equals_int (count_files (f.dir), 1);

  fixture_restart (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  push_all (&f);
  fail_unless (g_file_test (old, G_FILE_TEST_EXISTS));
  finish (&f, N_SAMPLES);
  assert_output (&f);
  fail_if (g_file_test (old, G_FILE_TEST_EXISTS));
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_unwritable)
{
  g_autofree gchar *place = NULL;
  Fixture f;

  /* a file where a folder has to be; permissions do not stop root */
  fixture_init (&f, "");
  place = g_build_filename (f.dir, "file", NULL);
  fail_unless (g_file_set_contents (place, "x", 1, NULL));
  g_free (f.location);
  f.location = g_build_filename (place, "out", NULL);
  g_object_set (f.sink, "location", f.location, NULL);
  fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, place);
  fixture_clear (&f);
}
GST_END_TEST;

/* whatever the size at which files stop growing: one clear error, and nothing
 * left. No fail_unless in between: the test program writes to a file too. */
static void
run_with_limit (rlim_t size)
{
  struct rlimit old, limit;
  Fixture f;

  fixture_begin (&f, "");
  fail_unless_equals_int (getrlimit (RLIMIT_FSIZE, &old), 0);
  limit = old;
  limit.rlim_cur = size;
  setrlimit (RLIMIT_FSIZE, &limit);
  gst_pad_push (f.src, samples_record (0, 4, tokens));
  gst_pad_push (f.src, rows_record (0));
  gst_pad_push (f.src, rows_record (1));
  gst_pad_push (f.src, silent_record (1));
  finish (&f, N_SAMPLES);
  setrlimit (RLIMIT_FSIZE, &old);
  assert_error (&f, f.dir);
  fixture_clear_empty (&f);
}

GST_START_TEST (test_full_disk)
{
  static const rlim_t sizes[] = { 0, 5, 64, 200, 500, 1000 };

  signal (SIGXFSZ, SIG_IGN);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    run_with_limit (sizes[i]);
}
GST_END_TEST;

static Suite *
dashboardfolder_suite (void)
{
  Suite *s = suite_create ("dashboardfolder");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_incomplete);
  tcase_add_test (tc, test_cancelled);
  tcase_add_test (tc, test_cancelled_at_end);
  tcase_add_test (tc, test_existing_folder);
  tcase_add_test (tc, test_overwrite);
  tcase_add_test (tc, test_unwritable);
  tcase_add_test (tc, test_full_disk);
  return s;
}

GST_CHECK_MAIN (dashboardfolder);
