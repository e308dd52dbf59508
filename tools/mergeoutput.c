/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mergeoutput.h"

#include <errno.h>

#include <glib/gstdio.h>

#include <acterror.h>
#include <formats/output.h>

#include "command.h"
#include "storeinfo.h"
#include "toolerror.h"

/* --- its manifest --- */

/* nothing that is not of a store: nobody misses it */
static gboolean
is_store_alone (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.' && !act_store_is_segment (name)
        && !act_store_is_early (name) && !g_str_equal (name, ACT_MANIFEST_NAME))
      return FALSE;
  return dir != NULL;
}

/* Takes what is wrong with it. Nobody knows what the segments are: all of it
 * will be made again. */
static gboolean
drop_manifest (
    const char *output, const char *path, GError *fault, GError **error)
{
  g_autoptr (GError) taken = fault;

  g_printerr ("repairing: %s\n", taken->message);
  if (g_unlink (path) == 0)
    return TRUE;
  act_set_errno_error (
      error, errno, TRUE, "cannot remove '%s' of '%s'", path, output);
  return FALSE;
}

/* *info stays NULL where there is none */
static gboolean
read_manifest (
    const char *output, gboolean repair, ActStoreInfo **info, GError **error)
{
  g_autofree char *path = g_build_filename (output, ACT_MANIFEST_NAME, NULL);
  GError *fault = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  *info = act_store_info_new (output, &fault);
  if (*info != NULL)
    return TRUE;
  if (repair && act_store_is_damage (fault) && is_store_alone (output))
    return drop_manifest (output, path, fault, error);
  g_propagate_error (error, fault);
  return FALSE;
}

/* The element would take a store that is complete and have nothing to do; who
 * asks for a merge wants these stores there, not those before. What else may
 * be there it refuses itself. */
gboolean
act_command_merge_check_output (const char *output, GError **error)
{
  g_autoptr (ActStoreInfo) info = NULL;

  if (!read_manifest (output, FALSE, &info, error))
    return FALSE;
  if (info == NULL || !info->manifest->complete)
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the output '%s' is a complete store already", output);
  return FALSE;
}

/* --- what it is --- */

/* whether a store that is complete is what a merge of these would give, as far
 * as can be told without reading it */
static gboolean
is_merge_of (const char *output, const ActStoreSet *set)
{
  g_autoptr (ActStoreSet) made =
      act_store_set_open (&output, 1, ACT_STORE_SET_PART, NULL, NULL);

  return made != NULL
      && act_identity_check_same (act_store_set_get_identity (made), "",
          act_store_set_get_identity (set), "", NULL)
      && act_store_set_get_first_batch (made)
      == act_store_set_get_first_batch (set)
      && act_store_set_get_n_batches (made) == act_store_set_get_n_batches (set)
      && act_store_set_get_n_samples (made) == act_store_set_get_n_samples (set)
      && act_store_set_get_n_values (made) == act_store_set_get_n_values (set);
}

/* --- whether it is whole --- */

/* what stands beside the segments, and has no checksum */
static gboolean
check_early (const char *output, const ActStoreSet *set, GError **error)
{
  static const char *const names[] = { ACT_STORE_CLUSTERS_NAME,
    ACT_STORE_VOCABULARY_NAME };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (output, names[i], NULL);
    g_autofree char *source =
        g_build_filename (act_store_set_get_folder (set), names[i], NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS)
        || !g_file_test (source, G_FILE_TEST_EXISTS))
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is damaged: it has lost its %s", output, names[i]);
    return FALSE;
  }
  return TRUE;
}

static void
take_first (const GError *fault, gpointer user_data)
{
  GError **first = user_data;

  if (*first == NULL)
    *first = g_error_copy (fault);
}

/* what is wrong with it, or NULL; repair: by reading it */
static GError *
find_fault (const ActStoreInfo *info, const ActStoreSet *set, gboolean repair)
{
  GError *fault = NULL;

  if (check_early (info->folder, set, &fault)
      && act_store_info_check_files (info, &fault) && repair)
    act_store_info_verify (info, take_first, &fault);
  return fault;
}

static gboolean
check_whole (const ActStoreInfo *info, const ActStoreSet *set, gboolean repair,
    gboolean *done, GError **error)
{
  GError *fault = find_fault (info, set, repair);

  *done = fault == NULL;
  if (fault == NULL)
    return TRUE;
  if (repair) {
    g_printerr ("repairing: %s\n", fault->message);
    g_error_free (fault);
    return TRUE;
  }
  act_store_add_remedy (fault, ACT_MERGE_OUTPUT_REMEDY);
  g_propagate_error (error, fault);
  return FALSE;
}

gboolean
act_merge_output_check (const char *output, const ActStoreSet *set,
    gboolean repair, gboolean *done, GError **error)
{
  g_autoptr (ActStoreInfo) info = NULL;
  GError *problem = NULL;

  *done = FALSE;
  if (!read_manifest (output, repair, &info, &problem)) {
    if (!repair && act_store_is_damage (problem))
      act_store_add_remedy (problem, ACT_MERGE_OUTPUT_REMEDY);
    g_propagate_error (error, problem);
    return FALSE;
  }
  if (info == NULL || !info->manifest->complete)
    return TRUE;
  if (is_merge_of (output, set))
    return check_whole (info, set, repair, done, error);
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the output '%s' is a complete store already, and of something else",
      output);
  return FALSE;
}
