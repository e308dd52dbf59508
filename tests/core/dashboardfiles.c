/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A dashboard's files: texts of one hash, zeros that are dropped,
 * coactivations. */
#include "acterror.h"
#include "dashboard/coactivations.h"
#include "dashboard/dashboard.h"
#include "dashboard/texts.h"
#include "formats/npy.h"
#include "formats/zip.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <openssl/sha.h>
#include <string.h>

/* a vocabulary of the numbers 0 to 4095 and samples of two tokens, "17 4" */
#define N_NUMBERS 4096

static ActStrings *
number_strings (void)
{
  ActStrings *strings = act_strings_new (N_NUMBERS);

  for (guint i = 0; i < N_NUMBERS; i++) {
    char text[12];

    g_snprintf (text, sizeof text, "%u", i);
    g_assert_true (act_strings_set (strings, i, text, strlen (text), NULL));
  }
  return strings;
}

static guint32
number_hash (guint32 number)
{
  guint8 digest[SHA256_DIGEST_LENGTH];
  char text[24];
  guint32 first;

  g_snprintf (
      text, sizeof text, "%u %u", number / N_NUMBERS, number % N_NUMBERS);
  SHA256 ((const guint8 *) text, strlen (text), digest);
  memcpy (&first, digest, sizeof first);
  return first;
}

/* two numbers whose texts have the same eight digits: about 2^16 tries */
static void
find_collision (guint32 *a, guint32 *b)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  gpointer other;

  for (guint32 i = 0; i < N_NUMBERS * N_NUMBERS; i++) {
    gpointer key = GUINT_TO_POINTER (number_hash (i));

    if (g_hash_table_lookup_extended (seen, key, NULL, &other)) {
      *a = GPOINTER_TO_UINT (other);
      *b = i;
      return;
    }
    g_hash_table_insert (seen, key, GUINT_TO_POINTER (i));
  }
  g_assert_not_reached ();
}

static char *
read_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *text;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static guint
count_of (const char *text, const char *word)
{
  guint n = 0;

  for (const char *p = text; (p = strstr (p, word)) != NULL; p++)
    n++;
  return n;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_rmdir (folder);
}

/* a dashboard of one cluster that fires at the first token of each sample;
 * zeros: every second row has one */
static char *
make_dashboard (const guint32 *numbers, guint n, gboolean zeros)
{
  static const guint components[] = { 1 }, members[] = { 0 };
  static const char *const modules[] = { "m" };
  static const gint64 ids[] = { 0 };
  ActDashboardSettings settings = { 10, "max_activation-max", 10, 0.5, 50 };
  ActDashboardRun run = { .n_ctx = 2,
    .run = "r",
    .n_modules = 1,
    .modules = modules,
    .components = components,
    .n_clusters = 1 };
  ActDashboardCluster cluster = { "r-0-0", 0, 1, members };
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("act-dashboard-XXXXXX", NULL);
  g_autoptr (ActDashboard) dashboard =
      act_dashboard_new (folder, &settings, &run, number_strings (), &error);

  g_assert_no_error (error);
  for (guint64 i = 0; i < n; i++) {
    gint32 tokens[] = { numbers[i] / N_NUMBERS, numbers[i] % N_NUMBERS };
    g_assert_true (act_dashboard_add_samples (dashboard, &i, tokens, 1, NULL));
  }
  g_assert_true (act_dashboard_end_samples (dashboard, NULL));
  g_assert_true (act_dashboard_begin_cluster (dashboard, 0, &cluster, NULL));
  for (guint64 i = 0; i < n; i++) {
    const gint64 indptr[] = { 0, zeros && i % 2 == 0 ? 2 : 1 };
    static const gint32 positions[] = { 0, 1 };
    const float values[] = { 1.0f - i / 16.0f, i % 4 == 0 ? 0.0f : -0.0f };

    g_assert_true (act_dashboard_add_rows (
        dashboard, 1, &i, indptr, positions, values, NULL));
  }
  g_assert_true (act_dashboard_end_cluster (dashboard, NULL, NULL));
  act_dashboard_finish (dashboard, ids, &error);
  g_assert_no_error (error);
  return folder;
}

/* a zero among the rows changes nothing, in pieces with and without */
static void
test_zeros_dropped (void)
{
  static const guint32 numbers[] = { 5, 6, 7, 8, 9 };
  static const char *const names[] = { "clusters.jsonl",
    "activations_map.json" };
  guint n = G_N_ELEMENTS (numbers);
  g_autofree char *with = make_dashboard (numbers, n, TRUE);
  g_autofree char *without = make_dashboard (numbers, n, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *a = g_build_filename (with, names[i], NULL);
    g_autofree char *b = g_build_filename (without, names[i], NULL);
    g_autofree char *got = NULL, *expected = NULL;

    g_assert_true (g_file_get_contents (a, &got, NULL, NULL));
    g_assert_true (g_file_get_contents (b, &expected, NULL, NULL));
    g_assert_cmpstr (got, ==, expected);
    g_assert_nonnull (strstr (got, "r-0-0"));
  }
  remove_folder (with);
  remove_folder (without);
}

