/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planprobe.h"

#include <string.h>

#include <glib/gstdio.h>

#include <model/precision.h>

#include "command.h"
#include "description.h"
#include "launch.h"
#include "launchwords.h"
#include "pipelines.h"
#include "run.h"
#include "toolerror.h"

/* with more shards than batches the first one has none */
#define EMPTY_COUNT ((guint) G_MAXINT32)
/* what is measured takes as long at least, if the run is long enough */
#define PROBE_SECONDS 2.0

/* --- the words --- */

static gboolean
check_digest (const ActShardPlan *plan, const char *filename, GError **error)
{
  g_autofree char *sha256 = act_shard_plan_digest (filename, error);

  if (sha256 == NULL)
    return FALSE;
  if (plan->sha256 == NULL || strcmp (sha256, plan->sha256) == 0)
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the description '%s' is not the one that '%s' was made with", filename,
      plan->filename);
  return FALSE;
}

static GHashTable *
collect_values (const ActShardPlan *plan, const char *store, guint index,
    guint count, GHashTable *overrides)
{
  GHashTable *tables[] = { plan->variables, overrides };
  GHashTable *values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++) {
    GHashTableIter iter;
    gpointer name, value;

    if (tables[i] == NULL)
      continue;
    g_hash_table_iter_init (&iter, tables[i]);
    while (g_hash_table_iter_next (&iter, &name, &value))
      g_hash_table_replace (values, g_strdup (name), g_strdup (value));
  }
  g_hash_table_replace (values, g_strdup ("store"), g_strdup (store));
  g_hash_table_replace (
      values, g_strdup ("shard-index"), g_strdup_printf ("%u", index));
  g_hash_table_replace (
      values, g_strdup ("shard-count"), g_strdup_printf ("%u", count));
  return values;
}

/* what the shard's tokens have to be; of another cut of the run nobody knows */
static GStrv
add_tokens (const ActShardPlan *plan, guint index, guint count, GStrv words)
{
  g_auto (GStrv) plain = words;
  g_autofree char *tokens = NULL;

  if (words == NULL || plan->tokens == NULL || count != plan->n_shards)
    return g_steal_pointer (&plain);
  tokens = g_strdup_printf ("%" G_GUINT64_FORMAT, plan->tokens[index]);
  return act_words_add ((const char *const *) plain, "tokens-digest", tokens);
}

GStrv
act_shard_plan_expand (const ActShardPlan *plan, const char *store, guint index,
    guint count, GHashTable *overrides, GError **error)
{
  g_autofree char *filename = act_pipelines_find (plan->description, error);
  g_autoptr (ActDescription) description = NULL;
  g_autoptr (GHashTable) values = NULL;

  if (filename == NULL || !check_digest (plan, filename, error))
    return NULL;
  description = act_description_load (filename, error);
  if (description == NULL)
    return NULL;
  values = collect_values (plan, store, index, count, overrides);
  return add_tokens (
      plan, index, count, act_description_expand (description, values, error));
}

/* --- runs --- */

/* All that a shard leaves has to be its store. */
static gboolean
ends_in_store (GstElement *pipeline)
{
  g_autoptr (GstIterator) sinks = gst_bin_iterate_sinks (GST_BIN (pipeline));
  g_auto (GValue) item = G_VALUE_INIT;
  gboolean all = TRUE, some = FALSE;

  while (gst_iterator_next (sinks, &item) == GST_ITERATOR_OK) {
    GstElementFactory *factory =
        gst_element_get_factory (g_value_get_object (&item));

    some = TRUE;
    all &=
        factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "actstore");
    g_value_reset (&item);
  }
  return some && all;
}

static int
run_words (const char *const *words, ActOutcome *outcome)
{
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (ActProblem) problem = NULL;
  g_autoptr (GError) error = NULL;

  if (!act_launch_check (words, &error))
    return act_command_error (error);
  pipeline = act_launch_build (words, &problem);
  if (pipeline == NULL) {
    act_problem_print (problem, "error");
    return ACT_EXIT_FAILED;
  }
  if (!ends_in_store (pipeline))
    return act_command_usage_error ("shard",
        "the description does not end in a store alone, as shard, "
        "shard-tokens, shard-dump and store-cuda do: what else it makes would "
        "be made of each shard");
  act_run (pipeline, TRUE, outcome);
  act_command_print_end (outcome, TRUE);
  return act_outcome_get_exit_code (outcome);
}

/* files only, as a store's folder has them */
static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    (void) g_unlink (path);
  }
  (void) g_rmdir (folder);
}

/* one that has no batch says whose run it is, and is asked for the digests; for
 * that no device is needed */
static GStrv
expand_probe (const ActShardPlan *plan, const char *store, guint index,
    guint count, gboolean on_cpu, GError **error)
{
  g_auto (GStrv) words =
      act_shard_plan_expand (plan, store, index, count, NULL, error);
  g_auto (GStrv) cpu_words = NULL;

  if (words == NULL || !on_cpu)
    return g_steal_pointer (&words);
  cpu_words = act_words_on_cpu ((const char *const *) words);
  return act_words_add (
      (const char *const *) cpu_words, "post-digests", "true");
}

