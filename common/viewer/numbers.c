/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/numbers.h"

#include "formats/json.h"

ActSmallNumber act_small_numbers[ACT_SMALL_NUMBERS];

void
act_small_numbers_init (void)
{
  static gsize done = 0;

  if (!g_once_init_enter (&done))
    return;
  for (guint i = 0; i < ACT_SMALL_NUMBERS; i++) {
    char digits[ACT_UINT_DIGITS + 1];
    guint n = act_uint_to_digits (i, digits);

    digits[n] = ',';
    memcpy (act_small_numbers[i].text, digits, n + 1);
  }
  g_once_init_leave (&done, 1);
}

char *
act_string_make_room (GString *string, gsize size)
{
  gsize length = string->len;

  if (string->allocated_len - length <= size) {
    g_string_set_size (string, length + size);
    g_string_truncate (string, length);
  }
  return string->str + length;
}

void
act_append_u32_list (GString *out, const guint32 *values, gsize n)
{
  char *p = act_string_make_room (out, n * (ACT_UINT_DIGITS + 1) + 8), *begin;

  *p++ = '[';
  begin = p;
  for (gsize i = 0; i < n; i++)
    p = act_put_uint (p, values[i]);
  p = act_put_list_end (begin, p);
  g_string_set_size (out, p - out->str);
}

void
act_append_u64_list (GString *out, const guint64 *values, gsize n)
{
  char *p = act_string_make_room (out, n * (ACT_UINT_DIGITS + 1) + 8), *begin;

  *p++ = '[';
  begin = p;
  for (gsize i = 0; i < n; i++)
    p = act_put_uint (p, values[i]);
  p = act_put_list_end (begin, p);
  g_string_set_size (out, p - out->str);
}

void
act_append_uint (GString *out, guint64 value)
{
  char digits[ACT_UINT_DIGITS];

  g_string_append_len (out, digits, act_uint_to_digits (value, digits));
}

void
act_append_double (GString *out, double value)
{
  char buffer[32];

  g_string_append_len (out, buffer, act_double_to_string (value, buffer));
}

void
act_append_double_list (GString *out, const double *values, gsize n)
{
  g_string_append_c (out, '[');
  for (gsize i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    act_append_double (out, values[i]);
  }
  g_string_append_c (out, ']');
}
