/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/statistics.h"

#include "dashboard/kernels.h"
#include "dashboard/order.h"
#include "dashboard/sums.h"
#include "acterror.h"

#include <math.h>

/* first position that holds no value; there is one */
static guint
first_zero (const ActRows *row)
{
  guint n = row->indptr[1], i;

  for (i = 0; i < n && (guint) row->positions[i] == i; i++)
    ;
  return i;
}

static void
row_extremes (const ActRows *row, ActRowProperties *properties)
{
  gsize n = row->indptr[1], place = 0;
  float max = 0.0f, min = 0.0f;
  guint position = 0;

  if (n > 0) {
    act_dashboard_kernels ()->extremes (row->values, n, &max, &min, &place);
    position = row->positions[place];
  }
  if (n < row->n_ctx && max <= 0.0f) {
    max = 0.0f;
    position = first_zero (row);
  }
  if (n < row->n_ctx && min > 0.0f)
    min = 0.0f;
  properties->max = max;
  properties->min = min;
  properties->max_position = position;
}

void
act_row_properties (const ActRows *row, gboolean mean, gboolean median,
    ActRowProperties *properties)
{
  gsize n = row->indptr[1];

  row_extremes (row, properties);
  /* + 0.0: what is too small for a float32 becomes a zero without a sign */
  properties->mean =
      mean ? act_sum_rows (row) / (float) row->n_ctx + 0.0f : 0.0f;
  properties->median =
      median ? act_median_f32 (row->values, n, row->n_ctx - n) + 0.0f : 0.0f;
}

static double
property_value (const ActRowProperties *properties, ActProperty property)
{
  switch (property) {
  case ACT_PROPERTY_MAX_ACTIVATION:
    return properties->max;
  case ACT_PROPERTY_MEAN_ACTIVATION:
    return properties->mean;
  case ACT_PROPERTY_MIN_ACTIVATION:
    return properties->min;
  case ACT_PROPERTY_MEDIAN_ACTIVATION:
    return properties->median;
  case ACT_PROPERTY_MAX_POSITION:
    return properties->max_position;
  default:
    g_return_val_if_reached (0.0);
  }
}

/* Of the rows that hold values. values [n_criteria + 1][n_full]: each
 * criterion's property, and last the place of the maximum between 0 and 1;
 * row_max [n_full]. Of all others everything is 0. */
static void
row_values (const ActRows *rows, const ActCriteria *criteria, double *values,
    float *row_max, ActStatistics *statistics)
{
  const gsize n = rows->n_full;
  ActRowProperties properties;
  gsize indptr[2];
  gboolean mean = FALSE, median = FALSE;

  for (guint c = 0; c < criteria->n; c++) {
    mean |= criteria->items[c].property == ACT_PROPERTY_MEAN_ACTIVATION;
    median |= criteria->items[c].property == ACT_PROPERTY_MEDIAN_ACTIVATION;
  }
  statistics->max = n < rows->n_rows ? 0.0f : -INFINITY;
  statistics->min = n < rows->n_rows ? 0.0f : INFINITY;
  for (gsize i = 0; i < n; i++) {
    ActRows row = act_rows_get (rows, rows->full[i], indptr);

    act_row_properties (&row, mean, median, &properties);
    row_max[i] = properties.max;
    statistics->max = MAX (statistics->max, properties.max);
    statistics->min = MIN (statistics->min, properties.min);
    for (guint c = 0; c < criteria->n; c++)
      values[c * n + i] =
          property_value (&properties, criteria->items[c].property);
    values[criteria->n * n + i] =
        properties.max_position / (double) MAX (1, rows->n_ctx - 1);
  }
}

/* The first n_top of all rows by a property, among equals the first; property
 * [n_full], of the others it is 0. */
static void
pick_top (const ActRows *rows, const double *property, gboolean descending,
    gsize n_top, gsize *top)
{
  g_autofree gsize *best = g_new (gsize, MAX (n_top, 1));
  gsize n_best = act_top_f64 (property, rows->n_full, descending, n_top, best);
  gsize b = 0, empty = 0, k = 0;

  for (gsize i = 0; i < n_top; i++) {
    gboolean better = FALSE;

    for (; k < rows->n_full && rows->full[k] == empty; k++)
      empty++;
    if (b < n_best) {
      double value = descending ? -property[best[b]] : property[best[b]];

      better = empty == rows->n_rows || value < 0
          || (value == 0 && rows->full[best[b]] < empty);
    }
    top[i] = better ? rows->full[best[b++]] : empty++;
  }
}

static void
rank_rows (ActStatistics *statistics, const ActRows *rows,
    const ActStatisticsSettings *settings, double *values, float *row_max)
{
  const ActCriteria *criteria = settings->criteria;
  const guint64 n_zeros = rows->n_rows - rows->n_full;
  const double *positions = values + criteria->n * rows->n_full;

  row_values (rows, criteria, values, row_max, statistics);
  statistics->n_criteria = criteria->n;
  statistics->criteria = g_new0 (ActHistogram, criteria->n);
  statistics->top = g_new0 (gsize *, criteria->n);
  statistics->n_top = MIN (settings->n_samples, rows->n_rows);
  for (guint c = 0; c < criteria->n; c++) {
    const double *property = values + c * rows->n_full;

    act_histogram_of (&statistics->criteria[c], settings->hist_bins,
        criteria->items[c].property != ACT_PROPERTY_MAX_POSITION, property,
        rows->n_full, n_zeros);
    statistics->top[c] = g_new (gsize, MAX (statistics->n_top, 1));
    pick_top (rows, property, criteria->items[c].descending, statistics->n_top,
        statistics->top[c]);
  }
  act_histogram_of (&statistics->position, settings->hist_bins, FALSE,
      positions, rows->n_full, n_zeros);
}

