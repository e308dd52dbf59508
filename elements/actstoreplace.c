/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "actstoreplace.h"

#include <string.h>

#include "actstorecontext.h"
#include "actstorerecords.h"
#include "store/derive.h"
#include "store/storage_segments.h"

GST_DEBUG_CATEGORY_EXTERN (actstore_debug);
#define GST_CAT_DEFAULT actstore_debug

/* --- what is there --- */

/* batches that follow each other in one range */
static GArray *
join_ranges (const GArray *batches)
{
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (GstActBatchRange));

  for (guint i = 0; i < batches->len; i++) {
    const ActBatchRange *batch = &g_array_index (batches, ActBatchRange, i);
    GstActBatchRange *last = ranges->len > 0
        ? &g_array_index (ranges, GstActBatchRange, ranges->len - 1)
        : NULL;

    if (last != NULL && last->first_batch + last->n_batches == batch->index) {
      last->n_batches++;
      last->n_samples += batch->n_samples;
    } else {
      GstActBatchRange range = { batch->index, 1, batch->first_sample,
        batch->n_samples };
      g_array_append_val (ranges, range);
    }
  }
  return ranges;
}

static void
clear_stored (GstActStore *self)
{
  g_clear_pointer (&self->stored, g_array_unref);
  g_clear_pointer (&self->digests, g_array_unref);
}

void
gst_act_store_close_folder (GstActStore *self)
{
  g_mutex_lock (&self->folder_lock);
  clear_stored (self);
  g_clear_pointer (&self->folder, act_store_folder_free);
  g_mutex_unlock (&self->folder_lock);
}

static ActStoreFolder *
open_new_folder (GstActStore *self, GError **error)
{
  g_autoptr (ActStoreFolder) folder =
      act_store_folder_open (self->location, self->repair, error);

  if (folder == NULL || self->lease == NULL)
    return g_steal_pointer (&folder);
  folder->lease = act_lease_file_open (self->lease, error);
  return folder->lease != NULL ? g_steal_pointer (&folder) : NULL;
}

gboolean
gst_act_store_open_folder (GstActStore *self, GError **error)
{
  gboolean opened = TRUE;

  g_mutex_lock (&self->folder_lock);
  clear_stored (self);
  if (self->folder != NULL) {
    opened = act_store_folder_reload (self->folder, error);
  } else if (self->location != NULL) {
    self->folder = open_new_folder (self, error);
    opened = self->folder != NULL;
  }
  g_mutex_unlock (&self->folder_lock);
  return opened;
}

/* folder_lock is held. What is in the folder is read when somebody needs to
 * know, in a streaming thread: a change of state must not wait for that. */
static gboolean
check_folder (GstActStore *self, GError **error)
{
  if (!act_store_folder_check (
          self->folder, gst_act_store_cancelled, self, error))
    return FALSE;
  if (self->stored != NULL)
    return TRUE;
  self->stored = join_ranges (self->folder->batches);
  self->digests = g_array_copy (self->folder->digests);
  GST_INFO_OBJECT (self, "'%s' has %u batches in %u ranges", self->folder->path,
      self->folder->batches->len, self->stored->len);
  return TRUE;
}

/* folder_lock is held. Whether the stream that asks may be the one that is
 * stored, as far as can be told from what it says. */
static gboolean
check_stream (GstActStore *self, GstQuery *query, GError **error)
{
  g_autoptr (GstCaps) caps = gst_act_query_parse_stream (query);
  g_autoptr (GstActInfo) info = NULL;
  ActIdentity tokens = { NULL };

  if (caps == NULL)
    return TRUE;
  info = gst_act_info_new_from_caps (caps, error);
  if (info == NULL)
    return FALSE;
  tokens.tokenizer = info->tokenizer;
  tokens.n_ctx = info->sequence_length;
  tokens.batch_size = info->batch_size;
  tokens.vocab_size = info->vocab_size;
  return act_store_folder_check_tokens (self->folder, &tokens, error);
}

