/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/columns.h"

#include <string.h>
#include <sys/mman.h>

#include "formats/scratch.h"
#include "store/arena.h"
#include "store/batchrows.h"

/* What is read of a stretch in the file at a time: large enough for a disk, and
 * small enough that so much of every stretch stays cached until the columns
 * behind need it. The system's own reading ahead may be megabytes at each of
 * thousands of places. */
#define AHEAD ((gsize) 128 << 10)
#define PAGE_SIZE ((gsize) 4096)

/* cells of a stretch are counted in 32 bits */
#define MOST_MEMORY ((gsize) 8 << 30)

/* Batches that follow each other: one in memory, or many in the file. */
typedef struct {
  gsize first;
  gsize n;
  const guint32 *starts; /* [n_columns * n + 1]: of a column's batch in cells */
  const ActCell *cells;
  const guint8 *dead; /* [n_columns * n], or NULL: nothing is */
  GBytes *mapped;     /* NULL: in memory */
  /* bytes of cells up to which were asked for, by columns of clusters and of
   * components, which are looked at in turn */
  gsize asked[2];
} Stretch;

struct _ActColumns {
  ActColumnsSettings settings;
  gint32 *column_of;
  char *folder;

  GArray *stretches; /* Stretch, those in memory last */
  guint n_in_file;   /* how many of them are not */
  gsize n_batches;
  gsize last; /* stretch that was looked at */

  ActArena arena; /* of the stretches in memory */
  ActScratch *scratch;
  guint32 *next;       /* [n_columns + 1] */
  guint64 *totals;     /* [n_columns] */
  ActColumn *clusters; /* [n_clusters] of the last batch */
};

static void
stretch_clear (gpointer data)
{
  Stretch *stretch = data;

  g_clear_pointer (&stretch->mapped, g_bytes_unref);
}

ActColumns *
act_columns_new (const ActColumnsSettings *settings)
{
  ActColumns *self = g_new0 (ActColumns, 1);

  self->settings = *settings;
  self->settings.max_memory = MIN (settings->max_memory, MOST_MEMORY);
  self->column_of =
      g_memdup2 (settings->column_of, settings->n_components * sizeof (gint32));
  self->folder = g_strdup (settings->folder);
  self->stretches = g_array_new (FALSE, FALSE, sizeof (Stretch));
  g_array_set_clear_func (self->stretches, stretch_clear);
  act_arena_init (&self->arena);
  self->next = g_new (guint32, (gsize) settings->n_columns + 1);
  self->totals = g_new0 (guint64, MAX (settings->n_columns, 1));
  self->clusters = g_new (ActColumn, MAX (settings->n_clusters, 1));
  return self;
}

void
act_columns_free (ActColumns *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->stretches);
  act_arena_clear (&self->arena);
  act_scratch_free (self->scratch);
  g_free (self->column_of);
  g_free (self->folder);
  g_free (self->next);
  g_free (self->clusters);
  g_free (self->totals);
  g_free (self);
}

/* --- one batch --- */

static void
count_components (
    const ActBatchRows *rows, const gint32 *column_of, guint32 *count)
{
  for (gsize p = 0; p < rows->n_rows; p++) {
    const ActBatchRow row = act_batch_rows_get (rows, p);

    for (gsize k = 0; k < row.n; k++) {
      gint32 column = column_of[row.indices[k]];

      if (column >= 0)
        count[column]++;
    }
  }
}

/* How many values each column has, in next[column + 1] */
static void
count_values (
    ActColumns *self, const ActStoredBatch *batch, const ActBatchRows *rows)
{
  const ActColumnsSettings *s = &self->settings;
  guint32 *count = self->next + 1;

  memset (self->next, 0, ((gsize) s->n_columns + 1) * sizeof (guint32));
  for (gsize k = 0; k < batch->clusters.n_values; k++)
    count[batch->clusters.indices[k]]++;
  if (s->n_columns > s->n_clusters)
    count_components (rows, self->column_of, count);
}

static void
fill_clusters (
    const ActCsr *csr, gsize n_positions, guint32 *next, ActCell *cells)
{
  for (gsize p = 0; p < n_positions; p++)
    for (gint64 k = csr->indptr[p]; k < csr->indptr[p + 1]; k++)
      cells[next[csr->indices[k]]++] = (ActCell){ p, csr->values[k] };
}

