/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/tokenlists.h"

#include "viewer/numbers.h"

void
act_token_lists_init (ActTokenLists *self, const ActTexts *texts)
{
  act_small_numbers_init ();
  self->texts = texts;
  self->numbers = g_hash_table_new (g_direct_hash, g_direct_equal);
  self->rows = g_array_new (FALSE, FALSE, sizeof (guint32));
  act_dictionary_init (&self->dictionary, act_texts_get_strings (texts));
}

void
act_token_lists_clear (ActTokenLists *self)
{
  g_clear_pointer (&self->numbers, g_hash_table_unref);
  g_clear_pointer (&self->rows, g_array_unref);
  act_dictionary_clear (&self->dictionary);
}

guint32
act_token_lists_number (ActTokenLists *self, guint32 row, gsize *size)
{
  /* lists do not move any more: all samples are there */
  const guint32 *list = act_texts_get_tokens (self->texts, row);
  guint n_ctx = act_texts_get_n_ctx (self->texts);
  gpointer found;

  if (g_hash_table_lookup_extended (self->numbers, list, NULL, &found))
    return GPOINTER_TO_UINT (found);
  g_hash_table_insert (
      self->numbers, (gpointer) list, GUINT_TO_POINTER (self->rows->len));
  g_array_append_val (self->rows, row);
  for (guint i = 0; i < n_ctx; i++)
    *size += act_number_size (list[i]);
  *size += act_dictionary_add (&self->dictionary, list, n_ctx);
  return self->rows->len - 1;
}

gsize
act_token_lists_name (ActTokenLists *self, const guint32 *strings, gsize n)
{
  return act_dictionary_add (&self->dictionary, strings, n);
}

void
act_token_lists_take (ActTokenLists *self, GString *out)
{
  g_string_append (out, "\"tokens\":[");
  for (guint i = 0; i < self->rows->len; i++) {
    guint32 row = g_array_index (self->rows, guint32, i);

    if (i > 0)
      g_string_append_c (out, ',');
    act_append_u32_list (out, act_texts_get_tokens (self->texts, row),
        act_texts_get_n_ctx (self->texts));
  }
  g_string_append (out, "],\"strings\":");
  act_dictionary_take (&self->dictionary, out);
  g_hash_table_remove_all (self->numbers);
  g_array_set_size (self->rows, 0);
}
