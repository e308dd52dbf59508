/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/componentfacts.h"

#include <math.h>
#include <string.h>

#include "dashboard/kernels.h"
#include "dashboard/order.h"
#include "dashboard/pieces.h"
#include "dashboard/prioritysample.h"
#include "dashboard/statistics.h"

struct _ActComponentFacts {
  const ActTexts *texts;
  guint n_ctx;
  guint n_samples;
  guint hist_bins;
  guint64 seed;
  float threshold;

  /* the cluster's rows, and how many of those that hold values came */
  gboolean same; /* nothing else came */
  ActRows cluster;
  const gsize *cluster_row_of;
  gsize n_same;
  guint64 n_empty; /* others */

  gboolean begun; /* pieces are this component's */
  ActPieces pieces;
  ActBigArray *work; /* double */
  ActPrioritySample random;
  ActTokenCount *count;
  gint32 *picked; /* [n_ctx + ACT_DASHBOARD_SLACK] */
};

ActComponentFacts *
act_component_facts_new (const char *folder,
    const ActDashboardSettings *settings, const ActTexts *texts,
    gsize max_memory)
{
  ActComponentFacts *self = g_new0 (ActComponentFacts, 1);

  self->texts = texts;
  self->n_ctx = act_texts_get_n_ctx (texts);
  self->n_samples = settings->n_samples;
  self->hist_bins = settings->hist_bins;
  self->seed = settings->facts.seed;
  self->threshold = (float) settings->activation_threshold;
  act_pieces_init (&self->pieces, max_memory, folder);
  self->work = act_big_array_new (sizeof (double), max_memory, folder);
  act_priority_sample_init (&self->random, settings->facts.n_random);
  self->count =
      act_token_count_new (act_strings_get_n (act_texts_get_strings (texts)));
  self->picked = g_new (gint32, (gsize) self->n_ctx + ACT_DASHBOARD_SLACK);
  return self;
}

void
act_component_facts_free (ActComponentFacts *self)
{
  if (self == NULL)
    return;
  act_pieces_clear (&self->pieces);
  act_big_array_free (self->work);
  act_priority_sample_clear (&self->random);
  act_token_count_free (self->count);
  g_free (self->picked);
  g_free (self);
}

void
act_component_facts_begin (ActComponentFacts *self, const ActRows *cluster,
    const gsize *cluster_row_of)
{
  self->begun = FALSE;
  self->same = cluster != NULL;
  self->n_same = 0;
  self->n_empty = 0;
  if (cluster == NULL)
    return;
  self->cluster = *cluster;
  self->cluster_row_of = cluster_row_of;
}

static gboolean
begin_rows (ActComponentFacts *self, GError **error)
{
  if (!self->begun)
    self->begun = act_pieces_begin (&self->pieces, error);
  return self->begun;
}

static gboolean
keep_rows (ActComponentFacts *self, gsize n_rows, const guint64 *samples,
    const gint64 *indptr, const gint32 *positions, const float *values,
    GError **error)
{
  return begin_rows (self, error)
      && act_pieces_add (&self->pieces, self->texts, n_rows, samples, indptr,
          positions, values, error);
}

/* where the values of the cluster's i-th row that holds some begin */
static gsize
cluster_start (const ActComponentFacts *self, gsize i)
{
  const ActRows *cluster = &self->cluster;

  return cluster
      ->indptr[i < cluster->n_full ? cluster->full[i] : cluster->n_rows];
}

static guint64
cluster_sample (const ActComponentFacts *self, gsize i)
{
  return act_texts_get_sample (
      self->texts, self->cluster_row_of[self->cluster.full[i]]);
}

/* whether these are the cluster's next rows */
static gboolean
match_rows (const ActComponentFacts *self, gsize n_rows, const guint64 *samples,
    const gint64 *indptr, const gint32 *positions, const float *values)
{
  gsize first = cluster_start (self, self->n_same), n_values = indptr[n_rows];

  if (n_rows > self->cluster.n_full - self->n_same)
    return FALSE;
  for (gsize i = 0; i < n_rows; i++)
    if (cluster_start (self, self->n_same + i + 1) - first
            != (gsize) indptr[i + 1]
        || cluster_sample (self, self->n_same + i) != samples[i])
      return FALSE;
  return n_values == 0
      || (memcmp (self->cluster.positions + first, positions,
              n_values * sizeof *positions)
              == 0
          && memcmp (self->cluster.values + first, values,
                 n_values * sizeof *values)
              == 0);
}

/* From here on the component is not what its cluster is: what came is kept
 * after all. */
static gboolean
part_from_cluster (ActComponentFacts *self, GError **error)
{
  gsize n_rows = self->n_same;
  g_autofree guint64 *samples = g_new (guint64, n_rows + 1);
  g_autofree gint64 *indptr = g_new (gint64, n_rows + 1);

  indptr[0] = 0;
  for (gsize i = 0; i < n_rows; i++) {
    samples[i] = cluster_sample (self, i);
    indptr[i + 1] = cluster_start (self, i + 1);
  }
  self->same = FALSE;
  return keep_rows (self, n_rows, samples, indptr, self->cluster.positions,
      self->cluster.values, error);
}

gboolean
act_component_facts_add_rows (ActComponentFacts *self, gsize n_rows,
    guint64 n_empty, const guint64 *samples, const gint64 *indptr,
    const gint32 *positions, const float *values, GError **error)
{
  self->n_empty += n_empty;
  if (self->same
      && match_rows (self, n_rows, samples, indptr, positions, values)) {
    self->n_same += n_rows;
    return TRUE;
  }
  return (!self->same || part_from_cluster (self, error))
      && keep_rows (self, n_rows, samples, indptr, positions, values, error);
}

