/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An array that moves to a file when it grows: what was put in stays. */
#include "formats/bigarray.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "acterror.h"

static void
check (const ActBigArray *array, gsize len)
{
  g_assert_cmpuint (array->len, ==, len);
  for (gsize i = 0; i < len; i++)
    g_assert_cmpuint (act_big_array_index (array, guint64, i), ==, i * i);
}

static void
test_grow (gconstpointer max_memory)
{
  static const gsize pieces[] = { 0, 1, 63, 1, 1000, 0, 70000, 3 };
  g_autoptr (ActBigArray) array =
      act_big_array_new (sizeof (guint64), GPOINTER_TO_SIZE (max_memory), NULL);
  g_autoptr (GError) error = NULL;

  for (guint round = 0; round < 2; round++) {
    gsize len = 0;

    for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
      guint64 *to = act_big_array_grow (array, pieces[p], &error);

      g_assert_no_error (error);
      /* of nothing too: NULL is an error */
      g_assert_nonnull (to);
      for (gsize i = 0; i < pieces[p]; i++)
        to[i] = (len + i) * (len + i);
      len += pieces[p];
      check (array, len);
    }
    act_big_array_shrink (array, 1000);
    check (array, 1000);
    act_big_array_shrink (array, 0);
  }
}

/* no folder; a file that may not become so large; more than there can be */
static void
test_no_room (void)
{
  struct rlimit limit = { 1 << 20, RLIM_INFINITY }, before;
  g_autoptr (ActBigArray) nowhere =
      act_big_array_new (8, 100, "/nonexistent/folder");
  g_autoptr (ActBigArray) array = act_big_array_new (8, 100, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (act_big_array_grow (nowhere, 100, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_OPEN_WRITE);
  g_assert_nonnull (strstr (error->message, "'/nonexistent/folder'"));
  g_assert_cmpuint (nowhere->len, ==, 0);
  g_clear_error (&error);

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  memset (act_big_array_grow (array, 100, &error), 7, 800);
  g_assert_null (act_big_array_grow (array, 1 << 20, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_NO_SPACE);
  g_assert_cmpuint (array->len, ==, 100);
  g_assert_cmpint (((const guint8 *) array->data)[799], ==, 7);
  g_clear_error (&error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);

  g_assert_null (act_big_array_grow (array, G_MAXSIZE / 2, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_NO_SPACE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func (
      "/bigarray/memory", GSIZE_TO_POINTER ((gsize) 1 << 30), test_grow);
  g_test_add_data_func (
      "/bigarray/file", GSIZE_TO_POINTER ((gsize) 1), test_grow);
  g_test_add_data_func (
      "/bigarray/both", GSIZE_TO_POINTER ((gsize) 5000), test_grow);
  g_test_add_func ("/bigarray/no-room", test_no_room);
  return g_test_run ();
}
