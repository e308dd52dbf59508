/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planrun.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <glib/gstdio.h>

#include <acterror.h>
#include <formats/output.h>

#include "description.h"
#include "launchwords.h"
#include "leasekeeper.h"
#include "pipelines.h"
#include "planprobe.h"
#include "planstate.h"
#include "toolerror.h"
#include "units.h"

/* --- which shard --- */

static gboolean
parse_shard (const ActShardPlanRun *options, const ActShardPlan *plan,
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

/* Whether there is nothing to do. What is damaged is an error, unless it is to
 * be repaired. */
static gboolean
is_done (const ActShardPlanRun *options, const ActShardPlan *plan, guint number,
    ActShard *shard, GError **error)
{
  g_autofree char *command = NULL;

  if (!act_shard_plan_verify (plan, number, shard, error))
    return FALSE;
  if (shard->state != ACT_SHARD_DAMAGED || options->repair)
    return TRUE;
  command = act_shard_plan_repair_command (plan, number);
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "%s; to make again what is damaged, and that alone: %s", shard->fault,
      command);
  return FALSE;
}

/* "threads and model", or NULL */
static char *
join_names (GHashTable *values)
{
  g_autoptr (GList) names =
      g_list_sort (g_hash_table_get_keys (values), (GCompareFunc) strcmp);
  GString *joined = g_string_new (NULL);

  for (const GList *l = names; l != NULL; l = l->next)
    g_string_append_printf (joined, "%s%s",
        l == names            ? ""
            : l->next == NULL ? " and "
                              : ", ",
        (const char *) l->data);
  return g_string_free (joined, joined->len == 0);
}

static int
say_done (
    const ActShardPlan *plan, guint shard, GHashTable *values, gboolean quiet)
{
  g_autofree char *names = join_names (values);
  guint64 first, end;

  act_shard_plan_get_range (plan, shard, &first, &end);
  if (!quiet)
    g_print ("shard %u of %u is complete: %" G_GUINT64_FORMAT " batches%s%s\n",
        shard, plan->n_shards, end - first,
        names != NULL ? "; nothing was made with the value of " : "",
        names != NULL ? names : "");
  return ACT_EXIT_OK;
}

/* --- the run --- */

/* nothing that somebody may miss, unless it is to be made again: the store
 * looks into that */
static gboolean
is_unused (const char *store, gboolean repair)
{
  g_autoptr (GDir) dir = g_dir_open (store, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (act_store_is_segment (name) ? !repair : !act_store_is_early (name))
      return FALSE;
  return TRUE;
}

/* What cannot be read says nothing of what is there: all of it is made again.
 */
static gboolean
drop_manifest (const ActShard *shard, const char *path, GError **error)
{
  if (shard->state != ACT_SHARD_DAMAGED || shard->info != NULL
      || g_unlink (path) == 0)
    return TRUE;
  act_set_errno_error (error, errno, TRUE, "cannot remove '%s'", path);
  return FALSE;
}

/* Whose run it is stands in the folder before anything is made: a model or
 * clusters that have changed since are refused by the store. */
static gboolean
begin_store (const ActShardPlanRun *options, const ActShardPlan *plan,
    guint number, const ActShard *shard, const char *store, GError **error)
{
  g_autofree char *path = g_build_filename (store, ACT_MANIFEST_NAME, NULL);
  g_autoptr (ActManifest) manifest = NULL;
  gboolean begun;

  if (!drop_manifest (shard, path, error))
    return FALSE;
  if (g_file_test (path, G_FILE_TEST_EXISTS)
      || !is_unused (store, options->repair))
    return TRUE;
  if (g_mkdir_with_parents (store, 0777) != 0) {
    act_set_errno_error (error, errno, TRUE, "cannot create '%s'", store);
    return FALSE;
  }
  /* the plan's own; it is lent */
  manifest = act_manifest_new (plan->identity);
  manifest->clusters_stored = plan->clusters_stored;
  manifest->segment_size = plan->segment_size;
  manifest->shard_index = number;
  manifest->shard_count = plan->n_shards;
  begun = act_manifest_write (manifest, store, error);
  manifest->identity = NULL;
  return begun;
}

/* the shard's pipeline */
static GStrv
expand (const ActShardPlanRun *options, const ActShardPlan *plan, guint shard,
    const char *store, GHashTable *values, GError **error)
{
  if (options->repair)
    g_hash_table_replace (values, g_strdup ("repair"), g_strdup ("true"));
  return act_shard_plan_expand (
      plan, store, shard, plan->n_shards, values, error);
}

/* how a run that ended by a signal is called by schedulers */
static int
translate (int code)
{
  if (code == ACT_EXIT_SIGNAL + SIGTERM || code == ACT_EXIT_SIGNAL + SIGUSR1)
    return ACT_EXIT_REQUEUE;
  return code;
}

/* The run has failed: whose shard it is now does not matter any more, and one
 * message is enough. */
static char *
on_failure (const char *text, gpointer lease)
{
  act_lease_keeper_stop (lease);
  return NULL;
}

static int
run (const ActShardPlanRun *options, const ActShardPlan *plan, guint number,
    ActLeaseKeeper *lease, GStrv words, GHashTable *values)
{
  g_auto (GStrv) held = act_words_add (
      (const char *const *) words, "lease", act_lease_keeper_get_path (lease));
  g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };
  g_autoptr (GError) error = NULL;
  ActCommandOptions common = *options->common;
  int code;

  common.when_interrupted = "run it again and it goes on";
  common.advise = on_failure;
  common.user_data = lease;
  code = act_command_execute_words (
      (const char *const *) held, plan->description, values, &common);
  if (code == ACT_EXIT_OK
      && !act_shard_plan_look (plan, number, &shard, &error))
    return act_command_error (error);
  return translate (code);
}

