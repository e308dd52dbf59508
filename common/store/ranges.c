/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/ranges.h"

typedef struct {
  guint64 first, end;
} Range;

void
act_ranges_add (ActRanges *self, guint64 first, guint64 end)
{
  Range range = { first, end }, *last = NULL;

  if (first >= end)
    return;
  if (self->items == NULL)
    self->items = g_array_new (FALSE, FALSE, sizeof (Range));
  if (self->items->len > 0)
    last = &g_array_index (self->items, Range, self->items->len - 1);
  if (last != NULL && last->end == first)
    last->end = end;
  else
    g_array_append_val (self->items, range);
}

gboolean
act_ranges_is_empty (const ActRanges *self)
{
  return self->items == NULL;
}

char *
act_ranges_to_string (const ActRanges *self, const char *separator)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; self->items != NULL && i < self->items->len; i++) {
    const Range *range = &g_array_index (self->items, Range, i);

    g_string_append_printf (
        text, "%s%" G_GUINT64_FORMAT, i > 0 ? separator : "", range->first);
    if (range->end - range->first > 1)
      g_string_append_printf (text, "-%" G_GUINT64_FORMAT, range->end - 1);
  }
  return g_string_free (text, FALSE);
}

void
act_ranges_clear (ActRanges *self)
{
  g_clear_pointer (&self->items, g_array_unref);
}
