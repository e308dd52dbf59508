/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "planstate.h"

#include <acterror.h>

#include "store/ranges.h"
#include "toolerror.h"

/* --- one shard --- */

static gboolean
check_totals (const ActPlan *plan, const char *store,
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
check_is_shard (const ActPlan *plan, guint shard, const char *store,
    const ActManifest *manifest, GError **error)
{
  if (manifest->shard_count == 0
      || (manifest->shard_count == plan->n_shards
          && manifest->shard_index == shard))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
      "the store '%s' is of shard %u of %u, expected %u of %u", store,
      manifest->shard_index, manifest->shard_count, shard, plan->n_shards);
  return FALSE;
}

gboolean
act_plan_state (const ActPlan *plan, guint shard, ActShardState *state,
    ActStoreInfo **info, GError **error)
{
  g_autofree char *store = act_plan_get_store (plan, shard);
  g_autofree char *path = g_build_filename (store, ACT_MANIFEST_NAME, NULL);
  g_autofree char *name = g_strdup_printf ("the store '%s'", store);
  g_autofree char *plan_name = g_strdup_printf ("'%s'", plan->filename);
  g_autoptr (ActStoreInfo) found = NULL;

  *state = ACT_SHARD_ABSENT;
  *info = NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  found = act_store_info_new (store, error);
  if (found == NULL
      || !act_identity_check_same (
          found->manifest->identity, name, plan->identity, plan_name, error)
      || !check_is_shard (plan, shard, store, found->manifest, error)
      || !check_totals (plan, store, found->manifest, error))
    return FALSE;
  *state = found->manifest->complete ? ACT_SHARD_COMPLETE : ACT_SHARD_BEGUN;
  *info = g_steal_pointer (&found);
  return TRUE;
}

/* --- all of them --- */

/* what a shard that is not complete lacks; its segments are in order */
static void
add_missing_batches (const ActPlan *plan, guint shard, const ActStoreInfo *info,
    ActRanges *missing)
{
  const GArray *segments = info != NULL ? info->manifest->segments : NULL;
  guint64 at, end;

  act_plan_get_range (plan, shard, &at, &end);
  for (guint i = 0; segments != NULL && i < segments->len; i++) {
    const ActSegmentFile *file = &g_array_index (segments, ActSegmentFile, i);

    act_ranges_add (missing, at, file->first_batch);
    at = file->first_batch + file->n_batches;
  }
  act_ranges_add (missing, at, end);
}

/* batches may be NULL */
static gboolean
find_missing (
    const ActPlan *plan, ActRanges *shards, ActRanges *batches, GError **error)
{
  for (guint i = 0; i < plan->n_shards; i++) {
    g_autoptr (ActStoreInfo) info = NULL;
    ActShardState state;

    if (!act_plan_state (plan, i, &state, &info, error))
      return FALSE;
    if (state == ACT_SHARD_COMPLETE)
      continue;
    act_ranges_add (shards, i, (guint64) i + 1);
    if (batches != NULL)
      add_missing_batches (plan, i, info, batches);
  }
  return TRUE;
}

char *
act_plan_list_missing (const ActPlan *plan, GError **error)
{
  g_auto (ActRanges) shards = { NULL };

  if (!find_missing (plan, &shards, NULL, error))
    return NULL;
  return act_ranges_to_string (&shards, ",");
}

gboolean
act_plan_check_complete (const ActPlan *plan, GError **error)
{
  g_auto (ActRanges) shards = { NULL }, batches = { NULL };
  g_autofree char *shard_text = NULL, *batch_text = NULL;

  if (!find_missing (plan, &shards, &batches, error))
    return FALSE;
  if (act_ranges_is_empty (&shards))
    return TRUE;
  shard_text = act_ranges_to_string (&shards, ", ");
  batch_text = act_ranges_to_string (&batches, ", ");
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_MISSING,
      "of %u shards these are missing or not complete: %s; no store has "
      "batches %s",
      plan->n_shards, shard_text, *batch_text != '\0' ? batch_text : "(none)");
  return FALSE;
}
