/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* usage: bench-store FOLDER [REPEATS [DIR]]
 *
 * FOLDER as tests/bench/reference_pipeline.py --make writes it. Storing a run
 * and draining all of it, rows of every component included, in milliseconds a
 * batch (median of the repeats), one thread. Filter and cluster activation are
 * made before and not counted. With DIR, which is made and left, the run also
 * goes into the segments of a store there. */
#include "config.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json.h"
#include "formats/npy.h"
#include "sparse/cluster.h"
#include "sparse/csr.h"
#include "store/drain.h"
#include "store/storage_segments.h"

#define MAX_BATCHES 1000
/* as actstore has them */
#define SEGMENT_SIZE 16
#define MAX_MEMORY ((gsize) 512 << 20)

typedef struct {
  gint64 *indptr;
  gint32 *indices;
  float *values;
  gsize n;
} Csr;

typedef struct {
  guint n_batches, batch_size, n_ctx, n_components, n_clusters;
  ActNpy *tokens;
  Csr components[MAX_BATCHES];
  Csr clusters[MAX_BATCHES];
  guint *n_members;
  guint *members;
  gint32 *cluster_of;
} Workload;

static void
fail (GError *error)
{
  g_printerr ("bench-store: %s\n", error->message);
  exit (1);
}

static void
read_clusters (Workload *w, const char *folder)
{
  g_autofree char *labels_path = g_build_filename (folder, "labels.txt", NULL);
  g_autofree char *path = g_build_filename (folder, "clusters.json", NULL);
  g_autoptr (GHashTable) columns = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) labels = NULL;
  GArray *members = g_array_new (FALSE, FALSE, sizeof (guint));
  GError *error = NULL;
  JsonObject *object;

  if (!g_file_get_contents (labels_path, &text, NULL, &error)
      || (node = act_json_read_file (path, 1 << 30, &error)) == NULL)
    fail (error);
  labels = g_strsplit (g_strchomp (text), "\n", -1);
  w->n_components = g_strv_length (labels);
  for (guint i = 0; i < w->n_components; i++)
    g_hash_table_insert (columns, labels[i], GUINT_TO_POINTER (i));
  object = json_node_get_object (node);
  w->n_clusters = json_object_get_size (object);
  w->n_members = g_new (guint, w->n_clusters);
  w->cluster_of = g_new (gint32, w->n_components);
  memset (w->cluster_of, 0xff, w->n_components * sizeof (gint32));
  for (guint c = 0; c < w->n_clusters; c++) {
    g_autofree char *id = g_strdup_printf ("%u", c);
    JsonArray *names = json_object_get_array_member (object, id);

    w->n_members[c] = json_array_get_length (names);
    for (guint m = 0; m < w->n_members[c]; m++) {
      guint column = GPOINTER_TO_UINT (g_hash_table_lookup (
          columns, json_array_get_string_element (names, m)));
      g_array_append_val (members, column);
      w->cluster_of[column] = c;
    }
  }
  w->members = (guint *) (gpointer) g_array_free (members, FALSE);
}

static Csr
csr_new (gsize n_rows, gsize n)
{
  return (Csr){ g_new (gint64, n_rows + 1), g_new (gint32, n), g_new (float, n),
    n };
}

static void
read_batch (
    Workload *w, guint b, const char *folder, ActClusterReducer *reducer)
{
  g_autofree char *name = g_strdup_printf ("activations_%03u.npy", b);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  gsize n_rows = (gsize) w->batch_size * w->n_ctx;
  GError *error = NULL;
  g_autoptr (ActNpy) npy = act_npy_open (path, &error);
  const float *dense;
  Csr *in = &w->components[b], *out = &w->clusters[b];

  if (npy == NULL)
    fail (error);
  dense = act_npy_get (npy)->data;
  *in = csr_new (n_rows,
      act_csr_count_dense (dense, n_rows, w->n_components, NULL)
          + ACT_CSR_SLACK);
  in->n = act_csr_from_dense (dense, n_rows, w->n_components, NULL, in->indptr,
      in->indices, in->values);
  *out = csr_new (n_rows, act_cluster_reducer_bound (reducer, n_rows, in->n));
  out->n = act_cluster_reduce_csr (reducer, n_rows, in->indptr, in->indices,
      in->values, out->indptr, out->indices, out->values);
}

