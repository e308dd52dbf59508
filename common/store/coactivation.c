/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/coactivation.h"

#include <string.h>

#define STRETCH_WORDS (ACT_COACTIVATION_STRETCH / 64)
/* 16 KiB of them */
#define TILE_SETS 32

void
act_coactivation_init (
    ActCoactivation *self, guint n_cols, guint first, guint n_rows)
{
  memset (self, 0, sizeof *self);
  self->n_cols = n_cols;
  self->first = first;
  self->n_rows = n_rows;
  self->counts = g_new0 (gint64, (gsize) n_rows * n_cols);
  self->pairs = g_new (guint, n_cols);
  self->words = g_new0 (guint64, n_cols);
  self->any = g_new (guint64, n_cols);
}

void
act_coactivation_clear (ActCoactivation *self)
{
  g_clear_pointer (&self->counts, g_free);
  g_clear_pointer (&self->pairs, g_free);
  g_clear_pointer (&self->words, g_free);
  g_clear_pointer (&self->any, g_free);
  g_clear_pointer (&self->sets, g_free);
}

/* Row i counts columns j >= i, and those before the block; the rest of the
 * block's square is mirrored at the end. */
static void
add_pairs (ActCoactivation *self, gsize n_positions, const gint64 *indptr,
    const gint32 *indices, const float *values)
{
  const guint first = self->first, end = first + self->n_rows;
  guint *cols = self->pairs;

  for (gsize p = 0; p < n_positions; p++) {
    guint n = 0, n_before = 0;

    for (gint64 k = indptr[p]; k < indptr[p + 1]; k++) {
      cols[n] = indices[k];
      n += values[k] > 0;
    }
    while (n_before < n && cols[n_before] < first)
      n_before++;
    for (guint i = n_before; i < n && cols[i] < end; i++) {
      gint64 *row = self->counts + (gsize) (cols[i] - first) * self->n_cols;

      for (guint j = 0; j < n_before; j++)
        row[cols[j]]++;
      for (guint j = i; j < n; j++)
        row[cols[j]]++;
    }
  }
}

static void
make_room (ActCoactivation *self, guint n_sets)
{
  if (self->n_sets_allocated >= n_sets)
    return;
  g_free (self->sets);
  self->sets = g_new (guint64, (gsize) n_sets * STRETCH_WORDS);
  self->n_sets_allocated = n_sets;
}

/* -> how many are left; self->pairs says whose they are, ascending */
static guint
drop_silent (ActCoactivation *self)
{
  guint n = 0;

  for (guint c = 0; c < self->n_cols; c++) {
    if (self->any[c] == 0)
      continue;
    if (n < c)
      memcpy (self->sets + (gsize) n * STRETCH_WORDS,
          self->sets + (gsize) c * STRETCH_WORDS,
          STRETCH_WORDS * sizeof *self->sets);
    self->pairs[n++] = c;
  }
  return n;
}

/* One word of every column at a time, which stay in the first cache. A set a
 * column; those of silent columns are taken out. */
static guint
fill_sets (ActCoactivation *self, gsize n_positions, const gint64 *indptr,
    const gint32 *indices, const float *values)
{
  const guint n_cols = self->n_cols;
  guint64 *words = self->words, *any = self->any;

  make_room (self, n_cols);
  memset (any, 0, n_cols * sizeof *any);
  for (gsize w = 0; w < STRETCH_WORDS; w++) {
    const gsize first = w * 64, end = MIN (first + 64, n_positions);
    guint64 *sets = self->sets + w;

    for (gsize p = first; p < end; p++)
      for (gint64 k = indptr[p]; k < indptr[p + 1]; k++)
        words[indices[k]] |= (guint64) (values[k] > 0) << (p % 64);
    for (guint c = 0; c < n_cols; c++) {
      sets[(gsize) c * STRETCH_WORDS] = words[c];
      any[c] |= words[c];
      words[c] = 0;
    }
  }
  return drop_silent (self);
}

/* A set's row of the matrix: with the sets [from, to). */
static void
add_set (ActCoactivation *self, guint set, guint from, guint to, gsize n_words)
{
  const guint64 *sets = self->sets;
  const guint *cols = self->pairs;
  gint64 *row = self->counts + (gsize) (cols[set] - self->first) * self->n_cols;
  guint32 counts[TILE_SETS];

  act_and_popcounts () (sets + (gsize) set * STRETCH_WORDS,
      sets + (gsize) from * STRETCH_WORDS, to - from, STRETCH_WORDS, n_words,
      counts);
  if (cols[to - 1] - cols[from] == to - 1 - from) {
    row += cols[from];
    for (guint j = 0; j < to - from; j++)
      row[j] += counts[j];
  } else {
    for (guint j = from; j < to; j++)
      row[cols[j]] += counts[j - from];
  }
}

