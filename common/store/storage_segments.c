/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/storage_segments.h"

#include <gio/gio.h>
#include <string.h>

#include "acterror.h"
#include "formats/output.h"
#include "formats/scratch.h"
#include "store/derive.h"

/* A segment: batches in memory, or in a file of the folder, or a part of the
 * file without a name. */
typedef struct {
  guint64 first_batch;
  gsize n_batches;
  gsize first; /* how many batches all segments before have; when settled */
  GPtrArray *batches;   /* ActStoredBatch, as long as they are in memory */
  gint manifest_index;  /* when settled, in a folder */
  guint64 offset, size; /* in the scratch file */
} Segment;

typedef struct {
  ActBatchStorage parent;
  ActSegmentStorageSettings settings;
  char *folder;

  /* of the thread that appends */
  GPtrArray *open; /* ActStoredBatch */
  gsize open_size;
  GThread *writer; /* from the first segment that is written */

  /* lock guards these; cond tells of any change */
  GMutex lock;
  GCond cond;
  GPtrArray *segments; /* Segment */
  GQueue queue;        /* Segment, to be written */
  gboolean writing;
  GQueue unsynced; /* ActSegmentOutput, written, to be waited for */
  gboolean syncing;
  gboolean lost; /* one of these: those after it go */
  gboolean quit;
  gboolean written; /* nothing comes after what is unsynced */
  gsize held;       /* bytes of batches in memory */
  gsize peak;
  GError *failure; /* the first; nothing is written after it */
  gboolean spills; /* without a folder: memory was not enough */

  /* the writer's, and after settling the reader's */
  ActScratch *scratch;
  ActSegment *current;
  Segment *current_of;
  ActStoredBatch view;
  ActClusterDeriver *deriver; /* NULL: clusters are stored */
} Storage;

static void
batch_free (gpointer data)
{
  act_stored_batch_clear (data);
  g_free (data);
}

static void
segment_free (gpointer data)
{
  Segment *segment = data;

  g_clear_pointer (&segment->batches, g_ptr_array_unref);
  g_free (segment);
}

/* The lock is held. Takes over error, unless there is one already. */
static void
fail (Storage *self, GError *error)
{
  if (self->failure == NULL)
    self->failure = error;
  else
    g_error_free (error);
}

/* --- to the disk, in a thread of its own --- */

/* written segments that may wait for the one that is being synced */
#define MAX_UNSYNCED 3

/* Segments in their order, up to one that fails; what is not published goes.
 * The folder and the manifest are synced once for all of them: the more the
 * disk falls behind, the less it is asked for. */
static gboolean
publish (Storage *self, GQueue *outputs, GError **error)
{
  ActSegmentFile files[MAX_UNSYNCED] = { 0 };
  ActSegmentOutput *output;
  guint n = 0;
  gboolean good = TRUE;

  while ((output = g_queue_pop_head (outputs)) != NULL)
    if (!good)
      act_segment_output_free (output);
    else if ((good = act_segment_output_publish (
                  output, self->settings.manifest->lease, &files[n], error)))
      n++;
  if (n > 0 && !act_output_sync_folder (self->folder, good ? error : NULL))
    good = FALSE;
  else if (n > 0
      && !act_manifest_commit (
          self->settings.manifest, files, n, self->folder, good ? error : NULL))
    good = FALSE;
  for (guint i = 0; i < n; i++)
    act_segment_file_clear (&files[i]);
  return good;
}

static void
free_output (gpointer output)
{
  act_segment_output_free (output);
}

/* Waits for the disk behind the writer: segments come to the manifest in their
 * order, and what is not on the disk is a few of them. The lock is held, but
 * not while waiting. */
static void
sync_some (Storage *self)
{
  GQueue outputs = self->unsynced;
  GError *error = NULL;
  gboolean published;

  g_queue_init (&self->unsynced);
  if (self->lost) {
    g_queue_clear_full (&outputs, free_output);
    g_cond_broadcast (&self->cond);
    return;
  }
  self->syncing = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  published = publish (self, &outputs, &error);
  g_mutex_lock (&self->lock);
  self->syncing = FALSE;
  if (!published) {
    self->lost = TRUE;
    fail (self, error);
  }
  g_cond_broadcast (&self->cond);
}

