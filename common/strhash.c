/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strhash.h"

#include <string.h>

/* J.-P. Aumasson, D. J. Bernstein: SipHash, a fast short-input PRF (2012) */

static inline guint64
rotate (guint64 x, guint n)
{
  return x << n | x >> (64 - n);
}

static inline void
round_once (guint64 v[4])
{
  v[0] += v[1];
  v[1] = rotate (v[1], 13) ^ v[0];
  v[0] = rotate (v[0], 32);
  v[2] += v[3];
  v[3] = rotate (v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate (v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate (v[1], 17) ^ v[2];
  v[2] = rotate (v[2], 32);
}

static inline void
add_word (guint64 v[4], guint64 word)
{
  v[3] ^= word;
  round_once (v);
  v[0] ^= word;
}

guint64
act_siphash (const guint64 key[2], const void *data, gsize size)
{
  guint64 v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
  const guint8 *at = data;
  guint64 word, last = (guint64) size << 56;
  gsize left = size;

  for (; left >= 8; left -= 8, at += 8) {
    memcpy (&word, at, 8);
    add_word (v, GUINT64_FROM_LE (word));
  }
  word = 0;
  memcpy (&word, at, left);
  add_word (v, last | GUINT64_FROM_LE (word));
  v[2] ^= 0xff;
  for (guint i = 0; i < 3; i++)
    round_once (v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static gpointer
draw_key (G_GNUC_UNUSED gpointer data)
{
  static guint64 key[2];

  for (guint i = 0; i < 2; i++)
    key[i] = (guint64) g_random_int () << 32 | g_random_int ();
  return key;
}

guint
act_str_hash (gconstpointer text)
{
  static GOnce once = G_ONCE_INIT;
  const guint64 *key = g_once (&once, draw_key, NULL);

  return (guint) act_siphash (key, text, strlen (text));
}
