/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers of the JSON writer. Little of printf: once GStreamer has added its
 * conversions, glibc takes each format apart at every call. */

#include "formats/json.h"

#include "formats/jsonnumber.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const guint64 powers_of_ten[] = { 1, 10, 100, 1000, 10000, 100000,
  1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
  10000000000000000, 100000000000000000, 1000000000000000000,
  G_GUINT64_CONSTANT (10000000000000000000) };

static guint
count_digits (guint64 value)
{
  guint n = 1;

  /* log10 (2) is 1233 / 4096 nearly */
  if (value > 0)
    n += ((63 - __builtin_clzll (value)) * 1233) >> 12;
  return n + (n < ACT_UINT_DIGITS && value >= powers_of_ten[n]);
}

/* two digits with each division */
guint
act_uint_to_digits (guint64 value, char digits[ACT_UINT_DIGITS])
{
  static const char pairs[] = "00010203040506070809"
                              "10111213141516171819"
                              "20212223242526272829"
                              "30313233343536373839"
                              "40414243444546474849"
                              "50515253545556575859"
                              "60616263646566676869"
                              "70717273747576777879"
                              "80818283848586878889"
                              "90919293949596979899";
  guint n = count_digits (value), at = n;

  while (value >= 100) {
    at -= 2;
    memcpy (digits + at, pairs + 2 * (value % 100), 2);
    value /= 100;
  }
  if (at == 2)
    memcpy (digits, pairs + 2 * value, 2);
  else
    digits[0] = '0' + value;
  return n;
}

/* -> whether digits (n of them, before the point one) and exponent give the
 * value back */
static gboolean
gives_back (double value, guint64 digits, int n, int exponent)
{
  char text[40];

  snprintf (
      text, sizeof text, "%" G_GUINT64_FORMAT "e%d", digits, exponent - n + 1);
  return g_ascii_strtod (text, NULL) == value;
}

/* the n digits nearest to a positive value, as a whole number */
static guint64
round_to_digits (double value, int n, int *exponent)
{
  char format[16], text[40];
  guint64 digits = 0;
  const char *p;

  snprintf (format, sizeof format, "%%.%de", n - 1);
  g_ascii_formatd (text, sizeof text, format, value);
  for (p = text; *p != 'e'; p++) {
    if (g_ascii_isdigit (*p))
      digits = digits * 10 + (*p - '0');
  }
  *exponent = atoi (p + 1);
  return digits;
}

/* of any positive value: how many digits before zeros are cut off */
static guint64
find_digits (double value, int *n_digits, int *exponent)
{
  int fraction_exponent;
  /* below a power of two doubles lie closer together than above: the nearest
   * decimal may fall outside on the lower side where its upper neighbour, a
   * little farther off, is still inside */
  gboolean uneven = frexp (value, &fraction_exponent) == 0.5;
  /* 15 digits always survive a normal double, so fewer are those, less the
   * zeros at the end; subnormals have fewer bits and are tried from 1 on */
  int n = value < 0x1p-1022 ? 1 : 15;

  for (;; n++) {
    guint64 digits = round_to_digits (value, n, exponent);

    if (n < 17 && !gives_back (value, digits, n, *exponent)) {
      if (!uneven || !gives_back (value, digits + 1, n, *exponent))
        continue;
      digits++;
    }
    *n_digits = n;
    return digits;
  }
}

#if defined(__SIZEOF_INT128__)
/* A positive value, and what lies between it and its neighbours, as whole
 * numbers of 1 / (10^k 2^shift): all that is asked below is exact then. */
typedef struct {
  unsigned __int128 value;
  unsigned __int128 low, high; /* half way to the neighbours */
  int shift;
  gboolean ends_count; /* low and high themselves are read as value */
  gboolean uneven;
} Scaled;

static void
scale_by (Scaled *scaled, guint64 mantissa, int k)
{
  unsigned __int128 power = powers_of_ten[MIN (k, 17)];

  power *= powers_of_ten[k - MIN (k, 17)];
  scaled->value = power * (4 * mantissa);
  scaled->low = power * (4 * mantissa - (scaled->uneven ? 1 : 2));
  scaled->high = power * (4 * mantissa + 2);
}

/* as find_digits ()'s; unit: of the last digit, in 10^-16 of the first */
static inline gboolean
is_read_back (const Scaled *scaled, guint64 digits, guint unit)
{
  unsigned __int128 read = (unsigned __int128) (digits * unit) << scaled->shift;

  return (read > scaled->low && read < scaled->high)
      || (scaled->ends_count && (read == scaled->low || read == scaled->high));
}

