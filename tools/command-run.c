/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include "description.h"
#include "devices.h"
#include "pipelines.h"
#include "planrun.h"
#include "toolerror.h"

static const char summary[] =
    "Runs a pipeline description: gst-launch syntax with comments (#) and\n"
    "variables, ${name} or ${name:-default}. FILE is a path, or the name of "
    "one\n"
    "that is shipped (--list). A value may hold anything: blanks, quotes, #, "
    "!.";

static const char details[] =
    "Examples:\n"
    "  gst-activations run --list\n"
    "  gst-activations run --list dashboard\n"
    "  gst-activations run dashboard model=DIR text=FILE output=DIR\n"
    "  gst-activations run my.pipeline threshold=0.02 --report report.json\n"
    "  gst-activations run --devices 0,1 store-cuda model=DIR text=FILE "
    "store=DIR\n"
    "  eval \"gst-launch-1.0 $(gst-activations run --print my.pipeline)\"\n"
    "\n"
    "Exit code: 0 done; 1 failed, or not all input came through; 2 usage;\n"
    "130 Ctrl-C, 143 SIGTERM: ended at once, nothing published.\n"
    "\n"
    "With --plan one shard of a run is made, as 'gst-activations shard "
    "--plan'\n"
    "has put it down. Run again it goes on, or says that it is complete; "
    "values\n"
    "given here stand in for the plan's. SIGTERM and SIGUSR1 close the "
    "segment\n"
    "and end it with exit code 75: run it again and it goes on.\n"
    "  gst-activations run --plan plan.json --shard 3\n"
    "  gst-activations run --plan plan.json --shard-from SLURM_ARRAY_TASK_ID\n";

static int
list_variables (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActDescription) description = NULL;
  g_autofree char *filename = act_pipelines_find (name, &error);
  g_autofree char *list = NULL;

  if (filename != NULL)
    description = act_description_load (filename, &error);
  if (description == NULL)
    return act_command_error (error);
  list = act_description_list_variables (description);
  g_print ("%s", list);
  return ACT_EXIT_OK;
}

static int
list_descriptions (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *list = act_pipelines_list (&error);

  if (list == NULL)
    return act_command_error (error);
  g_print ("%s", list);
  return ACT_EXIT_OK;
}

int
act_command_run (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context =
      g_option_context_new ("FILE [name=value ...]");
  g_autoptr (GHashTable) values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *problem = NULL, *report = NULL, *devices = NULL;
  g_autofree char *plan_file = NULL, *shard = NULL, *variable = NULL;
  ActCommandOptions options = { FALSE };
  ActShardPlanRun plan = { .common = &options };
  gboolean list = FALSE;
  const GOptionEntry entries[] = {
    { "list", 'l', 0, G_OPTION_ARG_NONE, &list,
        "List the shipped descriptions, or FILE's variables, and end", NULL },
    { "plan", 0, 0, G_OPTION_ARG_FILENAME, &plan.plan,
        "Make one shard of this plan", "FILE.json" },
    { "shard", 0, 0, G_OPTION_ARG_STRING, &plan.shard,
        "Which one, counted from 0", "K" },
    { "shard-from", 0, 0, G_OPTION_ARG_STRING, &plan.variable,
        "Which one, by an environment variable", "VARIABLE" },
    { "shard-offset", 0, 0, G_OPTION_ARG_INT, &plan.offset,
        "Added to it: -1 where the variable counts from 1", "N" },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &plan.wait,
        "Wait while somebody else makes this shard", NULL },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &plan.repair,
        "Make damaged segments of the shard again", NULL },
    { "devices", 'd', 0, G_OPTION_ARG_STRING, &devices,
        "Run a shard on each of these CUDA devices, then merge the stores",
        "N,N..." },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL,
        NULL },
    { NULL },
  };

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  g_option_context_add_main_entries (context, entries, NULL);
  act_command_add_options (context, &options);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("run", error->message);
  report = options.report;
  plan_file = plan.plan;
  shard = plan.shard;
  variable = plan.variable;

  if (list)
    return rest ? list_variables (rest[0]) : list_descriptions ();
  if (plan.plan != NULL && devices != NULL)
    return act_command_usage_error (
        "run", "--devices cuts a run by itself: it does not go with --plan");
  if (plan.plan != NULL) {
    problem = rest ? act_command_parse_values (rest, values) : NULL;
    return problem != NULL ? act_command_usage_error ("run", problem)
                           : act_shard_plan_run (&plan, values);
  }
  if (plan.shard != NULL || plan.variable != NULL || plan.wait || plan.repair
      || plan.offset != 0)
    return act_command_usage_error ("run",
        "--shard, --shard-from, --shard-offset, --wait and --repair go with "
        "--plan");
  if (rest == NULL)
    return act_command_usage_error ("run", "no pipeline description is given");
  problem = act_command_parse_values (rest + 1, values);
  if (problem != NULL)
    return act_command_usage_error ("run", problem);
  if (devices != NULL)
    return act_devices_run (devices, rest[0], values, &options);
  return act_command_execute (rest[0], values, &options);
}
