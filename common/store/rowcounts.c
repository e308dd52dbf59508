/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/rowcounts.h"

#include <string.h>

#include "formats/scratch.h"
#include "store/arena.h"

/* lists that are gone through together, and how far ahead they are asked for:
 * most are in no cache */
#define LISTS 1024
#define AHEAD 12

/* One batch: starts [n_positions + 1] of each position's list. Numbers of
 * columns take 16 bits where they can: half the memory to go through. */
typedef struct {
  const guint32 *starts;
  const guint8 *lists;
} Batch;

typedef struct {
  const guint8 *columns;
  gsize n;
} List;

/* of a row in the file: counts of as many positions as have lists at once */
typedef struct {
  guint32 column;
  guint32 count;
} Entry;

struct _ActRowCounts {
  guint n_cols;
  gsize max_memory;
  char *folder;
  gsize width; /* bytes of a column's number */

  ActArena arena;
  GArray *batches; /* Batch, of those that have lists now */
  gsize first_batch;
  guint64 n_positions; /* that have */
  guint32 *sums;       /* [n_cols] of a row; 0 between */
  List lists[LISTS];

  ActScratch *scratch; /* NULL: nothing was spilled */
  GPtrArray *ends;     /* guint64 [n_cols] for each time: a row's last entry */
  guint64 n_entries;
  Entry *entries; /* [n_cols] */
  gint64 *row;    /* [n_cols] */
};

ActRowCounts *
act_row_counts_new (guint n_cols, gsize max_memory, const char *folder)
{
  ActRowCounts *self = g_new0 (ActRowCounts, 1);

  self->n_cols = n_cols;
  self->max_memory = max_memory;
  self->folder = g_strdup (folder);
  self->width = n_cols <= 1u << 16 ? sizeof (guint16) : sizeof (guint32);
  act_arena_init (&self->arena);
  self->batches = g_array_new (FALSE, FALSE, sizeof (Batch));
  self->sums = g_new0 (guint32, n_cols);
  self->ends = g_ptr_array_new_with_free_func (g_free);
  self->entries = g_new (Entry, n_cols);
  self->row = g_new (gint64, n_cols);
  return self;
}

void
act_row_counts_free (ActRowCounts *self)
{
  if (self == NULL)
    return;
  act_arena_clear (&self->arena);
  g_array_unref (self->batches);
  g_ptr_array_unref (self->ends);
  act_scratch_free (self->scratch);
  g_free (self->sums);
  g_free (self->entries);
  g_free (self->row);
  g_free (self->folder);
  g_free (self);
}

/* --- lists --- */

gboolean
act_row_counts_is_full (
    const ActRowCounts *self, gsize n_positions, gsize n_values)
{
  gsize size = (n_positions + 1) * sizeof (guint32) + n_values * self->width;

  return self->batches->len > 0
      && (self->arena.used + size > self->max_memory
          || self->n_positions + n_positions > G_MAXUINT32);
}

/* -> lists of the columns above 0, one behind the other */
#define MAKE_LISTS(name, type)                                                 \
  static void name (                                                           \
      gsize n_positions, const ActCsr *batch, guint32 *starts, type *lists)    \
  {                                                                            \
    guint32 n = 0;                                                             \
                                                                               \
    for (gsize p = 0; p < n_positions; p++) {                                  \
      starts[p] = n;                                                           \
      for (gint64 k = batch->indptr[p]; k < batch->indptr[p + 1]; k++) {       \
        lists[n] = (type) batch->indices[k];                                   \
        n += batch->values[k] > 0;                                             \
      }                                                                        \
    }                                                                          \
    starts[n_positions] = n;                                                   \
  }
MAKE_LISTS (make_lists_16, guint16)
MAKE_LISTS (make_lists_32, guint32)

void
act_row_counts_add (ActRowCounts *self, gsize n_positions, const ActCsr *batch)
{
  guint32 *starts =
      act_arena_take (&self->arena, (n_positions + 1) * sizeof *starts);
  guint8 *lists = act_arena_take (&self->arena, batch->n_values * self->width);
  Batch added = { starts, lists };

  if (self->width == sizeof (guint16))
    make_lists_16 (n_positions, batch, starts, (guint16 *) lists);
  else
    make_lists_32 (n_positions, batch, starts, (guint32 *) lists);
  g_array_append_val (self->batches, added);
  self->n_positions += n_positions;
}

