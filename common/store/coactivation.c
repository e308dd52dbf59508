/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/coactivation.h"

#include <string.h>

#define STRETCH_WORDS (ACT_COACTIVATION_STRETCH / 64)

/* What a pair of one position costs in words of bit sets: it reads an index
 * and adds to a count that may lie anywhere. Measured; only speed depends on
 * it. */
#define WORDS_PER_PAIR 2

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
  self->seen = g_new0 (guint64, n_cols / 64 + 1);
  self->set_of = g_new (gint32, n_cols);
  self->row = g_new (guint32, n_cols);
  self->used = g_new (gsize, n_cols);
}

void
act_coactivation_clear (ActCoactivation *self)
{
  g_clear_pointer (&self->counts, g_free);
  g_clear_pointer (&self->pairs, g_free);
  g_clear_pointer (&self->seen, g_free);
  g_clear_pointer (&self->set_of, g_free);
  g_clear_pointer (&self->row, g_free);
  g_clear_pointer (&self->used, g_free);
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

static void
fill_sets (ActCoactivation *self, guint n_sets, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values)
{
  make_room (self, n_sets);
  memset (self->sets, 0, (gsize) n_sets * STRETCH_WORDS * sizeof (guint64));
  for (guint i = 0; i < n_sets; i++)
    self->set_of[self->pairs[i]] = i;
  for (gsize p = 0; p < n_positions; p++) {
    guint64 *word = self->sets + p / 64;
    guint64 bit = G_GUINT64_CONSTANT (1) << (p % 64);

    for (gint64 k = indptr[p]; k < indptr[p + 1]; k++)
      if (values[k] > 0)
        word[(gsize) self->set_of[indices[k]] * STRETCH_WORDS] |= bit;
  }
}

/* A set's row of the matrix: with the sets [from, to). */
static void
add_set (ActCoactivation *self, guint set, guint from, guint to, gsize n_words)
{
  const guint64 *sets = self->sets;
  gint64 *row =
      self->counts + (gsize) (self->pairs[set] - self->first) * self->n_cols;

  act_and_popcounts () (sets + (gsize) set * STRETCH_WORDS,
      sets + (gsize) from * STRETCH_WORDS, to - from, STRETCH_WORDS, n_words,
      self->row);
  for (guint j = from; j < to; j++)
    row[self->pairs[j]] += self->row[j - from];
}

/* self->pairs holds the columns that are above 0 anywhere, ascending */
static void
add_sets (ActCoactivation *self, guint n_sets, gsize n_positions)
{
  const guint first = self->first, end = first + self->n_rows;
  const gsize n_words = (n_positions + 63) / 64;
  guint n_before = 0;

  while (n_before < n_sets && self->pairs[n_before] < first)
    n_before++;
  for (guint i = n_before; i < n_sets && self->pairs[i] < end; i++) {
    add_set (self, i, 0, n_before, n_words);
    add_set (self, i, i, n_sets, n_words);
  }
}

/* Columns above 0 in these positions into self->pairs, ascending. */
static guint
collect_columns (ActCoactivation *self, gsize n_positions, const gint64 *indptr,
    const gint32 *indices, const float *values)
{
  const gsize n_words = self->n_cols / 64 + 1;
  guint n = 0;

  for (gint64 k = indptr[0]; k < indptr[n_positions]; k++)
    self->seen[indices[k] / 64] |= (guint64) (values[k] > 0)
        << (indices[k] % 64);
  for (gsize w = 0; w < n_words; w++) {
    guint64 bits = self->seen[w];
    self->seen[w] = 0;
    for (; bits != 0; bits &= bits - 1)
      self->pairs[n++] = w * 64 + __builtin_ctzll (bits);
  }
  return n;
}

/* From the rows' lengths alone: what is not above 0, and columns that are
 * silent, count as if they were. Only speed depends on it; either way counts
 * the same share of its pairs when this is a block of the matrix. */
static gboolean
pairs_are_cheaper (
    const ActCoactivation *self, gsize n_positions, const gint64 *indptr)
{
  guint64 n_sets = MIN (self->n_cols, indptr[n_positions] - indptr[0]);
  guint64 n_pairs = 0;

  for (gsize p = 0; p < n_positions; p++) {
    guint64 n = indptr[p + 1] - indptr[p];
    n_pairs += n * (n + 1) / 2;
  }
  return n_pairs * WORDS_PER_PAIR
      <= n_sets * (n_sets + 1) / 2 * ((n_positions + 63) / 64);
}

/* Positions [first, first + 64 * STRETCH_WORDS) of a column; -> whether any is
 * above 0. Cells of one word come together, so that it is written once. */
static gboolean
fill_set (guint64 *set, const ActColumn *column, gsize *used, gsize first)
{
  const ActCell *cells = column->cells;
  guint64 any = 0, word = 0;
  gsize k = *used, at = 0;

  memset (set, 0, STRETCH_WORDS * sizeof (guint64));
  for (; k < column->n; k++) {
    gsize position = (gsize) cells[k].position - first;

    if (position >= ACT_COACTIVATION_STRETCH)
      break;
    if (position / 64 != at) {
      set[at] = word;
      any |= word;
      word = 0;
      at = position / 64;
    }
    word |= (guint64) (cells[k].value > 0) << (position % 64);
  }
  set[at] = word;
  *used = k;
  return (any | word) != 0;
}

/* from columns; -> how many have one above 0, into self->pairs, ascending */
static guint
fill_sets_from_columns (
    ActCoactivation *self, const ActColumn *columns, gsize first)
{
  guint n_sets = 0;

  make_room (self, self->n_cols);
  for (guint c = 0; c < self->n_cols; c++) {
    if (self->used[c] == columns[c].n)
      continue;
    if (fill_set (self->sets + (gsize) n_sets * STRETCH_WORDS, &columns[c],
            &self->used[c], first))
      self->pairs[n_sets++] = c;
  }
  return n_sets;
}

/* a stretch counted by pairs: its cells are not in sets, but done with */
static void
skip_cells (ActCoactivation *self, const ActColumn *columns, gsize end)
{
  for (guint c = 0; c < self->n_cols; c++)
    while (self->used[c] < columns[c].n
        && (gsize) columns[c].cells[self->used[c]].position < end)
      self->used[c]++;
}

static guint
fill_sets_from_rows (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values)
{
  guint n_sets = collect_columns (self, n_positions, indptr, indices, values);

  fill_sets (self, n_sets, n_positions, indptr, indices, values);
  return n_sets;
}

/* columns may be NULL */
void
act_coactivation_add_both (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values,
    const ActColumn *columns)
{
  memset (self->used, 0, self->n_cols * sizeof *self->used);
  for (gsize first = 0; first < n_positions;
       first += ACT_COACTIVATION_STRETCH) {
    const gint64 *rows = indptr + first;
    gsize n = MIN (n_positions - first, ACT_COACTIVATION_STRETCH);

    if (pairs_are_cheaper (self, n, rows)) {
      add_pairs (self, n, rows, indices, values);
      if (columns != NULL && first + n < n_positions)
        skip_cells (self, columns, first + n);
    } else {
      add_sets (self,
          columns != NULL
              ? fill_sets_from_columns (self, columns, first)
              : fill_sets_from_rows (self, n, rows, indices, values),
          n);
    }
  }
}

void
act_coactivation_add (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values)
{
  act_coactivation_add_both (self, n_positions, indptr, indices, values, NULL);
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
  act_coactivation_add_both (
      self, n_positions, indptr, indices, values, columns);
}

void
act_coactivation_finish (ActCoactivation *self)
{
  for (guint i = 0; i < self->n_rows; i++)
    for (guint j = 0; j < i; j++)
      self->counts[(gsize) i * self->n_cols + self->first + j] =
          self->counts[(gsize) j * self->n_cols + self->first + i];
}
