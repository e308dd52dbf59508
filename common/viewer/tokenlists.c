/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/tokenlists.h"

#include "viewer/numbers.h"

/* digits and comma of a token */
#define TOKEN_SIZE 5

void
act_token_lists_init (ActTokenLists *lists)
{
  act_small_numbers_init ();
  lists->numbers = g_hash_table_new (g_direct_hash, g_direct_equal);
  lists->rows = g_array_new (FALSE, FALSE, sizeof (guint32));
}

void
act_token_lists_clear (ActTokenLists *lists)
{
  g_clear_pointer (&lists->numbers, g_hash_table_unref);
  g_clear_pointer (&lists->rows, g_array_unref);
}

guint32
act_token_lists_number (
    ActTokenLists *lists, const ActTexts *texts, guint32 row, gsize *size)
{
  /* lists do not move any more: all samples are there */
  gpointer list = (gpointer) act_texts_get_tokens (texts, row), found;

  if (g_hash_table_lookup_extended (lists->numbers, list, NULL, &found))
    return GPOINTER_TO_UINT (found);
  g_hash_table_insert (
      lists->numbers, list, GUINT_TO_POINTER (lists->rows->len));
  g_array_append_val (lists->rows, row);
  *size += (gsize) act_texts_get_n_ctx (texts) * TOKEN_SIZE;
  return lists->rows->len - 1;
}

void
act_token_lists_take (ActTokenLists *lists, const ActTexts *texts, GString *out)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < lists->rows->len; i++) {
    guint32 row = g_array_index (lists->rows, guint32, i);

    if (i > 0)
      g_string_append_c (out, ',');
    act_append_u32_list (
        out, act_texts_get_tokens (texts, row), act_texts_get_n_ctx (texts));
  }
  g_string_append_c (out, ']');
  g_hash_table_remove_all (lists->numbers);
  g_array_set_size (lists->rows, 0);
}