gboolean
act_component_facts_is_same (const ActComponentFacts *self)
{
  const ActRows *cluster = &self->cluster;

  return self->same && self->n_same == cluster->n_full
      && self->n_empty == cluster->n_rows - cluster->n_full;
}

/* above the threshold somewhere: its tokens count, and it may be picked */
static void
take_active_row (ActComponentFacts *self, const ActRows *row, gsize place,
    gsize text_row, ActTokenFacts *tokens)
{
  const guint32 *strings = act_texts_get_tokens (self->texts, text_row);
  gsize n = row->indptr[1];
  gsize n_picked = act_dashboard_kernels ()->pick_above (
      row->values, row->positions, n, self->threshold, self->picked);

  act_token_count_add_positions (self->count, strings, self->picked, n_picked);
  act_token_facts_add_row (
      tokens, strings, row->positions, row->values, n, self->threshold);
  act_priority_sample_add (&self->random,
      act_priority_key (
          self->seed, act_texts_get_sample (self->texts, text_row)),
      place);
}

/* maxima [n_rows]; places of those above 0, whose number is returned */
static gsize
scan_rows (ActComponentFacts *self, const ActRows *rows, const gsize *row_of,
    ActTokenFacts *tokens, double *maxima, double *places)
{
  ActRowProperties properties;
  gsize indptr[2], n_peaks = 0;

  act_priority_sample_reset (&self->random);
  for (gsize i = 0; i < rows->n_rows; i++) {
    ActRows row = act_rows_get (rows, i, indptr);

    act_row_properties (&row, FALSE, FALSE, &properties);
    maxima[i] = properties.max;
    if (properties.max > 0.0f)
      places[n_peaks++] =
          properties.max_position / (double) MAX (1, self->n_ctx - 1);
    if (properties.max > self->threshold)
      take_active_row (self, &row, i, row_of[i], tokens);
  }
  act_priority_sample_sort (&self->random);
  return n_peaks;
}

static void
list_rows (ActComponentFacts *self, const double *maxima, gsize n_peaks,
    ActComponentDetail *detail)
{
  gsize n_top = MIN (self->n_samples, n_peaks);

  /* those above 0 come first */
  detail->top = g_new (gsize, MAX (n_top, 1));
  detail->n_top =
      act_top_f64 (maxima, detail->rows.n_rows, TRUE, n_top, detail->top);
  detail->n_random = self->random.n;
  detail->random = g_new (gsize, MAX (detail->n_random, 1));
  for (guint i = 0; i < detail->n_random; i++)
    detail->random[i] = self->random.heap[i].row;
}

/* maxima: those above 0 move to the front */
static void
make_histograms (const ActComponentFacts *self, const ActMemberFact *fact,
    double *maxima, const double *places, gsize n_peaks,
    ActComponentDetail *detail)
{
  gsize n_values = detail->rows.indptr[detail->rows.n_rows], n = 0;

  if (fact->n_samples > 0 && isfinite (fact->max - fact->min))
    act_histogram_of_sparse (&detail->all, self->hist_bins, fact->min,
        fact->max, detail->rows.values, n_values,
        fact->n_samples * self->n_ctx - n_values);
  if (n_peaks == 0)
    return;
  for (gsize i = 0; i < detail->rows.n_rows; i++)
    if (maxima[i] > 0)
      maxima[n++] = maxima[i];
  act_histogram_of (&detail->peaks, self->hist_bins, TRUE, maxima, n_peaks, 0);
  act_histogram_of (
      &detail->places, self->hist_bins, FALSE, places, n_peaks, 0);
}

static void
finish_tokens (
    ActComponentFacts *self, ActTokenFacts *tokens, ActComponentDetail *detail)
{
  ActTokenStatistics statistics;

  act_token_count_finish (self->count, &statistics);
  detail->entropy = statistics.entropy;
  detail->concentration_ratio = statistics.concentration_ratio;
  act_token_facts_finish (tokens, statistics.ranking, statistics.n_unique,
      &detail->tokens, &detail->next_tokens);
  g_free (statistics.ranking);
}

gboolean
act_component_facts_end (ActComponentFacts *self, const ActMemberFact *fact,
    ActTokenFacts *tokens, ActComponentDetail *detail, GError **error)
{
  double *maxima, *places;
  gsize n_rows, n_peaks;

  if ((self->same && !part_from_cluster (self, error))
      || !begin_rows (self, error))
    return FALSE;
  *detail = (ActComponentDetail){
    .fact = *fact,
    .rows = act_pieces_get_rows (&self->pieces, self->n_ctx),
    .row_of = (const gsize *) self->pieces.row_of->data,
  };
  n_rows = detail->rows.n_rows;
  act_big_array_shrink (self->work, 0);
  maxima = act_big_array_grow (self->work, 2 * n_rows, error);
  if (maxima == NULL)
    return FALSE;
  places = maxima + n_rows;
  n_peaks =
      scan_rows (self, &detail->rows, detail->row_of, tokens, maxima, places);
  list_rows (self, maxima, n_peaks, detail);
  make_histograms (self, fact, maxima, places, n_peaks, detail);
  finish_tokens (self, tokens, detail);
  return TRUE;
}

void
act_component_detail_clear (ActComponentDetail *detail)
{
  act_histogram_clear (&detail->all);
  act_histogram_clear (&detail->peaks);
  act_histogram_clear (&detail->places);
  act_token_table_clear (&detail->tokens);
  act_token_table_clear (&detail->next_tokens);
  g_clear_pointer (&detail->top, g_free);
  g_clear_pointer (&detail->random, g_free);
}