/* self->pairs holds the columns that are above 0 anywhere, ascending. A tile of
 * sets stays in the first cache while those of all rows go past it. */
static void
add_sets (ActCoactivation *self, guint n_sets, gsize n_positions)
{
  const guint first = self->first, end = first + self->n_rows;
  const gsize n_words = (n_positions + 63) / 64;
  guint n_before = 0, n_up_to = 0;

  while (n_before < n_sets && self->pairs[n_before] < first)
    n_before++;
  for (n_up_to = n_before; n_up_to < n_sets && self->pairs[n_up_to] < end;)
    n_up_to++;
  for (guint from = 0, to; from < n_sets; from = to) {
    const guint limit = from < n_before ? n_before : n_sets;

    to = MIN (from + TILE_SETS, limit);
    for (guint i = n_before; i < n_up_to; i++) {
      if (from < n_before || i <= from)
        add_set (self, i, from, to, n_words);
      else if (i < to)
        add_set (self, i, i, to, n_words);
    }
  }
}

/* What either way costs for one stretch, in words of bit sets. From the rows'
 * lengths alone: what is not above 0, and columns that are silent, count as if
 * they were. Only speed depends on it; either way counts the same share of its
 * pairs when this is a block of the matrix. */
static void
estimate (guint n_cols, gsize n_positions, const gint64 *indptr,
    guint64 *pair_cost, guint64 *set_cost)
{
  guint64 n_sets = MIN (n_cols, indptr[n_positions] - indptr[0]);
  guint64 n_pairs = 0;

  for (gsize p = 0; p < n_positions; p++) {
    guint64 n = indptr[p + 1] - indptr[p];
    n_pairs += n * (n + 1) / 2;
  }
  *pair_cost = n_pairs * act_and_popcounts_per_pair ();
  *set_cost = n_sets * (n_sets + 1) / 2 * ((n_positions + 63) / 64);
}

void
act_coactivation_estimate (guint n_cols, gsize n_positions,
    const gint64 *indptr, guint64 *pair_cost, guint64 *least_cost)
{
  for (gsize first = 0; first < n_positions;
       first += ACT_COACTIVATION_STRETCH) {
    guint64 pairs, sets;

    estimate (n_cols, MIN (n_positions - first, ACT_COACTIVATION_STRETCH),
        indptr + first, &pairs, &sets);
    *pair_cost += pairs;
    *least_cost += MIN (pairs, sets);
  }
}

void
act_coactivation_add (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values)
{
  for (gsize first = 0; first < n_positions;
       first += ACT_COACTIVATION_STRETCH) {
    const gint64 *rows = indptr + first;
    gsize n = MIN (n_positions - first, ACT_COACTIVATION_STRETCH);
    guint64 pair_cost, set_cost;

    estimate (self->n_cols, n, rows, &pair_cost, &set_cost);
    if (pair_cost <= set_cost)
      add_pairs (self, n, rows, indices, values);
    else
      add_sets (self, fill_sets (self, n, rows, indices, values), n);
  }
}

/* Turned into rows first. */
void
act_coactivation_add_columns (
    ActCoactivation *self, gsize n_positions, const ActColumn *columns)
{
  g_autofree gint64 *indptr = g_new0 (gint64, n_positions + 2);
  g_autofree gint32 *indices = NULL;
  g_autofree float *values = NULL;
  gsize n = 0;

  for (guint c = 0; c < self->n_cols; c++) {
    n += columns[c].n;
    for (gsize k = 0; k < columns[c].n; k++)
      indptr[columns[c].cells[k].position + 2]++;
  }
  indices = g_new (gint32, n);
  values = g_new (float, n);
  /* indptr[p + 1] is where the next value of row p goes, and so ends as the
   * row's end */
  for (gsize p = 2; p <= n_positions + 1; p++)
    indptr[p] += indptr[p - 1];
  for (guint c = 0; c < self->n_cols; c++) {
    for (gsize k = 0; k < columns[c].n; k++) {
      gint64 at = indptr[columns[c].cells[k].position + 1]++;
      indices[at] = c;
      values[at] = columns[c].cells[k].value;
    }
  }
  act_coactivation_add (self, n_positions, indptr, indices, values);
}

void
act_coactivation_finish (ActCoactivation *self)
{
  for (guint i = 0; i < self->n_rows; i++)
    for (guint j = 0; j < i; j++)
      self->counts[(gsize) i * self->n_cols + self->first + j] =
          self->counts[(gsize) j * self->n_cols + self->first + i];
}
