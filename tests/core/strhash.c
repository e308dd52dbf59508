/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashes of strings that files choose. */

#include "strhash.h"

#include <string.h>

/* SipHash-1-3 of 00 01 02 .. of lengths 0 to 8 under the key 00 01 .. 0f, as
 * Rust's standard library has them in its tests */
static void
test_vectors (void)
{
  static const guint64 key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
  static const guint64 expected[] = { 0xabac0158050fc4dc, 0xc9f49bf37d57ca93,
    0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb, 0xcf75576088d38328,
    0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
    0x369095118d299a8e };
  guint8 text[8];

  for (guint8 i = 0; i < sizeof text; i++)
    text[i] = i;
  for (gsize n = 0; n < G_N_ELEMENTS (expected); n++)
    g_assert_cmphex (act_siphash (key, text, n), ==, expected[n]);
}

/* "Ez" and "FY" are one to g_str_hash (), and so is every string of them */
static void
test_no_collisions (void)
{
  g_autoptr (GHashTable) hashes = g_hash_table_new (NULL, NULL);
  char text[25] = { 0 };

  for (guint i = 0; i < 4096; i++) {
    for (guint bit = 0; bit < 12; bit++)
      memcpy (text + 2 * bit, (i >> bit & 1) ? "Ez" : "FY", 2);
    if (i == 0)
      g_assert_cmpuint (
          g_str_hash (text), ==, g_str_hash ("FYFYFYFYFYFYFYFYFYFYFYEz"));
    g_assert_cmpuint (act_str_hash (text), ==, act_str_hash (text));
    g_hash_table_add (hashes, GUINT_TO_POINTER (act_str_hash (text)));
  }
  /* of 4,096 random numbers of 32 bits, two are equal by chance once in 500 */
  g_assert_cmpuint (g_hash_table_size (hashes), >, 4090);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/strhash/vectors", test_vectors);
  g_test_add_func ("/strhash/no-collisions", test_no_collisions);
  return g_test_run ();
}