/* one shard into a folder of its own; *code tells why there is none */
static ActManifest *
run_shard (const ActShardPlan *plan, guint index, guint count, gboolean on_cpu,
    ActOutcome *outcome, int *code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("gst-activations-XXXXXX", &error);
  g_autofree char *store = NULL;
  g_auto (GStrv) words = NULL;
  ActManifest *manifest = NULL;

  *code = ACT_EXIT_FAILED;
  if (folder != NULL) {
    store = g_build_filename (folder, "store", NULL);
    words = expand_probe (plan, store, index, count, on_cpu, &error);
  }
  if (words != NULL)
    *code = run_words ((const char *const *) words, outcome);
  if (*code == ACT_EXIT_OK)
    manifest = act_manifest_read (store, &error);
  if (error != NULL)
    *code = act_command_error (error);
  if (store != NULL)
    remove_folder (store);
  if (folder != NULL)
    (void) g_rmdir (folder);
  return manifest;
}

static guint64
count_batches (const ActManifest *manifest)
{
  guint64 n = 0;

  for (guint i = 0; i < manifest->segments->len; i++)
    n += g_array_index (manifest->segments, ActSegmentFile, i).n_batches;
  return n;
}

/* to load the model and read the input, where the shards will */
static int
measure_startup (ActShardPlan *plan)
{
  g_autoptr (ActOutcome) outcome = act_outcome_new ();
  int code;
  g_autoptr (ActManifest) manifest =
      run_shard (plan, 0, EMPTY_COUNT, FALSE, outcome, &code);

  plan->startup_seconds = outcome->seconds;
  return manifest != NULL ? ACT_EXIT_OK : code;
}

/* from the middle of the run, more and more of it */
static int
measure (ActShardPlan *plan)
{
  guint64 wanted = 2;
  gboolean enough;

  if (plan->run_batches == 0)
    return ACT_EXIT_OK;
  do {
    guint count = (guint) MAX (plan->run_batches / wanted, 1);
    g_autoptr (ActManifest) manifest = NULL;
    g_autoptr (ActOutcome) outcome = act_outcome_new ();
    double seconds;
    guint64 n;
    int code;

    manifest = run_shard (plan, count / 2, count, FALSE, outcome, &code);
    if (manifest == NULL)
      return code;
    n = count_batches (manifest);
    seconds = MAX (outcome->seconds - plan->startup_seconds, 1e-6);
    plan->batch_seconds = seconds / (double) MAX (n, 1);
    enough = seconds >= PROBE_SECONDS || count == 1;
    wanted *= 4;
  } while (!enough);
  return ACT_EXIT_OK;
}

/* What the elements that stand in on the CPU do not have, and what is part of
 * whose run it is. */
static char *
find_precision (const ActShardPlan *plan, GError **error)
{
  static const char *const known[] = { "fp32", "tf32", "bf16", NULL };
  g_auto (GStrv) words =
      act_shard_plan_expand (plan, plan->stores, 0, EMPTY_COUNT, NULL, error);
  g_autofree char *precision = NULL;

  if (words == NULL)
    return NULL;
  precision = act_words_find (
      (const char *const *) words, "cudaactforward", "precision");
  if (precision == NULL)
    return g_strdup (known[0]);
  if (g_strv_contains (known, precision))
    return g_steal_pointer (&precision);
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
      "cudaactforward: precision '%s', expected fp32, tf32 or bf16", precision);
  return NULL;
}

/* Takes the identity of what was run on the CPU. */
static void
take_identity (ActShardPlan *plan, ActIdentity *identity, const char *precision)
{
  char *plain = identity->model;

  if (plain != NULL)
    identity->model = act_model_fingerprint_rounded (plain, precision);
  g_free (plain);
  plan->identity = identity;
}

/* what the source has posted */
static void
take_digests (const ActOutcome *outcome, GArray *digests)
{
  for (guint i = 0; i < outcome->notes->len; i++) {
    const GstStructure *note = outcome->notes->pdata[i];
    g_autoptr (GBytes) bytes = NULL;
    gconstpointer data;
    gsize size;

    if (!gst_structure_has_name (note, "act-digests")
        || !gst_structure_get (note, "digests", G_TYPE_BYTES, &bytes, NULL)
        || bytes == NULL)
      continue;
    data = g_bytes_get_data (bytes, &size);
    g_array_set_size (digests, 0);
    if (data != NULL)
      g_array_append_vals (digests, data, (guint) (size / sizeof (guint64)));
  }
}

int
act_shard_plan_probe (ActShardPlan *plan, gboolean cost, GArray *digests)
{
  g_autoptr (ActManifest) manifest = NULL;
  g_autoptr (ActOutcome) outcome = act_outcome_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *precision = find_precision (plan, &error);
  int code;

  if (precision == NULL)
    return act_command_error (error);
  manifest = run_shard (plan, 0, EMPTY_COUNT, TRUE, outcome, &code);
  if (manifest == NULL)
    return code;
  take_digests (outcome, digests);
  take_identity (plan, g_steal_pointer (&manifest->identity), precision);
  plan->clusters_stored = manifest->clusters_stored;
  plan->segment_size = manifest->segment_size;
  plan->first_batch = manifest->first_batch;
  plan->run_batches = manifest->run_batches;
  plan->run_samples = manifest->run_samples;
  if (!cost)
    return ACT_EXIT_OK;
  code = measure_startup (plan);
  return code == ACT_EXIT_OK ? measure (plan) : code;
}
