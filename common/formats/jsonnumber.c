/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers of the JSON writer. Little of printf: once GStreamer has added its
 * conversions, glibc takes each format apart at every call. */

#include "formats/json.h"

#include "formats/jsonnumber.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

guint
act_uint_to_digits (guint64 value, char digits[ACT_UINT_DIGITS])
{
  char text[ACT_UINT_DIGITS], *p = text + sizeof text;
  guint n;

  do {
    *--p = '0' + value % 10;
    value /= 10;
  } while (value > 0);
  n = text + sizeof text - p;
  memcpy (digits, p, n);
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

static const guint64 powers_of_ten[] = { 1, 10, 100, 1000, 10000, 100000,
  1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
  10000000000000000, 100000000000000000 };

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
static gboolean
is_read_back (const Scaled *scaled, guint64 digits, guint unit)
{
  unsigned __int128 read = (unsigned __int128) (digits * unit) << scaled->shift;

  return (read > scaled->low && read < scaled->high)
      || (scaled->ends_count && (read == scaled->low || read == scaled->high));
}

/* to the nearest, halves to the even */
static guint64
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
  for (int n = 15;; n++) {
    guint unit = powers_of_ten[17 - n];

    digits = round_to_unit (&scaled, unit);
    if (n < 17 && !is_read_back (&scaled, digits, unit)) {
      if (!scaled.uneven || !is_read_back (&scaled, digits + 1, unit))
        continue;
      digits++;
    }
    *n_digits = n;
    return digits;
  }
}
#else
#define find_digits_exactly find_digits
#endif

/* The fewest digits that give the value back, the nearest among those. */
static guint64
shortest_digits (double value, int *n_digits, int *exponent)
{
  char text[ACT_UINT_DIGITS];
  guint64 digits;
  int n;

  if (value >= 1e-4 && value < 0x1p53)
    digits = find_digits_exactly (value, &n, exponent);
  else
    digits = find_digits (value, &n, exponent);
  /* a one above nines has a digit more than asked for */
  *exponent -= n;
  n = act_uint_to_digits (digits, text);
  *exponent += n;
  while (n > 1 && digits % 10 == 0) {
    digits /= 10;
    n--;
  }
  *n_digits = n;
  return digits;
}

static char *
put (char *to, const char *from, int n)
{
  memcpy (to, from, n);
  return to + n;
}

/* digits without an exponent, which is -4 to 15 */
static void
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
    to = put (to, ".", 1);
    to = put (to, digits + exponent + 1, n - exponent - 1);
  }
  *to = '\0';
}

void
act_double_to_string (double value, char *buffer)
{
  char digits[ACT_UINT_DIGITS + 1];
  int n, exponent;

  if (signbit (value)) {
    *buffer++ = '-';
    value = -value;
  }
  if (value == 0) {
    strcpy (buffer, "0.0");
    return;
  }
  if (!isfinite (value)) { /* as Python's json; the writer refuses them */
    strcpy (buffer, isnan (value) ? "NaN" : "Infinity");
    return;
  }
  n = act_uint_to_digits (shortest_digits (value, &n, &exponent), digits);
  digits[n] = '\0';
  if (exponent < -4 || exponent >= 16)
    sprintf (buffer, "%c%s%se%c%02d", digits[0], n > 1 ? "." : "", digits + 1,
        exponent < 0 ? '-' : '+', abs (exponent));
  else
    write_plain (buffer, digits, n, exponent);
}
