/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <stdio.h>

#include <gst/gst.h>

#include "command.h"
#include "toolerror.h"

static const char usage[] =
    "Usage: gst-activations COMMAND [OPTION...]\n"
    "\n"
    "Turns the component activations of a neural network into an\n"
    "interpretability dashboard, with GStreamer pipelines.\n"
    "\n"
    "Commands:\n"
    "  dashboard   from a model and texts to a dashboard\n"
    "  run         run a pipeline description\n"
    "  shard       plan a run that many machines share\n"
    "  merge       from the stores of a run's shards to one store\n"
    "  show        a dashboard in the terminal\n"
    "  view        open a dashboard's page in the browser\n"
    "  export      make one file of a dashboard's page\n"
    "  store       say what is in stores, or check it\n"
    "\n"
    "Options:\n"
    "  --help      this text; 'gst-activations COMMAND --help' for a "
    "command's\n"
    "  --version   versions of this program and of GStreamer\n"
    "\n"
    "Examples:\n"
    "  gst-activations dashboard --model DIR --text FILES... --output DIR\n"
    "  gst-activations run --list\n"
    "  gst-activations show DIR\n"
    "  gst-activations view DIR\n"
    "  gst-activations store info DIR\n";

/* GLib's own handlers turn what the locale lacks into question marks; paths
 * are to come out as they are */
static void
print_raw (const char *text)
{
  fputs (text, stdout);
  fflush (stdout);
}

static void
print_error_raw (const char *text)
{
  fputs (text, stderr);
}

static int
print_version (void)
{
  g_autofree char *gstreamer = gst_version_string ();

  g_print ("%s %s\n%s\n", PACKAGE, VERSION, gstreamer);
  return ACT_EXIT_OK;
}

/* a command is a program of its own to the option parser */
static char **
for_command (char **arguments)
{
  g_autofree char *name = g_strdup_printf ("%s %s", PACKAGE, arguments[1]);

  g_set_prgname (name);
  return g_strdupv (arguments + 1);
}

static int
dispatch (char **arguments)
{
  const char *command = arguments[0] ? arguments[1] : NULL;
  g_autofree char *problem = NULL;

  if (command == NULL) {
    g_printerr ("%s", usage);
    return ACT_EXIT_USAGE;
  }
  if (g_str_equal (command, "--help") || g_str_equal (command, "-h")) {
    g_print ("%s", usage);
    return ACT_EXIT_OK;
  }
  if (g_str_equal (command, "--version"))
    return print_version ();
  if (g_str_equal (command, "run"))
    return act_command_run (for_command (arguments));
  if (g_str_equal (command, "dashboard"))
    return act_command_dashboard (for_command (arguments));
  if (g_str_equal (command, "merge"))
    return act_command_merge (for_command (arguments));
  if (g_str_equal (command, "shard"))
    return act_command_shard (for_command (arguments));
  if (g_str_equal (command, "show"))
    return act_command_show (for_command (arguments));
  if (g_str_equal (command, "store"))
    return act_command_store (for_command (arguments));
  if (g_str_equal (command, "view"))
    return act_command_view (for_command (arguments));
  if (g_str_equal (command, "export"))
    return act_command_export (for_command (arguments));
  problem = g_strdup_printf ("there is no command '%s'", command);
  return act_command_usage_error ("", problem);
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) arguments = g_strdupv (argv);
  int code;

  /* writing then fails, with an error that is reported; these would end the
   * program before it can remove what is half written */
  signal (SIGXFSZ, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  g_set_prgname ("gst-activations");
  g_set_print_handler (print_raw);
  g_set_printerr_handler (print_error_raw);
  code = dispatch (arguments);
  if (gst_is_initialized ())
    gst_deinit ();
  return code;
}
