/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/drain.h"

#include <string.h>

#define DEFAULT_MAX_MEMORY ((gsize) 512 << 20)

/* A batch whose samples are rows, and what the column holds in it. */
typedef struct {
  gsize batch;
  ActColumn column;
} UsedBatch;

/* Where a run begins: a sample of a batch (of the samples: any, of a column:
 * which of the used ones), and that column's value there. */
typedef struct {
  gsize batch;
  guint sample; /* in the batch */
  gsize used;   /* values of the batch that earlier rows took */
} Place;

struct _ActDrain {
  ActStore *store;
  ActStoreShape shape;
  ActDrainSettings settings;
  const ActBatchRange *batches;
  gsize n_batches;

  gboolean in_clusters; /* after the samples */
  guint cluster;
  gint member;
  gsize first_member; /* of this cluster in settings.members */
  gboolean gathered;
  ActGatherSettings gather_settings;
  ActGather gather;
  gint64 *member_coactivations;

  /* UsedBatch: of the cluster, and of the column being cut into runs */
  GArray *cluster_batches;
  GArray *used_batches;
  gboolean started;
  guint64 next_row;
  guint64 total_rows;
  Place next;
  Place run_place; /* where the run last given begins */
  gsize run_rows;
};

ActDrain *
act_drain_new (ActStore *store, const ActDrainSettings *settings)
{
  ActDrain *drain = g_new0 (ActDrain, 1);
  const ActMembers none = { 0 };

  drain->store = store;
  drain->shape = *act_store_get_shape (store);
  drain->settings = *settings;
  drain->batches = act_store_get_batches (store);
  drain->n_batches = act_store_get_n_batches (store);
  drain->member = -1;
  drain->cluster_batches = g_array_new (FALSE, FALSE, sizeof (UsedBatch));
  drain->used_batches = g_array_new (FALSE, FALSE, sizeof (UsedBatch));
  if (drain->settings.max_rows == 0)
    drain->settings.max_rows = G_MAXSIZE;
  if (drain->settings.max_values == 0)
    drain->settings.max_values = G_MAXSIZE;
  drain->gather_settings = (ActGatherSettings){
    .members = settings->component_rows ? settings->members : none,
    .all_samples = settings->all_samples,
    .max_memory =
        settings->max_memory > 0 ? settings->max_memory : DEFAULT_MAX_MEMORY,
    .folder = settings->folder,
    .cancelled = settings->cancelled,
    .user_data = settings->user_data,
  };
  return drain;
}

void
act_drain_free (ActDrain *drain)
{
  if (drain == NULL)
    return;
  if (drain->gathered)
    act_gather_clear (&drain->gather);
  g_free (drain->member_coactivations);
  g_array_unref (drain->cluster_batches);
  g_array_unref (drain->used_batches);
  g_free (drain);
}

static guint
n_members (const ActDrain *drain, guint cluster)
{
  const ActMembers *members = &drain->settings.members;

  return members->n_members != NULL ? members->n_members[cluster] : 0;
}

/* --- runs of tokens --- */

static void
next_tokens (ActDrain *drain, ActRun *run)
{
  gsize max_rows = MAX (drain->settings.max_values / drain->shape.n_ctx, 1);
  guint64 left;

  drain->total_rows = act_store_get_n_samples (drain->store);
  left = drain->total_rows - drain->next_row;
  drain->run_place = drain->next;
  drain->run_rows = MIN (MIN (max_rows, drain->settings.max_rows), left);
  *run = (ActRun){
    .kind = ACT_RUN_SAMPLES,
    .member = -1,
    .first = drain->next_row == 0,
    .last = drain->run_rows == left,
    .first_row = drain->next_row,
    .n_rows = drain->run_rows,
    .n_values = drain->run_rows * drain->shape.n_ctx,
    .total_rows = drain->total_rows,
  };

  drain->next_row += drain->run_rows;
  for (gsize n = drain->run_rows; n > 0;) {
    gsize rest =
        drain->batches[drain->next.batch].n_samples - drain->next.sample;
    gsize step = MIN (n, rest);

    drain->next.sample += step;
    if (step == rest) {
      drain->next.batch++;
      drain->next.sample = 0;
    }
    n -= step;
  }
  if (run->last) {
    drain->in_clusters = TRUE;
    drain->started = FALSE;
  }
}

gboolean
act_drain_fill_tokens (
    ActDrain *drain, guint64 *samples, gint32 *tokens, GError **error)
{
  ActBatchStorage *storage = act_store_get_storage (drain->store);
  const gsize n_ctx = drain->shape.n_ctx;
  gsize b = drain->run_place.batch;
  guint sample = drain->run_place.sample;

  for (gsize n = drain->run_rows; n > 0; b++, sample = 0) {
    const ActStoredBatch *batch =
        storage->funcs->acquire (storage, b, FALSE, error);
    gsize step;

    if (batch == NULL)
      return FALSE;
    step = MIN (n, batch->n_samples - sample);
    memcpy (
        tokens, batch->tokens + sample * n_ctx, step * n_ctx * sizeof (gint32));
    for (gsize i = 0; i < step; i++)
      *samples++ = batch->first_sample + sample + i;
    tokens += step * n_ctx;
    n -= step;
    storage->funcs->release (storage, batch);
  }
  return TRUE;
}

