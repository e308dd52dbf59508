/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planprobe.h"

#include <string.h>

#include <glib/gstdio.h>

#include "command.h"
#include "description.h"
#include "launch.h"
#include "pipelines.h"
#include "run.h"
#include "toolerror.h"

/* with more shards than batches the first one has none */
#define EMPTY_COUNT ((guint) G_MAXINT32)
/* what is measured takes as long at least, if the run is long enough */
#define PROBE_SECONDS 2.0

/* --- the words --- */

static gboolean
check_digest (const ActPlan *plan, const char *filename, GError **error)
{
  g_autofree char *sha256 = act_plan_digest (filename, error);

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
collect_values (const ActPlan *plan, const char *store, guint index,
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

GStrv
act_plan_expand (const ActPlan *plan, const char *store, guint index,
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
  return act_description_expand (description, values, error);
}

/* --- runs --- */

static int
run_words (const char *const *words, double *seconds)
{
  g_autoptr (ActOutcome) outcome = act_outcome_new ();
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
  act_run (pipeline, TRUE, outcome);
  act_command_print_end (outcome, TRUE);
  *seconds = outcome->seconds;
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

/* one shard into a folder of its own; *code tells why there is none */
static ActManifest *
run_shard (
    const ActPlan *plan, guint index, guint count, double *seconds, int *code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("gst-activations-XXXXXX", &error);
  g_autofree char *store = NULL;
  g_auto (GStrv) words = NULL;
  ActManifest *manifest = NULL;

  *code = ACT_EXIT_FAILED;
  if (folder != NULL) {
    store = g_build_filename (folder, "store", NULL);
    words = act_plan_expand (plan, store, index, count, NULL, &error);
  }
  if (words != NULL)
    *code = run_words ((const char *const *) words, seconds);
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

/* from the middle of the run, more and more of it */
static int
measure (ActPlan *plan)
{
  guint64 wanted = 2;
  gboolean enough;

  if (plan->run_batches == 0)
    return ACT_EXIT_OK;
  do {
    guint count = (guint) MAX (plan->run_batches / wanted, 1);
    g_autoptr (ActManifest) manifest = NULL;
    double seconds = 0;
    guint64 n;
    int code;

    manifest = run_shard (plan, count / 2, count, &seconds, &code);
    if (manifest == NULL)
      return code;
    n = count_batches (manifest);
    seconds = MAX (seconds - plan->startup_seconds, 1e-6);
    plan->batch_seconds = seconds / (double) MAX (n, 1);
    enough = seconds >= PROBE_SECONDS || count == 1;
    wanted *= 4;
  } while (!enough);
  return ACT_EXIT_OK;
}

int
act_plan_probe (ActPlan *plan, gboolean cost)
{
  g_autoptr (ActManifest) manifest = NULL;
  int code;

  manifest = run_shard (plan, 0, EMPTY_COUNT, &plan->startup_seconds, &code);
  if (manifest == NULL)
    return code;
  plan->identity = g_steal_pointer (&manifest->identity);
  plan->clusters_stored = manifest->clusters_stored;
  plan->segment_size = manifest->segment_size;
  plan->first_batch = manifest->first_batch;
  plan->run_batches = manifest->run_batches;
  plan->run_samples = manifest->run_samples;
  return cost ? measure (plan) : ACT_EXIT_OK;
}
