/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/lease.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "acterror.h"

/* Who may work on something, told by files in a folder. */

#define SILENCE 60

static char *folder, *name;

static void
set_up (void)
{
  g_autoptr (GError) error = NULL;

  folder = g_dir_make_tmp ("act-lease-XXXXXX", &error);
  g_assert_no_error (error);
  name = g_build_filename (folder, "thing.lock", NULL);
}

/* nothing is left */
static void
tear_down (void)
{
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (folder);
  g_free (name);
}

static ActLease *
take (void)
{
  g_autoptr (GError) error = NULL;
  ActLease *lease = act_lease_take (name, SILENCE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (lease);
  return lease;
}

static void
assert_refused (const char *needle)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (act_lease_take (name, SILENCE, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, needle));
}

/* as if nothing had been heard for so long */
static void
make_older (const char *path, guint seconds)
{
  struct stat status;
  struct timespec times[2];

  g_assert_cmpint (stat (path, &status), ==, 0);
  times[0] = times[1] = status.st_mtim;
  times[1].tv_sec -= seconds;
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static void
test_one_holds_it (void)
{
  g_autofree char *path = NULL;
  ActLease *lease;

  set_up ();
  lease = take ();
  path = g_strdup (act_lease_get_path (lease));
  assert_refused (path);
  make_older (path, SILENCE - 10);
  assert_refused (g_get_host_name ());
  act_lease_free (lease);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  act_lease_free (take ());
  tear_down ();
}

static void
test_renewed (void)
{
  g_autoptr (GError) error = NULL;
  ActLease *lease;

  set_up ();
  lease = take ();
  make_older (act_lease_get_path (lease), SILENCE + 10);
  g_assert_true (act_lease_renew (lease, &error));
  g_assert_no_error (error);
  assert_refused (act_lease_get_path (lease));
  act_lease_free (lease);
  tear_down ();
}

static void
test_taken_over (void)
{
  g_autoptr (GError) error = NULL;
  ActLease *silent, *lease;

  set_up ();
  silent = take ();
  make_older (act_lease_get_path (silent), SILENCE + 10);
  lease = take ();
  g_assert_cmpstr (act_lease_get_path (silent), !=, act_lease_get_path (lease));
  /* the one that was silent must not go on, nor take the other's away */
  g_assert_false (act_lease_renew (silent, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  act_lease_free (silent);
  g_clear_error (&error);
  g_assert_true (act_lease_renew (lease, &error));
  assert_refused (act_lease_get_path (lease));
  act_lease_free (lease);
  tear_down ();
}

/* Two that saw the same silent one: the later generation finds the other. */
static void
test_older_comes_back (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *old = g_strdup ("?");
  ActLease *lease;

  set_up ();
  lease = take ();
  g_free (old);
  old = g_strconcat (name, ".9", NULL);
  g_assert_true (g_file_set_contents (old, "other", -1, &error));
  g_assert_false (act_lease_renew (lease, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "other"));
  act_lease_free (lease);
  g_assert_cmpint (g_unlink (old), ==, 0);
  tear_down ();
}

/* names that are no generations, and a folder that is not there */
static void
test_others_files (void)
{
  static const char *const others[] = { "thing.lock.x", "thing.lock.0",
    "thing.lock.1x", "thing.lock2.1", "thing.lock" };
  g_autoptr (GError) error = NULL;

  set_up ();
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *path = g_build_filename (folder, others[i], NULL);

    g_assert_true (g_file_set_contents (path, "", 0, &error));
  }
  act_lease_free (take ());
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *path = g_build_filename (folder, others[i], NULL);

    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  tear_down ();
  g_assert_null (act_lease_take ("/nonexistent/x", SILENCE, &error));
  g_assert_nonnull (error);
}

/* --- many at once --- */

#define N_THREADS 8
#define N_ROUNDS 200

static gint n_inside, n_taken;

static void *
compete (void *data)
{
  for (guint i = 0; i < N_ROUNDS; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (ActLease) lease = act_lease_take (name, SILENCE, &error);

    if (lease == NULL) {
      g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
      continue;
    }
    g_assert_cmpint (g_atomic_int_add (&n_inside, 1), ==, 0);
    g_thread_yield ();
    g_atomic_int_add (&n_taken, 1);
    g_atomic_int_add (&n_inside, -1);
  }
  return NULL;
}

static void
test_race (void)
{
  GThread *threads[N_THREADS];
  g_autofree char *clock = NULL;

  set_up ();
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("compete", compete, NULL);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (n_taken, >, 0);
  /* who was refused last may have touched it after it was removed */
  clock = g_strconcat (name, ".now", NULL);
  (void) g_unlink (clock);
  tear_down ();
}

/* who knows only the file renews it, until somebody takes over */
static void
test_hold (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActLease) next = NULL;
  g_autoptr (ActLeaseFile) file = NULL;
  ActLease *lease;
  g_autofree char *path = NULL, *coming = NULL;

  set_up ();
  g_assert_true (act_lease_file_hold (NULL, &error));
  lease = take ();
  path = g_strdup (act_lease_get_path (lease));
  file = act_lease_file_open (path, &error);
  g_assert_no_error (error);
  make_older (path, SILENCE + 1);
  g_assert_true (act_lease_file_hold (file, &error));
  g_assert_no_error (error);
  /* that was a sign of life */
  assert_refused ("is at work on it");

  /* somebody is about to, and has looked already */
  coming = g_strconcat (name, ".2", NULL);
  g_assert_true (g_file_set_contents (coming, "x", 1, NULL));
  g_assert_false (act_lease_file_hold (file, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, coming));
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (coming), ==, 0);
  g_assert_true (act_lease_file_hold (file, &error));

  make_older (path, SILENCE + 1);
  next = take ();
  g_assert_false (act_lease_file_hold (file, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "somebody else has taken over"));
  act_lease_free (lease);
  g_clear_pointer (&next, act_lease_free);
  tear_down ();
}

/* One slept while another took over and gave back, and a third has begun: its
 * file has the name of the first one's. */
static void
test_same_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActLeaseFile) file = NULL;
  ActLease *sleeper, *third;

  set_up ();
  sleeper = take ();
  file = act_lease_file_open (act_lease_get_path (sleeper), &error);
  g_assert_no_error (error);
  make_older (act_lease_get_path (sleeper), SILENCE + 1);
  act_lease_free (take ());
  third = take ();
  g_assert_cmpstr (
      act_lease_get_path (third), ==, act_lease_get_path (sleeper));
  g_assert_false (act_lease_file_hold (file, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (act_lease_renew (sleeper, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  g_clear_error (&error);
  act_lease_free (sleeper);
  g_assert_true (act_lease_renew (third, &error));
  g_assert_no_error (error);
  act_lease_free (third);
  g_assert_null (act_lease_file_open (name, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_EXISTS);
  tear_down ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lease/one", test_one_holds_it);
  g_test_add_func ("/lease/renewed", test_renewed);
  g_test_add_func ("/lease/taken-over", test_taken_over);
  g_test_add_func ("/lease/older", test_older_comes_back);
  g_test_add_func ("/lease/files", test_others_files);
  g_test_add_func ("/lease/hold", test_hold);
  g_test_add_func ("/lease/same-name", test_same_name);
  g_test_add_func ("/lease/race", test_race);
  return g_test_run ();
}
