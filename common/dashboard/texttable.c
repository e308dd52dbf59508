/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/texttable.h"

#include <string.h>

#define NO_TEXT G_MAXUINT32
#define FIRST_SLOTS 1024

/* how many digits of the digest name a text */
static const guint8 hash_sizes[] = { 8, 16, 64 };

void
act_text_table_init (ActTextTable *table, gsize max_memory, const char *folder)
{
  *table = (ActTextTable){
    .texts = act_big_array_new (sizeof (ActText), max_memory, folder),
    .max_memory = max_memory,
    .folder = g_strdup (folder),
  };
}

void
act_text_table_clear (ActTextTable *table)
{
  g_clear_pointer (&table->texts, act_big_array_free);
  g_clear_pointer (&table->slots, act_big_array_free);
  g_clear_pointer (&table->folder, g_free);
}

static inline guint32
slot_at (const ActTextTable *table, gsize slot)
{
  return act_big_array_index (table->slots, guint32, slot);
}

/* the number of slots is a power of two */
static inline gsize
first_slot (const ActTextTable *table, const guint8 *digest)
{
  guint32 first;

  memcpy (&first, digest, sizeof first);
  return first & (table->slots->len - 1);
}

static inline gsize
next_slot (const ActTextTable *table, gsize slot)
{
  return (slot + 1) & (table->slots->len - 1);
}

/* The search starts at the first four bytes, which are the eight digits: so
 * all texts that share those lie between that slot and the next free one. */
static gsize
find_slot (const ActTextTable *table, const guint8 *digest)
{
  gsize i = first_slot (table, digest);

  for (; slot_at (table, i) != NO_TEXT; i = next_slot (table, i))
    if (memcmp (act_text_table_get (table, slot_at (table, i))->digest, digest,
            ACT_DIGEST_SIZE)
        == 0)
      break;
  return i;
}

static void
set_level (ActTextTable *table, ActText *text, guint8 level)
{
  if (text->level == 0 && level > 0)
    table->n_collisions++;
  text->level = MAX (text->level, level);
}

/* a new text makes its own name longer, and those of all it collides with */
static void
lengthen_hashes (ActTextTable *table, ActText *text)
{
  gsize i = first_slot (table, text->digest);

  for (; slot_at (table, i) != NO_TEXT; i = next_slot (table, i)) {
    ActText *other = act_text_table_get (table, slot_at (table, i));
    guint8 level = 0;

    while (memcmp (other->digest, text->digest, hash_sizes[level] / 2) == 0)
      level++;
    set_level (table, other, level);
    set_level (table, text, level);
  }
}

/* Twice as many slots as texts: what is searched for is found soon. */
static gboolean
make_slots (ActTextTable *table, GError **error)
{
  gsize n = table->slots != NULL ? 2 * table->slots->len : FIRST_SLOTS;
  ActBigArray *slots =
      act_big_array_new (sizeof (guint32), table->max_memory, table->folder);
  guint32 *data = act_big_array_grow (slots, n, error);

  if (data == NULL) {
    act_big_array_free (slots);
    return FALSE;
  }
  memset (data, 0xff, n * sizeof *data);
  g_clear_pointer (&table->slots, act_big_array_free);
  table->slots = slots;
  for (guint32 i = 0; i < act_text_table_get_n (table); i++)
    data[find_slot (table, act_text_table_get (table, i)->digest)] = i;
  return TRUE;
}

static gboolean
add_text (ActTextTable *table, const guint8 *digest, gsize slot, GError **error)
{
  guint32 index = act_text_table_get_n (table);
  ActText text = { .list = ACT_NO_LIST };
  ActText *place = act_big_array_grow (table->texts, 1, error);

  if (place == NULL)
    return FALSE;
  memcpy (text.digest, digest, ACT_DIGEST_SIZE);
  lengthen_hashes (table, &text);
  *place = text;
  act_big_array_index (table->slots, guint32, slot) = index;
  return TRUE;
}

gboolean
act_text_table_put (ActTextTable *table, const guint8 digest[ACT_DIGEST_SIZE],
    guint32 *text, GError **error)
{
  gsize n = (gsize) act_text_table_get_n (table) + 1, slot;

  if ((table->slots == NULL || n > table->slots->len / 2)
      && !make_slots (table, error))
    return FALSE;
  slot = find_slot (table, digest);
  if (slot_at (table, slot) == NO_TEXT
      && !add_text (table, digest, slot, error))
    return FALSE;
  *text = slot_at (table, slot);
  return TRUE;
}

void
act_text_table_get_hash (
    const ActTextTable *table, guint32 text, char hash[ACT_TEXT_HASH_SIZE])
{
  const ActText *t = act_text_table_get (table, text);
  guint size = hash_sizes[t->level];

  for (guint i = 0; i < size; i++)
    hash[i] = "0123456789abcdef"[(t->digest[i / 2] >> (i % 2 ? 0 : 4)) & 15];
  hash[size] = '\0';
}
