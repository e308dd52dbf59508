/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "launch.h"

#include <string.h>

#include "checkvalues.h"
#include "reductions.h"

void
act_launch_add_plugins (void)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPluginFeature) store =
      gst_registry_lookup_feature (registry, "actstore");

  if (store == NULL)
    gst_registry_scan_path (registry, ACT_PLUGINS_DIR);
}

gboolean
act_launch_check (const char *const *words, GError **error)
{
  act_launch_add_plugins ();
  return act_reductions_check (words, error) && act_check_values (words, error);
}

GstElement *
act_launch_build (const char *const *words, ActProblem **problem)
{
  g_autofree char *line = g_strjoinv (" ", (char **) words);
  g_autoptr (GError) error = NULL;
  GstElement *element, *pipeline;

  act_launch_add_plugins ();
  /* without the flag a broken pipeline comes back together with an error */
  element =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (error != NULL) {
    *problem = act_problem_new_from_parse_error (error);
    gst_clear_object (&element);
    return NULL;
  }
  if (GST_IS_PIPELINE (element))
    return element;
  pipeline = gst_pipeline_new (NULL);
  gst_bin_add (GST_BIN (pipeline), element);
  return pipeline;
}

static gboolean
is_shell_safe (const char *word)
{
  for (const char *p = word; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_-+=:,./%@", *p) == NULL)
      return FALSE;
  return *word != '\0';
}

char *
act_launch_shell_line (const char *const *words)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++) {
    g_autofree char *quoted = NULL;

    /* a shell has no meaning for "!" on its own */
    if (is_shell_safe (words[i]) || g_str_equal (words[i], "!"))
      quoted = g_strdup (words[i]);
    else
      quoted = g_shell_quote (words[i]);
    g_string_append_printf (line, "%s%s", i > 0 ? " " : "", quoted);
  }
  return g_string_free (line, FALSE);
}
