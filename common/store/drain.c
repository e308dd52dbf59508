/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/drain.h"

#include <string.h>

#define DEFAULT_GROUP_SIZE ((guint64) 256 << 20)

/* Where a run begins: a sample of a batch, and that column's value there. */
typedef struct {
  gsize batch;
  guint sample; /* in the batch */
  gsize value;  /* first value of the batch, in the gather's arrays */
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
  gboolean in_group;  /* gather is filled */
  ActGather gather;
  guint64 *column_values; /* [n_components] over the run, or NULL */
  gint64 *member_coactivations;

  /* the column being cut into runs */
  gboolean started;
  guint column;
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

  drain->store = store;
  drain->shape = *act_store_get_shape (store);
  drain->settings = *settings;
  drain->batches = act_store_get_batches (store);
  drain->n_batches = act_store_get_n_batches (store);
  drain->member = -1;
  if (drain->settings.max_rows == 0)
    drain->settings.max_rows = G_MAXSIZE;
  if (drain->settings.max_values == 0)
    drain->settings.max_values = G_MAXSIZE;
  return drain;
}

void
act_drain_free (ActDrain *drain)
{
  if (drain == NULL)
    return;
  if (drain->in_group)
    act_gather_clear (&drain->gather);
  g_free (drain->column_values);
  g_free (drain->member_coactivations);
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
    const ActStoredBatch *batch = storage->funcs->acquire (storage, b, error);
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

/* --- groups of clusters --- */

/* values of each component over the run, to cut groups by */
static ActDrainResult
count_columns (ActDrain *drain, GError **error)
{
  ActBatchStorage *storage = act_store_get_storage (drain->store);

  drain->column_values = g_new0 (guint64, drain->shape.n_components);
  for (gsize b = 0; b < drain->n_batches; b++) {
    const ActStoredBatch *batch;

    if (drain->settings.cancelled != NULL
        && drain->settings.cancelled (drain->settings.user_data))
      return ACT_DRAIN_CANCELLED;
    batch = storage->funcs->acquire (storage, b, error);
    if (batch == NULL)
      return ACT_DRAIN_ERROR;
    for (gsize k = 0; k < batch->components.n_values; k++)
      drain->column_values[batch->components.indices[k]]++;
    storage->funcs->release (storage, batch);
  }
  return ACT_DRAIN_RUN;
}

/* bytes that a cluster adds to a group */
static guint64
cluster_size (const ActDrain *drain, guint cluster, gsize first_member)
{
  guint64 n = act_store_get_cluster_values (drain->store, cluster);
  guint n_columns = 1;

  if (ACT_GATHER_HAS_MEMBERS (
          n_members (drain, cluster), drain->settings.component_rows))
    n_columns += n_members (drain, cluster);
  for (guint m = 0; m + 1 < n_columns; m++)
    n +=
        drain->column_values[drain->settings.members.members[first_member + m]];
  return n * (sizeof (gint32) + sizeof (float))
      + (guint64) n_columns * drain->n_batches * sizeof (guint32)
      + (guint64) drain->shape.n_clusters * sizeof (gint64);
}

/* The next group is [cluster, *end): as many clusters as fit, one at least. A
 * group costs a pass over all batches, so the default grows with the data:
 * there are never many. */
static ActDrainResult
cut_group (ActDrain *drain, guint *end, GError **error)
{
  const ActStoreShape *shape = &drain->shape;
  guint64 data = (act_store_get_n_component_values (drain->store)
                     + act_store_get_n_cluster_values (drain->store))
      * (sizeof (gint32) + sizeof (float));
  guint64 tables =
      (guint64) shape->n_clusters * shape->n_clusters * sizeof (gint64)
      + ((guint64) shape->n_clusters + shape->n_components) * drain->n_batches
          * sizeof (guint32);
  guint64 limit = drain->settings.group_size > 0
      ? drain->settings.group_size
      : MAX (DEFAULT_GROUP_SIZE, data / 2);
  gsize first_member = drain->first_member;
  guint64 size = 0;

  *end = shape->n_clusters;
  if (data + tables <= limit)
    return ACT_DRAIN_RUN;
  if (drain->column_values == NULL) {
    ActDrainResult result = count_columns (drain, error);
    if (result != ACT_DRAIN_RUN)
      return result;
  }
  for (*end = drain->cluster; *end < shape->n_clusters; (*end)++) {
    size += cluster_size (drain, *end, first_member);
    if (size > limit && *end > drain->cluster)
      break;
    first_member += n_members (drain, *end);
  }
  return ACT_DRAIN_RUN;
}

static ActDrainResult
next_group (ActDrain *drain, GError **error)
{
  ActDrainResult result;
  guint end;

  if (drain->in_group)
    act_gather_clear (&drain->gather);
  drain->in_group = FALSE;
  result = cut_group (drain, &end, error);
  if (result != ACT_DRAIN_RUN)
    return result;
  result = act_gather_init (&drain->gather, drain->store,
      &drain->settings.members, drain->settings.component_rows,
      drain->settings.all_samples, drain->cluster, end - drain->cluster,
      drain->settings.cancelled, drain->settings.user_data, error);
  drain->in_group = result == ACT_DRAIN_RUN;
  return result;
}

/* --- runs of rows --- */

static gboolean
cluster_is_active (const ActDrain *drain, gsize b)
{
  gsize column = drain->cluster - drain->gather.first;

  if (drain->settings.all_samples)
    return act_store_get_cluster_values (drain->store, drain->cluster) > 0;
  return drain->gather.n_values[column * drain->n_batches + b] > 0;
}

static guint32
values_in (const ActDrain *drain, guint column, gsize b)
{
  return drain->gather.n_values[(gsize) column * drain->n_batches + b];
}

/* whether the batch's samples are rows of the column being drained */
static gboolean
batch_is_used (const ActDrain *drain, gsize b)
{
  return cluster_is_active (drain, b)
      && !(values_in (drain, drain->column, b) & ACT_GATHER_DEAD);
}

static guint
member_column (const ActDrain *drain, guint member)
{
  const ActMembers *members = &drain->settings.members;

  return drain->gather
      .column_of[members->members[drain->first_member + member]];
}

static void
start_column (ActDrain *drain)
{
  drain->column = drain->member < 0 ? drain->cluster - drain->gather.first
                                    : member_column (drain, drain->member);
  drain->total_rows = 0;
  for (gsize b = 0; b < drain->n_batches; b++)
    if (batch_is_used (drain, b))
      drain->total_rows += drain->batches[b].n_samples;
  drain->next_row = 0;
  drain->next = (Place){ .value = drain->gather.start[drain->column] };
  drain->started = TRUE;
}

static void
next_batch (const ActDrain *drain, Place *place)
{
  place->value +=
      ACT_GATHER_COUNT (values_in (drain, drain->column, place->batch));
  place->used = 0;
  place->sample = 0;
  place->batch++;
}

/* values of the row at a place */
static gsize
row_values (const ActDrain *drain, const Place *place)
{
  gsize n = ACT_GATHER_COUNT (values_in (drain, drain->column, place->batch));
  gint64 end = (gint64) (place->sample + 1) * drain->shape.n_ctx;
  gsize k = place->used;

  while (k < n && drain->gather.cells[place->value + k].position < end)
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

  *n_rows = *n_values = 0;
  while (place->batch < drain->n_batches && *n_rows < max_rows) {
    gsize rows, values;

    if (!batch_is_used (drain, place->batch)) {
      next_batch (drain, place);
      continue;
    }
    rows = drain->batches[place->batch].n_samples - place->sample;
    values = ACT_GATHER_COUNT (values_in (drain, drain->column, place->batch))
        - place->used;
    if (rows > max_rows - *n_rows || *n_values > max_values
        || values > max_values - *n_values) {
      rows = 1;
      values = row_values (drain, place);
      if (*n_rows > 0
          && (*n_values > max_values || values > max_values - *n_values))
        return;
    }
    *n_rows += rows;
    *n_values += values;
    place->sample += rows;
    place->used += values;
    if (place->sample == drain->batches[place->batch].n_samples)
      next_batch (drain, place);
  }
}

void
act_drain_fill_rows (ActDrain *drain, guint64 *samples, gint64 *indptr,
    gint32 *positions, float *values)
{
  const ActGather *gather = &drain->gather;
  Place place = drain->run_place;
  gsize n = 0;

  indptr[0] = 0;
  for (gsize row = 0; row < drain->run_rows; row++) {
    const ActCell *cells, *last;
    gint32 start, end;

    while (!batch_is_used (drain, place.batch))
      next_batch (drain, &place);
    samples[row] = drain->batches[place.batch].first_sample + place.sample;
    cells = gather->cells + place.value;
    last = cells
        + ACT_GATHER_COUNT (values_in (drain, drain->column, place.batch));
    start = place.sample * drain->shape.n_ctx;
    end = start + drain->shape.n_ctx;
    for (cells += place.used; cells < last && cells->position < end;
         cells++, n++) {
      positions[n] = cells->position - start;
      values[n] = cells->value;
    }
    indptr[row + 1] = n;
    place.used = cells - gather->cells - place.value;
    if (++place.sample == drain->batches[place.batch].n_samples)
      next_batch (drain, &place);
  }
}

/* --- coactivations within a cluster --- */

/* of a large cluster: from its members' columns */
static const gint64 *
count_members (ActDrain *drain)
{
  const guint n = n_members (drain, drain->cluster);
  g_autofree ActColumn *columns = g_new0 (ActColumn, n);
  g_autofree gsize *value = g_new (gsize, n);
  ActCoactivation counter;

  act_coactivation_init (&counter, n, 0, n);
  for (guint m = 0; m < n; m++)
    value[m] = drain->gather.start[member_column (drain, m)];
  for (gsize b = 0; b < drain->n_batches; b++) {
    for (guint m = 0; m < n; m++) {
      guint32 count = values_in (drain, member_column (drain, m), b);

      columns[m].cells = drain->gather.cells + value[m];
      columns[m].n = count & ACT_GATHER_DEAD ? 0 : count;
      value[m] += ACT_GATHER_COUNT (count);
    }
    if (drain->settings.all_samples || cluster_is_active (drain, b))
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

static void
next_rows (ActDrain *drain, ActRun *run)
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
    return;
  run->coactivations = drain->gather.coactivation.counts
      + (gsize) (drain->cluster - drain->gather.first)
          * drain->shape.n_clusters;
  if (run->n_members > 0) {
    run->member_coactivations =
        act_member_counts_get (&drain->gather.member_counts, drain->cluster);
    if (run->member_coactivations == NULL)
      run->member_coactivations = count_members (drain);
  }
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
  if (!drain->in_group
      || drain->cluster >= drain->gather.first + drain->gather.n_clusters) {
    ActDrainResult result = next_group (drain, error);
    if (result != ACT_DRAIN_RUN)
      return result;
  }
  next_rows (drain, run);
  return ACT_DRAIN_RUN;
}
