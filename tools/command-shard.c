/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include <gst/gst.h>

#include <formats/output.h>

#include "plan.h"
#include "planprobe.h"
#include "planstate.h"
#include "pipelines.h"
#include "toolerror.h"
#include "units.h"

static const char summary[] =
    "Plans a run that many machines share: reads the input, cuts it into "
    "shards\n"
    "of whole batches, and puts down whose run it is. DESCRIPTION is one with\n"
    "the variables store, shard-index and shard-count, as the shipped shard,\n"
    "shard-tokens and shard-dump are.";

static const char details[] =
    "Examples:\n"
    "  gst-activations shard --plan plan.json --shards 8 shard model=DIR "
    "text=PATH\n"
    "  gst-activations shard --plan plan.json --minutes 30 shard model=DIR "
    "text=PATH\n"
    "  gst-activations run --plan plan.json --shard 3\n"
    "  gst-activations shard --missing plan.json\n"
    "  gst-activations merge --plan plan.json --output merged\n"
    "\n"
    "--missing lists shards that are not there, not complete or damaged (by "
    "the\n"
    "size of their files; with --verify by all that is in them); what is "
    "wrong,\n"
    "and which are of something else and in the way, is on standard error.\n"
    "\n"
    "Exit code: 0 done; 1 failed; 2 usage; 3 --missing: shards are missing.\n";

#define NOT_GIVEN G_MININT

typedef struct {
  char *plan, *missing, *stores, *title, *title_of;
  int shards, silence;
  double minutes;
  gboolean verify;
  char **words;
} Settings;

static void
settings_clear (Settings *settings)
{
  g_free (settings->plan);
  g_free (settings->missing);
  g_free (settings->stores);
  g_free (settings->title);
  g_free (settings->title_of);
  g_strfreev (settings->words);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Settings, settings_clear)

static void
add_options (GOptionContext *context, Settings *settings)
{
  const GOptionEntry entries[] = {
    { "plan", 0, 0, G_OPTION_ARG_FILENAME, &settings->plan,
        "File to write; it must not exist", "FILE.json" },
    { "shards", 0, 0, G_OPTION_ARG_INT, &settings->shards,
        "How many shards to cut it into", "N" },
    { "minutes", 0, 0, G_OPTION_ARG_DOUBLE, &settings->minutes,
        "Or how long one shall take, by a short measurement here", "M" },
    { "stores", 0, 0, G_OPTION_ARG_FILENAME, &settings->stores,
        "Folder of the shards' stores, from that of the plan (shards)", "DIR" },
    { "silence", 0, 0, G_OPTION_ARG_INT, &settings->silence,
        "Seconds without a sign of life after which another machine takes a "
        "shard over (60)",
        "SECONDS" },
    { "title", 0, 0, G_OPTION_ARG_STRING, &settings->title,
        "What dashboards of the run are called (by model and input)", "TEXT" },
    { "title-of", 0, 0, G_OPTION_ARG_FILENAME, &settings->title_of,
        "Print this plan's title, and end", "FILE.json" },
    { "missing", 0, 0, G_OPTION_ARG_FILENAME, &settings->missing,
        "List the shards of this plan that are not complete, and end",
        "FILE.json" },
    { "verify", 0, 0, G_OPTION_ARG_NONE, &settings->verify,
        "With --missing: read all that is complete, too", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings->words,
        NULL, "DESCRIPTION [name=value ...]" },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
}

static const char *
find_problem (const Settings *settings)
{
  if (settings->plan == NULL)
    return "--plan or --missing is missing";
  if (settings->words == NULL)
    return "no pipeline description is given";
  if (settings->verify)
    return "--verify goes with --missing";
  if ((settings->shards != NOT_GIVEN) == (settings->minutes != NOT_GIVEN))
    return "one of --shards and --minutes is needed";
  if (settings->shards != NOT_GIVEN
      && (settings->shards < 1 || settings->shards > ACT_PLAN_MAX_SHARDS))
    return "--shards must be 1 to 1,000,000";
  if (settings->minutes != NOT_GIVEN
      && (!(settings->minutes > 0) || !isfinite (settings->minutes)))
    return "--minutes must be more than 0";
  if (settings->silence < 1 || settings->silence > 7 * 24 * 3600)
    return "--silence must be 1 second to 7 days";
  return NULL;
}

/* --- planning --- */

/* as many batches as fit in the time, start included */
static guint
count_shards (const ActShardPlan *plan, double minutes)
{
  double left = minutes * 60 - plan->startup_seconds;
  double batches = plan->batch_seconds > 0
      ? MAX (floor (left / plan->batch_seconds), 1)
      : G_MAXINT32;

  return (guint) CLAMP (
      ceil ((double) plan->run_batches / batches), 1, ACT_PLAN_MAX_SHARDS);
}

/* before the input is read, not after it */
static gboolean
make_folder (const char *filename, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (filename);

  if (g_mkdir_with_parents (folder, 0777) == 0 && access (folder, W_OK) == 0)
    return TRUE;
  act_set_errno_error (
      error, errno, TRUE, "cannot write a plan in '%s'", folder);
  return FALSE;
}

static gboolean
fill_in (ActShardPlan *plan, const Settings *settings, GError **error)
{
  g_autofree char *filename = NULL;

  plan->filename = g_canonicalize_filename (settings->plan, NULL);
  if (g_file_test (plan->filename, G_FILE_TEST_EXISTS)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "the plan '%s' exists already; its stores are of that plan, so give "
        "another name and other --stores",
        plan->filename);
    return FALSE;
  }
  filename = act_pipelines_find (settings->words[0], error);
  if (filename == NULL || !make_folder (plan->filename, error))
    return FALSE;
  /* a file of one's own is found again from any folder */
  plan->description = g_file_test (settings->words[0], G_FILE_TEST_EXISTS)
      ? g_canonicalize_filename (settings->words[0], NULL)
      : g_strdup (settings->words[0]);
  plan->sha256 = act_shard_plan_digest (filename, error);
  plan->folder = g_get_current_dir ();
  plan->stores =
      g_strdup (settings->stores != NULL ? settings->stores : "shards");
  plan->lock_silence = (guint) settings->silence;
  plan->title = settings->title != NULL ? g_strdup (settings->title)
                                        : act_shard_plan_make_title (plan);
  return plan->sha256 != NULL && act_shard_plan_check_alone (plan, error);
}

