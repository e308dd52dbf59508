/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/countrows.h"

/* so many zeros are passed over at once */
#define STEP 8

struct _ActCountRows {
  guint n;
  guint next; /* first row that has not come */
  gint64 *indptr;
  gint64 *own;
  ActScratch *indices;
  ActScratch *data;
  /* one row; more than [n], to be written to without a look */
  gint32 *row_indices;
  gint64 *row_data;
};

ActCountRows *
act_count_rows_new (const char *folder, guint n, GError **error)
{
  g_autoptr (ActCountRows) self = g_new0 (ActCountRows, 1);

  self->n = n;
  self->indptr = g_new0 (gint64, (gsize) n + 1);
  self->own = g_new0 (gint64, MAX (n, 1));
  self->row_indices = g_new (gint32, (gsize) n + 1);
  self->row_data = g_new (gint64, (gsize) n + 1);
  self->indices = act_scratch_new (folder, error);
  if (self->indices == NULL)
    return NULL;
  self->data = act_scratch_new (folder, error);
  return self->data != NULL ? g_steal_pointer (&self) : NULL;
}

void
act_count_rows_free (ActCountRows *self)
{
  if (self == NULL)
    return;
  act_scratch_free (self->indices);
  act_scratch_free (self->data);
  g_free (self->indptr);
  g_free (self->own);
  g_free (self->row_indices);
  g_free (self->row_data);
  g_free (self);
}

static void
skip_to (ActCountRows *self, guint row)
{
  for (; self->next < row; self->next++)
    self->indptr[self->next + 1] = self->indptr[self->next];
}

static gboolean
are_zeros (const gint64 counts[STEP])
{
  gint64 any = 0;

  for (guint i = 0; i < STEP; i++)
    any |= counts[i];
  return any == 0;
}

/* what is not 0 into row_indices and row_data; -> how many */
static gsize
pick_counts (ActCountRows *self, const gint64 *counts)
{
  gsize n = 0;

  for (guint first = 0; first < self->n; first += STEP) {
    guint end = MIN (self->n - first, STEP) + first;

    if (end - first == STEP && are_zeros (counts + first))
      continue;
    for (guint i = first; i < end; i++) {
      self->row_indices[n] = i;
      self->row_data[n] = counts[i];
      n += counts[i] != 0;
    }
  }
  return n;
}

gboolean
act_count_rows_add (
    ActCountRows *self, guint row, const gint64 *counts, GError **error)
{
  gsize n;

  g_return_val_if_fail (row >= self->next && row < self->n, FALSE);

  skip_to (self, row);
  n = pick_counts (self, counts);
  self->own[row] = counts[row];
  self->indptr[row + 1] = self->indptr[row] + n;
  self->next++;
  return act_scratch_append (
             self->indices, self->row_indices, n * sizeof (gint32), error)
      && act_scratch_append (
          self->data, self->row_data, n * sizeof (gint64), error);
}

void
act_count_rows_end (ActCountRows *self)
{
  skip_to (self, self->n);
}

gint64
act_count_rows_get_own (const ActCountRows *self, guint row)
{
  return self->own[row];
}

gboolean
act_count_rows_read (ActCountRows *self, guint row, const gint32 **columns,
    const gint64 **counts, gsize *n, GError **error)
{
  const guint64 first = self->indptr[row];

  g_return_val_if_fail (self->next == self->n, FALSE);

  *columns = self->row_indices;
  *counts = self->row_data;
  *n = self->indptr[row + 1] - first;
  return act_scratch_read (self->indices, first * sizeof (gint32),
             self->row_indices, *n * sizeof (gint32), error)
      && act_scratch_read (self->data, first * sizeof (gint64), self->row_data,
          *n * sizeof (gint64), error);
}

const gint64 *
act_count_rows_get_indptr (const ActCountRows *self)
{
  return self->indptr;
}

ActScratch *
act_count_rows_get_indices (const ActCountRows *self)
{
  return self->indices;
}

ActScratch *
act_count_rows_get_data (const ActCountRows *self)
{
  return self->data;
}
