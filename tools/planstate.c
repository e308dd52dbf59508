/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planstate.h"

#include <string.h>

#include <acterror.h>
#include <formats/tokens.h>

#include "store/ranges.h"
#include "toolerror.h"

void
act_shard_clear (ActShard *shard)
{
  g_clear_pointer (&shard->info, act_store_info_free);
  g_clear_pointer (&shard->fault, g_free);
}

char *
act_shard_plan_repair_command (const ActShardPlan *plan, guint number)
{
  g_autofree char *name = g_shell_quote (plan->filename);

  return g_strdup_printf (
      "gst-activations run --plan %s --shard %u --repair", name, number);
}

/* --- whether it is the plan's --- */

static gboolean
check_totals (const ActShardPlan *plan, const char *store,
    const ActManifest *manifest, GError **error)
{
  if (!manifest->complete
      || (manifest->run_batches == plan->run_batches
          && manifest->run_samples == plan->run_samples))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the input has changed since '%s' was made: by the store '%s' the run "
      "has %" G_GUINT64_FORMAT " batches and %" G_GUINT64_FORMAT
      " samples, in the plan %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT,
      plan->filename, store, manifest->run_batches, manifest->run_samples,
      plan->run_batches, plan->run_samples);
  return FALSE;
}

static gboolean
check_is_shard (const ActShardPlan *plan, guint number, const char *store,
    const ActManifest *manifest, GError **error)
{
  if (manifest->shard_count == 0
      || (manifest->shard_count == plan->n_shards
          && manifest->shard_index == number))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the store '%s' is of shard %u of %u, expected %u of %u", store,
      manifest->shard_index, manifest->shard_count, number, plan->n_shards);
  return FALSE;
}

static gboolean
check_is_ours (const ActShardPlan *plan, guint number, const char *store,
    const ActManifest *manifest, GError **error)
{
  g_autofree char *name = g_strdup_printf ("the store '%s'", store);
  g_autofree char *plan_name = g_strdup_printf ("'%s'", plan->filename);

  return act_identity_check_same (
             manifest->identity, name, plan->identity, plan_name, error)
      && check_is_shard (plan, number, store, manifest, error)
      && check_totals (plan, store, manifest, error);
}

/* --- one shard --- */

/* Takes what is wrong with it. */
static void
set_fault (ActShard *shard, GError *fault)
{
  shard->state = ACT_SHARD_DAMAGED;
  shard->fault = g_strdup (fault->message);
  g_error_free (fault);
}

/* Takes what says that a store is not the plan's. */
static void
name_remedy (const char *store, GError *problem, GError **error)
{
  g_autofree char *remedy =
      g_strdup_printf ("remove '%s' and run it again", store);

  act_store_add_remedy (problem, remedy);
  g_propagate_error (error, problem);
}