/* folder_lock is held, and there is a folder. */
static gboolean
answer (GstActStore *self, GstQuery *query)
{
  g_autoptr (GError) error = NULL;

  if (check_stream (self, query, &error) && check_folder (self, &error)) {
    gst_act_query_set_stored (query,
        (const GstActBatchRange *) self->stored->data, self->stored->len);
    gst_act_query_set_digests (query, self->folder->path,
        (const guint64 *) self->digests->data, self->digests->len);
    return TRUE;
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return FALSE;
  gst_act_query_set_refusal (query, error->message);
  return TRUE;
}

gboolean
gst_act_store_answer_stored (GstActStore *self, GstQuery *query)
{
  gboolean answered;

  if (!gst_act_query_is_stored (query))
    return FALSE;
  g_mutex_lock (&self->lock);
  gst_act_query_parse_shard (query, &self->asked_index, &self->asked_count);
  g_mutex_unlock (&self->lock);
  g_mutex_lock (&self->folder_lock);
  answered = self->folder != NULL && answer (self, query);
  g_mutex_unlock (&self->folder_lock);
  return answered;
}

/* --- whose run it is --- */

static ActIdentity *
make_identity (const GstActStore *self)
{
  const GstActInfo *info = self->info;
  ActIdentity *identity = g_new0 (ActIdentity, 1);

  identity->model = g_strdup (info->model);
  identity->tokenizer = g_strdup (info->tokenizer);
  identity->assignment = g_strdup (info->assignment);
  identity->reduction = g_strdup (info->reduction);
  identity->threshold = info->threshold;
  identity->n_ctx = info->sequence_length;
  identity->batch_size = info->batch_size;
  identity->vocab_size = info->vocab_size;
  identity->n_clusters = info->n_clusters;
  identity->modules = g_new0 (char *, (gsize) info->n_modules + 1);
  for (guint i = 0; i < info->n_modules; i++)
    identity->modules[i] = g_strdup (info->modules[i]);
  identity->components =
      g_memdup2 (info->components, info->n_modules * sizeof (guint));
  if (self->assignment != NULL) {
    identity->run = g_strdup (gst_act_assignment_get_run (self->assignment));
    identity->iteration = gst_act_assignment_get_iteration (self->assignment);
  }
  return identity;
}

/* --- cluster activations: derived or stored --- */

/* The cluster of each component, if cluster activations follow from the
 * components' by a reduction that is known here; NULL if not. */
static gint32 *
find_partition (const GstActStore *self, ActClusterReduction *reduction)
{
  g_autofree gint32 *cluster_of = g_new (gint32, self->info->n_components);

  if (self->assignment == NULL
      || gst_act_assignment_get_n_clusters (self->assignment)
          != self->info->n_clusters
      || !act_cluster_reduction_find (self->info->reduction, reduction)
      || !gst_act_assignment_get_partition (self->assignment, cluster_of, NULL))
    return NULL;
  return g_steal_pointer (&cluster_of);
}

static ActSegmentStorageSettings
storage_settings (GstActStore *self)
{
  const GstActInfo *info = self->info;

  return (ActSegmentStorageSettings){
    .shape = { info->sequence_length, info->n_components, info->n_clusters },
    .segment_size = self->segment_size,
    /* the other half is for draining, as long as batches are in memory */
    .max_memory =
        self->location != NULL ? self->max_memory : self->max_memory / 2,
    .cancelled = gst_act_store_cancelled,
    .user_data = self,
  };
}

/* --- beginning --- */

/* Nothing tells batches of different shards apart, so who asked for what is
 * stored said which one it is. Who did not ask may be any. */
static gboolean
take_shard (GstActStore *self, GError **error)
{
  ActManifest *manifest = self->folder->manifest;
  guint index, count;

  g_mutex_lock (&self->lock);
  index = self->asked_index;
  count = self->asked_count;
  g_mutex_unlock (&self->lock);
  if (manifest->shard_count == 0) {
    manifest->shard_index = index;
    manifest->shard_count = count;
  }
  if (count == 0
      || (manifest->shard_index == index && manifest->shard_count == count))
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
      "the store '%s' is of shard %u of %u, this stream is shard %u of %u",
      self->folder->path, manifest->shard_index, manifest->shard_count, index,
      count);
  return FALSE;
}

