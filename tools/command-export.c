/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <viewer/export.h>

#include "toolerror.h"

static const char summary[] =
    "Makes one file of a dashboard's page: scripts, styles and data in it, to\n"
    "be sent around or put on a server by itself.";

static const char details[] =
    "Example:\n"
    "  gst-activations export DIR --single-file page.html\n"
    "\n"
    "The file appears whole or not at all.\n"
    "\n"
    "Exit code: 0 done; 1 failed; 2 usage.\n";

int
act_command_export (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new ("DIR");
  g_auto (GStrv) folders = NULL;
  g_autofree char *filename = NULL;
  g_autoptr (GError) error = NULL;
  gboolean overwrite = FALSE;
  const GOptionEntry entries[] = {
    { "single-file", 0, 0, G_OPTION_ARG_FILENAME, &filename, "File to make",
        "OUT.html" },
    { "overwrite", 0, 0, G_OPTION_ARG_NONE, &overwrite,
        "Replace the file if it exists", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &folders, NULL,
        NULL },
    { NULL },
  };

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("export", error->message);
  if (folders == NULL || folders[1] != NULL)
    return act_command_usage_error (
        "export", "expected one folder of a dashboard");
  if (filename == NULL)
    return act_command_usage_error ("export", "--single-file is missing");
  if (!act_viewer_export (folders[0], filename, overwrite, &error))
    return act_command_error (error);
  g_print ("%s\n", filename);
  return ACT_EXIT_OK;
}
