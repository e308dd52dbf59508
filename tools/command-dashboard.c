/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include <model/runfolder.h>
#include <text/textfiles.h>

#include "device.h"
#include "locations.h"
#include "toolerror.h"

#define DESCRIPTION "dashboard"
#define CUDA_DESCRIPTION "dashboard-cuda"

static const char summary[] =
    "Makes a dashboard of a model over texts: the shipped description\n"
    "'dashboard.pipeline', or 'dashboard-cuda.pipeline', with its variables "
    "as\n"
    "options.";

static const char details[] =
    "Example:\n"
    "  gst-activations dashboard --model DIR --text corpus/*.txt --output DIR\n"
    "\n"
    "The model's folder holds config.json, model.safetensors, tokenizer.json\n"
    "and, unless --clusters names a file, clusters.json; or it is the folder "
    "of a\n"
    "training run, with final_config.yaml.\n"
    "\n"
    "Exit code: 0 done; 1 failed, or not all input came through; 2 usage;\n"
    "130 Ctrl-C, 143 SIGTERM: ended at once, nothing published.\n";

typedef enum { KIND_TEXT, KIND_INTEGER, KIND_SIZE, KIND_NUMBER } Kind;

/* an option is the variable of the same name */
typedef struct {
  const char *name;
  Kind kind;
  const char *help;
  const char *argument;
} Option;

static const Option options_table[] = {
  { "model", KIND_TEXT, "Folder of the model", "DIR" },
  { "output", KIND_TEXT, "Folder to make", "DIR" },
  { "tokenizer", KIND_TEXT, "tokenizer.json, if not the model's", "FILE" },
  { "clusters", KIND_TEXT,
      "clusters.json, merge history .zip, cluster map or ensemble, if not the "
      "model's; or singletons",
      "FILE" },
  { "iteration", KIND_INTEGER,
      "Row of the merge history or ensemble, negative from the end", "N" },
  { "ensemble-run", KIND_INTEGER, "Run of the ensemble, counted from 0", "N" },
  { "run", KIND_TEXT, "Name of the clustering run, part of cluster names",
      "NAME" },
  { "format", KIND_TEXT, "Of the text: auto, plain, lines or jsonl", "FORMAT" },
  { "text-field", KIND_TEXT, "Field with the text in JSON Lines", "NAME" },
  { "invalid-utf8", KIND_TEXT, "Bytes that are not UTF-8: error or replace",
      "WHAT" },
  { "packing", KIND_TEXT, "How documents fill samples: concat or document",
      "PACKING" },
  { "eos-token", KIND_TEXT, "Token that each document begins with", "TOKEN" },
  { "n-ctx", KIND_INTEGER, "Tokens a sample", "N" },
  { "batch-size", KIND_INTEGER, "Samples a batch", "N" },
  { "shard-index", KIND_INTEGER,
      "Which shard of the run to make, counted from 0", "N" },
  { "shard-count", KIND_INTEGER,
      "Into how many shards, of whole batches, the run is cut", "N" },
  { "modules", KIND_TEXT, "Modules to compute: names or patterns like h.1.*",
      "LIST" },
  { "threads", KIND_INTEGER, "Threads of the forward pass, 0 for all", "N" },
  { "precision", KIND_TEXT,
      "Of a CUDA device's matrix products: fp32, tf32 or bf16", "NAME" },
  { "cuda-device-id", KIND_INTEGER, "Which CUDA device, counted from 0", "N" },
  { "memory-budget", KIND_SIZE,
      "Bytes of a CUDA device's memory for batches, 0 for half of what is free",
      "BYTES" },
  { "threshold", KIND_NUMBER,
      "Components that stay below this in a batch are dead there", "X" },
  { "reduction", KIND_TEXT,
      "Of a cluster's components: max, mean, sum, or of a plugin's own",
      "NAME" },
  { "store", KIND_TEXT,
      "Folder of a store that stays: a run that was cut off goes on in it",
      "DIR" },
  { "segment-size", KIND_INTEGER, "Batches in each of the store's files", "N" },
  { "max-memory", KIND_SIZE, "Bytes of memory for activations; more: to disk",
      "BYTES" },
  { "n-samples", KIND_INTEGER, "Samples kept for each criterion", "N" },
  { "criteria", KIND_TEXT, "Such as max_activation-max,mean_activation-min",
      "LIST" },
  { "hist-bins", KIND_INTEGER, "Bins of each histogram", "N" },
  { "activation-threshold", KIND_NUMBER,
      "A token counts for a cluster above this", "X" },
  { "top-n-tokens", KIND_INTEGER, "Most frequent tokens named for a cluster",
      "N" },
  { "sample-scope", KIND_TEXT,
      "Samples of a cluster: of its active-batches, or all", "SCOPE" },
  { "texts", KIND_TEXT, "Texts written: all, or those referenced", "WHICH" },
  { "component-records", KIND_TEXT,
      "Facts about single components too: true or false", "BOOLEAN" },
  { "facts", KIND_TEXT, "More about each cluster: true or false", "BOOLEAN" },
  { "title", KIND_TEXT, "What is run, in words, for the page", "TEXT" },
  { "viewer", KIND_TEXT, "A page that shows the dashboard: true or false",
      "BOOLEAN" },
  { "component-details", KIND_TEXT,
      "On it, each component by itself too: true or false", "BOOLEAN" },
  { "n-random", KIND_INTEGER, "Random samples of each cluster", "N" },
  { "seed", KIND_TEXT, "Of the random samples: 0 to 2^64 - 1", "N" },
  { "n-coactivating", KIND_INTEGER,
      "Clusters named that are active together with a cluster", "N" },
  { "min-token-count", KIND_INTEGER,
      "Tokens counted less often are not ranked by lift", "N" },
};

