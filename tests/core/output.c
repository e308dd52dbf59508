/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Output folders: whole or not at all; files on a full disk; zip archives,
 * whose writer is one more way to fill a file. */

#include "formats/output.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/npy.h"
#include "formats/zip.h"
#include "testfile.h"

static void
write_in (ActOutputFolder *folder, const char *name)
{
  g_autofree char *path =
      g_build_filename (act_output_folder_get_path (folder), name, NULL);

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
}

static gboolean
has (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_publish (void)
{
  g_autofree char *target = test_path ("new/out/");
  g_autofree char *parent = test_path ("new");
  g_autofree char *out = test_path ("new/out");
  g_autoptr (GError) error = NULL;
  ActOutputFolder *folder = act_output_folder_new (target, NULL, &error);
  g_autofree char *mark = NULL;
  struct stat st;

  g_assert_no_error (error);
  g_assert_cmpstr (act_output_folder_get_target (folder), ==, out);
  write_in (folder, "a");
  g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));
  g_assert_true (act_output_folder_publish (folder, &error));
  act_output_folder_free (folder);
  g_assert_true (has (out, "a"));
  g_assert_cmpuint (test_count_entries (parent), ==, 1);
  g_assert_cmpint (stat (out, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0700, ==, 0700);

  /* an existing one is refused */
  g_assert_null (act_output_folder_new (out, NULL, &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "exists already", "new/out");
  g_clear_error (&error);

  /* one that is no earlier output is not replaced */
  g_assert_null (act_output_folder_new (out, "mark", &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "earlier output", "'mark'");
  g_clear_error (&error);
  g_assert_true (has (out, "a"));
  mark = g_build_filename (out, "mark", NULL);
  g_assert_cmpint (g_mkdir (mark, 0700), ==, 0);
  g_assert_null (act_output_folder_new (out, "mark", &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "earlier output", "'mark'");
  g_clear_error (&error);
  g_assert_cmpint (g_rmdir (mark), ==, 0);
  g_assert_true (g_file_set_contents (mark, "", 0, NULL));

  /* or replaced, once there is something in its place */
  folder = act_output_folder_new (out, "mark", &error);
  g_assert_no_error (error);
  write_in (folder, "b");
  g_assert_true (has (out, "a"));
  g_assert_true (act_output_folder_publish (folder, &error));
  act_output_folder_free (folder);
  g_assert_true (has (out, "b") && !has (out, "a"));
  g_assert_cmpuint (test_count_entries (parent), ==, 1);

  /* not if it is another folder by then */
  g_assert_true (g_file_set_contents (mark, "", 0, NULL));
  folder = act_output_folder_new (out, "mark", &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_unlink (mark), ==, 0);
  g_assert_false (act_output_folder_publish (folder, &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "earlier output", out);
  g_clear_error (&error);
  act_output_folder_free (folder);
  g_assert_true (has (out, "b"));

  /* an empty one always */
  test_folder_remove_at (out);
  g_assert_cmpint (g_mkdir (out, 0700), ==, 0);
  folder = act_output_folder_new (out, "mark", &error);
  g_assert_no_error (error);
  g_assert_true (act_output_folder_publish (folder, &error));
  act_output_folder_free (folder);
}

static void
test_given_up (void)
{
  g_autofree char *target = test_path ("parent/of/out");
  g_autofree char *parent = test_path ("parent");
  g_autoptr (GError) error = NULL;
  ActOutputFolder *folder = act_output_folder_new (target, NULL, &error);
  g_autofree char *sub =
      g_build_filename (act_output_folder_get_path (folder), "sub", NULL);
  g_autofree char *outside = test_write ("outside", "x", 1);
  g_autofree char *link = g_build_filename (sub, "link", NULL);

  g_mkdir (sub, 0700);
  g_assert_cmpint (symlink (test_folder, link), ==, 0);
  write_in (folder, "sub/a");
  act_output_folder_free (folder);
  g_assert_false (g_file_test (parent, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (outside, G_FILE_TEST_EXISTS));
}

static void
test_refused (void)
{
  g_autofree char *file = test_write ("file", "x", 1);
  g_autofree char *below = test_path ("file/out");
  g_autofree char *current = g_get_current_dir ();
  g_autoptr (GError) error = NULL;

  g_assert_null (act_output_folder_new ("", NULL, &error));
  test_assert_error (error, ACT_ERROR_SETTINGS, "output folder", "");
  g_clear_error (&error);
  g_assert_null (act_output_folder_new (below, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (act_output_folder_new (file, "mark", &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "no folder", file);
  g_clear_error (&error);
  g_assert_null (act_output_folder_new (current, "mark", &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "holds the current", current);
  g_clear_error (&error);
  g_assert_null (act_output_folder_new ("/", "mark", &error));
  test_assert_error (error, ACT_ERROR_EXISTS, "holds the current", "/");
}

/* somebody else is first */
static void
test_race (void)
{
  g_autofree char *target = test_path ("race");
  g_autoptr (GError) error = NULL;
  g_autoptr (ActOutputFolder) a = act_output_folder_new (target, NULL, NULL);
  g_autoptr (ActOutputFolder) b = act_output_folder_new (target, NULL, NULL);

  g_assert_nonnull (a);
  g_assert_nonnull (b);
  write_in (a, "a");
  write_in (b, "b");
  g_assert_true (act_output_folder_publish (b, &error));
  g_assert_false (act_output_folder_publish (a, &error));
  test_assert_error (error, ACT_ERROR_OPEN_WRITE, "race", "exists");
  g_assert_true (has (target, "b") && !has (target, "a"));
}

/* what a killed process left is swept, what living ones use is not */
static void
test_sweep (void)
{
  g_autofree char *target = test_path ("swept");
  g_autofree char *other = test_path (".other.tmp-1-abcdef");
  g_autofree char *odd = test_path (".swept.tmp-1-abcdefg");
  g_autoptr (ActOutputFolder) alive =
      act_output_folder_new (target, NULL, NULL);
  g_autoptr (ActOutputFolder) next = NULL;
  g_autofree char *left = NULL;
  int fds[2], status;
  char path[4096] = { 0 };
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  g_mkdir (other, 0700);
  g_mkdir (odd, 0700);
  pid = fork ();
  if (pid == 0) {
    ActOutputFolder *folder = act_output_folder_new (target, NULL, NULL);
    const char *mine = act_output_folder_get_path (folder);

    write_in (folder, "a");
    if (write (fds[1], mine, strlen (mine)) < 0)
      _exit (1);
    raise (SIGKILL);
  }
  waitpid (pid, &status, 0);
  g_assert_cmpint (read (fds[0], path, sizeof path - 1), >, 0);
  close (fds[0]);
  close (fds[1]);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  next = act_output_folder_new (target, NULL, NULL);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (
      g_file_test (act_output_folder_get_path (alive), G_FILE_TEST_IS_DIR));
  g_assert_true (g_file_test (other, G_FILE_TEST_IS_DIR));
  g_assert_true (g_file_test (odd, G_FILE_TEST_IS_DIR));
  g_rmdir (other);
  g_rmdir (odd);
}

/* -> whether f fails with ACT_ERROR_NO_SPACE under a file size limit */
static gboolean
fails_without_space (gboolean (*f) (const char *path, GError **error))
{
  g_autofree char *path = test_path ("full");
  pid_t pid = fork ();
  int status;

  if (pid == 0) {
    const struct rlimit limit = { 100000, 100000 };
    g_autoptr (GError) error = NULL;

    signal (SIGXFSZ, SIG_IGN);
    setrlimit (RLIMIT_FSIZE, &limit);
    _exit (!f (path, &error)
                && g_error_matches (error, ACT_ERROR, ACT_ERROR_NO_SPACE)
                && strstr (error->message, path)
            ? 0
            : 1);
  }
  waitpid (pid, &status, 0);
  g_unlink (path);
  return status == 0;
}

static gboolean
fill_file (const char *path, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (path, error);
  char data[1000] = { 0 };

  for (guint i = 0; i < 101; i++) {
    if (!act_output_file_write (file, data, sizeof data, error))
      return FALSE;
  }
  return act_output_file_close (g_steal_pointer (&file), error);
}

static gboolean
fill_npy (const char *path, GError **error)
{
  g_autofree guint8 *data = g_malloc0 (200000);
  const ActTensor tensor = {
    .dtype = ACT_DTYPE_U8, .n_dims = 1, .shape = { 200000 }, .data = data
  };

  if (act_npy_write (path, &tensor, error))
    return TRUE;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    g_clear_error (error); /* must not be left behind */
  return FALSE;
}

static gboolean
fill_zip (const char *path, GError **error)
{
  g_autoptr (ActZipWriter) zip = act_zip_writer_new (path, error);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint32 data[1000];

  if (!act_zip_writer_begin (zip, "a", 100 * sizeof data, error))
    return FALSE;
  for (guint i = 0; i < 100; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (data); j++)
      data[j] = g_rand_int (rand);
    if (!act_zip_writer_append (zip, data, sizeof data, error))
      return FALSE;
  }
  return act_zip_writer_end (zip, error)
      && act_zip_writer_close (g_steal_pointer (&zip), error);
}

static void
test_no_space (void)
{
  g_assert_true (fails_without_space (fill_file));
  g_assert_true (fails_without_space (fill_npy));
  g_assert_true (fails_without_space (fill_zip));
}

static void
test_zip (void)
{
  g_autofree char *path = test_path ("a.zip");
  g_autofree char *plain = test_write ("plain.zip", "no zip", 6);
  g_autofree char *empty = test_write ("empty.zip", "", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActZipWriter) zip = act_zip_writer_new (path, &error);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *contents = NULL;
  gsize size;

  /* 100 kB of zeros pack to next to nothing */
  g_autofree guint8 *zeros = g_malloc0 (100000);

  g_assert_true (act_zip_writer_begin (zip, "zeros", 100000, &error));
  g_assert_true (act_zip_writer_append (zip, zeros, 100000, &error));
  g_assert_true (act_zip_writer_end (zip, &error));
  g_assert_true (act_zip_writer_begin (zip, "b", 2, &error));
  g_assert_true (act_zip_writer_append (zip, "ab", 2, &error));
  g_assert_true (act_zip_writer_end (zip, &error));
  g_assert_true (act_zip_writer_close (g_steal_pointer (&zip), &error));

  bytes = act_zip_read_member (path, "b", 2, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (
      g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "ab", 2);
  g_assert_null (act_zip_read_member (path, "zeros", 99999, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "'zeros'", path);
  g_clear_error (&error);
  g_assert_null (act_zip_read_member (path, "c", 10, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "no member 'c'", path);
  g_clear_error (&error);
  g_assert_null (act_zip_read_member (plain, "c", 10, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "no valid zip", plain);
  g_clear_error (&error);
  g_assert_null (act_zip_read_member (empty, "c", 10, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "empty", empty);
  g_clear_error (&error);

  /* any cut, and any single wrong byte, gives the right bytes or an error */
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  for (gsize n = 0; n < size; n++) {
    g_autofree char *cut = test_write ("cut.zip", contents, n);
    g_autoptr (GBytes) got = act_zip_read_member (cut, "b", 100, NULL);

    g_assert_true (got == NULL || g_bytes_equal (got, bytes));
  }
  for (gsize n = 0; n < size; n++) {
    g_autofree char *bad = NULL;
    g_autoptr (GBytes) got = NULL;

    contents[n] ^= 0x55;
    bad = test_write ("bad.zip", contents, size);
    contents[n] ^= 0x55;
    got = act_zip_read_member (bad, "b", 100, NULL);
    g_assert_true (got == NULL || g_bytes_equal (got, bytes));
  }
}

/* the writer holds its callers to what they announced */
static void
test_zip_counts (void)
{
  g_autofree char *path = test_path ("a.zip");
  g_autoptr (GError) error = NULL;
  g_autoptr (ActZipWriter) zip = act_zip_writer_new (path, &error);

  g_assert_true (act_zip_writer_begin (zip, "a", 3, &error));
  g_assert_false (act_zip_writer_append (zip, "abcd", 4, &error));
  test_assert_error (error, ACT_ERROR_FAILED, "more bytes", path);
  g_clear_error (&error);
  g_assert_true (act_zip_writer_append (zip, "ab", 2, &error));
  g_assert_false (act_zip_writer_end (zip, &error));
  test_assert_error (error, ACT_ERROR_FAILED, "lacks 1", path);
}

/* what is packed in pieces of every size comes out again */
static void
test_zip_pieces (void)
{
  enum { SIZE = 300000 };
  static const gsize pieces[] = { 1, 1000, 65536, SIZE };
  g_autofree char *path = test_path ("pieces.zip");
  g_autofree guint8 *data = g_malloc0 (SIZE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (GError) error = NULL;
  ActZipWriter *zip = act_zip_writer_new (path, &error);

  /* a third noise, a third sparse, a third zeros */
  for (gsize i = 0; i < SIZE / 3; i++) {
    data[i] = g_rand_int (rand);
    if (i % 17 == 0)
      data[SIZE / 3 + i] = g_rand_int (rand);
  }
  for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
    char name[] = { 'a' + p, '\0' };

    g_assert_true (act_zip_writer_begin (zip, name, SIZE, &error));
    for (gsize i = 0; i < SIZE; i += pieces[p])
      g_assert_true (act_zip_writer_append (
          zip, data + i, MIN (pieces[p], SIZE - i), &error));
    g_assert_true (act_zip_writer_end (zip, &error));
  }
  g_assert_true (act_zip_writer_begin (zip, "empty", 0, &error));
  g_assert_true (act_zip_writer_end (zip, &error));
  g_assert_true (act_zip_writer_close (zip, &error));

  for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
    char name[] = { 'a' + p, '\0' };
    g_autoptr (GBytes) bytes = act_zip_read_member (path, name, SIZE, &error);

    g_assert_no_error (error);
    g_assert_cmpmem (
        g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), data, SIZE);
  }
  {
    g_autoptr (GBytes) bytes = act_zip_read_member (path, "empty", 0, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
  }
}

/* an archive of more members than 16 bits count ends in 64 bits */
static void
test_zip_many (void)
{
  enum { N = 66000 };
  g_autofree char *path = test_path ("many.zip");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  ActZipWriter *zip = act_zip_writer_new (path, &error);

  for (guint i = 0; i < N; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i);

    g_assert_true (act_zip_writer_begin (zip, name, sizeof i, &error));
    g_assert_true (act_zip_writer_append (zip, &i, sizeof i, &error));
    g_assert_true (act_zip_writer_end (zip, &error));
  }
  g_assert_true (act_zip_writer_close (zip, &error));
  bytes = act_zip_read_member (path, "65999", 4, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      *(const guint32 *) g_bytes_get_data (bytes, NULL), ==, N - 1);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/output/publish", test_publish);
  g_test_add_func ("/output/given-up", test_given_up);
  g_test_add_func ("/output/refused", test_refused);
  g_test_add_func ("/output/race", test_race);
  g_test_add_func ("/output/sweep", test_sweep);
  g_test_add_func ("/output/no-space", test_no_space);
  g_test_add_func ("/zip/read-write", test_zip);
  g_test_add_func ("/zip/counts", test_zip_counts);
  g_test_add_func ("/zip/pieces", test_zip_pieces);
  g_test_add_func ("/zip/many", test_zip_many);
  status = g_test_run ();
  test_folder_remove ();
  return status;
}
