/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "description.h"
#include "launch.h"
#include "pipelines.h"
#include "report.h"
#include "run.h"
#include "toolerror.h"

char *
act_command_parse_values (char *const *arguments, GHashTable *values)
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

void
act_command_add_options (GOptionContext *context, ActCommandOptions *options)
{
  const GOptionEntry entries[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
        "Build the pipeline, check elements and properties, read nothing",
        NULL },
    { "print", 'p', 0, G_OPTION_ARG_NONE, &options->print,
        "Print the arguments for gst-launch-1.0 and end", NULL },
    { "report", 'r', 0, G_OPTION_ARG_FILENAME, &options->report,
        "Write counts, time a step, output and settings as JSON; - is standard "
        "output, in place of the summary",
        "FILE.json" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet,
        "No progress and no summary; errors and warnings only", NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
}

int
act_command_usage_error (const char *command, const char *text)
{
  g_autofree char *line = g_strchomp (g_strdup (text));

  g_printerr ("error: %s\n", line);
  g_printerr ("'gst-activations %s%s--help' explains the options\n", command,
      *command ? " " : "");
  return ACT_EXIT_USAGE;
}

int
act_command_error (const GError *error)
{
  g_autofree char *text = g_strchomp (g_strdup (error->message));

  g_printerr ("error: %s\n", text);
  if (g_error_matches (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE))
    return ACT_EXIT_USAGE;
  if (g_error_matches (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_MISSING))
    return ACT_EXIT_MISSING;
  return ACT_EXIT_FAILED;
}

/* before a long run, not after it */
static gboolean
check_report (const char *filename, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (filename);

  /* a device or a pipe is written to, files are replaced */
  if (g_file_test (filename, G_FILE_TEST_EXISTS)
      && !g_file_test (filename, G_FILE_TEST_IS_REGULAR | G_FILE_TEST_IS_DIR)
      && access (filename, W_OK) == 0)
    return TRUE;
  if (g_file_test (filename, G_FILE_TEST_IS_DIR)
      || access (folder, W_OK | X_OK) != 0) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "the report '%s' could not be written: the folder above it must exist "
        "and be writable",
        filename);
    return FALSE;
  }
  return TRUE;
}

void
act_command_print_end (const ActOutcome *outcome, gboolean quiet)
{
  switch (outcome->result) {
  case ACT_RESULT_FAILED:
    act_problem_print (outcome->error, "error");
    break;
  case ACT_RESULT_INTERRUPTED:
    g_printerr ("interrupted by signal %d (%s)%s%s\n", outcome->signal_number,
        strsignal (outcome->signal_number), outcome->advice ? ": " : "",
        outcome->advice ? outcome->advice : "");
    break;
  case ACT_RESULT_INCOMPLETE:
    g_printerr ("error: the run ended before all of its input was through\n");
    break;
  case ACT_RESULT_COMPLETE:
    break;
  }
  if (!quiet
      && (outcome->result == ACT_RESULT_COMPLETE
          || outcome->result == ACT_RESULT_INCOMPLETE))
    act_outcome_print (outcome);
}

static void
take_advice (ActOutcome *outcome, const ActCommandOptions *options)
{
  g_autofree char *advice = NULL;

  if (outcome->result == ACT_RESULT_INTERRUPTED)
    outcome->advice = options->when_interrupted;
  if (outcome->result != ACT_RESULT_FAILED || options->advise == NULL)
    return;
  advice = options->advise (outcome->error->text, options->user_data);
  if (advice == NULL)
    return;
  g_free (outcome->error->hint);
  outcome->error->hint = g_steal_pointer (&advice);
}

static int
run (GstElement *pipeline, const ActReportInput *input,
    const ActCommandOptions *options)
{
  g_autoptr (ActOutcome) outcome = act_outcome_new ();
  g_autoptr (GError) error = NULL;
  gboolean to_output = g_strcmp0 (options->report, "-") == 0;
  const char *report = to_output ? "/dev/stdout" : options->report;

  if (report && !check_report (report, &error))
    return act_command_error (error);
  act_run (pipeline, options->quiet, outcome);
  take_advice (outcome, options);
  act_command_print_end (outcome, options->quiet || to_output);
  if (report && !act_report_write (report, input, outcome, &error)) {
    int code = act_outcome_get_exit_code (outcome);

    return MAX (code, act_command_error (error));
  }
  return act_outcome_get_exit_code (outcome);
}

static gboolean
check_options (const ActCommandOptions *options, GError **error)
{
  if (!options->report || (!options->print && !options->dry_run))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
      "--report is about a run, and --%s runs nothing",
      options->print ? "print" : "dry-run");
  return FALSE;
}

int
act_command_execute_words (const char *const *words, const char *description,
    GHashTable *values, const ActCommandOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActProblem) problem = NULL;
  g_autoptr (GstElement) pipeline = NULL;

  if (options->print) {
    g_autofree char *line = act_launch_shell_line (words);

    g_print ("%s\n", line);
    return ACT_EXIT_OK;
  }
  if (!act_launch_check (words, &error))
    return act_command_error (error);
  pipeline = act_launch_build (words, &problem);
  if (pipeline == NULL) {
    act_problem_print (problem, "error");
    return ACT_EXIT_FAILED;
  }
  if (options->dry_run) {
    /* not even READY: a sink may empty its file on the way there */
    g_print ("the pipeline can be built: %d elements\n",
        GST_BIN_NUMCHILDREN (pipeline));
    return ACT_EXIT_OK;
  }
  return run (
      pipeline, &(ActReportInput){ description, values, words }, options);
}

int
act_command_execute (
    const char *name, GHashTable *values, const ActCommandOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActDescription) description = NULL;
  g_autofree char *filename = act_pipelines_find (name, &error);
  g_auto (GStrv) words = NULL;

  if (filename != NULL)
    description = act_description_load (filename, &error);
  if (description != NULL)
    words = act_description_expand (description, values, &error);
  if (words == NULL || !check_options (options, &error))
    return act_command_error (error);
  return act_command_execute_words (
      (const char *const *) words, filename, values, options);
}
