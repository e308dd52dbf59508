/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/criteria.h"
#include "dashboard/histogram.h"
#include "dashboard/rows.h"
#include "dashboard/texts.h"
#include "dashboard/tokencount.h"
#include "formats/bigarray.h"

/* What the dashboard says of one cluster. */

/* of one sample */
typedef struct {
  float max;
  float min;
  float mean;
  float median;
  guint max_position; /* the first position of the maximum */
} ActRowProperties;

/* row: rows that are one row. The mean and the median cost most; they are 0
 * where they are not asked for. */
void act_row_properties (const ActRows *row, gboolean mean, gboolean median,
    ActRowProperties *properties);

typedef struct {
  guint64 n_samples;
  guint64 n_tokens;
  float mean;
  float min;
  float max;
  float median;
  ActHistogram all;
  ActHistogram position;
  guint n_criteria;
  ActHistogram *criteria; /* [n_criteria] */
  gsize **top;            /* [n_criteria][n_top] rows, the best first */
  gsize n_top;
  ActTokenStatistics tokens;
} ActStatistics;

typedef struct {
  guint n_samples; /* of the best that a criterion names */
  const ActCriteria *criteria;
  guint hist_bins;
  double activation_threshold; /* at least 0: zeros never count */
} ActStatisticsSettings;

/* At least one row; texts and row_of [n_rows] say which sample each row is,
 * for the tokens; count is of the same strings; work holds doubles, and may be
 * used again. An error where float32 cannot hold the sums or the range. */
gboolean act_statistics_compute (ActStatistics *statistics, const ActRows *rows,
    const ActStatisticsSettings *settings, const ActTexts *texts,
    const gsize *row_of, ActTokenCount *count, ActBigArray *work,
    GError **error);
void act_statistics_clear (ActStatistics *statistics);