static gpointer
sync_thread (gpointer data)
{
  Storage *self = data;

  g_mutex_lock (&self->lock);
  while (!g_queue_is_empty (&self->unsynced) || !self->written)
    if (g_queue_is_empty (&self->unsynced))
      g_cond_wait (&self->cond, &self->lock);
    else
      sync_some (self);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* --- writing, in another --- */

static gboolean
append_to_scratch (
    gpointer scratch, const void *data, gsize size, GError **error)
{
  return act_scratch_append (scratch, data, size, error);
}

static gboolean
write_to_scratch (Storage *self, Segment *segment, GError **error)
{
  if (self->scratch == NULL) {
    self->scratch = act_scratch_new (NULL, error);
    if (self->scratch == NULL)
      return FALSE;
  }
  if (!act_scratch_align (self->scratch, ACT_SCRATCH_ALIGNMENT, error))
    return FALSE;
  segment->offset = act_scratch_get_size (self->scratch);
  if (!act_segment_write (&self->settings.shape,
          (const ActStoredBatch *const *) segment->batches->pdata,
          segment->batches->len, self->deriver == NULL, append_to_scratch,
          self->scratch, error))
    return FALSE;
  segment->size = act_scratch_get_size (self->scratch) - segment->offset;
  return TRUE;
}

/* NULL: failed */
static ActSegmentOutput *
write_to_folder (Storage *self, const GPtrArray *batches, GError **error)
{
  return act_segment_output_new (self->folder, &self->settings.shape,
      (const ActStoredBatch *const *) batches->pdata, batches->len,
      self->deriver == NULL, error);
}

/* The lock is held. Takes over output, as soon as not too many are before it;
 * after a failure it goes. */
static void
sync_next (Storage *self, ActSegmentOutput *output)
{
  while (self->unsynced.length == MAX_UNSYNCED)
    g_cond_wait (&self->cond, &self->lock);
  if (self->failure == NULL)
    g_queue_push_tail (&self->unsynced, output);
  else
    act_segment_output_free (output);
  g_cond_broadcast (&self->cond);
}

static gsize
size_of (const GPtrArray *batches)
{
  gsize size = 0;

  for (guint i = 0; i < batches->len; i++)
    size += ((const ActStoredBatch *) batches->pdata[i])->size;
  return size;
}

/* The lock is held, but not while writing. After a failure what follows is
 * let go unwritten. */
static void
write_segment (Storage *self, Segment *segment)
{
  GPtrArray *batches = segment->batches;
  gsize size = size_of (batches);
  ActSegmentOutput *output = NULL;
  gboolean failed = self->failure != NULL;
  GError *error = NULL;

  g_mutex_unlock (&self->lock);
  if (!failed && self->folder != NULL)
    output = write_to_folder (self, batches, &error);
  else if (!failed)
    write_to_scratch (self, segment, &error);
  segment->batches = NULL;
  g_ptr_array_unref (batches);
  g_mutex_lock (&self->lock);
  self->held -= size;
  g_cond_broadcast (&self->cond);
  if (error != NULL)
    fail (self, error);
  else if (output != NULL)
    sync_next (self, output);
}

static gpointer
writer_thread (gpointer data)
{
  Storage *self = data;
  GThread *sync = self->folder != NULL
      ? g_thread_new ("act-sync", sync_thread, self)
      : NULL;

  g_mutex_lock (&self->lock);
  while (TRUE) {
    Segment *segment = g_queue_pop_head (&self->queue);

    self->writing = segment != NULL;
    if (segment != NULL) {
      write_segment (self, segment);
      continue;
    }
    g_cond_broadcast (&self->cond);
    if (self->quit)
      break;
    g_cond_wait (&self->cond, &self->lock);
  }
  self->written = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  if (sync != NULL)
    g_thread_join (sync);
  return NULL;
}

/* --- appending --- */

/* The lock is held. */
static void
queue_segment (Storage *self, Segment *segment)
{
  g_queue_push_tail (&self->queue, segment);
  if (self->writer == NULL)
    self->writer = g_thread_new ("act-segments", writer_thread, self);
  g_cond_broadcast (&self->cond);
}

/* The lock is held. Without a folder: from here on all goes to the file. */
static void
begin_to_spill (Storage *self)
{
  self->spills = TRUE;
  for (guint i = 0; i < self->segments->len; i++)
    queue_segment (self, self->segments->pdata[i]);
}

static void
close_segment (Storage *self)
{
  Segment *segment;

  if (self->open->len == 0)
    return;
  segment = g_new0 (Segment, 1);
  segment->batches = g_steal_pointer (&self->open);
  segment->n_batches = segment->batches->len;
  segment->first_batch =
      ((const ActStoredBatch *) segment->batches->pdata[0])->index;
  self->open = g_ptr_array_new_with_free_func (batch_free);
  self->open_size = 0;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->segments, segment);
  if (self->folder != NULL || self->spills)
    queue_segment (self, segment);
  g_mutex_unlock (&self->lock);
}

