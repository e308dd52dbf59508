/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>

#include "description.h"
#include "devices.h"
#include "pipelines.h"
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
    "130 Ctrl-C, 143 SIGTERM: ended at once, nothing published.\n";

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

/* name=value arguments into a table */
static char *
parse_values (char **arguments, GHashTable *values)
{
  for (; *arguments != NULL; arguments++) {
    const char *equals = strchr (*arguments, '=');

    if (equals == NULL || equals == *arguments)
      return g_strdup_printf ("expected name=value, not '%s'", *arguments);
    if (!g_hash_table_replace (values,
            g_strndup (*arguments, equals - *arguments), g_strdup (equals + 1)))
      return g_strdup_printf (
          "'%.*s' is given twice", (int) (equals - *arguments), *arguments);
  }
  return NULL;
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
  ActCommandOptions options = { FALSE };
  gboolean list = FALSE;
  const GOptionEntry entries[] = {
    { "list", 'l', 0, G_OPTION_ARG_NONE, &list,
        "List the shipped descriptions, or FILE's variables, and end", NULL },
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

  if (list)
    return rest ? list_variables (rest[0]) : list_descriptions ();
  if (rest == NULL)
    return act_command_usage_error ("run", "no pipeline description is given");
  problem = parse_values (rest + 1, values);
  if (problem != NULL)
    return act_command_usage_error ("run", problem);
  if (devices != NULL)
    return act_devices_run (devices, rest[0], values, &options);
  return act_command_execute (rest[0], values, &options);
}
