/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/dashboard.h"

#include <string.h>

#include "acterror.h"
#include "dashboard/clusterline.h"
#include "dashboard/coactivations.h"
#include "dashboard/countrows.h"
#include "dashboard/examples.h"
#include "dashboard/facts.h"
#include "dashboard/modelinfo.h"
#include "dashboard/pieces.h"
#include "formats/bigarray.h"
#include "viewer/viewer.h"

/* Eighteen arrays grow with the run: four of the texts, one each of the
 * examples, the statistics and the facts, five of the cluster at hand, six of
 * the component. So they take half of max_memory; a store that drains at the
 * same time the rest. */
#define ARRAY_SHARE 36

struct _ActDashboard {
  char *folder;
  ActDashboardSettings settings;
  ActDashboardRun run;
  char **modules;
  ActCriteria *criteria;

  ActTexts *texts;
  ActTokenCount *count;
  gboolean samples_ended;

  ActOutputFile *clusters;
  GString *line;
  ActExamples *examples;
  ActCountRows *counts; /* or NULL: nobody looks at them twice */
  ActCoactivations *coactivations;
  ActFacts *facts;   /* or NULL */
  ActViewer *viewer; /* or NULL */
  guint n_written;

  gint64 cluster; /* the one at hand, or the last one */
  ActDashboardCluster description;
  ActPieces pieces; /* its rows */
  gsize array_memory;
  ActBigArray *work;

  gint cancelled;
};

