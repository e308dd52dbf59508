/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Histograms with NumPy's rounding (golden README, "Histograms"): equal bins
 * between the extremes, computed in the data's type. */
typedef struct {
  guint n_bins;
  gboolean single; /* the data are float32, else float64 */
  double *edges;   /* [n_bins + 1], as the data's type has them */
  guint64 *counts; /* [n_bins] */

  double low;   /* the first edge */
  double scale; /* bins for each unit */
} ActHistogram;

/* low and high: extremes of the data, finite, low <= high */
void act_histogram_init (ActHistogram *histogram, guint n_bins, gboolean single,
    double low, double high);
void act_histogram_clear (ActHistogram *histogram);

/* values between the extremes; single: each is a float32 */
void act_histogram_add (ActHistogram *histogram, double value, guint64 times);
/* each of n values once; the histogram is single */
void act_histogram_add_f32 (
    ActHistogram *histogram, const float *values, gsize n);

/* A histogram of n values and n_zeros zeros, at least one together, between
 * their extremes. */
void act_histogram_of (ActHistogram *histogram, guint n_bins, gboolean single,
    const double *values, gsize n, guint64 n_zeros);
/* One of n float32 values and n_zeros zeros, between their extremes. */
void act_histogram_of_sparse (ActHistogram *histogram, guint n_bins, float min,
    float max, const float *values, gsize n, guint64 n_zeros);