/* to the nearest, halves to the even */
static inline guint64
round_to_unit (const Scaled *scaled, guint unit)
{
  unsigned __int128 step = (unsigned __int128) unit << scaled->shift;
  guint64 whole = (guint64) (scaled->value >> scaled->shift);
  guint64 digits = whole / unit;
  unsigned __int128 rest =
      scaled->value - ((unsigned __int128) (digits * unit) << scaled->shift);

  if (rest > step / 2 || (rest == step / 2 && digits % 2 == 1))
    digits++;
  return digits;
}

/* -> whether some digits up to that unit give the value back; the unit is a
 * constant where this is called */
static inline gboolean
try_unit (const Scaled *scaled, guint unit, guint64 *digits)
{
  *digits = round_to_unit (scaled, unit);
  if (is_read_back (scaled, *digits, unit))
    return TRUE;
  if (!scaled->uneven || !is_read_back (scaled, *digits + 1, unit))
    return FALSE;
  (*digits)++;
  return TRUE;
}

/* find_digits () in whole numbers of 128 bits: a twentieth of the time. From
 * 1e-4 the number below is 10^21 (2^55 + 2) < 2^125 at most, and up to 2^53
 * nothing has to be divided by a power of ten. */
static guint64
find_digits_exactly (double value, int *n_digits, int *exponent)
{
  Scaled scaled;
  guint64 mantissa, digits;
  int binary, decimal;

  memcpy (&mantissa, &value, sizeof mantissa);
  binary = (int) (mantissa >> 52) - 1023;
  mantissa &= G_GUINT64_CONSTANT (0xfffffffffffff);
  scaled.uneven = mantissa == 0;
  scaled.ends_count = mantissa % 2 == 0;
  scaled.shift = 54 - binary;
  mantissa |= G_GUINT64_CONSTANT (1) << 52;

  /* log10 (2) is 1233 / 4096 nearly: the power of ten, or one less */
  decimal = (binary * 1233) >> 12;
  scale_by (&scaled, mantissa, 16 - decimal);
  if (scaled.value >> scaled.shift >= powers_of_ten[17])
    scale_by (&scaled, mantissa, 16 - ++decimal);
  *exponent = decimal;
  *n_digits = 15;
  if (try_unit (&scaled, 100, &digits))
    return digits;
  *n_digits = 16;
  if (try_unit (&scaled, 10, &digits))
    return digits;
  *n_digits = 17;
  return round_to_unit (&scaled, 1);
}
#else
#define find_digits_exactly find_digits
#endif

/* The fewest digits that give the value back, the nearest among those. */
static guint
shortest_digits (double value, char text[ACT_UINT_DIGITS], int *exponent)
{
  guint64 digits;
  guint n;
  int asked;

  if (value >= 1e-4 && value < 0x1p53)
    digits = find_digits_exactly (value, &asked, exponent);
  else
    digits = find_digits (value, &asked, exponent);
  n = act_uint_to_digits (digits, text);
  /* a one above nines has a digit more than asked for */
  *exponent += (int) n - asked;
  while (n > 1 && text[n - 1] == '0')
    n--;
  return n;
}

static char *
put (char *to, const char *from, int n)
{
  memcpy (to, from, n);
  return to + n;
}

/* digits without an exponent, which is -4 to 15; -> the end */
static char *
write_plain (char *to, const char *digits, int n, int exponent)
{
  static const char zeros[] = "0000000000000000";

  if (exponent < 0) {
    to = put (to, "0.", 2);
    to = put (to, zeros, -exponent - 1);
    to = put (to, digits, n);
  } else if (n <= exponent + 1) {
    to = put (to, digits, n);
    to = put (to, zeros, exponent + 1 - n);
    to = put (to, ".0", 2);
  } else {
    to = put (to, digits, exponent + 1);
    *to++ = '.';
    to = put (to, digits + exponent + 1, n - exponent - 1);
  }
  *to = '\0';
  return to;
}

guint
act_double_to_string (double value, char *buffer)
{
  char digits[ACT_UINT_DIGITS + 1], *to = buffer;
  int n, exponent;

  if (signbit (value)) {
    *to++ = '-';
    value = -value;
  }
  if (value == 0)
    return g_stpcpy (to, "0.0") - buffer;
  if (!isfinite (value)) /* as Python's json; the writer refuses them */
    return g_stpcpy (to, isnan (value) ? "NaN" : "Infinity") - buffer;
  n = shortest_digits (value, digits, &exponent);
  if (exponent >= -4 && exponent < 16)
    return write_plain (to, digits, n, exponent) - buffer;
  digits[n] = '\0';
  to += sprintf (to, "%c%s%se%c%02d", digits[0], n > 1 ? "." : "", digits + 1,
      exponent < 0 ? '-' : '+', abs (exponent));
  return to - buffer;
}
