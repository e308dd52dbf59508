/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/shownpick.h"

#include "dashboard/rowpick.h"
#include "viewer/numbers.h"

#define MAX_SHOWN ((gsize) 1 << 20)
/* of one sample a list, which cannot be halved */
#define MAX_LAST (2 * MAX_SHOWN)
/* comma and level; and what a row takes beside its values */
#define LEVEL_SIZE 5
#define ROW_SIZE 40

void
act_shown_pick_init (ActShownPick *self, const ActTexts *texts)
{
  self->texts = texts;
  act_dictionary_init (&self->dictionary, act_texts_get_strings (texts));
  self->longest = act_dictionary_get_longest (&self->dictionary);
  self->rows = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->samples = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->n_listed = g_array_new (FALSE, FALSE, sizeof (gsize));
}

void
act_shown_pick_clear (ActShownPick *self)
{
  act_dictionary_clear (&self->dictionary);
  g_clear_pointer (&self->rows, g_array_unref);
  g_clear_pointer (&self->samples, g_array_unref);
  g_clear_pointer (&self->n_listed, g_array_unref);
}

/* of the strings of the picked rows' tokens, each once */
static gsize
size_of_strings (ActShownPick *self, const gsize *row_of)
{
  guint n_ctx = act_texts_get_n_ctx (self->texts);
  gsize size = 0;

  act_dictionary_restart (&self->dictionary);
  for (guint i = 0; i < self->rows->len; i++) {
    gsize row = row_of[g_array_index (self->rows, gsize, i)];

    size += act_dictionary_add (
        &self->dictionary, act_texts_get_tokens (self->texts, row), n_ctx);
  }
  return size;
}

/* Which strings there are is looked at only where it matters. */
static gsize
size_of_picked (ActShownPick *self, const ActRows *rows, const gsize *row_of)
{
  guint n_strings = act_strings_get_n (self->dictionary.strings);
  gsize n_tokens = (gsize) self->rows->len * rows->n_ctx, n_values = 0, size;

  for (guint i = 0; i < self->rows->len; i++) {
    gsize row = g_array_index (self->rows, gsize, i);

    n_values += rows->indptr[row + 1] - rows->indptr[row];
  }
  size = n_values * (act_number_size (rows->n_ctx) + LEVEL_SIZE)
      + self->rows->len * ROW_SIZE;
  self->size_of_tokens = n_tokens * act_number_size (n_strings);
  if (size + self->size_of_tokens <= MAX_LAST
      && size + self->size_of_tokens + MIN (n_tokens, n_strings) * self->longest
          > MAX_SHOWN)
    self->size_of_tokens += size_of_strings (self, row_of);
  return size + self->size_of_tokens;
}

/* FALSE: none is left that could be left out */
static gboolean
halve (ActShownPick *self)
{
  gsize *n = (gsize *) self->n_listed->data, most = 0;

  for (guint i = 0; i < self->n_listed->len; i++)
    most = MAX (most, n[i]);
  if (most == 0 || (most == 1 && self->size <= MAX_LAST))
    return FALSE;
  for (guint i = 0; i < self->n_listed->len; i++)
    n[i] = most == 1 ? 0 : (n[i] + 1) / 2;
  return TRUE;
}

void
act_shown_pick (ActShownPick *self, const gsize *const *lists,
    const gsize *n_listed, guint n_lists, const ActRows *rows,
    const gsize *row_of)
{
  g_array_set_size (self->n_listed, 0);
  g_array_append_vals (self->n_listed, n_listed, n_lists);
  do {
    act_pick_rows (
        self->rows, lists, (const gsize *) self->n_listed->data, n_lists);
    self->size = size_of_picked (self, rows, row_of);
  } while (self->size > MAX_SHOWN && halve (self));
  g_array_set_size (self->samples, 0);
  for (guint i = 0; i < self->rows->len; i++) {
    gsize row = g_array_index (self->rows, gsize, i);
    guint64 sample = act_texts_get_sample (self->texts, row_of[row]);

    g_array_append_val (self->samples, sample);
  }
}
