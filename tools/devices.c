/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "devices.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "locations.h"
#include "toolerror.h"

/* what each shard gets values of its own for */
static const char *const own[] = { "shard-index", "shard-count",
  "cuda-device-id" };

typedef struct {
  GPid pid; /* 0: it has ended */
  struct Run *run;
} Shard;

typedef struct Run {
  GMainLoop *loop;
  guint n;
  Shard *shards;
  GPtrArray *folders; /* of their stores */
  guint n_running;
  int code; /* the first that is not 0 */
} Run;

/* --- what was asked for --- */

static gboolean
parse_devices (const char *list, GArray *devices, GError **error)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  for (guint i = 0; words[i] != NULL; i++) {
    gint64 id;
    int device;

    if (!g_ascii_string_to_signed (words[i], 10, 0, G_MAXINT, &id, NULL)) {
      g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
          "--devices takes numbers of devices with commas between, not '%s'",
          list);
      return FALSE;
    }
    device = (int) id;
    g_array_append_val (devices, device);
  }
  return TRUE;
}

static gboolean
check_values (GHashTable *values, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
    if (!g_hash_table_contains (values, own[i]))
      continue;
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "with --devices each shard has its own '%s'", own[i]);
    return FALSE;
  }
  if (g_hash_table_contains (values, "output")
      || !g_hash_table_contains (values, "store")) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "--devices is for a description that ends in a store, as "
        "'store-cuda' does: it needs store=DIR and has no output");
    return FALSE;
  }
  return TRUE;
}

/* --- one process a shard --- */

static gboolean
on_start_error (GError *error)
{
  g_printerr ("error: a shard could not be started: %s\n", error->message);
  return FALSE;
}

/* In the child: a signal from the terminal is passed on once, not sent twice;
 * and it ends when its parent is killed. */
static void
in_child (gpointer data)
{
  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static void
signal_all (Run *run, int number)
{
  for (guint i = 0; i < run->n; i++)
    if (run->shards[i].pid != 0)
      kill (run->shards[i].pid, number);
}

static int
exit_code (int status)
{
  if (WIFEXITED (status))
    return WEXITSTATUS (status);
  return ACT_EXIT_SIGNAL + (WIFSIGNALED (status) ? WTERMSIG (status) : 0);
}

/* without all shards there is nothing to merge: the others end too, and go on
 * where they stopped when all is run again */
static void
on_end (GPid pid, int status, gpointer data)
{
  Shard *shard = data;
  Run *run = shard->run;
  int code = exit_code (status);

  shard->pid = 0;
  g_spawn_close_pid (pid);
  if (code != 0 && run->code == 0) {
    run->code = code;
    signal_all (run, SIGTERM);
  }
  if (--run->n_running == 0)
    g_main_loop_quit (run->loop);
}

static char **
arguments_of (const char *description, GHashTable *values, const char *store,
    guint index, guint n, int device)
{
  GPtrArray *words = g_ptr_array_new ();
  GHashTableIter i;
  gpointer name, value;

  g_ptr_array_add (words, g_strdup ("gst-activations"));
  g_ptr_array_add (words, g_strdup ("run"));
  g_ptr_array_add (words, g_strdup ("--quiet"));
  g_ptr_array_add (words, g_strdup (description));
  g_hash_table_iter_init (&i, values);
  while (g_hash_table_iter_next (&i, &name, &value))
    if (!g_str_equal (name, "store"))
      g_ptr_array_add (words,
          g_strdup_printf ("%s=%s", (const char *) name, (const char *) value));
  g_ptr_array_add (words, g_strdup_printf ("store=%s", store));
  g_ptr_array_add (words, g_strdup_printf ("shard-index=%u", index));
  g_ptr_array_add (words, g_strdup_printf ("shard-count=%u", n));
  g_ptr_array_add (words, g_strdup_printf ("cuda-device-id=%d", device));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}

static gboolean
start (Run *run, guint index, char **arguments)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Shard *shard = &run->shards[index];

  /* the program's path, then its arguments */
  g_ptr_array_add (words, program != NULL ? program : arguments[0]);
  for (guint i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (words, arguments[i]);
  g_ptr_array_add (words, NULL);
  shard->run = run;
  if (!g_spawn_async (NULL, (char **) words->pdata, NULL,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_FILE_AND_ARGV_ZERO
              | G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_SEARCH_PATH,
          in_child, NULL, &shard->pid, &error))
    return on_start_error (error);
  run->n_running++;
  g_child_watch_add (shard->pid, on_end, shard);
  return TRUE;
}

static gboolean
on_interrupt (gpointer data)
{
  signal_all (data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_terminate (gpointer data)
{
  signal_all (data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static void
wait_for_all (Run *run)
{
  guint watches[] = {
    g_unix_signal_add (SIGINT, on_interrupt, run),
    g_unix_signal_add (SIGTERM, on_terminate, run),
    g_unix_signal_add (SIGHUP, on_terminate, run),
  };

  if (run->n_running > 0)
    g_main_loop_run (run->loop);
  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    g_source_remove (watches[i]);
}

static int
run_shards (Run *run, const char *description, GHashTable *values,
    const GArray *devices)
{
  for (guint i = 0; i < run->n; i++) {
    g_auto (GStrv) arguments = arguments_of (description, values,
        run->folders->pdata[i], i, run->n, g_array_index (devices, int, i));

    if (start (run, i, arguments))
      continue;
    run->code = ACT_EXIT_FAILED;
    signal_all (run, SIGTERM);
    break;
  }
  wait_for_all (run);
  return run->code;
}

/* --- one store of theirs --- */

/* A store's folder is flat. What cannot be removed is left. */
static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  if (g_rmdir (folder) != 0)
    g_printerr ("warning: the folder '%s', which was merged, could not be "
                "removed\n",
        folder);
}

static int
merge (Run *run, const char *store, const ActCommandOptions *options)
{
  g_autoptr (GHashTable) values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  int code;

  g_hash_table_insert (
      values, g_strdup ("stores"), act_locations_join (run->folders));
  g_hash_table_insert (values, g_strdup ("output"), g_strdup (store));
  code = act_command_execute ("merge", values, options);
  for (guint i = 0; code == 0 && i < run->n; i++)
    remove_folder (run->folders->pdata[i]);
  return code;
}

static void
run_init (Run *run, guint n, const char *store)
{
  run->loop = g_main_loop_new (NULL, FALSE);
  run->n = n;
  run->shards = g_new0 (Shard, n);
  run->folders = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (
        run->folders, g_strdup_printf ("%s.shard-%u-of-%u", store, i, n));
}

static void
run_clear (Run *run)
{
  g_main_loop_unref (run->loop);
  g_free (run->shards);
  g_ptr_array_unref (run->folders);
}

int
act_devices_run (const char *list, const char *description, GHashTable *values,
    const ActCommandOptions *options)
{
  g_autoptr (GArray) devices = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GError) error = NULL;
  const char *store = g_hash_table_lookup (values, "store");
  Run run = { NULL };
  int code;

  if (!parse_devices (list, devices, &error) || !check_values (values, &error)
      || !act_command_merge_check_output (store, &error))
    return act_command_error (error);
  if (options->print || options->dry_run)
    return act_command_usage_error ("run",
        "--devices runs several pipelines: --print and --dry-run show "
        "and check one of them without it");
  run_init (&run, devices->len, store);
  code = run_shards (&run, description, values, devices);
  if (code == 0)
    code = merge (&run, store, options);
  run_clear (&run);
  return code;
}