typedef struct {
  GHashTable *values;
  GPtrArray *texts;
  char *device; /* NULL: "cpu" */
  gboolean overwrite;
  gboolean repair;
} Settings;

static const Option *
find_option (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (options_table); i++)
    if (g_str_equal (options_table[i].name, name))
      return &options_table[i];
  return NULL;
}

static gboolean
is_valid (Kind kind, const char *value)
{
  char *end = NULL;
  gint64 integer;

  if (kind == KIND_INTEGER)
    return g_ascii_string_to_signed (
        value, 10, G_MININT, G_MAXINT, &integer, NULL);
  if (kind == KIND_SIZE)
    return g_ascii_string_to_signed (value, 10, 0, G_MAXINT64, &integer, NULL);
  if (kind == KIND_NUMBER)
    g_ascii_strtod (value, &end);
  return kind == KIND_TEXT || (*value != '\0' && *end == '\0');
}

static gboolean
on_option (const gchar *flag, const gchar *value, gpointer data, GError **error)
{
  Settings *settings = data;
  const Option *option = find_option (flag + strlen ("--"));

  if (!is_valid (option->kind, value)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "%s takes %s number, not '%s'", flag,
        option->kind == KIND_NUMBER ? "a" : "a whole", value);
    return FALSE;
  }
  g_hash_table_replace (
      settings->values, g_strdup (option->name), g_strdup (value));
  return TRUE;
}

/* "--text a b c": the first is the option's, the shell's others are left */
static gboolean
on_text (const gchar *flag, const gchar *value, gpointer data, GError **error)
{
  g_ptr_array_add (((Settings *) data)->texts, g_strdup (value));
  return TRUE;
}

