/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include "locations.h"
#include "storeinfo.h"
#include "toolerror.h"

#define DESCRIPTION "merge"

static const char summary[] =
    "Makes one store of the stores of a run's shards: the shipped description\n"
    "'merge.pipeline' with its variables as options.";

static const char details[] =
    "Example:\n"
    "  gst-activations merge shards/* --output merged\n"
    "\n"
    "The stores, in any order, must be complete and of the same run, and make\n"
    "all of it: batches that none has, or two have, are an error that lists\n"
    "them. The output is a folder that does not exist yet, or that of a merge\n"
    "that was cut off: that goes on.\n"
    "\n"
    "Exit code: 0 done; 1 failed; 2 usage; 130 Ctrl-C, 143 SIGTERM: ended at\n"
    "once; run again it goes on.\n";

typedef struct {
  char **stores;
  char *output;
  char *segment_size;
  char *max_memory;
  gboolean repair;
} Settings;

static void
settings_clear (Settings *settings)
{
  g_strfreev (settings->stores);
  g_free (settings->output);
  g_free (settings->segment_size);
  g_free (settings->max_memory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Settings, settings_clear)

static void
add_options (GOptionContext *context, Settings *settings)
{
  const GOptionEntry entries[] = {
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &settings->output,
        "Folder of the store to make", "DIR" },
    { "segment-size", 0, 0, G_OPTION_ARG_STRING, &settings->segment_size,
        "Batches in each of its files", "N" },
    { "max-memory", 0, 0, G_OPTION_ARG_STRING, &settings->max_memory,
        "Bytes of memory for batches that wait to be written", "BYTES" },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &settings->repair,
        "Write damaged files of a merge that was cut off again", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &settings->stores,
        NULL, NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static void
set_value (GHashTable *values, const char *name, const char *value)
{
  if (value != NULL)
    g_hash_table_replace (values, g_strdup (name), g_strdup (value));
}

static GHashTable *
make_values (const Settings *settings)
{
  GHashTable *values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) stores = g_ptr_array_new ();
  g_autofree char *joined = NULL;

  for (guint i = 0; settings->stores[i] != NULL; i++)
    g_ptr_array_add (stores, settings->stores[i]);
  joined = act_locations_join (stores);
  set_value (values, "stores", joined);
  set_value (values, "output", settings->output);
  set_value (values, "segment-size", settings->segment_size);
  set_value (values, "max-memory", settings->max_memory);
  set_value (values, "repair", settings->repair ? "true" : NULL);
  return values;
}

/* The element would take a store that is complete and have nothing to do; who
 * asks for a merge wants these stores there, not those before. What else may
 * be there it refuses itself. */
gboolean
act_command_merge_check_output (const char *output, GError **error)
{
  g_autofree char *path = g_build_filename (output, ACT_MANIFEST_NAME, NULL);
  g_autoptr (ActManifest) manifest = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  manifest = act_manifest_read (output, error);
  if (manifest == NULL)
    return FALSE;
  if (!manifest->complete)
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the output '%s' is a complete store already", output);
  return FALSE;
}

static gboolean
check_stores (char *const *stores, GError **error)
{
  for (; *stores != NULL; stores++) {
    g_autoptr (ActStoreInfo) info = act_store_info_new (*stores, error);

    if (info == NULL)
      return FALSE;
  }
  return TRUE;
}

int
act_command_merge (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new ("DIR...");
  g_autoptr (GHashTable) values = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_auto (Settings) settings = { NULL };
  ActCommandOptions options = { FALSE };

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  add_options (context, &settings);
  act_command_add_options (context, &options);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("merge", error->message);
  report = options.report;

  if (settings.stores == NULL)
    return act_command_usage_error ("merge", "no folder of a store is given");
  if (settings.output == NULL)
    return act_command_usage_error ("merge", "--output is missing");
  if (!options.print
      && (!check_stores (settings.stores, &error)
          || !act_command_merge_check_output (settings.output, &error)))
    return act_command_error (error);
  values = make_values (&settings);
  return act_command_execute (DESCRIPTION, values, &options);
}