static char *
path_of (const ActDashboard *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* the caller's strings and arrays may go */
static void
copy_run (ActDashboard *self, const ActDashboardRun *run)
{
  self->run = *run;
  self->run.tokenizer = g_strdup (run->tokenizer);
  self->run.model = g_strdup (run->model);
  self->run.assignment = g_strdup (run->assignment);
  self->run.reduction = g_strdup (run->reduction);
  self->run.run = g_strdup (run->run);
  self->run.incomplete = g_strdup (run->incomplete);
  self->modules = g_new0 (char *, run->n_modules + 1);
  for (guint i = 0; i < run->n_modules; i++)
    self->modules[i] = g_strdup (run->modules[i]);
  self->run.modules = (const char *const *) self->modules;
  self->run.components =
      g_memdup2 (run->components, run->n_modules * sizeof (guint));
}

static void
free_run (ActDashboard *self)
{
  g_free ((char *) self->run.tokenizer);
  g_free ((char *) self->run.model);
  g_free ((char *) self->run.assignment);
  g_free ((char *) self->run.reduction);
  g_free ((char *) self->run.run);
  g_free ((char *) self->run.incomplete);
  g_free ((guint *) self->run.components);
  g_strfreev (self->modules);
}

static void
clear_description (ActDashboard *self)
{
  g_free ((char *) self->description.name);
  g_free ((guint *) self->description.members);
  self->description = (ActDashboardCluster){ NULL };
}

static gboolean
is_text (const char *what, const char *string, GError **error)
{
  if (string == NULL || g_utf8_validate (string, -1, NULL))
    return TRUE;
  g_set_error (
      error, ACT_ERROR, ACT_ERROR_FORMAT, "%s is not valid UTF-8", what);
  return FALSE;
}

static gboolean
check_run (const ActDashboardRun *run, GError **error)
{
  for (guint i = 0; i < run->n_modules; i++)
    if (!is_text ("a module's name", run->modules[i], error))
      return FALSE;
  return is_text ("the model's fingerprint", run->model, error)
      && is_text ("the tokenizer's fingerprint", run->tokenizer, error)
      && is_text ("the assignment's fingerprint", run->assignment, error)
      && is_text ("the reduction's name", run->reduction, error)
      && is_text ("the clustering run's name", run->run, error);
}

static gboolean
open_coactivations (ActDashboard *self, GError **error)
{
  guint n = self->run.n_clusters;
  gboolean dense = n <= ACT_COACTIVATIONS_MAX_DENSE;

  if (!dense || self->settings.facts.enabled) {
    self->counts = act_count_rows_new (self->folder, n, error);
    if (self->counts == NULL)
      return FALSE;
  }
  self->coactivations = act_coactivations_new (
      self->folder, n, dense ? NULL : self->counts, error);
  return self->coactivations != NULL;
}

static gboolean
open_files (ActDashboard *self, GError **error)
{
  g_autofree char *name = path_of (self, "clusters.jsonl");

  self->clusters = act_output_file_new (name, error);
  if (self->clusters == NULL)
    return FALSE;
  self->examples = act_examples_new (
      self->folder, self->run.n_ctx, self->array_memory, error);
  if (self->examples == NULL)
    return FALSE;
  if (!open_coactivations (self, error))
    return FALSE;
  if (!self->settings.facts.enabled)
    return TRUE;
  if (self->settings.viewer) {
    self->viewer = act_viewer_new (self->folder, &self->settings,
        self->criteria, &self->run, self->texts, error);
    if (self->viewer == NULL)
      return FALSE;
  }
  self->facts =
      act_facts_new (self->folder, &self->settings, self->criteria, &self->run,
          self->texts, self->viewer, self->counts, self->array_memory, error);
  return self->facts != NULL;
}

static void
open_arrays (ActDashboard *self)
{
  gsize memory = self->array_memory;

  act_pieces_init (&self->pieces, memory, self->folder);
  self->work = act_big_array_new (sizeof (double), memory, self->folder);
}

ActDashboard *
act_dashboard_new (const char *folder, const ActDashboardSettings *settings,
    const ActDashboardRun *run, ActStrings *strings, GError **error)
{
  g_autoptr (ActDashboard) self = g_new0 (ActDashboard, 1);
  gsize max_memory = settings->max_memory > 0 ? settings->max_memory
                                              : ACT_DASHBOARD_MAX_MEMORY;

  self->array_memory = max_memory / ARRAY_SHARE;
  self->texts = act_texts_new (strings, run->n_ctx, self->array_memory, folder);
  self->folder = g_strdup (folder);
  self->settings = *settings;
  self->settings.criteria = NULL; /* the parsed list is kept */
  copy_run (self, run);
  self->count = act_token_count_new (act_strings_get_n (strings));
  self->line = g_string_new (NULL);
  self->cluster = -1;
  open_arrays (self);
  self->criteria =
      act_criteria_parse (settings->criteria, settings->n_samples, error);
  if (self->criteria == NULL || !check_run (run, error)
      || !open_files (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
act_dashboard_free (ActDashboard *self)
{
  if (self == NULL)
    return;
  act_token_count_free (self->count);
  g_clear_pointer (&self->clusters, act_output_file_free);
  g_string_free (self->line, TRUE);
  act_examples_free (self->examples);
  act_coactivations_free (self->coactivations);
  act_count_rows_free (self->counts);
  act_facts_free (self->facts);
  act_viewer_free (self->viewer);
  act_criteria_free (self->criteria);
  act_texts_free (self->texts);
  clear_description (self);
  act_pieces_clear (&self->pieces);
  act_big_array_free (self->work);
  free_run (self);
  g_free (self->folder);
  g_free (self);
}

gboolean
act_dashboard_add_samples (ActDashboard *self, const guint64 *samples,
    const gint32 *tokens, gsize n_samples, GError **error)
{
  g_return_val_if_fail (!self->samples_ended, FALSE);

  return act_texts_add (self->texts, samples, tokens, n_samples, error);
}

gboolean
act_dashboard_end_samples (ActDashboard *self, GError **error)
{
  g_autofree char *name = path_of (self, "text_samples.jsonl");

  g_return_val_if_fail (!self->samples_ended, FALSE);

  self->samples_ended = TRUE;
  if (self->facts != NULL)
    act_facts_end_samples (self->facts);
  return self->settings.referenced_texts
      || act_texts_write (self->texts, name, error);
}

guint64
act_dashboard_get_n_samples (const ActDashboard *self)
{
  return act_texts_get_n_samples (self->texts);
}

gboolean
act_dashboard_begin_cluster (ActDashboard *self, guint cluster,
    const ActDashboardCluster *description, GError **error)
{
  g_return_val_if_fail (self->samples_ended, FALSE);
  g_return_val_if_fail (cluster > self->cluster, FALSE);
  g_return_val_if_fail (cluster < self->run.n_clusters, FALSE);

  if (!is_text ("a cluster's name", description->name, error)
      || (self->facts != NULL && !act_facts_end_line (self->facts, error)))
    return FALSE;
  clear_description (self);
  self->cluster = cluster;
  self->description = *description;
  self->description.name = g_strdup (description->name);
  self->description.members =
      g_memdup2 (description->members, description->n_members * sizeof (guint));
  return act_pieces_begin (&self->pieces, error);
}

gboolean
act_dashboard_add_rows (ActDashboard *self, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error)
{
  if (act_pieces_add (&self->pieces, self->texts, n_rows, samples, indptr,
          positions, values, error))
    return TRUE;
  g_prefix_error (error, "cluster '%s': ", self->description.name);
  return FALSE;
}

/* the texts that criteria name */
static void
mark_texts (
    ActDashboard *self, const ActStatistics *statistics, const gsize *row_of)
{
  for (guint c = 0; c < statistics->n_criteria; c++)
    for (gsize i = 0; i < statistics->n_top; i++)
      act_texts_mark (self->texts,
          act_texts_get_text (self->texts, row_of[statistics->top[c][i]]));
}

static gboolean
write_cluster (ActDashboard *self, GError **error)
{
  const gsize *row_of = (const gsize *) self->pieces.row_of->data;
  ActRows rows = act_pieces_get_rows (&self->pieces, self->run.n_ctx);
  ActStatisticsSettings settings = {
    .n_samples = self->settings.n_samples,
    .criteria = self->criteria,
    .hist_bins = self->settings.hist_bins,
    .activation_threshold = self->settings.activation_threshold,
  };
  ActStatistics statistics;
  gboolean ok;

  if (!act_statistics_compute (&statistics, &rows, &settings, self->texts,
          row_of, self->count, self->work, error)) {
    g_prefix_error (error, "cluster '%s': ", self->description.name);
    return FALSE;
  }
  g_string_truncate (self->line, 0);
  act_cluster_line_write (self->line, &self->run, &self->description,
      &statistics, &settings, self->settings.top_n_tokens, self->texts, row_of);
  if (self->viewer != NULL) /* without the newline */
    act_viewer_set_line (self->viewer, self->line->str, self->line->len - 1);
  ok = act_output_file_write (
           self->clusters, self->line->str, self->line->len, error)
      && act_examples_add (self->examples, self->description.name, &rows,
          &statistics, self->texts, row_of, error)
      && (self->facts == NULL
          || act_facts_begin_line (self->facts, self->cluster,
              &self->description, &rows, &statistics, row_of, error));
  mark_texts (self, &statistics, row_of);
  act_statistics_clear (&statistics);
  self->n_written++;
  return ok;
}

gboolean
act_dashboard_end_cluster (
    ActDashboard *self, const gint64 *coactivations, GError **error)
{
  g_return_val_if_fail (self->cluster >= 0, FALSE);

  /* what stored nothing has no line */
  if (self->pieces.row_of->len > 0 && !write_cluster (self, error))
    return FALSE;
  return coactivations == NULL
      || (act_coactivations_add (
              self->coactivations, self->cluster, coactivations, error)
          && (self->counts == NULL
              || act_count_rows_add (
                  self->counts, self->cluster, coactivations, error)));
}

ActFacts *
act_dashboard_get_facts (const ActDashboard *self)
{
  return self->facts;
}

static gboolean
write_model_info (ActDashboard *self, GError **error)
{
  g_autofree char *name = path_of (self, "model_info.json");
  ActModelCounts counts = {
    .n_samples = act_texts_get_n_samples (self->texts),
    .n_texts = act_texts_get_n (self->texts),
    .n_ambiguous = act_texts_get_n_ambiguous (self->texts),
    .n_collisions = act_texts_get_n_collisions (self->texts),
    .n_clusters_written = self->n_written,
    .n_examples = act_examples_get_n (self->examples),
  };

  return act_model_info_write (
             name, &self->run, &self->settings, self->criteria, &counts, error)
      && (self->viewer == NULL
          || act_viewer_write_run (self->viewer, name, error));
}

static gboolean
write_referenced_texts (ActDashboard *self, GError **error)
{
  g_autofree char *name = path_of (self, "text_samples.jsonl");

  return !self->settings.referenced_texts
      || act_texts_write_marked (self->texts, name, error);
}

gboolean
act_dashboard_finish (ActDashboard *self, const gint64 *ids, GError **error)
{
  if (!self->samples_ended && !act_dashboard_end_samples (self, error))
    return FALSE;
  if (self->counts != NULL)
    act_count_rows_end (self->counts);
  return act_output_file_close (g_steal_pointer (&self->clusters), error)
      && act_examples_finish (self->examples, &self->cancelled, error)
      && act_coactivations_finish (
          self->coactivations, ids, &self->cancelled, error)
      && write_referenced_texts (self, error)
      && (self->facts == NULL
          || act_facts_finish (self->facts, &self->cancelled, error))
      && write_model_info (self, error);
}

void
act_dashboard_cancel (ActDashboard *self)
{
  g_atomic_int_set (&self->cancelled, TRUE);
}