static void
read_workload (Workload *w, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "tokens.npy", NULL);
  g_autoptr (ActClusterReducer) reducer = NULL;
  const ActTensor *tokens;
  GError *error = NULL;

  w->tokens = act_npy_open (path, &error);
  if (w->tokens == NULL)
    fail (error);
  tokens = act_npy_get (w->tokens);
  w->n_batches = MIN (tokens->shape[0], MAX_BATCHES);
  w->batch_size = tokens->shape[1];
  w->n_ctx = tokens->shape[2];
  read_clusters (w, folder);
  reducer = act_cluster_reducer_new (
      ACT_CLUSTER_MAX, w->n_components, w->n_clusters, w->cluster_of);
  for (guint b = 0; b < w->n_batches; b++)
    read_batch (w, b, folder, reducer);
}

static ActManifest *
make_manifest (const Workload *w)
{
  static const char *const modules[] = { "m", NULL };
  ActIdentity *identity = g_new0 (ActIdentity, 1);
  ActManifest *manifest;

  identity->n_ctx = w->n_ctx;
  identity->batch_size = w->batch_size;
  identity->n_clusters = w->n_clusters;
  identity->modules = g_strdupv ((char **) modules);
  identity->components = g_memdup2 (&w->n_components, sizeof (guint));
  manifest = act_manifest_new (identity);
  manifest->segment_size = SEGMENT_SIZE;
  return manifest;
}

/* in memory, or in the folder */
static ActStore *
fill_store (const Workload *w, const char *folder)
{
  ActStoreShape shape = { w->n_ctx, w->n_components, w->n_clusters };
  const ActSegmentStorageSettings settings = {
    .shape = shape,
    .segment_size = SEGMENT_SIZE,
    .max_memory = folder != NULL ? MAX_MEMORY : G_MAXSIZE,
    .folder = folder,
    .manifest = folder != NULL ? make_manifest (w) : NULL,
    .cluster_of = w->cluster_of,
  };
  ActStore *store = act_store_new (&shape, act_segment_storage_new (&settings));
  const gint32 *tokens = act_npy_get (w->tokens)->data;
  GError *error = NULL;

  for (guint b = 0; b < w->n_batches; b++) {
    const Csr *in = &w->components[b], *out = &w->clusters[b];
    ActStoreBatch batch = {
      .index = b,
      .first_sample = (guint64) b * w->batch_size,
      .n_samples = w->batch_size,
      .n_ctx = w->n_ctx,
      .tokens = tokens + (gsize) b * w->batch_size * w->n_ctx,
      .components = { in->indptr, in->indices, in->values, in->n },
      .clusters = { out->indptr, out->indices, out->values, out->n },
    };
    if (!act_store_add (store, &batch, &error))
      fail (error);
  }
  if (!act_store_settle (store, &error))
    fail (error);
  return store;
}