static gboolean
copy_failure (Storage *self, GError **error)
{
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->failure));
  return FALSE;
}

/* Until there is room for size bytes more; one batch always fits. What was
 * closed must be on its way to a file. */
static gboolean
wait_for_room (Storage *self, gsize size, GError **error)
{
  const gsize max = self->settings.max_memory;
  gboolean room;

  g_mutex_lock (&self->lock);
  while (self->failure == NULL && self->held > self->open_size
      && self->held + size > max) {
    if (self->settings.cancelled != NULL
        && self->settings.cancelled (self->settings.user_data)) {
      g_mutex_unlock (&self->lock);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    g_cond_wait (&self->cond, &self->lock);
  }
  room = copy_failure (self, error);
  g_mutex_unlock (&self->lock);
  return room;
}

/* whether a batch may follow those of the open segment in the same one */
static gboolean
follows (const Storage *self, const ActStoredBatch *batch)
{
  const ActStoredBatch *last;

  if (self->open->len == 0)
    return TRUE;
  last = self->open->pdata[self->open->len - 1];
  return batch->index == last->index + 1
      && batch->index % self->settings.segment_size != 0;
}

/* Whether batches go to a file. Without a folder they do once memory is not
 * enough, and from then on. */
static gboolean
is_written (Storage *self, gsize size)
{
  gboolean full;

  if (self->folder != NULL || self->spills)
    return TRUE;
  g_mutex_lock (&self->lock);
  full = self->held + size > self->settings.max_memory;
  g_mutex_unlock (&self->lock);
  if (!full)
    return FALSE;
  close_segment (self);
  g_mutex_lock (&self->lock);
  begin_to_spill (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Batches of another shard in it would spoil a store that is complete. */
static gboolean
check_open (const Storage *self, guint64 index, GError **error)
{
  const ActManifest *manifest = self->settings.manifest;

  if (manifest == NULL || !manifest->complete)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "the store '%s' is complete, as shard %u of %u, without batch "
      "%" G_GUINT64_FORMAT ", which is of another run or shard",
      self->folder, manifest->shard_index, manifest->shard_count, index);
  return FALSE;
}

static gboolean
segments_append (
    ActBatchStorage *storage, const ActStoredBatch *batch, GError **error)
{
  Storage *self = (Storage *) storage;

  if (!check_open (self, batch->index, error))
    return FALSE;
  /* a quarter, so that writing and collecting go on at the same time */
  if (!follows (self, batch) || self->open_size > self->settings.max_memory / 4)
    close_segment (self);
  if (is_written (self, batch->size)
      && !wait_for_room (self, batch->size, error))
    return FALSE;

  g_ptr_array_add (self->open, g_memdup2 (batch, sizeof *batch));
  self->open_size += batch->size;
  g_mutex_lock (&self->lock);
  self->held += batch->size;
  self->peak = MAX (self->peak, self->held);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* --- settling --- */

static gint
compare_segments (gconstpointer a, gconstpointer b)
{
  const Segment *x = *(Segment *const *) a, *y = *(Segment *const *) b;

  return x->first_batch < y->first_batch ? -1 : x->first_batch > y->first_batch;
}

/* Those of the folder are what its manifest says. */
static void
list_manifest (Storage *self)
{
  const GArray *files = self->settings.manifest->segments;

  g_ptr_array_set_size (self->segments, 0);
  for (guint i = 0; i < files->len; i++) {
    const ActSegmentFile *file = &g_array_index (files, ActSegmentFile, i);
    Segment *segment = g_new0 (Segment, 1);

    segment->first_batch = file->first_batch;
    segment->n_batches = file->n_batches;
    segment->manifest_index = (gint) i;
    g_ptr_array_add (self->segments, segment);
  }
}

static gboolean
segments_settle (ActBatchStorage *storage, GError **error)
{
  Storage *self = (Storage *) storage;
  gsize first = 0;

  close_segment (self);
  g_mutex_lock (&self->lock);
  while (self->writing || self->syncing || self->unsynced.length > 0
      || self->queue.length > 0)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  if (!copy_failure (self, error))
    return FALSE;

  g_clear_pointer (&self->current, act_segment_free);
  self->current_of = NULL;
  if (self->folder != NULL)
    list_manifest (self);
  g_ptr_array_sort (self->segments, compare_segments);
  for (guint i = 0; i < self->segments->len; i++) {
    Segment *segment = self->segments->pdata[i];

    segment->first = first;
    first += segment->n_batches;
  }
  return TRUE;
}

/* --- reading --- */

static Segment *
find_segment (const Storage *self, gsize i)
{
  gsize low = 0, high = self->segments->len;

  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;

    if (((const Segment *) self->segments->pdata[middle])->first <= i)
      low = middle;
    else
      high = middle;
  }
  return self->segments->pdata[low];
}

static ActSegment *
open_segment (Storage *self, const Segment *segment, GError **error)
{
  const gboolean with_clusters = self->deriver == NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (self->folder != NULL)
    return act_segment_file_open (self->folder,
        &g_array_index (self->settings.manifest->segments, ActSegmentFile,
            segment->manifest_index),
        &self->settings.shape, with_clusters, error);
  bytes = act_scratch_map (
      self->scratch, segment->offset, (gsize) segment->size, error);
  return bytes != NULL ? act_segment_new (bytes, "temporary file",
             &self->settings.shape, with_clusters, error)
                       : NULL;
}

static gboolean
make_current (Storage *self, Segment *segment, GError **error)
{
  if (self->current_of == segment)
    return TRUE;
  g_clear_pointer (&self->current, act_segment_free);
  self->current_of = NULL;
  self->current = open_segment (self, segment, error);
  if (self->current == NULL)
    return FALSE;
  self->current_of = segment;
  return TRUE;
}

static const ActStoredBatch *
segments_acquire (
    ActBatchStorage *storage, gsize i, gboolean with_clusters, GError **error)
{
  Storage *self = (Storage *) storage;
  Segment *segment = find_segment (self, i);

  if (segment->batches != NULL)
    self->view =
        *(const ActStoredBatch *) segment->batches->pdata[i - segment->first];
  else if (make_current (self, segment, error))
    act_segment_get (self->current, i - segment->first, &self->view);
  else
    return NULL;
  if (with_clusters && self->deriver != NULL
      && self->view.clusters.indptr == NULL)
    act_cluster_deriver_run (self->deriver, &self->view);
  return &self->view;
}

static void
segments_release (ActBatchStorage *storage, const ActStoredBatch *batch)
{
}

static void
segments_free (ActBatchStorage *storage)
{
  Storage *self = (Storage *) storage;

  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  /* what would go to a file without a name nobody will read */
  if (self->folder == NULL)
    g_queue_clear (&self->queue);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  if (self->writer != NULL)
    g_thread_join (self->writer);
  act_segment_free (self->current);
  act_cluster_deriver_free (self->deriver);
  g_ptr_array_unref (self->open);
  g_ptr_array_unref (self->segments);
  act_scratch_free (self->scratch);
  act_manifest_free (self->settings.manifest);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self->folder);
  g_free (self);
}

static const ActBatchStorageFuncs segments_funcs = {
  .append = segments_append,
  .settle = segments_settle,
  .acquire = segments_acquire,
  .release = segments_release,
  .free = segments_free,
};

ActBatchStorage *
act_segment_storage_new (const ActSegmentStorageSettings *settings)
{
  Storage *self = g_new0 (Storage, 1);

  g_return_val_if_fail (settings->segment_size > 0, NULL);
  self->parent.funcs = &segments_funcs;
  self->settings = *settings;
  if (settings->cluster_of != NULL)
    self->deriver = act_cluster_deriver_new (
        &settings->shape, settings->reduction, settings->cluster_of);
  self->folder = g_strdup (settings->folder);
  self->open = g_ptr_array_new_with_free_func (batch_free);
  self->segments = g_ptr_array_new_with_free_func (segment_free);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->queue);
  g_queue_init (&self->unsynced);
  return &self->parent;
}

void
act_segment_storage_wake (ActBatchStorage *storage)
{
  Storage *self = (Storage *) storage;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

ActManifest *
act_segment_storage_get_manifest (ActBatchStorage *storage)
{
  return ((Storage *) storage)->settings.manifest;
}

gsize
act_segment_storage_get_peak (ActBatchStorage *storage)
{
  Storage *self = (Storage *) storage;
  gsize peak;

  g_mutex_lock (&self->lock);
  peak = self->peak;
  g_mutex_unlock (&self->lock);
  return peak;
}
