/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/keyguard.h"

#include "strhash.h"

#define FEW_MEMBERS 256 /* so few take no time however they collide */
#define N_LETTERS 8

/* a hash's hash, which nobody can foresee */
static guint
hash_of_hash (gconstpointer hash)
{
  char text[N_LETTERS + 1] = "";

  for (guint i = 0; i < N_LETTERS; i++)
    text[i] = (char) ('a' + (GPOINTER_TO_UINT (hash) >> 4 * i & 15));
  return act_str_hash (text);
}

static guint
count (GHashTable *counts, const char *key)
{
  gpointer hash = GUINT_TO_POINTER (g_str_hash (key));
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, hash)) + 1;

  g_hash_table_insert (counts, hash, GUINT_TO_POINTER (n));
  return n;
}

static guint
count_all (GHashTable *counts, JsonObject *object)
{
  JsonObjectIter iter;
  const char *key;
  guint most = 0;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &key, NULL))
    most = MAX (most, count (counts, key));
  return most;
}

gboolean
act_key_guard_add (GHashTable **counts, JsonObject *object, const char *key)
{
  guint most;

  if (json_object_get_size (object) < FEW_MEMBERS)
    return TRUE;
  if (*counts != NULL) {
    most = count (*counts, key);
  } else {
    *counts = g_hash_table_new (hash_of_hash, NULL);
    most = count_all (*counts, object);
  }
  return most <= ACT_KEY_GUARD_MAX;
}