/* as actstore does: each run into memory of its own */
static gsize
drain (const Workload *w, ActStore *store)
{
  ActDrainSettings settings = {
    .members = { w->n_members, w->members },
    .component_rows = TRUE,
    .max_values = (4 << 20) / 16,
    .max_rows = (4 << 20) / 32,
  };
  g_autoptr (ActDrain) drain = act_drain_new (store, &settings);
  GError *error = NULL;
  gsize n_values = 0;
  ActRun run;

  while (act_drain_next (drain, &run, &error) == ACT_DRAIN_RUN) {
    g_autofree guint64 *samples = g_new (guint64, run.n_rows + 1);
    g_autofree gint64 *indptr = g_new (gint64, run.n_rows + 1);
    g_autofree gint32 *positions = g_new (gint32, run.n_values + 1);

    if (run.kind == ACT_RUN_SAMPLES) {
      if (!act_drain_fill_tokens (drain, samples, positions, &error))
        fail (error);
    } else {
      g_autofree float *values = g_new (float, run.n_values + 1);
      act_drain_fill_rows (drain, samples, indptr, positions, values);
      n_values += run.n_values;
    }
  }
  if (error != NULL)
    fail (error);
  return n_values;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median_ms (double *seconds, guint n, guint n_batches)
{
  qsort (seconds, n, sizeof *seconds, compare);
  return seconds[n / 2] * 1000 / n_batches;
}

/* nothing but the coactivations of all clusters */
static void
count_coactivations (const Workload *w)
{
  ActCoactivation counter;

  act_coactivation_init (&counter, w->n_clusters, 0, w->n_clusters);
  for (guint b = 0; b < w->n_batches; b++)
    act_coactivation_add (&counter, (gsize) w->batch_size * w->n_ctx,
        w->clusters[b].indptr, w->clusters[b].indices, w->clusters[b].values);
  act_coactivation_finish (&counter);
  act_coactivation_clear (&counter);
}

/* the store of the repetition before: both it and dd, which is compared, write
 * into memory that the kernel has had before */
static void
remove_store (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    (void) g_unlink (path);
  }
}

/* bytes of all segments; seconds until the last is on the disk */
static guint64
write_segments (const Workload *w, const char *folder, double *seconds)
{
  g_autoptr (GTimer) timer = NULL;
  g_autoptr (ActManifest) manifest = NULL;
  GError *error = NULL;
  guint64 size = 0;

  remove_store (folder);
  g_mkdir_with_parents (folder, 0777);
  timer = g_timer_new ();
  act_store_free (fill_store (w, folder));
  *seconds = g_timer_elapsed (timer, NULL);
  manifest = act_manifest_read (folder, &error);
  if (manifest == NULL)
    fail (error);
  for (guint i = 0; i < manifest->segments->len; i++)
    size += g_array_index (manifest->segments, ActSegmentFile, i).size;
  return size;
}

int
main (int argc, char **argv)
{
  g_autofree Workload *w = g_new0 (Workload, 1);
  guint n = argc > 2 ? MAX (atoi (argv[2]), 1) : 5;
  g_autofree double *add = g_new (double, n);
  g_autofree double *drained = g_new (double, n);
  g_autofree double *coactivation = g_new (double, n);
  g_autofree double *written = g_new0 (double, n);
  gsize n_values = 0;
  guint64 size = 0;

  if (argc < 2) {
    g_printerr ("usage: bench-store FOLDER [REPEATS [DIR]]\n");
    return 2;
  }
  read_workload (w, argv[1]);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GTimer) timer = g_timer_new ();
    ActStore *store = fill_store (w, NULL);

    add[i] = g_timer_elapsed (timer, NULL);
    g_timer_start (timer);
    n_values = drain (w, store);
    drained[i] = g_timer_elapsed (timer, NULL);
    act_store_free (store);
    g_timer_start (timer);
    count_coactivations (w);
    coactivation[i] = g_timer_elapsed (timer, NULL);
    if (argc > 3)
      size = write_segments (w, argv[3], &written[i]);
  }
  g_print ("{\"batches\": %u, \"values\": %" G_GSIZE_FORMAT
           ", \"kernels\": \"%s\", \"store_ms\": %.3f, \"drain_ms\": %.3f, "
           "\"coactivation_ms\": %.3f, \"segment_bytes\": %" G_GUINT64_FORMAT
           ", \"write_ms\": %.3f}\n",
      w->n_batches, n_values, act_csr_kernel_name (),
      median_ms (add, n, w->n_batches), median_ms (drained, n, w->n_batches),
      median_ms (coactivation, n, w->n_batches), size,
      median_ms (written, n, w->n_batches));
  return 0;
}
