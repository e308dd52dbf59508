/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/histogram.h"

#include "dashboard/kernels.h"

#include <float.h>
#include <math.h>

/* with more bins than this, comparing with every edge costs more than
 * computing the place */
#define MAX_COMPARED 32
/* values that are made float32 at a time */
#define FLOATS 4096

void
act_histogram_init (ActHistogram *histogram, guint n_bins, gboolean single,
    double low, double high)
{
  double range, step;

  if (low == high) {
    low -= 0.5;
    high += 0.5;
    range = high - low;
  } else {
    range = single ? (float) high - (float) low : high - low;
  }
  histogram->n_bins = n_bins;
  histogram->single = single;
  histogram->edges = g_new (double, n_bins + 1);
  histogram->counts = g_new0 (guint64, n_bins);
  histogram->low = low;
  histogram->scale = n_bins / range;

  step = (high - low) / n_bins;
  for (guint i = 0; i <= n_bins; i++) {
    double edge = i < n_bins ? i * step + low : high;
    /* + 0.0: a zero never keeps a sign */
    histogram->edges[i] = (single ? (float) edge : edge) + 0.0;
  }
}

void
act_histogram_clear (ActHistogram *histogram)
{
  g_clear_pointer (&histogram->edges, g_free);
  g_clear_pointer (&histogram->counts, g_free);
}

void
act_histogram_add (ActHistogram *histogram, double value, guint64 times)
{
  double place;
  guint bin;

  if (histogram->single)
    place = ((float) value - (float) histogram->low) * (float) histogram->scale;
  else
    place = (value - histogram->low) * histogram->scale;
  /* a range so narrow that the scale has no float32 */
  if (!isfinite (place))
    place = (value - histogram->low) * histogram->scale;

  bin = place < histogram->n_bins ? (guint) MAX (place, 0.0)
                                  : histogram->n_bins - 1;
  if (value < histogram->edges[bin]) {
    if (bin > 0)
      bin--;
  } else if (bin + 1 < histogram->n_bins
      && value >= histogram->edges[bin + 1]) {
    bin++;
  }
  histogram->counts[bin] += times;
}

/* Where edges lie farther apart than roundings reach, the rule's one step down
 * or up from the computed place always ends between the edges that the value
 * lies between, so comparing with the edges gives the same bin. Both ends are
 * within 1024 ranges of zero here, so edges and places are each rounded by
 * less than 2^-13 n_bins of a bin. */
static gboolean
edges_decide (const ActHistogram *histogram)
{
  const float low = histogram->low;
  const float high = histogram->edges[histogram->n_bins];
  const float scale = histogram->scale, range = high - low;

  return histogram->n_bins <= MAX_COMPARED && isfinite (range)
      && isfinite (scale) && scale >= FLT_MIN
      && range >= MAX (fabsf (low), fabsf (high)) / 1024.0f;
}

static void
count_by_edges (ActHistogram *histogram, const float *values, gsize n)
{
  const guint last = histogram->n_bins - 1;
  float edges[MAX_COMPARED];
  guint64 at_least[MAX_COMPARED + 1] = { n };

  for (guint i = 0; i < last; i++)
    edges[i] = histogram->edges[i + 1];
  act_dashboard_kernels ()->count_at_least (
      values, n, edges, last, at_least + 1);
  for (guint i = 0; i < last; i++)
    histogram->counts[i] += at_least[i] - at_least[i + 1];
  histogram->counts[last] += at_least[last];
}

/* act_histogram_add () with what is the same for all values done once */
void
act_histogram_add_f32 (ActHistogram *histogram, const float *values, gsize n)
{
  const guint last = histogram->n_bins - 1;
  const float low = histogram->low, scale = histogram->scale;
  const float range = (float) histogram->edges[last + 1] - low;
  const double *edges = histogram->edges;

  if (edges_decide (histogram)) {
    count_by_edges (histogram, values, n);
    return;
  }
  /* places that may not be finite */
  if (!isfinite (range * scale)) {
    for (gsize i = 0; i < n; i++)
      act_histogram_add (histogram, values[i], 1);
    return;
  }
  for (gsize i = 0; i < n; i++) {
    gint bin = (values[i] - low) * scale;

    bin = CLAMP (bin, 0, (gint) last);
    if (values[i] < edges[bin])
      bin -= bin > 0;
    else
      bin += bin < (gint) last && values[i] >= edges[bin + 1];
    histogram->counts[bin]++;
  }
}

void
act_histogram_of (ActHistogram *histogram, guint n_bins, gboolean single,
    const double *values, gsize n, guint64 n_zeros)
{
  double low = n_zeros > 0 ? 0.0 : values[0], high = low;
  float floats[FLOATS];

  for (gsize i = 0; i < n; i++) {
    low = MIN (low, values[i]);
    high = MAX (high, values[i]);
  }
  act_histogram_init (histogram, n_bins, single, low, high);
  if (n_zeros > 0)
    act_histogram_add (histogram, 0.0, n_zeros);
  if (!single) {
    for (gsize i = 0; i < n; i++)
      act_histogram_add (histogram, values[i], 1);
    return;
  }
  for (gsize first = 0; first < n; first += FLOATS) {
    gsize n_floats = MIN (FLOATS, n - first);

    for (gsize i = 0; i < n_floats; i++)
      floats[i] = values[first + i];
    act_histogram_add_f32 (histogram, floats, n_floats);
  }
}

void
act_histogram_of_sparse (ActHistogram *histogram, guint n_bins, float min,
    float max, const float *values, gsize n, guint64 n_zeros)
{
  act_histogram_init (histogram, n_bins, TRUE, min, max);
  if (n_zeros > 0)
    act_histogram_add (histogram, 0.0, n_zeros);
  act_histogram_add_f32 (histogram, values, n);
}
