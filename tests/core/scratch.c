/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file without a name: what was appended in pieces of all sizes comes back,
 * from anywhere, whether written yet or not. */
#include "formats/scratch.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "testfile.h"

static gint32
id_at (guint64 i)
{
  return (gint32) (i * 2654435761u);
}

static void
append (ActScratch *scratch, guint64 first, gsize n)
{
  g_autofree gint32 *ids = g_new (gint32, n + 1);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < n; i++)
    ids[i] = id_at (first + i);
  g_assert_true (act_scratch_append (scratch, ids, n * sizeof *ids, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (
      act_scratch_get_size (scratch), ==, (first + n) * sizeof (gint32));
}

static void
assert_ids (ActScratch *scratch, guint64 first, gsize n)
{
  g_autofree gint32 *ids = g_new0 (gint32, n + 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (act_scratch_read (
      scratch, first * sizeof *ids, ids, n * sizeof *ids, &error));
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (ids[i], ==, id_at (first + i));
  g_assert_cmpint (ids[n], ==, 0);
}

static void
test_pieces (void)
{
  /* short, as long as what is written at once, longer, and short again */
  static const gsize pieces[] = { 0, 1, 1000, 262144, 3, 262143, 1, 1, 600000,
    7, 262140, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (ActScratch) scratch = act_scratch_new (NULL, &error);
  guint64 n = 0;

  g_assert_no_error (error);
  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
      append (scratch, n, pieces[i]);
      n += pieces[i];
      assert_ids (scratch, 0, n);
      assert_ids (scratch, n / 2, n - n / 2);
      assert_ids (scratch, n, 0);
      if (n > 2)
        assert_ids (scratch, n - 2, 2);
    }
    g_assert_true (act_scratch_clear (scratch, &error));
    g_assert_cmpuint (act_scratch_get_size (scratch), ==, 0);
    n = 0;
  }
}

static void
test_map (void)
{
  g_autoptr (GError) error = NULL;
  ActScratch *scratch = act_scratch_new (NULL, &error);
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  gsize size;

  append (scratch, 0, 100000);
  first = act_scratch_map (scratch, 0, 400000, &error);
  g_assert_no_error (error);
  g_assert_true (act_scratch_align (scratch, ACT_SCRATCH_ALIGNMENT, &error));
  g_assert_cmpuint (act_scratch_get_size (scratch), ==, 458752);
  g_assert_true (act_scratch_append (scratch, "end", 3, &error));
  second = act_scratch_map (scratch, 458752, 3, &error);
  g_assert_no_error (error);
  act_scratch_free (scratch);
  /* what is mapped stays */
  for (guint i = 0; i < 100000; i++)
    g_assert_cmpint (
        ((const gint32 *) g_bytes_get_data (first, NULL))[i], ==, id_at (i));
  g_assert_cmpmem (g_bytes_get_data (second, &size), 3, "end", 3);
  g_assert_cmpuint (size, ==, 3);
}

/* where nobody says: not where it may be memory */
static void
test_default_folder (void)
{
  g_autofree char *old = g_strdup (g_getenv ("TMPDIR"));

  g_setenv ("TMPDIR", "/some/where", TRUE);
  g_assert_cmpstr (act_scratch_default_folder (), ==, "/some/where");
  for (guint i = 0; i < 2; i++) {
    if (i == 0)
      g_setenv ("TMPDIR", "", TRUE);
    else
      g_unsetenv ("TMPDIR");
    if (g_access ("/var/tmp", W_OK | X_OK) == 0)
      g_assert_cmpstr (act_scratch_default_folder (), ==, "/var/tmp");
    else
      g_assert_cmpstr (act_scratch_default_folder (), ==, g_get_tmp_dir ());
  }
  if (old != NULL)
    g_setenv ("TMPDIR", old, TRUE);
}

/* GLib reads TMPDIR once: in a process of its own */
static void
test_no_folder (void)
{
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_passed ();
    return;
  }
  g_setenv ("TMPDIR", "/nonexistent/folder", TRUE);
  g_assert_null (act_scratch_new (NULL, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_OPEN_WRITE);
  g_assert_nonnull (strstr (error->message, "'/nonexistent/folder'"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scratch/pieces", test_pieces);
  g_test_add_func ("/scratch/map", test_map);
  g_test_add_func ("/scratch/default-folder", test_default_folder);
  g_test_add_func ("/scratch/no-folder", test_no_folder);
  return g_test_run ();
}
