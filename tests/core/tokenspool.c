/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token ids in a file: what was appended in pieces of all sizes comes back,
 * from anywhere, whether written yet or not. */
#include "formats/tokenspool.h"

#include "testfile.h"

static gint32
id_at (guint64 i)
{
  return (gint32) (i * 2654435761u);
}

static void
append (ActTokenSpool *spool, guint64 first, gsize n)
{
  g_autofree gint32 *ids = g_new (gint32, n + 1);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < n; i++)
    ids[i] = id_at (first + i);
  g_assert_true (act_token_spool_append (spool, ids, n, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (act_token_spool_get_size (spool), ==, first + n);
}

static void
assert_ids (ActTokenSpool *spool, guint64 first, gsize n)
{
  g_autofree gint32 *ids = g_new0 (gint32, n + 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (act_token_spool_read (spool, first, ids, n, &error));
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
  g_autoptr (ActTokenSpool) spool = act_token_spool_new (&error);
  guint64 n = 0;

  g_assert_no_error (error);
  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
      append (spool, n, pieces[i]);
      n += pieces[i];
      assert_ids (spool, 0, n);
      assert_ids (spool, n / 2, n - n / 2);
      assert_ids (spool, n, 0);
      if (n > 2)
        assert_ids (spool, n - 2, 2);
    }
    g_assert_true (act_token_spool_clear (spool, &error));
    g_assert_cmpuint (act_token_spool_get_size (spool), ==, 0);
    n = 0;
  }
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
  g_assert_null (act_token_spool_new (&error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_OPEN_WRITE);
  g_assert_nonnull (strstr (error->message, "'/nonexistent/folder'"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenspool/pieces", test_pieces);
  g_test_add_func ("/tokenspool/no-folder", test_no_folder);
  return g_test_run ();
}