/* Both texts of a pair with equal hashes get longer ones, everywhere, in
 * whatever order they come; another text keeps its eight digits. */
static void
test_collision (void)
{
  guint32 numbers[3] = { 5, 0, 0 };
  char hashes[3][17];

  find_collision (&numbers[1], &numbers[2]);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *text = g_strdup_printf (
        "%u %u", numbers[i] / N_NUMBERS, numbers[i] % N_NUMBERS);
    g_autofree char *digest =
        g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
    g_strlcpy (hashes[i], digest, i == 0 ? 9 : 17);
  }
  g_assert_cmpint (strncmp (hashes[1], hashes[2], 8), ==, 0);

  for (guint order = 0; order < 3; order++) {
    guint32 ordered[3];
    g_autofree char *folder = NULL, *clusters = NULL, *texts = NULL;
    g_autofree char *map = NULL, *info = NULL;

    for (guint i = 0; i < 3; i++)
      ordered[i] = numbers[(i * (order == 2 ? 2 : 1) + order) % 3];
    folder = make_dashboard (ordered, 3, FALSE);
    clusters = read_file (folder, "clusters.jsonl");
    texts = read_file (folder, "text_samples.jsonl");
    map = read_file (folder, "activations_map.json");
    info = read_file (folder, "model_info.json");
    for (guint i = 0; i < 3; i++) {
      g_autofree char *quoted = g_strdup_printf ("\"%s\"", hashes[i]);
      g_autofree char *key = g_strdup_printf ("\"r-0-0|%s\": ", hashes[i]);

      g_assert_cmpuint (count_of (clusters, quoted), ==, 1);
      g_assert_cmpuint (count_of (texts, quoted), ==, 1);
      g_assert_cmpuint (count_of (map, key), ==, 1);
    }
    g_assert_nonnull (strstr (info, "\"n_texts_with_longer_hashes\": 2,"));
    remove_folder (folder);
  }
}

static const gint64 counts[3][3] = { { 5, 0, 2 }, { 0, 0, 0 },
  { 2, 0, G_GINT64_CONSTANT (5000000007) } };
static const gint64 cluster_ids[] = { 1, 20, 300 };

static void
assert_member (
    const char *zip, const char *member, const void *data, gsize size)
{
  g_autofree char *file = g_strconcat (member, ".npy", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = act_zip_read_member (zip, file, 100000, &error);
  g_autoptr (ActNpy) npy = NULL;

  g_assert_no_error (error);
  npy = act_npy_new_from_bytes (bytes, file, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (
      act_npy_get (npy)->data, act_npy_get (npy)->size, data, size);
}

static char *
write_coactivations (gboolean dense, const gint *cancelled, GError **error)
{
  char *folder = g_dir_make_tmp ("act-coactivations-XXXXXX", NULL);
  g_autoptr (ActCountRows) rows = act_count_rows_new (folder, 3, NULL);
  g_autoptr (ActCoactivations) c =
      act_coactivations_new (folder, 3, dense ? NULL : rows, NULL);

  /* row 1 is left out: zeros */
  for (guint i = 0; i < 3; i += 2) {
    g_assert_true (act_count_rows_add (rows, i, counts[i], NULL));
    g_assert_true (act_coactivations_add (c, i, counts[i], NULL));
  }
  act_count_rows_end (rows);
  act_coactivations_finish (c, cluster_ids, cancelled, error);
  return folder;
}

static void
test_coactivations (void)
{
  static const gint64 indptr[] = { 0, 2, 2, 4 },
                      data[] = { 5, 2, 2, G_GINT64_CONSTANT (5000000007) };
  static const gint32 indices[] = { 0, 2, 0, 2 };
  static const gint64 shape[] = { 3, 3 };
  static const gint go = 0, stop = 1;
  g_autoptr (GError) error = NULL;

  for (gboolean dense = FALSE; dense <= TRUE; dense++) {
    g_autofree char *folder = write_coactivations (dense, &go, &error);
    g_autofree char *zip = g_build_filename (folder, "coactivations.npz", NULL);

    g_assert_no_error (error);
    assert_member (zip, "cluster_indices", cluster_ids, sizeof cluster_ids);
    if (dense) {
      assert_member (zip, "coactivations", counts, sizeof counts);
    } else {
      assert_member (zip, "indptr", indptr, sizeof indptr);
      assert_member (zip, "indices", indices, sizeof indices);
      assert_member (zip, "data", data, sizeof data);
      assert_member (zip, "shape", shape, sizeof shape);
    }
    remove_folder (folder);
  }
  {
    g_autofree char *folder = write_coactivations (FALSE, &stop, &error);

    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    remove_folder (folder);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dashboard/zeros-dropped", test_zeros_dropped);
  g_test_add_func ("/dashboard/collision", test_collision);
  g_test_add_func ("/dashboard/coactivations", test_coactivations);
  return g_test_run ();
}