/* of an earlier plan; those that fit this one, too, are gone on with */
static gboolean
check_stores (const ActShardPlan *plan, GError **error)
{
  for (guint i = 0; i < plan->n_shards; i++) {
    g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };

    if (act_shard_plan_look (plan, i, &shard, error))
      continue;
    g_prefix_error (error,
        "there are shards of another plan; give other --stores for this one, "
        "or remove them: ");
    return FALSE;
  }
  return TRUE;
}

static void
print_plan (const ActShardPlan *plan)
{
  g_autofree char *stores = act_shard_plan_get_store (plan, 0);
  g_autofree char *folder = g_path_get_dirname (stores);

  g_print ("%u shards, 0 to %u, of %" G_GUINT64_FORMAT
           " batches and %" G_GUINT64_FORMAT " samples; stores in '%s'\n",
      plan->n_shards, plan->n_shards - 1, plan->run_batches, plan->run_samples,
      folder);
  if (plan->batch_seconds > 0)
    g_print ("here a batch takes %.4f s, and to start %.2f s\n",
        plan->batch_seconds, plan->startup_seconds);
}

/* what each shard has of its own */
static gboolean
check_variables (const ActShardPlan *plan, GError **error)
{
  static const char *const own[] = { "store", "shard-index", "shard-count" };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
    if (!g_hash_table_contains (plan->variables, own[i]))
      continue;
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "'%s' is each shard's own, and cannot be given for all%s", own[i],
        i == 0 ? "; --stores says where stores are" : "");
    return FALSE;
  }
  return TRUE;
}

static int
make_plan (const Settings *settings)
{
  g_autoptr (ActShardPlan) plan = act_shard_plan_new ();
  g_autoptr (GArray) digests = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GError) error = NULL;
  g_autofree char *problem =
      act_command_parse_values (settings->words + 1, plan->variables);
  int code;

  if (problem != NULL)
    return act_command_usage_error ("shard", problem);
  if (!check_variables (plan, &error) || !fill_in (plan, settings, &error))
    return act_command_error (error);
  code = act_shard_plan_probe (plan, settings->minutes != NOT_GIVEN, digests);
  if (code != ACT_EXIT_OK)
    return code;
  plan->n_shards = settings->shards != NOT_GIVEN
      ? (guint) settings->shards
      : count_shards (plan, settings->minutes);
  act_shard_plan_set_tokens (
      plan, (const guint64 *) digests->data, digests->len);
  if (!check_stores (plan, &error) || !act_shard_plan_write (plan, &error))
    return act_command_error (error);
  print_plan (plan);
  return ACT_EXIT_OK;
}

static guint n_faults;

static void
print_fault (guint number, const char *text)
{
  n_faults++;
  g_printerr ("shard %u: %s\n", number, text);
}

/* One that is not the plan's nobody makes by running it: if all others are
 * there, that is a failure. */
static int
list_missing (const Settings *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActShardPlan) plan =
      act_shard_plan_read (settings->missing, &error);
  g_autofree char *missing = NULL;

  if (plan == NULL)
    return act_command_error (error);
  missing = act_shard_plan_list_missing (plan, settings->verify, print_fault);
  if (*missing == '\0')
    return n_faults > 0 ? ACT_EXIT_FAILED : ACT_EXIT_OK;
  g_print ("%s\n", missing);
  return ACT_EXIT_MISSING;
}

static int
print_title (const char *filename)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActShardPlan) plan = act_shard_plan_read (filename, &error);

  if (plan == NULL)
    return act_command_error (error);
  g_print ("%s\n", plan->title);
  return ACT_EXIT_OK;
}

int
act_command_shard (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (Settings)
      settings = { .silence = 60, .shards = NOT_GIVEN, .minutes = NOT_GIVEN };
  const char *problem;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  add_options (context, &settings);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("shard", error->message);
  if ((settings.missing != NULL || settings.title_of != NULL)
      && (settings.plan != NULL || settings.words != NULL))
    return act_command_usage_error ("shard",
        "--missing and --title-of take a plan's file and nothing else: it "
        "has all the rest");
  if (settings.title_of != NULL)
    return print_title (settings.title_of);
  if (settings.missing != NULL)
    return list_missing (&settings);
  problem = find_problem (&settings);
  if (problem != NULL)
    return act_command_usage_error ("shard", problem);
  return make_plan (&settings);
}