/* with the lease */
static int
make (const ActShardPlanRun *options, const ActShardPlan *plan, guint number,
    const char *store, ActLeaseKeeper *lease, GHashTable *values)
{
  g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;

  /* somebody else may have made it while this one waited */
  if (!is_done (options, plan, number, &shard, &error))
    return act_command_error (error);
  if (shard.state == ACT_SHARD_COMPLETE)
    return say_done (plan, number, values, options->common->quiet);
  words = expand (options, plan, number, store, values, &error);
  if (words == NULL)
    return act_command_error (error);
  if (shard.fault != NULL)
    g_printerr ("repairing: %s\n", shard.fault);
  if (!begin_store (options, plan, number, &shard, store, &error))
    return act_command_error (error);
  return run (options, plan, number, lease, words, values);
}

/* who is refused may wait */
static void
name_wait (const ActShardPlanRun *options, GError *error)
{
  g_autofree char *text = error->message;

  error->message =
      options->wait || !g_error_matches (error, ACT_ERROR, ACT_ERROR_EXISTS)
      ? g_strdup (text)
      : g_strconcat (text, "; --wait waits for that", NULL);
}

static int
take_and_make (const ActShardPlanRun *options, const ActShardPlan *plan,
    guint number, GHashTable *values)
{
  g_autofree char *store = act_shard_plan_get_store (plan, number);
  g_autofree char *lock = g_strconcat (store, ".lock", NULL);
  g_autofree char *folder = g_path_get_dirname (store);
  g_autoptr (ActLeaseKeeper) lease = NULL;
  g_autoptr (GError) error = NULL;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    act_set_errno_error (&error, errno, TRUE, "cannot create '%s'", folder);
  else
    lease = act_lease_keeper_new (
        lock, plan->lock_silence, options->wait, ACT_EXIT_REQUEUE, &error);
  if (lease == NULL) {
    name_wait (options, error);
    return act_command_error (error);
  }
  return make (options, plan, number, store, lease, values);
}

static gboolean
enter_folder (const ActShardPlan *plan, GError **error)
{
  if (g_chdir (plan->folder) == 0)
    return TRUE;
  act_set_errno_error (error, errno, FALSE,
      "cannot go to '%s', where the paths of '%s' begin", plan->folder,
      plan->filename);
  return FALSE;
}

/* what the shard is stands in the plan */
static gboolean
check_values (GHashTable *values, GError **error)
{
  static const char *const own[] = { "store", "shard-index", "shard-count" };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
    if (!g_hash_table_contains (values, own[i]))
      continue;
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "'%s' of a shard is as its plan says; it cannot be given beside --plan",
        own[i]);
    return FALSE;
  }
  return TRUE;
}

/* as the plan has it, or by default; NULL without an error: neither */
static char *
written_value (const ActShardPlan *plan, const char *name, GError **error)
{
  g_autofree char *filename = NULL;
  g_autoptr (ActDescription) description = NULL;
  const char *value = g_hash_table_lookup (plan->variables, name);

  if (value != NULL)
    return g_strdup (value);
  filename = act_pipelines_find (plan->description, error);
  description =
      filename != NULL ? act_description_load (filename, error) : NULL;
  return description != NULL
      ? g_strdup (act_description_get_default (description, name))
      : NULL;
}

/* Whether a setting is the plan's: in the same words, among them 0 of n-ctx, or
 * in number what that came to. */
static gboolean
check_setting (const ActShardPlan *plan, const char *name, const char *given,
    GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *planned = written_value (plan, name, &problem);

  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (planned == NULL || strcmp (given, planned) == 0)
    return TRUE;
  if (!g_str_equal (name, "packing")) {
    g_free (planned);
    planned = g_strdup_printf ("%u",
        g_str_equal (name, "n-ctx") ? plan->identity->n_ctx
                                    : plan->identity->batch_size);
  }
  if (strcmp (given, planned) == 0)
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "%s is %s in the plan '%s', %s was given", name, planned, plan->filename,
      given);
  return FALSE;
}

/* How the text is cut decides what its tokens are: the source would say that
 * the text is another. */
static gboolean
check_settings (const ActShardPlan *plan, GHashTable *values, GError **error)
{
  static const char *const names[] = { "batch-size", "n-ctx", "packing" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *given = g_hash_table_lookup (values, names[i]);

    if (given != NULL && !check_setting (plan, names[i], given, error))
      return FALSE;
  }
  return TRUE;
}

static int
show (const ActShardPlanRun *options, const ActShardPlan *plan, guint number,
    GHashTable *values)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *store = act_shard_plan_get_store (plan, number);
  g_auto (GStrv) words = expand (options, plan, number, store, values, &error);

  return words != NULL ? act_command_execute_words ((const char *const *) words,
             plan->description, values, options->common)
                       : act_command_error (error);
}

int
act_shard_plan_run (const ActShardPlanRun *options, GHashTable *values)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActShardPlan) plan = act_shard_plan_read (options->plan, &error);
  g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };
  guint number = 0;

  if (plan == NULL || !parse_shard (options, plan, &number, &error)
      || !check_values (values, &error)
      || !is_done (options, plan, number, &shard, &error)
      || (shard.state != ACT_SHARD_COMPLETE
          && (!enter_folder (plan, &error)
              || !check_settings (plan, values, &error))))
    return act_command_error (error);
  if (options->common->print || options->common->dry_run)
    return show (options, plan, number, values);
  return shard.state == ACT_SHARD_COMPLETE
      ? say_done (plan, number, values, options->common->quiet)
      : take_and_make (options, plan, number, values);
}