static GOptionGroup *
make_group (Settings *settings)
{
  GOptionGroup *group =
      g_option_group_new ("dashboard", "", "", settings, NULL);
  GArray *entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  GOptionEntry text = { "text", 't', G_OPTION_FLAG_FILENAME,
    G_OPTION_ARG_CALLBACK, on_text, "Text files, folders or globs", "PATH..." };
  GOptionEntry rest = { G_OPTION_REMAINING, 0, G_OPTION_FLAG_FILENAME,
    G_OPTION_ARG_CALLBACK, on_text, NULL, NULL };
  GOptionEntry overwrite = { "overwrite", 0, 0, G_OPTION_ARG_NONE,
    &settings->overwrite, "Replace an earlier output, or an empty folder",
    NULL };
  GOptionEntry device = { "device", 0, 0, G_OPTION_ARG_STRING,
    &settings->device,
    "Where to compute: cpu, cuda, or auto for cuda if it works", "DEVICE" };
  GOptionEntry repair = { "repair", 0, 0, G_OPTION_ARG_NONE, &settings->repair,
    "Make the batches of damaged files of the store again", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (options_table); i++) {
    GOptionEntry entry = { options_table[i].name, 0, G_OPTION_FLAG_FILENAME,
      G_OPTION_ARG_CALLBACK, on_option, options_table[i].help,
      options_table[i].argument };

    g_array_append_val (entries, entry);
    if (i == 0)
      g_array_append_val (entries, text);
  }
  g_array_append_val (entries, device);
  g_array_append_val (entries, repair);
  g_array_append_val (entries, overwrite);
  g_array_append_val (entries, rest);
  g_option_group_add_entries (group, (GOptionEntry *) (gpointer) entries->data);
  g_array_unref (entries);
  return group;
}

static char *
find_missing (const Settings *settings)
{
  static const char *const needed[] = { "model", "output" };

  if (settings->texts->len == 0)
    return g_strdup ("--text is missing");
  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    if (!g_hash_table_contains (settings->values, needed[i]))
      return g_strdup_printf ("--%s is missing", needed[i]);
  return NULL;
}

/* An element would find it out too, but one further down first, and it would
 * name what it misses: that the model's folder is wrong says neither. */
static gboolean
check_model (const char *model, GError **error)
{
  static const char *const files[] = { "config.json", "model.safetensors" };

  if (!g_file_test (model, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "the model '%s' %s", model,
        g_file_test (model, G_FILE_TEST_EXISTS)
            ? "is no folder, expected the folder of a model"
            : "does not exist, expected the folder of a model");
    return FALSE;
  }
  if (act_run_folder_is (model))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (model, files[i], NULL);

    if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
      g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
          "the folder '%s' is not a model's: it has no %s", model, files[i]);
      return FALSE;
    }
  }
  return TRUE;
}

/* of a training run there is none, and the model's own may be elsewhere */
static gboolean
check_clusters (const Settings *settings, GError **error)
{
  const char *model = g_hash_table_lookup (settings->values, "model");
  g_autofree char *path = g_build_filename (model, "clusters.json", NULL);

  if (g_hash_table_contains (settings->values, "clusters")
      || g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the model '%s' has no clusters.json: --clusters names a file of them,"
      " and 'singletons' makes each component a cluster",
      model);
  return FALSE;
}

static gboolean
check_inputs (const Settings *settings, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;

  if (!check_model (g_hash_table_lookup (settings->values, "model"), error)
      || !check_clusters (settings, error))
    return FALSE;
  files = act_text_files_find ((const char *const *) settings->texts->pdata,
      settings->texts->len, error);
  if (files == NULL)
    g_prefix_error (error, "text ");
  return files != NULL;
}

/* "MODEL, TEXT and 3 more": of each the last part of its name */
static char *
make_title (const Settings *settings)
{
  const char *model_folder = g_hash_table_lookup (settings->values, "model");
  g_autofree char *model = g_path_get_basename (model_folder);
  g_autofree char *text = g_path_get_basename (settings->texts->pdata[0]);

  if (settings->texts->len == 1)
    return g_strdup_printf ("%s, %s", model, text);
  return g_strdup_printf (
      "%s, %s and %u more", model, text, settings->texts->len - 1);
}