/* rows that are looked up together: their tokens lie anywhere */
#define ROWS_AHEAD 32

/* The next rows from i on that have something to count, and their tokens on
 * the way to the cache; -> how many. */
static guint
find_next_rows (const ActRows *rows, const float *row_max, float threshold,
    const ActTexts *texts, const gsize *row_of, gsize *i, gsize *next,
    const guint32 **tokens)
{
  guint n = 0;

  for (; *i < rows->n_full && n < ROWS_AHEAD; (*i)++) {
    gsize row = rows->full[*i];

    if (row_max[*i] <= threshold)
      continue;
    next[n] = row;
    tokens[n] = act_texts_get_tokens (texts, row_of[row]);
    __builtin_prefetch (tokens[n] + rows->positions[rows->indptr[row]]);
    n++;
  }
  return n;
}

/* row_max [n_full]: most rows of most clusters have nothing to count */
static void
count_tokens (const ActRows *rows, const float *row_max, float threshold,
    const ActTexts *texts, const gsize *row_of, ActTokenCount *count)
{
  const ActDashboardKernels *kernels = act_dashboard_kernels ();
  g_autofree gint32 *picked =
      g_new (gint32, (gsize) rows->n_ctx + ACT_DASHBOARD_SLACK);

  const guint32 *tokens[ROWS_AHEAD];
  gsize next[ROWS_AHEAD], i = 0;
  guint n_next;

  while ((n_next = find_next_rows (
              rows, row_max, threshold, texts, row_of, &i, next, tokens))
      > 0) {
    for (guint k = 0; k < n_next; k++) {
      gsize first = rows->indptr[next[k]];
      gsize n =
          kernels->pick_above (rows->values + first, rows->positions + first,
              rows->indptr[next[k] + 1] - first, threshold, picked);

      act_token_count_add_positions (count, tokens[k], picked, n);
    }
  }
}

static void
values_of_all (ActStatistics *statistics, const ActRows *rows, guint hist_bins)
{
  gsize n_values = rows->indptr[rows->n_rows];
  guint64 n_zeros = statistics->n_tokens - n_values;

  statistics->mean =
      (float) (act_sum_rows (rows) / (double) statistics->n_tokens) + 0.0f;
  statistics->median = act_median_f32 (rows->values, n_values, n_zeros) + 0.0f;
  act_histogram_of_sparse (&statistics->all, hist_bins, statistics->min,
      statistics->max, rows->values, n_values, n_zeros);
}

/* sums of very large values may have overflowed */
static gboolean
is_finite (const ActStatistics *statistics)
{
  gboolean finite = isfinite (statistics->mean) && isfinite (statistics->median)
      && isfinite (statistics->max - statistics->min);

  for (guint c = 0; c < statistics->n_criteria; c++) {
    const ActHistogram *histogram = &statistics->criteria[c];
    finite = finite && isfinite (histogram->low) && isfinite (histogram->scale)
        && isfinite (histogram->edges[histogram->n_bins]);
  }
  return finite;
}

/* row_values ()'s arrays, one behind the other */
static double *
make_room (ActBigArray *work, gsize n_full, guint n_criteria, float **row_max,
    GError **error)
{
  gsize n = ((gsize) n_criteria + 1) * n_full;
  double *values;

  act_big_array_shrink (work, 0);
  values = act_big_array_grow (work, n + (n_full + 1) / 2, error);
  if (values != NULL)
    *row_max = (float *) (values + n);
  return values;
}

gboolean
act_statistics_compute (ActStatistics *statistics, const ActRows *rows,
    const ActStatisticsSettings *settings, const ActTexts *texts,
    const gsize *row_of, ActTokenCount *count, ActBigArray *work,
    GError **error)
{
  float *row_max;
  double *values;

  g_return_val_if_fail (rows->n_rows > 0, FALSE);

  values =
      make_room (work, rows->n_full, settings->criteria->n, &row_max, error);
  if (values == NULL)
    return FALSE;
  *statistics = (ActStatistics){
    .n_samples = rows->n_rows,
    .n_tokens = act_rows_n_positions (rows),
  };
  rank_rows (statistics, rows, settings, values, row_max);
  values_of_all (statistics, rows, settings->hist_bins);
  count_tokens (rows, row_max, (float) settings->activation_threshold, texts,
      row_of, count);
  act_token_count_finish (count, &statistics->tokens);

  if (!is_finite (statistics)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "activations from %g to %g are too large for float32 statistics",
        (double) statistics->min, (double) statistics->max);
    act_statistics_clear (statistics);
    return FALSE;
  }
  return TRUE;
}

void
act_statistics_clear (ActStatistics *statistics)
{
  act_histogram_clear (&statistics->all);
  act_histogram_clear (&statistics->position);
  for (guint c = 0; c < statistics->n_criteria; c++) {
    act_histogram_clear (&statistics->criteria[c]);
    g_free (statistics->top[c]);
  }
  g_clear_pointer (&statistics->criteria, g_free);
  g_clear_pointer (&statistics->top, g_free);
  g_clear_pointer (&statistics->tokens.ranking, g_free);
  statistics->n_criteria = 0;
}
