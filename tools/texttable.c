/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "texttable.h"

#include <string.h>

#include <text/visible.h>

#define GAP 2
#define MIN_LAST 16 /* columns that the last cell always has */

struct _ActTextTable {
  const ActTextColumn *columns;
  guint n;
  GPtrArray *cells;
};

ActTextTable *
act_text_table_new (const ActTextColumn *columns, guint n)
{
  ActTextTable *self = g_new (ActTextTable, 1);

  self->columns = columns;
  self->n = n;
  self->cells = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
act_text_table_free (ActTextTable *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->cells);
  g_free (self);
}

void
act_text_table_add (ActTextTable *self, char *cell)
{
  g_ptr_array_add (self->cells, cell);
}

static guint
width_of (const char *text)
{
  return act_text_width (text, strlen (text));
}

static void
append_cell (const ActTextTable *self, guint column, const char *text,
    guint width, GString *out)
{
  guint blanks = width - MIN (width, width_of (text));
  gboolean last = column + 1 == self->n;

  if (self->columns[column].right)
    g_string_append_printf (out, "%*s", (int) blanks, "");
  act_text_append_cut (out, text, strlen (text), width);
  if (!last && !self->columns[column].right)
    g_string_append_printf (out, "%*s", (int) blanks, "");
  g_string_append_printf (out, last ? "\n" : "%*s", GAP, "");
}

static guint *
find_widths (const ActTextTable *self, const ActScreen *screen, guint indent)
{
  guint *widths = g_new (guint, self->n), used = indent;

  for (guint c = 0; c < self->n; c++)
    widths[c] = width_of (self->columns[c].name);
  for (guint i = 0; i < self->cells->len; i++)
    widths[i % self->n] =
        MAX (widths[i % self->n], width_of (self->cells->pdata[i]));
  for (guint c = 0; c + 1 < self->n; c++)
    used += widths[c] + GAP;
  if (!self->columns[self->n - 1].right)
    widths[self->n - 1] =
        MAX (screen->width - MIN (screen->width, used), MIN_LAST);
  return widths;
}

void
act_text_table_append (const ActTextTable *self, const ActScreen *screen,
    const char *indent, GString *out)
{
  g_autofree guint *widths =
      find_widths (self, screen, (guint) strlen (indent));
  g_autoptr (GString) title = g_string_new (NULL);

  for (guint c = 0; c < self->n; c++)
    append_cell (self, c, self->columns[c].name, widths[c], title);
  g_string_append (out, indent);
  g_string_truncate (title, title->len - 1);
  act_screen_append_title (screen, out, title->str);
  g_string_append_c (out, '\n');
  for (guint i = 0; i < self->cells->len; i++) {
    if (i % self->n == 0)
      g_string_append (out, indent);
    append_cell (
        self, i % self->n, self->cells->pdata[i], widths[i % self->n], out);
  }
}
