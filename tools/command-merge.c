/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>

#include <store/storeset.h>

#include "locations.h"
#include "mergeoutput.h"
#include "planstate.h"
#include "storeinfo.h"
#include "toolerror.h"

#define DESCRIPTION "merge"

static const char summary[] =
    "Makes one store of the stores of a run's shards: the shipped description\n"
    "'merge.pipeline' with its variables as options.";

static const char details[] =
    "Examples:\n"
    "  gst-activations merge shards/* --output merged\n"
    "  gst-activations merge --plan plan.json --output merged\n"
    "  gst-activations merge shards/shard-0000[0-3] --part --output part-0\n"
    "  gst-activations merge --plan plan.json --incomplete --dashboard d\n"
    "\n"
    "The stores, in any order, must be complete and of the same run, and make\n"
    "all of it: batches that none has, or two have, are an error that lists\n"
    "them. With --part they may be any contiguous part of the run; what is "
    "made\n"
    "merges on. The output is a folder that does not exist yet, or that of a\n"
    "merge that was cut off: that goes on. One that is complete already stays\n"
    "as it is; with --repair it is read, and what is damaged is made again.\n"
    "\n"
    "Exit code: 0 done; 1 failed; 2 usage; 3 something is missing or damaged,\n"
    "and the message says what; 130 Ctrl-C, 143 SIGTERM: ended at once; run\n"
    "again it goes on.\n";

typedef struct {
  char **stores;
  char *plan;
  ActShardPlan *plan_read; /* of that file */
  char *output;
  char *dashboard;
  char *segment_size;
  char *max_memory;
  gboolean part;
  gboolean incomplete;
  gboolean repair;
} Settings;

static void
settings_clear (Settings *settings)
{
  g_strfreev (settings->stores);
  g_free (settings->plan);
  act_shard_plan_free (settings->plan_read);
  g_free (settings->output);
  g_free (settings->dashboard);
  g_free (settings->segment_size);
  g_free (settings->max_memory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Settings, settings_clear)

static void
add_options (GOptionContext *context, Settings *settings)
{
  const GOptionEntry entries[] = {
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &settings->output,
        "Folder of the store to make", "DIR" },
    { "plan", 0, 0, G_OPTION_ARG_FILENAME, &settings->plan,
        "Take the stores of all shards of this plan; with folders: these, if "
        "they are this plan's",
        "FILE.json" },
    { "part", 0, 0, G_OPTION_ARG_NONE, &settings->part,
        "Merge a contiguous part of a run", NULL },
    { "dashboard", 0, 0, G_OPTION_ARG_FILENAME, &settings->dashboard,
        "Make a dashboard of the stores, and no store", "DIR" },
    { "incomplete", 0, 0, G_OPTION_ARG_NONE, &settings->incomplete,
        "Make it of what is there, and mark it as incomplete", NULL },
    { "segment-size", 0, 0, G_OPTION_ARG_STRING, &settings->segment_size,
        "Batches in each of its files", "N" },
    { "max-memory", 0, 0, G_OPTION_ARG_STRING, &settings->max_memory,
        "Bytes of memory for batches that wait to be written", "BYTES" },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &settings->repair,
        "Read an output that is there, and write again what is damaged of it",
        NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &settings->stores,
        NULL, NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static const char *
find_problem (const Settings *settings)
{
  if (settings->stores == NULL && settings->plan == NULL)
    return "no folder of a store is given";
  if (settings->output == NULL && settings->dashboard == NULL)
    return "--output is missing";
  if (settings->output != NULL && settings->dashboard != NULL)
    return "one of --output and --dashboard makes sense";
  if (settings->part && (settings->dashboard || settings->stores == NULL))
    return "--part is of folders, and makes a store";
  if (settings->incomplete && settings->dashboard == NULL)
    return "--incomplete goes with --dashboard";
  if (settings->dashboard && (settings->segment_size || settings->repair))
    return "--segment-size and --repair are of a store, not of --dashboard";
  return NULL;
}

static ActStoreSetUse
get_use (const Settings *settings)
{
  return settings->part      ? ACT_STORE_SET_PART
      : settings->incomplete ? ACT_STORE_SET_ANY
                             : ACT_STORE_SET_WHOLE;
}

static void
set_value (GHashTable *values, const char *name, const char *value)
{
  if (value != NULL)
    g_hash_table_replace (values, g_strdup (name), g_strdup (value));
}

static GHashTable *
make_values (const Settings *settings)
{
  static const char *const completeness[] = { NULL, "part", "any" };
  GHashTable *values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) stores = g_ptr_array_new ();
  g_autofree char *joined = NULL;

  for (guint i = 0; settings->stores[i] != NULL; i++)
    g_ptr_array_add (stores, settings->stores[i]);
  joined = act_locations_join (stores);
  set_value (values, "stores", joined);
  set_value (values, "output",
      settings->output ? settings->output : settings->dashboard);
  if (settings->dashboard != NULL && settings->plan_read != NULL)
    set_value (values, "title", settings->plan_read->title);
  set_value (values, "completeness", completeness[get_use (settings)]);
  set_value (values, "segment-size", settings->segment_size);
  set_value (values, "max-memory", settings->max_memory);
  set_value (values, "repair", settings->repair ? "true" : NULL);
  return values;
}

/* --- the stores --- */

/* those of all shards; of which some are there, with --incomplete */
static gboolean
take_stores (Settings *settings, const ActShardPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) stores = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < plan->n_shards; i++) {
    g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };

    if (!act_shard_plan_look (plan, i, &shard, error))
      return FALSE;
    if (shard.state != ACT_SHARD_ABSENT)
      g_ptr_array_add (stores, act_shard_plan_get_store (plan, i));
  }
  if (stores->len == 0) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_MISSING,
        "none of the %u shards of '%s' has been begun", plan->n_shards,
        plan->filename);
    return FALSE;
  }
  g_ptr_array_add (stores, NULL);
  settings->stores = (char **) g_ptr_array_steal (stores, NULL);
  return TRUE;
}