/* --- a row of what there are lists of --- */

#define ADD_LISTS(name, type)                                                  \
  static void name (const List *lists, gsize n_lists, guint32 *sums)           \
  {                                                                            \
    for (gsize i = 0; i < n_lists; i++) {                                      \
      const type *columns = (const type *) lists[i].columns;                   \
                                                                               \
      __builtin_prefetch (lists[MIN (i + AHEAD, n_lists - 1)].columns);        \
      for (gsize k = 0; k < lists[i].n; k++)                                   \
        sums[columns[k]]++;                                                    \
    }                                                                          \
  }
ADD_LISTS (add_lists_16, guint16)
ADD_LISTS (add_lists_32, guint32)

static void
add_lists (ActRowCounts *self, gsize n_lists)
{
  if (self->width == sizeof (guint16))
    add_lists_16 (self->lists, n_lists, self->sums);
  else
    add_lists_32 (self->lists, n_lists, self->sums);
}

static void
sum_row (ActRowCounts *self, ActColumns *columns, guint row)
{
  const Batch *batches = (const Batch *) self->batches->data;
  gsize n = 0;

  for (guint b = 0; b < self->batches->len; b++) {
    ActColumn column = act_columns_get (columns, row, self->first_batch + b);
    const guint32 *starts = batches[b].starts;

    for (gsize k = 0; k < column.n; k++) {
      gint32 p = column.cells[k].position;

      self->lists[n] = (List){ batches[b].lists + starts[p] * self->width,
        starts[p + 1] - starts[p] };
      n += column.cells[k].value > 0;
      if (n == LISTS) {
        add_lists (self, n);
        n = 0;
      }
    }
  }
  add_lists (self, n);
}

/* --- the file --- */

/* The sums that are not 0, which are 0 again then; -> how many. */
static gsize
take_entries (ActRowCounts *self)
{
  gsize n = 0;

  for (guint i = 0; i < self->n_cols; i++) {
    self->entries[n] = (Entry){ i, self->sums[i] };
    n += self->sums[i] != 0;
    self->sums[i] = 0;
  }
  return n;
}

gboolean
act_row_counts_spill (
    ActRowCounts *self, ActColumns *columns, guint row, GError **error)
{
  guint64 *ends;
  gsize n;

  if (self->scratch == NULL) {
    self->scratch = act_scratch_new (self->folder, error);
    if (self->scratch == NULL)
      return FALSE;
  }
  if (row == 0)
    g_ptr_array_add (self->ends, g_new (guint64, self->n_cols));
  ends = g_ptr_array_index (self->ends, self->ends->len - 1);
  sum_row (self, columns, row);
  n = take_entries (self);
  self->n_entries += n;
  ends[row] = self->n_entries;
  return act_scratch_append (
      self->scratch, self->entries, n * sizeof (Entry), error);
}

void
act_row_counts_restart (ActRowCounts *self)
{
  self->first_batch += self->batches->len;
  g_array_set_size (self->batches, 0);
  self->n_positions = 0;
  act_arena_reuse (&self->arena);
}

/* what was spilled of a row the i-th time */
static gboolean
add_spilled (ActRowCounts *self, guint i, guint row, GError **error)
{
  const guint64 *ends = g_ptr_array_index (self->ends, i);
  guint64 first = 0;
  gsize n;

  if (row > 0)
    first = ends[row - 1];
  else if (i > 0)
    first =
        ((guint64 *) g_ptr_array_index (self->ends, i - 1))[self->n_cols - 1];
  n = ends[row] - first;
  if (!act_scratch_read (self->scratch, first * sizeof (Entry), self->entries,
          n * sizeof (Entry), error))
    return FALSE;
  for (gsize k = 0; k < n; k++)
    self->row[self->entries[k].column] += self->entries[k].count;
  return TRUE;
}

const gint64 *
act_row_counts_get (
    ActRowCounts *self, ActColumns *columns, guint row, GError **error)
{
  sum_row (self, columns, row);
  for (guint i = 0; i < self->n_cols; i++)
    self->row[i] = self->sums[i];
  memset (self->sums, 0, self->n_cols * sizeof *self->sums);
  for (guint i = 0; i < self->ends->len; i++)
    if (!add_spilled (self, i, row, error))
      return NULL;
  return self->row;
}
