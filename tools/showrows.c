/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "showrows.h"

#define MIN_ROWS 64

struct _ActShowRows {
  GPtrArray *rows;
  guint limit;
  GCompareFunc compare;
  guint64 n_added;
};

ActShowRows *
act_show_rows_new (guint limit, GCompareFunc compare, GDestroyNotify row_free)
{
  ActShowRows *self = g_new0 (ActShowRows, 1);

  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->limit = limit;
  self->compare = compare;
  return self;
}

void
act_show_rows_free (ActShowRows *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rows);
  g_free (self);
}

static int
compare_pointers (gconstpointer a, gconstpointer b, gpointer data)
{
  const ActShowRows *self = data;

  return self->compare (*(const gpointer *) a, *(const gpointer *) b);
}

static void
cut (ActShowRows *self)
{
  g_ptr_array_sort_with_data (self->rows, compare_pointers, self);
  if (self->rows->len > self->limit)
    g_ptr_array_set_size (self->rows, (int) self->limit);
}

void
act_show_rows_add (ActShowRows *self, gpointer row)
{
  g_ptr_array_add (self->rows, row);
  self->n_added++;
  if (self->rows->len >= MIN_ROWS && self->rows->len / 2 >= self->limit)
    cut (self);
}

const GPtrArray *
act_show_rows_get (ActShowRows *self)
{
  cut (self);
  return self->rows;
}

guint64
act_show_rows_get_n_added (const ActShowRows *self)
{
  return self->n_added;
}