/* folder_lock is held. */
static gboolean
begin_in_folder (
    GstActStore *self, ActSegmentStorageSettings *settings, GError **error)
{
  gboolean is_new = self->folder->manifest == NULL;

  if (!act_store_folder_begin (self->folder, make_identity (self),
          settings->cluster_of == NULL, self->segment_size, error)
      || !take_shard (self, error))
    return FALSE;
  if (!gst_act_store_write_context (self, is_new, error))
    return FALSE;
  settings->folder = self->folder->path;
  settings->manifest = g_steal_pointer (&self->folder->manifest);
  return TRUE;
}

static void
post_damaged (GstActStore *self)
{
  for (guint i = 0; i < self->folder->damaged->len; i++)
    GST_ELEMENT_INFO (self, RESOURCE, READ,
        ("Segment '%s' is damaged; its batches are made again.",
            (const char *) self->folder->damaged->pdata[i]),
        (NULL));
}

/* whose cluster activations are stored; FALSE with an error if that cannot be
 * told */
static gboolean
choose_partition (GstActStore *self, GstBuffer *first,
    ActSegmentStorageSettings *settings, gint32 **cluster_of, GError **error)
{
  GError *failure = NULL;

  *cluster_of = find_partition (self, &settings->reduction);
  /* whoever calls itself by a name that is known may do something else, which
   * need not show again in what is left to store */
  if (self->folder != NULL && self->folder->manifest != NULL
      && self->folder->manifest->clusters_stored)
    g_clear_pointer (cluster_of, g_free);
  if (*cluster_of == NULL || first == NULL
      || gst_act_records_are_derived (
          first, self->info, settings->reduction, *cluster_of, &failure))
    return TRUE;
  g_clear_pointer (cluster_of, g_free);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
begin_anywhere (GstActStore *self, GstBuffer *first,
    ActSegmentStorageSettings *settings, gint32 **cluster_of, GError **error)
{
  gboolean begun;

  g_mutex_lock (&self->folder_lock);
  begun = (self->folder == NULL || check_folder (self, error))
      && choose_partition (self, first, settings, cluster_of, error);
  settings->cluster_of = *cluster_of;
  if (begun && self->folder != NULL)
    begun = begin_in_folder (self, settings, error);
  g_mutex_unlock (&self->folder_lock);
  return begun;
}

gboolean
gst_act_store_begin (GstActStore *self, GstBuffer *first, GError **error)
{
  ActSegmentStorageSettings settings = storage_settings (self);
  g_autofree gint32 *cluster_of = NULL;

  if (!begin_anywhere (self, first, &settings, &cluster_of, error))
    return FALSE;
  self->can_derive = cluster_of != NULL;
  self->derives = self->can_derive && self->folder != NULL;
  GST_OBJECT_LOCK (self);
  self->storage = act_segment_storage_new (&settings);
  GST_OBJECT_UNLOCK (self);
  self->store = act_store_new (&settings.shape, self->storage);
  if (self->folder != NULL) {
    act_store_set_stored (self->store,
        (const ActBatchRange *) self->folder->batches->data,
        self->folder->batches->len, self->folder->n_values);
    post_damaged (self);
  }
  return TRUE;
}

gboolean
gst_act_store_write_complete (GstActStore *self, GError **error)
{
  ActManifest *manifest;
  guint64 n = act_store_get_n_samples (self->store);
  guint64 n_batches = act_store_get_n_batches (self->store);

  if (self->folder == NULL)
    return TRUE;
  manifest = act_segment_storage_get_manifest (self->storage);
  manifest->complete = TRUE;
  manifest->n_samples = n;
  manifest->first_batch = n_batches > 0
      ? act_store_get_batches (self->store)[0].index
      : self->total.first_batch;
  manifest->shard_index = self->total.shard_index;
  manifest->shard_count = self->total.shard_count;
  manifest->run_batches = self->total.run_batches != G_MAXUINT64
      ? self->total.run_batches
      : n_batches;
  manifest->run_samples = self->total.run_samples;
  return act_manifest_write (manifest, self->folder->path, error);
}
