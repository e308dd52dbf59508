/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include "storeinfo.h"
#include "toolerror.h"
#include "units.h"

static const char summary[] =
    "Says what is in the folders of stores, or checks them.\n"
    "\n"
    "  info    whose activations, how many, which shard, and whether all "
    "came;\n"
    "          a line each, fingerprints by their first digits\n"
    "  verify  reads every segment: its size, checksum and contents";

static const char details[] =
    "Examples:\n"
    "  gst-activations store info shards/*\n"
    "  gst-activations store info --json shards/0\n"
    "  gst-activations store verify merged\n"
    "\n"
    "A store is a folder that 'store' of a description, --store of dashboard\n"
    "or --output of merge named. A file that is damaged is named in a line of\n"
    "its own; run again with repair=true, a run makes its batches anew.\n"
    "\n"
    "Exit code: 0 fine; 1 a folder is no store, or damaged; 2 usage.\n";

static gboolean
open_all (char **folders, GPtrArray *infos)
{
  gboolean all = TRUE;

  for (; *folders != NULL; folders++) {
    g_autoptr (GError) error = NULL;
    ActStoreInfo *info = act_store_info_new (*folders, &error);

    if (info != NULL) {
      g_ptr_array_add (infos, info);
    } else {
      act_command_error (error);
      all = FALSE;
    }
  }
  return all;
}

static void
print_fault (const GError *error, gpointer user_data)
{
  act_command_error (error);
}

static gboolean
verify_all (const GPtrArray *infos)
{
  gboolean fine = TRUE;

  for (guint i = 0; i < infos->len; i++) {
    const ActStoreInfo *info = infos->pdata[i];
    g_autofree char *count = act_units_count (info->manifest->segments->len);

    if (act_store_info_verify (info, print_fault, NULL) == 0)
      g_print ("%s: fine, segments %s%s\n", info->folder, count,
          info->manifest->complete ? "" : ", not complete");
    else
      fine = FALSE;
  }
  return fine;
}

static void
print_infos (const GPtrArray *infos, gboolean as_json)
{
  g_autofree char *text = NULL;

  if (!as_json && infos->len == 0)
    return;
  text = as_json ? act_store_info_json (infos) : act_store_info_table (infos);
  g_print ("%s", text);
}

static const char *
find_problem (char **words, gboolean as_json)
{
  gboolean verify;

  if (words == NULL)
    return "expected info or verify";
  verify = g_str_equal (words[0], "verify");
  if (!verify && !g_str_equal (words[0], "info"))
    return "expected info or verify first";
  if (words[1] == NULL)
    return "no folder of a store is given";
  return verify && as_json ? "--json is of info alone" : NULL;
}

int
act_command_store (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context =
      g_option_context_new ("info|verify DIR...");
  g_autoptr (GPtrArray) infos =
      g_ptr_array_new_with_free_func ((GDestroyNotify) act_store_info_free);
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  gboolean as_json = FALSE, fine;
  const char *problem;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json,
        "info: everything, as a list of JSON objects", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL,
        NULL },
    { NULL },
  };

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("store", error->message);
  problem = find_problem (words, as_json);
  if (problem != NULL)
    return act_command_usage_error ("store", problem);

  fine = open_all (words + 1, infos);
  if (g_str_equal (words[0], "verify"))
    fine &= verify_all (infos);
  else
    print_infos (infos, as_json);
  return fine ? ACT_EXIT_OK : ACT_EXIT_FAILED;
}