/* --- runs of rows --- */

/* Those in which the cluster is active. */
static void
find_cluster_batches (ActDrain *drain)
{
  ActColumns *columns = drain->gather.columns;
  gboolean all = drain->settings.all_samples
      && act_columns_get_total (columns, drain->cluster) > 0;

  g_array_set_size (drain->cluster_batches, 0);
  for (gsize b = 0; b < drain->n_batches; b++) {
    UsedBatch used = { b, act_columns_get (columns, drain->cluster, b) };

    if (all || used.column.n > 0)
      g_array_append_val (drain->cluster_batches, used);
  }
}

static guint
member_column (const ActDrain *drain, guint member)
{
  const ActMembers *members = &drain->settings.members;

  return drain->gather
      .column_of[members->members[drain->first_member + member]];
}

/* Of those, the ones in which the member is alive. */
static void
find_member_batches (ActDrain *drain)
{
  ActColumns *columns = drain->gather.columns;
  guint column = member_column (drain, drain->member);

  g_array_set_size (drain->used_batches, 0);
  for (guint i = 0; i < drain->cluster_batches->len; i++) {
    gsize b = g_array_index (drain->cluster_batches, UsedBatch, i).batch;
    UsedBatch used = { b, act_columns_get (columns, column, b) };

    if (!act_columns_is_dead (columns, column, b))
      g_array_append_val (drain->used_batches, used);
  }
}

/* the batches of the column being drained */
static const UsedBatch *
get_used (const ActDrain *drain, gsize *n)
{
  const GArray *used =
      drain->member < 0 ? drain->cluster_batches : drain->used_batches;

  *n = used->len;
  return (const UsedBatch *) used->data;
}

static void
start_column (ActDrain *drain)
{
  const UsedBatch *used;
  gsize n;

  if (drain->member < 0)
    find_cluster_batches (drain);
  else
    find_member_batches (drain);
  used = get_used (drain, &n);
  drain->total_rows = 0;
  for (gsize i = 0; i < n; i++)
    drain->total_rows += drain->batches[used[i].batch].n_samples;
  drain->next_row = 0;
  drain->next = (Place){ 0 };
  drain->started = TRUE;
}

static void
next_batch (Place *place)
{
  place->used = 0;
  place->sample = 0;
  place->batch++;
}

/* values of the row at a place */
static gsize
row_values (const ActDrain *drain, const Place *place, ActColumn column)
{
  gint64 end = (gint64) (place->sample + 1) * drain->shape.n_ctx;
  gsize k = place->used;

  while (k < column.n && column.cells[k].position < end)
    k++;
  return k - place->used;
}

/* As many rows as the limits allow, whole batches at a time where they fit.
 * Leaves *place behind the last row. */
static void
measure_rows (
    const ActDrain *drain, Place *place, gsize *n_rows, gsize *n_values)
{
  const gsize max_rows = drain->settings.max_rows;
  const gsize max_values = drain->settings.max_values;
  gsize n_used;
  const UsedBatch *all = get_used (drain, &n_used);

  *n_rows = *n_values = 0;
  while (place->batch < n_used && *n_rows < max_rows) {
    const UsedBatch *used = &all[place->batch];
    const guint n_samples = drain->batches[used->batch].n_samples;
    gsize rows = n_samples - place->sample;
    gsize values = used->column.n - place->used;

    if (rows > max_rows - *n_rows || *n_values > max_values
        || values > max_values - *n_values) {
      rows = 1;
      values = row_values (drain, place, used->column);
      if (*n_rows > 0
          && (*n_values > max_values || values > max_values - *n_values))
        return;
    }
    *n_rows += rows;
    *n_values += values;
    place->sample += rows;
    place->used += values;
    if (place->sample == n_samples)
      next_batch (place);
  }
}

/* the rows of one batch from a place on, at most n_rows; -> how many */
static gsize
fill_batch_rows (const ActDrain *drain, const UsedBatch *used, Place *place,
    gsize n_rows, guint64 *samples, gint64 *indptr, gint32 *positions,
    float *values)
{
  const ActBatchRange *batch = &drain->batches[used->batch];
  const gint32 n_ctx = drain->shape.n_ctx;
  const ActCell *cells = used->column.cells;
  const gsize rows = MIN (n_rows, batch->n_samples - place->sample);
  gsize k = place->used, end = used->column.n, n = indptr[0];
  gint32 start = place->sample * n_ctx;

  for (gsize row = 0; row < rows; row++, start += n_ctx) {
    samples[row] = batch->first_sample + place->sample + row;
    for (; k < end && cells[k].position - start < n_ctx; k++, n++) {
      positions[n] = cells[k].position - start;
      values[n] = cells[k].value;
    }
    indptr[row + 1] = n;
  }
  next_batch (place);
  return rows;
}

