/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <string.h>

#include <text/visible.h>

#include "show.h"
#include "toolerror.h"

#define DEFAULT_ROWS 20
#define DEFAULT_EXAMPLES 10

static const char summary[] =
    "Shows a dashboard's folder in the terminal: a table of its clusters; one\n"
    "cluster or component with its facts and examples; or the clusters that\n"
    "are active at a token.";

static const char details[] =
    "Examples:\n"
    "  gst-activations show DIR --sort max --limit 50\n"
    "  gst-activations show DIR --cluster 19 --criterion random\n"
    "  gst-activations show DIR --component h.0.mlp.c_fc:7\n"
    "  gst-activations show DIR --token ' of'\n"
    "  gst-activations show DIR --json\n"
    "\n"
    "--sort of the clusters: frequency, line, name, size, modules, max, mean;\n"
    "of --token: lift, count, share, line. A token is given as it is in the\n"
    "vocabulary, or as its text; without the blank that it may begin with it\n"
    "is found too.\n"
    "\n"
    "Exit code: 0 shown; 1 no dashboard, nothing of that name in it, or\n"
    "damaged; 2 usage.\n";

typedef struct {
  char **folders;
  char *cluster, *component, *token;
  char *criterion, *sort, *colour;
  int limit, width;
  gboolean json;
} Options;

static void
clear_options (Options *options)
{
  g_strfreev (options->folders);
  g_free (options->cluster);
  g_free (options->component);
  g_free (options->token);
  g_free (options->criterion);
  g_free (options->sort);
  g_free (options->colour);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, clear_options)

static gboolean
parse (GOptionContext *context, char ***arguments, Options *options,
    GError **error)
{
  /* FILENAME: the bytes as they are typed, in any locale */
  const GOptionEntry entries[] = {
    { "cluster", 'c', 0, G_OPTION_ARG_FILENAME, &options->cluster,
        "One cluster, by its name or the number at its end", "ID" },
    { "component", 'm', 0, G_OPTION_ARG_FILENAME, &options->component,
        "One component", "MODULE:INDEX" },
    { "token", 't', 0, G_OPTION_ARG_FILENAME, &options->token,
        "The clusters that are active at a token", "TEXT" },
    { "criterion", 0, 0, G_OPTION_ARG_FILENAME, &options->criterion,
        "Which examples of --cluster, such as max_activation-max or random",
        "NAME" },
    { "sort", 's', 0, G_OPTION_ARG_FILENAME, &options->sort,
        "Order of the table, see below", "KEY" },
    { "limit", 'n', 0, G_OPTION_ARG_INT, &options->limit,
        "Rows or examples at most, 0 for all (default 20 rows, 10 examples; "
        "all with --json)",
        "N" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json,
        "For programs: one JSON object", NULL },
    { "color", 0, 0, G_OPTION_ARG_FILENAME, &options->colour,
        "auto (on a terminal, unless NO_COLOR is set), always or never",
        "WHEN" },
    { "width", 0, 0, G_OPTION_ARG_INT, &options->width,
        "Columns, if not the terminal's", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->folders,
        NULL, NULL },
    { NULL },
  };

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse_strv (context, arguments, error);
}

static const char *
find_problem (const Options *options)
{
  int n_views = (options->cluster != NULL) + (options->component != NULL)
      + (options->token != NULL);

  if (options->folders == NULL || options->folders[1] != NULL)
    return "expected the folder of one dashboard";
  if (n_views > 1)
    return "--cluster, --component and --token are one at a time";
  if (options->criterion != NULL && options->cluster == NULL)
    return "--criterion is of --cluster alone";
  if (options->sort != NULL && (options->cluster || options->component))
    return "--sort is of tables alone";
  if (options->token != NULL && !g_utf8_validate (options->token, -1, NULL))
    return "--token is no UTF-8";
  if (options->limit < -1)
    return "--limit must not be negative";
  return options->width < 0 ? "--width must not be negative" : NULL;
}

static guint
find_limit (const Options *options)
{
  if (options->limit == 0 || (options->limit < 0 && options->json))
    return G_MAXINT;
  if (options->limit > 0)
    return (guint) options->limit;
  return options->cluster || options->component ? DEFAULT_EXAMPLES
                                                : DEFAULT_ROWS;
}

static gboolean
show (const Options *options, GString *out, GError **error)
{
  g_autoptr (ActShownDashboard) dashboard = NULL;
  ActShowRequest request = { .json = options->json,
    .limit = find_limit (options),
    .sort = options->sort,
    .criterion = options->criterion };

  if (!act_screen_init (
          &request.screen, options->colour, (guint) options->width, error))
    return FALSE;
  dashboard = act_shown_dashboard_open (options->folders[0], error);
  if (dashboard == NULL)
    return FALSE;
  request.dashboard = dashboard;
  if (options->cluster != NULL)
    return act_show_cluster (&request, options->cluster, out, error);
  if (options->component != NULL)
    return act_show_component (&request, options->component, out, error);
  if (options->token != NULL)
    return act_show_token_clusters (&request, options->token, out, error);
  return act_show_list (&request, out, error);
}

/* what a damaged file holds may come into messages */
static void
make_visible (GError *error)
{
  GString *text = g_string_new (NULL);

  act_visible_append (
      text, error->message, strlen (error->message), ACT_VISIBLE_TEXT);
  g_free (error->message);
  error->message = g_string_free (text, FALSE);
}

int
act_command_show (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new ("DIR");
  g_auto (Options) options = { .limit = -1 };
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  const char *problem;

  if (!parse (context, &arguments, &options, &error))
    return act_command_usage_error ("show", error->message);
  problem = find_problem (&options);
  if (problem != NULL)
    return act_command_usage_error ("show", problem);
  if (!show (&options, out, &error)) {
    make_visible (error);
    return act_command_error (error);
  }
  g_print ("%s", out->str);
  return ACT_EXIT_OK;
}