gboolean
act_shard_plan_look (
    const ActShardPlan *plan, guint number, ActShard *shard, GError **error)
{
  g_autofree char *store = act_shard_plan_get_store (plan, number);
  g_autofree char *path = g_build_filename (store, ACT_MANIFEST_NAME, NULL);
  g_autoptr (ActStoreInfo) info = NULL;
  g_autoptr (GError) problem = NULL;

  *shard = (ActShard){ ACT_SHARD_ABSENT, NULL, NULL };
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  info = act_store_info_new (store, &problem);
  if (info == NULL && act_store_is_damage (problem)) {
    set_fault (shard, g_steal_pointer (&problem));
    return TRUE;
  }
  if (info == NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (!check_is_ours (plan, number, store, info->manifest, &problem)) {
    name_remedy (store, g_steal_pointer (&problem), error);
    return FALSE;
  }
  shard->state =
      info->manifest->complete ? ACT_SHARD_COMPLETE : ACT_SHARD_BEGUN;
  if (!act_store_info_check_files (info, &problem))
    set_fault (shard, g_steal_pointer (&problem));
  shard->info = g_steal_pointer (&info);
  return TRUE;
}

/* --- reading it --- */

static gboolean
add_digests (const ActStoreInfo *info, const ActSegmentFile *file,
    GArray *digests, GError **error)
{
  const ActStoreShape shape = act_identity_get_shape (info->manifest->identity);
  g_autoptr (ActSegment) segment = act_segment_file_open (
      info->folder, file, &shape, info->manifest->clusters_stored, error);

  if (segment == NULL)
    return FALSE;
  for (gsize b = 0; b < act_segment_get_n_batches (segment); b++) {
    gsize n_samples = act_segment_get_range (segment, b).n_samples;
    guint64 digest = act_tokens_digest (
        act_segment_get_tokens (segment, b), n_samples * shape.n_ctx);

    g_array_append_val (digests, digest);
  }
  return TRUE;
}

static gboolean
check_tokens (const ActShardPlan *plan, guint number, const ActStoreInfo *info,
    GError **error)
{
  const GArray *files = info->manifest->segments;
  g_autoptr (GArray) digests = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint64 first, end;

  if (plan->tokens == NULL)
    return TRUE;
  for (guint i = 0; i < files->len; i++)
    if (!add_digests (
            info, &g_array_index (files, ActSegmentFile, i), digests, error))
      return FALSE;
  act_shard_plan_get_range (plan, number, &first, &end);
  if (plan->tokens[number]
      == act_tokens_digest_shard (first, plan->run_batches, plan->run_samples,
          (const guint64 *) digests->data, digests->len))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the store '%s' has other tokens than '%s' was made with: it is of "
      "another input; remove '%s' and run it again",
      info->folder, plan->filename, info->folder);
  return FALSE;
}

static void
take_fault (const GError *error, gpointer data)
{
  ActShard *shard = data;

  if (shard->fault == NULL)
    set_fault (shard, g_error_copy (error));
}

gboolean
act_shard_plan_verify (
    const ActShardPlan *plan, guint number, ActShard *shard, GError **error)
{
  if (!act_shard_plan_look (plan, number, shard, error))
    return FALSE;
  return shard->state != ACT_SHARD_COMPLETE
      || act_store_info_verify (shard->info, take_fault, shard) > 0
      || check_tokens (plan, number, shard->info, error);
}

/* --- all of them --- */

/* what a shard that is not complete lacks; its segments are in order */
static void
add_missing_batches (const ActShardPlan *plan, guint number,
    const ActStoreInfo *info, ActRanges *missing)
{
  const GArray *segments = info != NULL ? info->manifest->segments : NULL;
  guint64 at, end;

  act_shard_plan_get_range (plan, number, &at, &end);
  for (guint i = 0; segments != NULL && i < segments->len; i++) {
    const ActSegmentFile *file = &g_array_index (segments, ActSegmentFile, i);

    if (!act_store_info_check_file (info, file, NULL))
      continue;
    act_ranges_add (missing, at, file->first_batch);
    at = file->first_batch + file->n_batches;
  }
  act_ranges_add (missing, at, end);
}

char *
act_shard_plan_list_missing (
    const ActShardPlan *plan, gboolean verify, ActShardFault on_fault)
{
  g_auto (ActRanges) missing = { NULL };

  for (guint i = 0; i < plan->n_shards; i++) {
    g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };
    g_autoptr (GError) error = NULL;

    if (!(verify ? act_shard_plan_verify : act_shard_plan_look) (
            plan, i, &shard, &error)) {
      on_fault (i, error->message);
      continue;
    }
    if (shard.state == ACT_SHARD_COMPLETE)
      continue;
    act_ranges_add (&missing, i, (guint64) i + 1);
    if (shard.fault != NULL)
      on_fault (i, shard.fault);
  }
  return act_ranges_to_string (&missing, ",");
}

