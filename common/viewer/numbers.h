/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/jsonnumber.h"

#include <string.h>

/* Lists of whole numbers as JSON without blanks: most of what the page's data
 * are. Small numbers are copied from a table, four bytes at a time. */

#define ACT_SMALL_NUMBERS 1000

typedef struct {
  char text[4]; /* up to three digits and a comma */
} ActSmallNumber;

extern ActSmallNumber act_small_numbers[ACT_SMALL_NUMBERS];

/* fills the table; any number of times, from any thread */
void act_small_numbers_init (void);

/* what a number and its comma take at most, and what may be written behind */
#define ACT_NUMBER_ROOM (ACT_UINT_DIGITS + 1 + 4)

/* the number and a comma at p, which has ACT_NUMBER_ROOM; -> behind them */
static inline char *
act_put_uint (char *p, guint64 value)
{
  guint n;

  if (value < ACT_SMALL_NUMBERS) {
    memcpy (p, act_small_numbers[value].text, 4);
    return p + 2 + (value > 9) + (value > 99);
  }
  n = act_uint_to_digits (value, p);
  p[n] = ',';
  return p + n + 1;
}

/* a list ends: its bracket takes the place of the last comma */
static inline char *
act_put_list_end (char *begin, char *p)
{
  if (p > begin)
    p[-1] = ']';
  else
    *p++ = ']';
  return p;
}

/* digits and comma */
static inline gsize
act_number_size (guint64 value)
{
  gsize n = 2;

  for (; value > 9; value /= 10)
    n++;
  return n;
}

/* "[1,2,3]" */
void act_append_u32_list (GString *out, const guint32 *values, gsize n);
void act_append_u64_list (GString *out, const guint64 *values, gsize n);
void act_append_double_list (GString *out, const double *values, gsize n);
void act_append_uint (GString *out, guint64 value);
void act_append_double (GString *out, double value);

/* grows as g_string_set_size () does, but its length stays; -> its end */
char *act_string_make_room (GString *string, gsize size);
