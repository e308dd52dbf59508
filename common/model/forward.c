/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "acterror.h"
#include "model/forward-private.h"
#include "model/pointwise.h"

static ActForward *
forward_new (ActModel *model, const guint8 *selected, gboolean everything)
{
  ActForward *forward = g_new0 (ActForward, 1);
  guint n_modules = model->config->n_modules;

  g_mutex_init (&forward->lock);
  forward->model = act_model_ref (model);
  act_model_init_weights (model, &forward->weights);
  forward->weights.widened = g_ptr_array_new_with_free_func (free);
  forward->selected = g_malloc (n_modules);
  if (everything)
    memset (forward->selected, 1, n_modules);
  else
    memcpy (forward->selected, selected, n_modules);
  return forward;
}

ActForward *
act_forward_new (
    ActModel *model, const guint8 *selected, guint n_threads, GError **error)
{
  g_autoptr (ActForward) forward =
      forward_new (model, selected, selected == NULL);

  if (n_threads == 0)
    n_threads = g_get_num_processors ();
  n_threads = MIN (n_threads, ACT_FORWARD_MAX_THREADS);
  forward->plan = act_plan_new (model->config, error);
  if (forward->plan == NULL
      || !act_plan_load (
          forward->plan, &forward->weights, forward->selected, error))
    return NULL;
  forward->workspaces = g_new0 (ActWorkspace, n_threads);
  forward->pool = act_pool_new (n_threads, error);
  if (forward->pool == NULL)
    return NULL;
  return g_steal_pointer (&forward);
}

static void
free_workspaces (ActForward *forward)
{
  guint n = forward->pool != NULL ? act_pool_get_n_threads (forward->pool) : 0;

  for (guint i = 0; i < n; i++)
    g_clear_pointer (&forward->workspaces[i].floats, free);
}

void
act_forward_free (ActForward *forward)
{
  if (forward == NULL)
    return;
  free_workspaces (forward);
  g_clear_pointer (&forward->pool, act_pool_free);
  act_csr_collect_clear (&forward->csr);
  g_free (forward->workspaces);
  g_clear_pointer (&forward->plan, act_plan_free);
  g_ptr_array_unref (forward->weights.widened);
  g_free (forward->selected);
  act_model_unref (forward->model);
  g_mutex_clear (&forward->lock);
  g_free (forward);
}

guint
act_forward_get_n_threads (const ActForward *forward)
{
  return act_pool_get_n_threads (forward->pool);
}

guint64
act_forward_get_worker_cpu_ns (const ActForward *forward)
{
  return act_pool_get_cpu_ns (forward->pool);
}

const char *
act_forward_kernel_name (void)
{
  return act_pointwise ()->name;
}

gsize
act_forward_n_tiles (
    const ActForward *forward, gsize n_samples, guint sequence_length)
{
  guint per_tile = act_tile_n_samples (sequence_length);

  return n_samples / per_tile + (n_samples % per_tile != 0);
}

static gboolean
set_length (ActForward *forward, guint sequence_length, GError **error)
{
  guint n_threads = act_pool_get_n_threads (forward->pool);
  gsize n_rows = (gsize) act_tile_n_samples (sequence_length) * sequence_length;
  gsize n;

  if (forward->sequence_length == sequence_length)
    return TRUE;
  forward->sequence_length = 0;
  free_workspaces (forward);
  if (!act_plan_set_length (forward->plan, sequence_length, error))
    return FALSE;
  n = act_tile_workspace_size (forward, n_rows, sequence_length);
  for (guint i = 0; i < n_threads; i++) {
    forward->workspaces[i].floats = act_floats_new (n, error);
    if (forward->workspaces[i].floats == NULL)
      return FALSE;
  }
  forward->sequence_length = sequence_length;
  return TRUE;
}

