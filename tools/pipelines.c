/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pipelines.h"

#include <string.h>

#include "description.h"
#include "toolerror.h"

#define SUFFIX ".pipeline"

static const char *
get_folder (void)
{
  const char *folder = g_getenv ("GST_ACTIVATIONS_PIPELINES");

  return folder != NULL && *folder != '\0' ? folder : ACT_PIPELINES_DIR;
}

/* a folder of that name is no description; a pipe may be one */
static gboolean
is_description (const char *filename)
{
  return g_file_test (filename, G_FILE_TEST_EXISTS)
      && !g_file_test (filename, G_FILE_TEST_IS_DIR);
}

char *
act_pipelines_find (const char *name, GError **error)
{
  g_autofree char *with_suffix = g_strconcat (name, SUFFIX, NULL);
  g_autofree char *shipped = g_build_filename (get_folder (), name, NULL);
  g_autofree char *shipped_with_suffix =
      g_build_filename (get_folder (), with_suffix, NULL);
  const char *candidates[] = { name, shipped, shipped_with_suffix };

  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (is_description (candidates[i]))
      return g_strdup (candidates[i]);
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
      "no pipeline description '%s', here or in '%s'", name, get_folder ());
  return NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

static void
add_line (GString *out, const char *name)
{
  g_autofree char *entry = g_strconcat (name, SUFFIX, NULL);
  g_autofree char *filename = g_build_filename (get_folder (), entry, NULL);
  g_autoptr (ActDescription) description =
      act_description_load (filename, NULL);
  const char *title = NULL;

  if (description)
    title = act_description_get_title (description);
  g_string_append_printf (out, "  %-16s  %s\n", name, title ? title : "");
}

char *
act_pipelines_list (GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) folder = g_dir_open (get_folder (), 0, &local);
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (g_free);
  GString *out;
  const char *entry;

  if (folder == NULL) {
    g_set_error (
        error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED, "%s", local->message);
    return NULL;
  }
  while ((entry = g_dir_read_name (folder)) != NULL)
    if (g_str_has_suffix (entry, SUFFIX))
      g_ptr_array_add (
          entries, g_strndup (entry, strlen (entry) - strlen (SUFFIX)));
  g_ptr_array_sort (entries, compare_names);
  out = g_string_new (NULL);
  for (guint i = 0; i < entries->len; i++)
    add_line (out, g_ptr_array_index (entries, i));
  return g_string_free (out, FALSE);
}