static void
fill_components (const ActBatchRows *rows, const gint32 *column_of,
    guint32 *next, ActCell *cells)
{
  for (gsize p = 0; p < rows->n_rows; p++) {
    const ActBatchRow row = act_batch_rows_get (rows, p);

    for (gsize k = 0; k < row.n; k++) {
      gint32 column = column_of[row.indices[k]];

      if (column >= 0)
        cells[next[column]++] = (ActCell){ p, row.values[k] };
    }
  }
}

/* NULL where no component that has a column is dead */
static const guint8 *
mark_dead (ActColumns *self, const ActStoredBatch *batch)
{
  const ActColumnsSettings *s = &self->settings;
  guint8 *dead = NULL;

  if (batch->alive == NULL || s->n_columns == s->n_clusters)
    return NULL;
  for (guint i = 0; i < s->n_components; i++) {
    if (batch->alive[i] != 0 || self->column_of[i] < 0)
      continue;
    if (dead == NULL) {
      dead = act_arena_take (&self->arena, s->n_columns);
      memset (dead, 0, s->n_columns);
    }
    dead[self->column_of[i]] = TRUE;
  }
  return dead;
}

static void
transpose (ActColumns *self, gsize n_positions, const ActStoredBatch *batch)
{
  const ActColumnsSettings *s = &self->settings;
  guint32 *starts = act_arena_take (
      &self->arena, ((gsize) s->n_columns + 1) * sizeof (guint32));
  Stretch stretch = { .first = self->n_batches, .n = 1, .starts = starts };
  ActCell *cells;
  ActBatchRows rows;

  act_batch_rows_init (&rows, batch, n_positions, s->n_components);
  count_values (self, batch, &rows);
  for (guint i = 0; i < s->n_columns; i++) {
    self->totals[i] += self->next[i + 1];
    self->next[i + 1] += self->next[i];
  }
  memcpy (starts, self->next, ((gsize) s->n_columns + 1) * sizeof (guint32));
  cells = act_arena_take (
      &self->arena, (gsize) starts[s->n_columns] * sizeof (ActCell));
  fill_clusters (&batch->clusters, n_positions, self->next, cells);
  if (s->n_columns > s->n_clusters)
    fill_components (&rows, self->column_of, self->next, cells);
  act_batch_rows_clear (&rows);
  stretch.cells = cells;
  stretch.dead = mark_dead (self, batch);
  g_array_append_val (self->stretches, stretch);
}

/* --- many batches into the file --- */

static gboolean
append_cells (ActColumns *self, const Stretch *stretches, gsize n,
    guint32 *starts, GError **error)
{
  guint32 at = 0;

  for (guint c = 0; c < self->settings.n_columns; c++) {
    for (gsize b = 0; b < n; b++) {
      const guint32 *from = stretches[b].starts + c;

      *starts++ = at;
      at += from[1] - from[0];
      if (!act_scratch_append (self->scratch, stretches[b].cells + from[0],
              (gsize) (from[1] - from[0]) * sizeof (ActCell), error))
        return FALSE;
    }
  }
  *starts = at;
  return TRUE;
}

static gboolean
append_dead (
    ActColumns *self, const Stretch *stretches, gsize n, GError **error)
{
  for (guint c = 0; c < self->settings.n_columns; c++) {
    for (gsize b = 0; b < n; b++) {
      guint8 dead = stretches[b].dead != NULL && stretches[b].dead[c] != 0;

      if (!act_scratch_append (self->scratch, &dead, 1, error))
        return FALSE;
    }
  }
  return TRUE;
}

/* cells, starts, dead: one after another, so each is aligned */
static gboolean
write_stretches (ActColumns *self, const Stretch *stretches, gsize n,
    Stretch *written, GError **error)
{
  const gsize n_starts = (gsize) self->settings.n_columns * n + 1;
  g_autofree guint32 *starts = g_new (guint32, n_starts);
  guint64 offset, starts_at, dead_at;
  const guint8 *data;
  gsize size;

  if (!act_scratch_align (self->scratch, ACT_SCRATCH_ALIGNMENT, error))
    return FALSE;
  offset = act_scratch_get_size (self->scratch);
  if (!append_cells (self, stretches, n, starts, error))
    return FALSE;
  starts_at = act_scratch_get_size (self->scratch) - offset;
  if (!act_scratch_append (
          self->scratch, starts, n_starts * sizeof (guint32), error))
    return FALSE;
  dead_at = act_scratch_get_size (self->scratch) - offset;
  if (!append_dead (self, stretches, n, error))
    return FALSE;

  *written = (Stretch){ .first = stretches[0].first, .n = n };
  written->mapped = act_scratch_map (self->scratch, offset,
      (gsize) (act_scratch_get_size (self->scratch) - offset), error);
  if (written->mapped == NULL)
    return FALSE;
  data = g_bytes_get_data (written->mapped, &size);
  (void) madvise ((gpointer) data, size, MADV_RANDOM);
  written->cells = (const ActCell *) data;
  written->starts = (const guint32 *) (data + starts_at);
  written->dead = data + dead_at;
  return TRUE;
}