static gboolean
check_tokens (const ActForward *forward, const gint32 *tokens, gsize n_rows,
    GError **error)
{
  guint vocab_size = forward->plan->config->vocab_size;

  for (gsize row = 0; row < n_rows; row++) {
    if (tokens[row] < 0 || (guint) tokens[row] >= vocab_size) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "position %" G_GSIZE_FORMAT " has token id %d, the model has %u", row,
          tokens[row], vocab_size);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check_batch (const ActForward *forward, gsize n_samples, guint sequence_length,
    GError **error)
{
  guint longest = forward->plan->config->block_size;
  gsize n_rows;

  if (sequence_length < 1 || sequence_length > longest) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "samples have %u positions, the model takes 1 to %u (\"block_size\")",
        sequence_length, longest);
    return FALSE;
  }
  if (!g_size_checked_mul (&n_rows, n_samples, sequence_length)
      || n_rows > G_MAXSSIZE / sizeof (gint64)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "%" G_GSIZE_FORMAT " samples of %u positions are too many", n_samples,
        sequence_length);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_failure (const ActForward *forward, GError **error)
{
  const ActFailure *failure = &forward->failure;
  g_autofree char *label = NULL;

  if (!failure->set)
    return TRUE;
  label = act_model_dup_label (forward->model, failure->column);
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "position %" G_GSIZE_FORMAT " (sample %" G_GSIZE_FORMAT
      ", token %" G_GSIZE_FORMAT
      "), component '%s': the importance function gives %s",
      failure->row, failure->row / forward->sequence_length,
      failure->row % forward->sequence_length, label,
      isnan (failure->value) ? "NaN" : "infinity");
  return FALSE;
}

gboolean
act_forward_run (ActForward *forward, const gint32 *tokens, gsize n_samples,
    guint sequence_length, const ActForwardSink *sink, GError **error)
{
  if (!check_batch (forward, n_samples, sequence_length, error)
      || !check_tokens (forward, tokens, n_samples * sequence_length, error)
      || !set_length (forward, sequence_length, error))
    return FALSE;
  forward->tokens = tokens;
  forward->n_samples = n_samples;
  forward->sink = sink;
  forward->failure.set = FALSE;
  act_pool_run (forward->pool,
      act_forward_n_tiles (forward, n_samples, sequence_length), act_tile_run,
      forward);
  forward->tokens = NULL;
  forward->sink = NULL;
  return check_failure (forward, error);
}

typedef struct {
  const ActModelConfig *config;
  float *values;
} Dense;

static void
store_dense (gpointer data, gsize tile, gsize first_row, gsize n_rows,
    guint module, guint first, guint n, const float *values)
{
  const Dense *dense = data;
  float *out = dense->values + first_row * dense->config->n_components
      + dense->config->modules[module].first_column + first;

  for (gsize row = 0; row < n_rows; row++)
    memcpy (out + row * dense->config->n_components, values + row * n,
        n * sizeof (float));
}

gboolean
act_forward_run_dense (ActForward *forward, const gint32 *tokens,
    gsize n_samples, guint sequence_length, float *values, GError **error)
{
  const ActModelConfig *config = forward->plan->config;
  Dense dense = { config, values };
  ActForwardSink sink = { .data = &dense, .components = store_dense };

  if (!check_batch (forward, n_samples, sequence_length, error))
    return FALSE;
  if (memchr (forward->selected, 0, config->n_modules) != NULL)
    memset (values, 0,
        n_samples * sequence_length * config->n_components * sizeof (float));
  return act_forward_run (
      forward, tokens, n_samples, sequence_length, &sink, error);
}

gboolean
act_forward_run_csr (ActForward *forward, const gint32 *tokens, gsize n_samples,
    guint sequence_length, gsize *n_values, GError **error)
{
  ActForwardSink sink = { &forward->csr, act_csr_collect_block };

  if (!check_batch (forward, n_samples, sequence_length, error))
    return FALSE;
  act_csr_collect_begin (&forward->csr, forward->plan->config,
      act_forward_n_tiles (forward, n_samples, sequence_length),
      n_samples * sequence_length,
      (gsize) act_tile_n_samples (sequence_length) * sequence_length);
  if (!act_forward_run (
          forward, tokens, n_samples, sequence_length, &sink, error))
    return FALSE;
  *n_values = act_csr_collect_count (&forward->csr);
  return TRUE;
}

void
act_forward_store_csr (
    ActForward *forward, gint64 *indptr, gint32 *indices, float *values)
{
  act_csr_collect_store (&forward->csr, forward->pool, indptr, indices, values);
}
