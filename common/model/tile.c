/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/forward-private.h"
#include "sparse/csr.h"

/* What a worker does with one tile: the plan's operations one after another,
 * each on the tile's buffers. */

guint
act_tile_n_samples (guint sequence_length)
{
  return MAX (1, ACT_FORWARD_TILE_ROWS / sequence_length);
}

/* the most that an operation or a head needs while it runs */
static gsize
largest_scratch (const ActPlan *plan, gsize n_rows, guint sequence_length)
{
  gsize largest = 0;

  for (guint i = 0; i < plan->n_ops; i++) {
    const ActOp *op = &plan->ops[i];

    if (op->needed && op->step->kind->scratch != NULL)
      largest = MAX (largest, op->step->kind->scratch (op, sequence_length));
    if (op->head != NULL)
      largest = MAX (largest, op->head->kind->scratch (op->head, n_rows));
  }
  return largest;
}

static guint
most_columns (const ActPlan *plan)
{
  guint most = 0;

  for (guint i = 0; i < plan->n_ops; i++)
    if (plan->ops[i].head != NULL)
      most = MAX (most, plan->ops[i].head->module->n_components);
  return MIN (most, ACT_HEAD_COLUMNS);
}

/* What a tile of n_rows needs, laid out one after another; each part begins
 * on a cache line. floats NULL: only counts. */
static gsize
lay_out (const ActForward *forward, gsize n_rows, guint sequence_length,
    ActTile *tile, float *floats)
{
  const ActPlan *plan = forward->plan;
  gsize used = 0;

#define TAKE(WHERE, N)                                                         \
  G_STMT_START                                                                 \
  {                                                                            \
    (WHERE) = floats != NULL ? floats + used : NULL;                           \
    used += ((N) + 15) & ~(gsize) 15;                                          \
  }                                                                            \
  G_STMT_END

  for (guint i = 1; i < ACT_N_SLOTS; i++)
    if (plan->used[i])
      TAKE (tile->slots[i], n_rows * plan->slots[i].width);
  TAKE (tile->components, n_rows * most_columns (plan));
  TAKE (tile->scratch, largest_scratch (plan, n_rows, sequence_length));
#undef TAKE
  for (guint i = 1; i < ACT_N_SLOTS; i++) {
    ActSlot of = plan->slots[i].of;

    if (of != ACT_SLOT_NONE && tile->slots[of] != NULL)
      tile->slots[i] = tile->slots[of] + plan->slots[i].first;
  }
  return used;
}

gsize
act_tile_workspace_size (
    const ActForward *forward, gsize n_rows, guint sequence_length)
{
  ActTile tile = { .index = 0 };

  return lay_out (forward, n_rows, sequence_length, &tile, NULL);
}

static void
keep_first_failure (ActForward *forward, const ActFailure *failure)
{
  const ActFailure *first = &forward->failure;

  g_mutex_lock (&forward->lock);
  if (!first->set || failure->row < first->row
      || (failure->row == first->row && failure->column < first->column))
    forward->failure = *failure;
  g_mutex_unlock (&forward->lock);
}

/* A head gave NaN or infinity in n columns: its sums once more, for the first
 * of them. It is kept if nothing before it fails, so that the message does not
 * depend on threads. */
static void
note_failure (ActForward *forward, const ActHead *head, ActTile *tile,
    const float *input, guint first, guint n)
{
  ActFailure failure = { .set = TRUE };
  gssize bad;

  head->kind->run (head, tile, input, first, n);
  for (gsize i = 0; i < tile->n_rows * n; i++)
    tile->components[i] += head->bias[first + i % n];
  bad = act_find_nonfinite (tile->components, tile->n_rows * n);
  if (bad < 0)
    return;
  failure.row = tile->first_row + bad / n;
  failure.column = head->module->first_column + first + bad % n;
  failure.value = tile->components[bad];
  keep_first_failure (forward, &failure);
}

static void
run_head (ActForward *forward, const ActOp *op, ActTile *tile)
{
  const ActForwardSink *sink = forward->sink;
  const ActHead *head = op->head;
  const float *input = tile->slots[op->step->in[0]];

  if (head->kind->begin != NULL)
    head->kind->begin (head, tile, input);
  for (guint first = 0; first < head->module->n_components;
       first += ACT_HEAD_COLUMNS) {
    guint n = MIN (ACT_HEAD_COLUMNS, head->module->n_components - first);

    head->kind->run (head, tile, input, first, n);
    if (head->sigmoid->apply (
            tile->n_rows, n, head->bias + first, tile->components))
      sink->components (sink->data, tile->index, tile->first_row, tile->n_rows,
          op->module, first, n, tile->components);
    else
      note_failure (forward, head, tile, input, first, n);
  }
}

static void
run_op (ActForward *forward, const ActOp *op, ActTile *tile)
{
  const ActForwardSink *sink = forward->sink;
  ActSlot in = act_plan_buffer (op->plan, op->step->in[0]);

  if (sink->input != NULL && tile->slots[in] != NULL
      && (op->needed || op->head != NULL))
    sink->input (sink->data, tile->index, tile->first_row, tile->n_rows,
        op->name, tile->slots[in], op->plan->slots[in].width);
  if (op->head != NULL)
    run_head (forward, op, tile);
  if (op->needed)
    op->step->kind->run (op, tile);
}

void
act_tile_run (gpointer data, guint worker, gsize index)
{
  ActForward *forward = data;
  guint length = forward->sequence_length;
  guint per_tile = act_tile_n_samples (length);
  gsize first = index * per_tile;
  ActTile tile = {
    .index = index,
    .first_row = first * length,
    .n_samples = MIN (per_tile, forward->n_samples - first),
    .sequence_length = length,
    .tokens = forward->tokens + first * length,
  };

  tile.n_rows = (gsize) tile.n_samples * length;
  lay_out (forward, (gsize) per_tile * length, length, &tile,
      forward->workspaces[worker].floats);
  for (guint i = 0; i < forward->plan->n_ops; i++)
    run_op (forward, &forward->plan->ops[i], &tile);
}