/* the first fault, and what repairs it */
static void
describe_fault (
    const ActShardPlan *plan, guint number, const char *fault, GString *out)
{
  g_autofree char *command = act_shard_plan_repair_command (plan, number);

  if (out->len == 0)
    g_string_append_printf (out, "; shard %u is damaged: %s; to repair it: %s",
        number, fault, command);
}

gboolean
act_shard_plan_check_complete (const ActShardPlan *plan, GError **error)
{
  g_auto (ActRanges) shards = { NULL }, batches = { NULL };
  g_autofree char *shard_text = NULL, *batch_text = NULL;
  g_autoptr (GString) faults = g_string_new (NULL);

  for (guint i = 0; i < plan->n_shards; i++) {
    g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };

    if (!act_shard_plan_look (plan, i, &shard, error))
      return FALSE;
    if (shard.state == ACT_SHARD_COMPLETE)
      continue;
    act_ranges_add (&shards, i, (guint64) i + 1);
    add_missing_batches (plan, i, shard.info, &batches);
    if (shard.fault != NULL)
      describe_fault (plan, i, shard.fault, faults);
  }
  if (act_ranges_is_empty (&shards))
    return TRUE;
  shard_text = act_ranges_to_string (&shards, ", ");
  batch_text = act_ranges_to_string (&batches, ", ");
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_MISSING,
      "of %u shards these are missing or not complete: %s; no store has "
      "batches %s%s",
      plan->n_shards, shard_text, *batch_text != '\0' ? batch_text : "(none)",
      faults->str);
  return FALSE;
}

/* --- stores that somebody names --- */

/* whether a folder is that of one of the plan's shards */
static gboolean
find_shard (const ActShardPlan *plan, const char *folder, guint *number)
{
  g_autofree char *path = g_canonicalize_filename (folder, NULL);
  const char *digits = strrchr (path, '-');
  g_autofree char *store = NULL;
  guint64 value;

  if (digits == NULL
      || !g_ascii_string_to_unsigned (
          digits + 1, 10, 0, plan->n_shards - 1, &value, NULL))
    return FALSE;
  *number = (guint) value;
  store = act_shard_plan_get_store (plan, *number);
  return strcmp (store, path) == 0;
}

static gboolean
check_shard (const ActShardPlan *plan, guint number, GError **error)
{
  g_auto (ActShard) shard = { ACT_SHARD_ABSENT, NULL, NULL };
  g_autoptr (GString) text = g_string_new (NULL);

  if (!act_shard_plan_look (plan, number, &shard, error))
    return FALSE;
  if (shard.state == ACT_SHARD_COMPLETE)
    return TRUE;
  g_string_printf (
      text, "shard %u of %u is not complete", number, plan->n_shards);
  if (shard.fault != NULL) {
    g_string_truncate (text, 0);
    describe_fault (plan, number, shard.fault, text);
    g_string_erase (text, 0, 2);
  }
  g_set_error_literal (
      error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_MISSING, text->str);
  return FALSE;
}

/* of some of the shards */
static gboolean
check_part (const ActShardPlan *plan, const char *folder, GError **error)
{
  g_autoptr (ActStoreInfo) info = act_store_info_new (folder, error);
  g_autofree char *name = g_strdup_printf ("the store '%s'", folder);
  g_autofree char *plan_name = g_strdup_printf ("'%s'", plan->filename);
  GError *problem = NULL;

  if (info == NULL)
    return FALSE;
  if (act_identity_check_same (
          info->manifest->identity, name, plan->identity, plan_name, &problem)
      && check_totals (plan, folder, info->manifest, &problem))
    return act_store_info_check_files (info, error);
  name_remedy (folder, problem, error);
  return FALSE;
}

gboolean
act_shard_plan_check_store (
    const ActShardPlan *plan, const char *folder, GError **error)
{
  guint number;

  return find_shard (plan, folder, &number) ? check_shard (plan, number, error)
                                            : check_part (plan, folder, error);
}