/* those that are given, before anything is made of them */
static gboolean
check_stores (
    const Settings *settings, const ActShardPlan *plan, GError **error)
{
  for (guint i = 0; settings->stores[i] != NULL; i++)
    if (!act_shard_plan_check_store (plan, settings->stores[i], error))
      return FALSE;
  return TRUE;
}

/* The element says the same; here it has an exit code of its own. */
static ActStoreSet *
open_stores (char *const *folders, ActStoreSetUse use, GError **error)
{
  g_autoptr (GError) problem = NULL;
  ActStoreSet *set;
  gboolean lacks;

  for (guint i = 0; folders[i] != NULL; i++) {
    g_autoptr (ActStoreInfo) info = act_store_info_new (folders[i], error);

    if (info == NULL)
      return NULL;
  }
  set = act_store_set_open ((const char *const *) folders,
      g_strv_length ((char **) folders), use, &lacks, &problem);
  if (set == NULL && lacks)
    g_set_error_literal (
        error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_MISSING, problem->message);
  else if (set == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return set;
}

/* --- the command --- */

static gboolean
take_plan (Settings *settings, GError **error)
{
  ActShardPlan *plan = act_shard_plan_read (settings->plan, error);

  settings->plan_read = plan;
  if (plan == NULL)
    return FALSE;
  if (settings->stores != NULL)
    return check_stores (settings, plan, error);
  return (settings->incomplete || act_shard_plan_check_complete (plan, error))
      && take_stores (settings, plan, error);
}

static gboolean
check (const Settings *settings, gboolean *done, GError **error)
{
  g_autoptr (ActStoreSet) set =
      open_stores (settings->stores, get_use (settings), error);

  return set != NULL
      && (settings->output == NULL
          || act_merge_output_check (
              settings->output, set, settings->repair, done, error));
}

/* of a merge that runs */
typedef struct {
  const ActShardPlan *plan; /* may be NULL */
  const char *output;
  gboolean damaged; /* one of its stores */
} Merge;

static gboolean
is_of_store (const char *text, const char *folder)
{
  g_autofree char *file = g_strconcat ("'", folder, "/", NULL);
  g_autofree char *whole = g_strconcat ("'", folder, "'", NULL);

  return strstr (text, file) != NULL || strstr (text, whole) != NULL;
}

/* what repairs what only showed to be damaged when it was read */
static char *
advise (const char *text, gpointer user_data)
{
  Merge *merge = user_data;

  if (merge->output != NULL && is_of_store (text, merge->output))
    return g_strdup (strstr (text, "damaged") || strstr (text, "manifest")
            ? ACT_MERGE_OUTPUT_REMEDY
            : NULL);
  merge->damaged = strstr (text, "is damaged") != NULL;
  for (guint i = 0;
       merge->damaged && merge->plan != NULL && i < merge->plan->n_shards;
       i++) {
    g_autofree char *store = act_shard_plan_get_store (merge->plan, i);
    g_autofree char *command = act_shard_plan_repair_command (merge->plan, i);

    if (is_of_store (text, store))
      return g_strdup_printf ("shard %u; to repair it: %s", i, command);
  }
  return NULL;
}

static int
execute (const Settings *settings, const ActCommandOptions *options)
{
  g_autoptr (GHashTable) values = make_values (settings);
  ActCommandOptions own = *options;
  Merge merge = { settings->plan_read, settings->output, FALSE };
  int code;

  if (settings->output != NULL)
    own.when_interrupted = "run it again and it goes on";
  own.advise = advise;
  own.user_data = &merge;
  code = act_command_execute (
      settings->dashboard ? "from-store" : DESCRIPTION, values, &own);
  return code == ACT_EXIT_FAILED && merge.damaged ? ACT_EXIT_MISSING : code;
}

static int
merge (Settings *settings, const ActCommandOptions *options)
{
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  if ((settings->plan != NULL && !take_plan (settings, &error))
      || (!options->print && !check (settings, &done, &error)))
    return act_command_error (error);
  if (done) {
    if (!options->quiet)
      g_print ("'%s' is complete\n", settings->output);
    return ACT_EXIT_OK;
  }
  return execute (settings, options);
}

int
act_command_merge (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new ("[DIR...]");
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_auto (Settings) settings = { NULL };
  ActCommandOptions options = { FALSE };
  const char *problem;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  add_options (context, &settings);
  act_command_add_options (context, &options);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("merge", error->message);
  report = options.report;
  problem = find_problem (&settings);
  if (problem != NULL)
    return act_command_usage_error ("merge", problem);
  return merge (&settings, &options);
}
