/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planstate.h"

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

/* what is there in one piece and is no manifest, not what could just not be
 * read */
static gboolean
is_damage (const GError *error)
{
  return g_error_matches (error, ACT_ERROR, ACT_ERROR_FORMAT)
      || g_error_matches (error, ACT_ERROR, ACT_ERROR_VALUE)
      || g_error_matches (error, ACT_ERROR, ACT_ERROR_MISMATCH);
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
  if (info == NULL && is_damage (problem)) {
    set_fault (shard, g_steal_pointer (&problem));
    return TRUE;
  }
  if (info == NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (!check_is_ours (plan, number, store, info->manifest, error))
    return FALSE;
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
      "another input",
      info->folder, plan->filename);
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
      g_autofree char *store = act_shard_plan_get_store (plan, i);
      g_autofree char *text = g_strdup_printf (
          "%s; remove '%s' to make this shard anew", error->message, store);

      on_fault (i, text);
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