static void
settle_values (Settings *settings)
{
  if (!g_hash_table_contains (settings->values, "title"))
    g_hash_table_replace (
        settings->values, g_strdup ("title"), make_title (settings));
  g_hash_table_replace (settings->values, g_strdup ("text"),
      act_locations_join (settings->texts));
  if (settings->repair)
    g_hash_table_replace (
        settings->values, g_strdup ("repair"), g_strdup ("true"));
  if (settings->overwrite)
    g_hash_table_replace (
        settings->values, g_strdup ("overwrite"), g_strdup ("true"));
}

/* what the other description does not have */
static const char *const cpu_only[] = { "threads" };
static const char *const cuda_only[] = { "precision", "cuda-device-id",
  "memory-budget" };

static void
drop_values (Settings *settings, const char *const *names, guint n)
{
  for (guint i = 0; i < n; i++)
    g_hash_table_remove (settings->values, names[i]);
}

/* auto: whether CUDA works, and says what it comes to */
static gboolean
is_cuda_there (Settings *settings)
{
  const char *id = g_hash_table_lookup (settings->values, "cuda-device-id");
  g_autofree char *name = NULL, *reason = NULL;

  if (act_device_probe (id != NULL ? atoi (id) : -1, &name, &reason)) {
    g_printerr ("device: CUDA ('%s')\n", name);
    return TRUE;
  }
  g_printerr ("device: CPU (%s)\n", reason);
  return FALSE;
}

/* The elements would find it out too, but only once the model is read. */
static gboolean
check_device (Settings *settings, GError **error)
{
  const char *id = g_hash_table_lookup (settings->values, "cuda-device-id");
  g_autofree char *name = NULL, *reason = NULL;

  if (g_strcmp0 (settings->device, "cuda") != 0
      || act_device_probe (id != NULL ? atoi (id) : -1, &name, &reason))
    return TRUE;
  g_set_error_literal (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED, reason);
  return FALSE;
}

/* The description to run; NULL: *problem (transfer full) says what was wrong.
 */
static const char *
choose_description (Settings *settings, char **problem)
{
  const char *device = settings->device != NULL ? settings->device : "cpu";
  gboolean is_auto = g_str_equal (device, "auto");

  if (g_str_equal (device, "cuda") || (is_auto && is_cuda_there (settings))) {
    /* it changes the time and nothing else */
    drop_values (settings, cpu_only, G_N_ELEMENTS (cpu_only));
    return CUDA_DESCRIPTION;
  }
  if (!is_auto && !g_str_equal (device, "cpu")) {
    *problem = g_strdup_printf (
        "--device takes cpu, cuda or auto, not '%s'", settings->device);
    return NULL;
  }
  for (guint i = 0; !is_auto && i < G_N_ELEMENTS (cuda_only); i++) {
    if (!g_hash_table_contains (settings->values, cuda_only[i]))
      continue;
    *problem =
        g_strdup_printf ("--%s is for --device cuda or auto", cuda_only[i]);
    return NULL;
  }
  drop_values (settings, cuda_only, G_N_ELEMENTS (cuda_only));
  return DESCRIPTION;
}

int
act_command_dashboard (char **command_line)
{
  g_auto (GStrv) arguments = command_line;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GHashTable) values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *problem = NULL, *report = NULL;
  Settings settings = { values, texts };
  g_autofree char *device = NULL;
  ActCommandOptions options = { FALSE };
  const char *description;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, details);
  g_option_context_set_main_group (context, make_group (&settings));
  act_command_add_options (context, &options);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    return act_command_usage_error ("dashboard", error->message);
  report = options.report;
  device = settings.device;

  problem = find_missing (&settings);
  description =
      problem == NULL ? choose_description (&settings, &problem) : NULL;
  if (problem != NULL)
    return act_command_usage_error ("dashboard", problem);
  settle_values (&settings);
  if (!options.print
      && (!check_inputs (&settings, &error)
          || !check_device (&settings, &error)))
    return act_command_error (error);
  return act_command_execute (description, values, &options);
}
