/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/keyguard.h"

#define FEW_MEMBERS 256 /* so few take no time however they collide */

/* A GHashTable of 2^9, 2^10, .. places looks for a key from the place on that
 * this gives, modulo one of these primes. Keys of different hashes can so be
 * chosen for one place as well as those of one hash: a megabyte of them took
 * twenty seconds. */
#define FACTOR 11u
static const guint32 primes[] = { 509, 1021, 2039, 4093, 8191, 16381, 32749,
  65521, 131071, 262139, 524287, 1048573, 2097143, 4194301, 8388593, 16777213,
  33554393, 67108859, 134217689, 268435399, 536870909, 1073741789, 2147483647 };

#define N_SIZES G_N_ELEMENTS (primes)
/* it has less than this many places a key; GLib's grows to 2.7 */
#define MAX_PLACES 8

struct _ActKeyGuard {
  guint8 *counts[N_SIZES]; /* [prime] keys of each place; NULL: not looked at */
};

static gboolean
count (guint8 *counts, guint32 prime, const char *key)
{
  guint32 place = g_str_hash (key) * FACTOR % prime;

  return ++counts[place] <= ACT_KEY_GUARD_MAX;
}

static gboolean
count_all (guint8 *counts, guint32 prime, JsonObject *object)
{
  JsonObjectIter iter;
  const char *key;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &key, NULL))
    if (!count (counts, prime, key))
      return FALSE;
  return TRUE;
}

gboolean
act_key_guard_add (ActKeyGuard **guard, JsonObject *object, const char *key)
{
  guint n = json_object_get_size (object);

  if (n < FEW_MEMBERS)
    return TRUE;
  if (*guard == NULL)
    *guard = g_new0 (ActKeyGuard, 1);
  for (guint i = 0; i < N_SIZES; i++) {
    guint8 **counts = &(*guard)->counts[i];

    if (n > primes[i] || primes[i] / MAX_PLACES >= n) {
      g_clear_pointer (counts, g_free);
    } else if (*counts != NULL) {
      if (!count (*counts, primes[i], key))
        return FALSE;
    } else {
      *counts = g_new0 (guint8, primes[i]);
      if (!count_all (*counts, primes[i], object))
        return FALSE;
    }
  }
  return TRUE;
}

void
act_key_guard_free (ActKeyGuard *guard)
{
  if (guard == NULL)
    return;
  for (guint i = 0; i < N_SIZES; i++)
    g_free (guard->counts[i]);
  g_free (guard);
}