void
act_drain_fill_rows (ActDrain *drain, guint64 *samples, gint64 *indptr,
    gint32 *positions, float *values)
{
  Place place = drain->run_place;
  gsize row = 0, n_used;
  const UsedBatch *used = get_used (drain, &n_used);

  indptr[0] = 0;
  while (row < drain->run_rows)
    row += fill_batch_rows (drain, &used[place.batch], &place,
        drain->run_rows - row, samples + row, indptr + row, positions, values);
}

/* --- coactivations within a cluster --- */

/* of a large cluster: from its members' columns */
static const gint64 *
count_members (ActDrain *drain)
{
  const guint n = n_members (drain, drain->cluster);
  g_autofree ActColumn *columns = g_new0 (ActColumn, n);
  ActColumns *all = drain->gather.columns;
  ActCoactivation counter;

  act_coactivation_init (&counter, n, 0, n);
  for (gsize b = 0; b < drain->n_batches; b++) {
    if (!drain->settings.all_samples
        && act_columns_get (all, drain->cluster, b).n == 0)
      continue;
    for (guint m = 0; m < n; m++) {
      guint column = member_column (drain, m);

      columns[m] = act_columns_get (all, column, b);
      if (act_columns_is_dead (all, column, b))
        columns[m].n = 0;
    }
    act_coactivation_add_columns (&counter,
        (gsize) drain->batches[b].n_samples * drain->shape.n_ctx, columns);
  }
  act_coactivation_finish (&counter);
  g_free (drain->member_coactivations);
  drain->member_coactivations = g_steal_pointer (&counter.counts);
  act_coactivation_clear (&counter);
  return drain->member_coactivations;
}

/* --- all in order --- */

static void
next_column (ActDrain *drain)
{
  gint n = n_members (drain, drain->cluster);

  drain->started = FALSE;
  if (drain->settings.component_rows && drain->member + 1 < n) {
    drain->member++;
    return;
  }
  drain->first_member += n;
  drain->member = -1;
  drain->cluster++;
}

/* what comes with a cluster's last run */
static ActDrainResult
add_coactivations (ActDrain *drain, ActRun *run, GError **error)
{
  ActDrainResult result = act_gather_get_coactivations (&drain->gather,
      drain->cluster, &drain->gather_settings, &run->coactivations, error);

  if (result != ACT_DRAIN_RUN || run->n_members == 0
      || !drain->settings.component_rows)
    return result;
  run->member_coactivations =
      act_member_counts_get (&drain->gather.member_counts, drain->cluster);
  if (run->member_coactivations == NULL)
    run->member_coactivations = count_members (drain);
  return ACT_DRAIN_RUN;
}

static ActDrainResult
next_rows (ActDrain *drain, ActRun *run, GError **error)
{
  if (!drain->started)
    start_column (drain);
  *run = (ActRun){
    .kind = drain->member < 0 ? ACT_RUN_CLUSTER : ACT_RUN_COMPONENT,
    .cluster = drain->cluster,
    .member = drain->member,
    .first = drain->next_row == 0,
    .first_row = drain->next_row,
    .total_rows = drain->total_rows,
    .n_members = n_members (drain, drain->cluster),
  };
  drain->run_place = drain->next;
  measure_rows (drain, &drain->next, &run->n_rows, &run->n_values);
  drain->run_rows = run->n_rows;
  drain->next_row += run->n_rows;
  run->last = drain->next_row == drain->total_rows;
  run->end = run->last && drain->cluster + 1 == drain->shape.n_clusters
      && (!drain->settings.component_rows
          || drain->member + 1 == (gint) run->n_members);
  if (!run->last || drain->member >= 0)
    return ACT_DRAIN_RUN;
  return add_coactivations (drain, run, error);
}

ActDrainResult
act_drain_next (ActDrain *drain, ActRun *run, GError **error)
{
  if (drain->settings.cancelled != NULL
      && drain->settings.cancelled (drain->settings.user_data))
    return ACT_DRAIN_CANCELLED;
  if (!drain->in_clusters) {
    next_tokens (drain, run);
    return ACT_DRAIN_RUN;
  }
  /* the column of the last run stays until here: fill_rows reads it */
  if (drain->started && drain->next_row == drain->total_rows)
    next_column (drain);
  if (drain->cluster == drain->shape.n_clusters)
    return ACT_DRAIN_END;
  if (!drain->gathered) {
    ActDrainResult result = act_gather_init (
        &drain->gather, drain->store, &drain->gather_settings, error);

    if (result != ACT_DRAIN_RUN)
      return result;
    drain->gathered = TRUE;
  }
  return next_rows (drain, run, error);
}
