/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planrun.h"

#include <errno.h>
#include <signal.h>

#include <glib/gstdio.h>

#include <acterror.h>
#include <formats/output.h>

#include "leasekeeper.h"
#include "planprobe.h"
#include "planstate.h"
#include "toolerror.h"
#include "units.h"

/* --- which shard --- */

static gboolean
parse_shard (const ActPlanRunOptions *options, const ActPlan *plan,
    guint *shard, GError **error)
{
  const char *text = options->shard;
  gint64 number;

  if ((text == NULL) == (options->variable == NULL)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "--plan goes with one of --shard and --shard-from");
    return FALSE;
  }
  if (text == NULL)
    text = g_getenv (options->variable);
  if (text == NULL) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "the environment variable %s is not set", options->variable);
    return FALSE;
  }
  if (g_ascii_string_to_signed (text, 10, 0, G_MAXINT32, &number, NULL)
      && number + options->offset >= 0
      && number + options->offset < plan->n_shards) {
    *shard = (guint) (number + options->offset);
    return TRUE;
  }
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
      "shard '%s'%s%s (offset %d) is none of the %u of '%s', which are counted "
      "from 0",
      text, options->variable ? " of " : "",
      options->variable ? options->variable : "", options->offset,
      plan->n_shards, plan->filename);
  return FALSE;
}

/* --- complete already --- */

static void
on_fault (const GError *error)
{
  g_printerr ("damaged: %s\n", error->message);
}

/* Whether there is nothing to do. A damaged shard goes through its run, which
 * says so, or repairs it. */
static gboolean
is_done (const ActPlan *plan, guint shard, gboolean *done, GError **error)
{
  g_autoptr (ActStoreInfo) info = NULL;
  ActShardState state;

  if (!act_plan_state (plan, shard, &state, &info, error))
    return FALSE;
  *done = state == ACT_SHARD_COMPLETE
      && act_store_info_verify (info, on_fault) == 0;
  return TRUE;
}

static int
say_done (const ActPlan *plan, guint shard, gboolean quiet)
{
  guint64 first, end;

  act_plan_get_range (plan, shard, &first, &end);
  if (!quiet)
    g_print ("shard %u of %u is complete: %" G_GUINT64_FORMAT " batches\n",
        shard, plan->n_shards, end - first);
  return ACT_EXIT_OK;
}

/* --- the run --- */

/* nothing that somebody may miss: the store looks into that */
static gboolean
is_unused (const char *store)
{
  g_autoptr (GDir) dir = g_dir_open (store, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (!act_store_is_early (name) || act_store_is_segment (name))
      return FALSE;
  return TRUE;
}

/* Whose run it is stands in the folder before anything is made: a model or
 * clusters that have changed since are refused by the store. */
static gboolean
begin_store (
    const ActPlan *plan, guint shard, const char *store, GError **error)
{
  g_autofree char *path = g_build_filename (store, ACT_MANIFEST_NAME, NULL);
  g_autoptr (ActManifest) manifest = NULL;
  gboolean begun;

  if (g_file_test (path, G_FILE_TEST_EXISTS) || !is_unused (store))
    return TRUE;
  if (g_mkdir_with_parents (store, 0777) != 0) {
    act_set_errno_error (error, errno, TRUE, "cannot create '%s'", store);
    return FALSE;
  }
  /* the plan's own; it is lent */
  manifest = act_manifest_new (plan->identity);
  manifest->clusters_stored = plan->clusters_stored;
  manifest->segment_size = plan->segment_size;
  manifest->shard_index = shard;
  manifest->shard_count = plan->n_shards;
  begun = act_manifest_write (manifest, store, error);
  manifest->identity = NULL;
  return begun;
}

/* the shard's pipeline */
static GStrv
expand (const ActPlanRunOptions *options, const ActPlan *plan, guint shard,
    const char *store, GHashTable *values, GError **error)
{
  if (options->repair)
    g_hash_table_replace (values, g_strdup ("repair"), g_strdup ("true"));
  return act_plan_expand (plan, store, shard, plan->n_shards, values, error);
}

static int
execute (const ActPlanRunOptions *options, const ActPlan *plan, GStrv words,
    GHashTable *values)
{
  return act_command_execute_words (
      (const char *const *) words, plan->description, values, options->common);
}

/* how a run that ended by a signal is called by schedulers */
static int
translate (int code)
{
  if (code == ACT_EXIT_SIGNAL + SIGTERM || code == ACT_EXIT_SIGNAL + SIGUSR1)
    return ACT_EXIT_REQUEUE;
  return code;
}

/* with the lease */
static int
make (const ActPlanRunOptions *options, const ActPlan *plan, guint shard,
    const char *store, GHashTable *values)
{
  g_autoptr (ActStoreInfo) info = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = expand (options, plan, shard, store, values, &error);
  ActShardState state;
  gboolean done = FALSE;
  int code;

  /* somebody else may have made it while this one waited */
  if (words == NULL || !is_done (plan, shard, &done, &error)
      || (!done && !begin_store (plan, shard, store, &error)))
    return act_command_error (error);
  if (done)
    return say_done (plan, shard, options->common->quiet);
  code = execute (options, plan, words, values);
  if (code == ACT_EXIT_OK
      && !act_plan_state (plan, shard, &state, &info, &error))
    return act_command_error (error);
  return translate (code);
}

static int
take_and_make (const ActPlanRunOptions *options, const ActPlan *plan,
    guint shard, GHashTable *values)
{
  g_autofree char *store = act_plan_get_store (plan, shard);
  g_autofree char *lock = g_strconcat (store, ".lock", NULL);
  g_autofree char *folder = g_path_get_dirname (store);
  g_autoptr (ActLeaseKeeper) lease = NULL;
  g_autoptr (GError) error = NULL;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    act_set_errno_error (&error, errno, TRUE, "cannot create '%s'", folder);
  else
    lease = act_lease_keeper_new (
        lock, plan->lock_silence, options->wait, ACT_EXIT_REQUEUE, &error);
  if (lease == NULL)
    return act_command_error (error);
  return make (options, plan, shard, store, values);
}

static gboolean
enter_folder (const ActPlan *plan, GError **error)
{
  if (g_chdir (plan->folder) == 0)
    return TRUE;
  act_set_errno_error (error, errno, FALSE,
      "cannot go to '%s', where the paths of '%s' begin", plan->folder,
      plan->filename);
  return FALSE;
}

int
act_plan_run (const ActPlanRunOptions *options, GHashTable *values)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActPlan) plan = act_plan_read (options->plan, &error);
  gboolean done = FALSE;
  guint shard = 0;

  if (plan == NULL || !parse_shard (options, plan, &shard, &error)
      || !is_done (plan, shard, &done, &error)
      || (!done && !enter_folder (plan, &error)))
    return act_command_error (error);
  if (options->common->print || options->common->dry_run) {
    g_autofree char *store = act_plan_get_store (plan, shard);
    g_auto (GStrv) words = expand (options, plan, shard, store, values, &error);

    return words != NULL ? execute (options, plan, words, values)
                         : act_command_error (error);
  }
  return done ? say_done (plan, shard, options->common->quiet)
              : take_and_make (options, plan, shard, values);
}
