/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <gio/gio.h>

#include "toolerror.h"

static const char summary[] =
    "Opens a dashboard's page in the browser; where there is no display, says\n"
    "where it is.";

static const char details[] = "Example:\n"
                              "  gst-activations view DIR\n"
                              "\n"
                              "Exit code: 0 done; 1 failed; 2 usage.\n";

/* the address of its page; NULL: it has none */
static char *
find_page (const char *folder, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  g_autofree char *path = g_build_filename (absolute, "index.html", NULL);

  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return g_filename_to_uri (path, NULL, error);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "there is no folder '%s', expected a dashboard", folder);
    return NULL;
  }
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "'%s' has no index.html: expected the folder of a dashboard that was"
      " made with its page (not viewer=false or facts=false)",
      folder);
  return NULL;
}

static gboolean
has_display (void)
{
  static const char *const names[] = { "DISPLAY", "WAYLAND_DISPLAY" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *value = g_getenv (names[i]);

    if (value != NULL && *value != '\0')
      return TRUE;
  }
  return FALSE;
}

/* the desktop's way, and where it knows of no browser the usual program's */
static gboolean
open_page (const char *uri, GError **error)
{
  const char *const command[] = { "xdg-open", uri, NULL };

  if (g_app_info_launch_default_for_uri (uri, NULL, NULL))
    return TRUE;
  return g_spawn_async (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH,
      NULL, NULL, NULL, error);
}

int
act_command_view (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new ("DIR");
  g_auto (GStrv) folders = NULL;
  g_autofree char *uri = NULL;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &folders, NULL,
        NULL },
    { NULL },
  };

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("view", error->message);
  if (folders == NULL || folders[1] != NULL)
    return act_command_usage_error (
        "view", "expected one folder of a dashboard");
  uri = find_page (folders[0], &error);
  if (uri == NULL)
    return act_command_error (error);
  if (!has_display ()) {
    g_print ("no display; the page: %s\n", uri);
    return ACT_EXIT_OK;
  }
  if (open_page (uri, &error))
    return ACT_EXIT_OK;
  g_prefix_error (&error, "no browser could be started for '%s': ", uri);
  return act_command_error (error);
}