static gboolean
move_to_file (ActColumns *self, GError **error)
{
  guint first = self->n_in_file;
  Stretch written;

  if (self->scratch == NULL) {
    self->scratch = act_scratch_new (self->folder, error);
    if (self->scratch == NULL)
      return FALSE;
  }
  if (!write_stretches (self, &g_array_index (self->stretches, Stretch, first),
          self->stretches->len - first, &written, error))
    return FALSE;
  g_array_set_size (self->stretches, first);
  g_array_append_val (self->stretches, written);
  self->n_in_file++;
  self->last = 0;
  act_arena_reuse (&self->arena);
  return TRUE;
}

const ActColumn *
act_columns_add (ActColumns *self, gsize n_positions,
    const ActStoredBatch *batch, GError **error)
{
  const Stretch *stretch;

  /* the last batch's cells were still in use until now */
  if (self->arena.used > self->settings.max_memory
      && !move_to_file (self, error))
    return NULL;
  transpose (self, n_positions, batch);
  self->n_batches++;
  stretch = &g_array_index (self->stretches, Stretch, self->stretches->len - 1);
  for (guint c = 0; c < self->settings.n_clusters; c++)
    self->clusters[c] = (ActColumn){ stretch->cells + stretch->starts[c],
      stretch->starts[c + 1] - stretch->starts[c] };
  return self->clusters;
}

/* --- looking --- */

static gboolean
holds (const Stretch *stretch, gsize b)
{
  return b >= stretch->first && b - stretch->first < stretch->n;
}

static Stretch *
find_stretch (ActColumns *self, gsize b)
{
  Stretch *all = (Stretch *) self->stretches->data;
  gsize low = 0, high = self->stretches->len;

  if (holds (&all[self->last], b))
    return &all[self->last];
  if (self->last + 1 < high && holds (&all[self->last + 1], b))
    return &all[++self->last];
  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;

    if (all[middle].first <= b)
      low = middle;
    else
      high = middle;
  }
  self->last = low;
  return &all[low];
}

/* The cells from first to end will be read, and most likely those behind them
 * next. Only advice: may fail. */
static void
ask_for (Stretch *stretch, gsize *asked, gsize first, gsize end)
{
  gsize size = g_bytes_get_size (stretch->mapped);

  first = first * sizeof (ActCell) & ~(PAGE_SIZE - 1);
  end *= sizeof (ActCell);
  if (end <= *asked)
    return;
  end = MIN (MAX (end, first + AHEAD), size);
  (void) madvise (
      (guint8 *) stretch->cells + first, end - first, MADV_WILLNEED);
  *asked = end;
}

void
act_columns_rewind (ActColumns *self)
{
  for (guint i = 0; i < self->stretches->len; i++) {
    Stretch *stretch = &g_array_index (self->stretches, Stretch, i);

    memset (stretch->asked, 0, sizeof stretch->asked);
  }
  self->last = 0;
}

ActColumn
act_columns_get (ActColumns *self, guint column, gsize b)
{
  Stretch *stretch = find_stretch (self, b);
  const guint32 *start =
      stretch->starts + (gsize) column * stretch->n + (b - stretch->first);

  if (stretch->mapped != NULL && start[1] > start[0])
    ask_for (stretch, &stretch->asked[column >= self->settings.n_clusters],
        start[0], start[1]);
  return (ActColumn){ stretch->cells + start[0], start[1] - start[0] };
}

guint64
act_columns_get_total (const ActColumns *self, guint column)
{
  return self->totals[column];
}

gboolean
act_columns_is_dead (ActColumns *self, guint column, gsize b)
{
  const Stretch *stretch = find_stretch (self, b);

  return stretch->dead != NULL
      && stretch->dead[(gsize) column * stretch->n + (b - stretch->first)] != 0;
}
