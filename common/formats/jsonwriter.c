/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct _ActJsonWriter {
  GString *out;
  guint indent;
  GByteArray *levels; /* for each open bracket: whether it has an item */
  gboolean after_key;
};

ActJsonWriter *
act_json_writer_new (GString *out, guint indent)
{
  ActJsonWriter *json = g_new0 (ActJsonWriter, 1);

  json->out = out;
  json->indent = indent;
  json->levels = g_byte_array_new ();
  return json;
}

void
act_json_writer_free (ActJsonWriter *json)
{
  if (json == NULL)
    return;
  g_byte_array_unref (json->levels);
  g_free (json);
}

static void
new_line (ActJsonWriter *json)
{
  if (json->indent == 0)
    return;
  g_string_append_c (json->out, '\n');
  for (guint i = 0; i < json->indent * json->levels->len; i++)
    g_string_append_c (json->out, ' ');
}

/* what goes before an item: nothing after a key, else comma and blank */
static void
before_item (ActJsonWriter *json)
{
  guint8 *has_items;

  if (json->after_key) {
    json->after_key = FALSE;
    return;
  }
  if (json->levels->len == 0)
    return;
  has_items = &json->levels->data[json->levels->len - 1];
  if (*has_items)
    g_string_append (json->out, json->indent == 0 ? ", " : ",");
  *has_items = TRUE;
  new_line (json);
}

static void
begin (ActJsonWriter *json, char bracket)
{
  guint8 has_items = FALSE;

  before_item (json);
  g_string_append_c (json->out, bracket);
  g_byte_array_append (json->levels, &has_items, 1);
}

static void
end (ActJsonWriter *json, char bracket)
{
  gboolean has_items;

  g_return_if_fail (json->levels->len > 0 && !json->after_key);
  has_items = json->levels->data[json->levels->len - 1];
  g_byte_array_set_size (json->levels, json->levels->len - 1);
  if (has_items)
    new_line (json);
  g_string_append_c (json->out, bracket);
}

void
act_json_begin_object (ActJsonWriter *json)
{
  begin (json, '{');
}

void
act_json_end_object (ActJsonWriter *json)
{
  end (json, '}');
}

void
act_json_begin_array (ActJsonWriter *json)
{
  begin (json, '[');
}

void
act_json_end_array (ActJsonWriter *json)
{
  end (json, ']');
}

static void
append_escape (GString *out, gunichar c)
{
  switch (c) {
  case '"':
    g_string_append (out, "\\\"");
    break;
  case '\\':
    g_string_append (out, "\\\\");
    break;
  case '\n':
    g_string_append (out, "\\n");
    break;
  case '\r':
    g_string_append (out, "\\r");
    break;
  case '\t':
    g_string_append (out, "\\t");
    break;
  case '\b':
    g_string_append (out, "\\b");
    break;
  case '\f':
    g_string_append (out, "\\f");
    break;
  default:
    if (c >= 0x10000)
      g_string_append_printf (out, "\\u%04x\\u%04x",
          0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
    else
      g_string_append_printf (out, "\\u%04x", c);
  }
}

static void
append_string (GString *out, const char *value, gsize length)
{
  const char *end = value + length;

  g_string_append_c (out, '"');
  while (value < end) {
    const char *plain = value;

    while (value < end && *value >= ' ' && *value <= '~' && *value != '"'
        && *value != '\\')
      value++;
    g_string_append_len (out, plain, value - plain);
    if (value < end) {
      append_escape (out, g_utf8_get_char (value));
      value = g_utf8_next_char (value);
    }
  }
  g_string_append_c (out, '"');
}

void
act_json_key (ActJsonWriter *json, const char *key)
{
  g_return_if_fail (json->levels->len > 0 && !json->after_key);
  before_item (json);
  append_string (json->out, key, strlen (key));
  g_string_append (json->out, ": ");
  json->after_key = TRUE;
}

void
act_json_string (ActJsonWriter *json, const char *value)
{
  act_json_string_len (json, value, strlen (value));
}

void
act_json_string_len (ActJsonWriter *json, const char *value, gsize length)
{
  before_item (json);
  append_string (json->out, value, length);
}

void
act_json_int (ActJsonWriter *json, gint64 value)
{
  before_item (json);
  g_string_append_printf (json->out, "%" G_GINT64_FORMAT, value);
}

void
act_json_uint (ActJsonWriter *json, guint64 value)
{
  before_item (json);
  g_string_append_printf (json->out, "%" G_GUINT64_FORMAT, value);
}

void
act_json_double (ActJsonWriter *json, double value)
{
  char buffer[32];

  g_return_if_fail (isfinite (value));
  before_item (json);
  act_double_to_string (value, buffer);
  g_string_append (json->out, buffer);
}

void
act_json_float (ActJsonWriter *json, float value)
{
  act_json_double (json, value);
}

void
act_json_boolean (ActJsonWriter *json, gboolean value)
{
  before_item (json);
  g_string_append (json->out, value ? "true" : "false");
}

void
act_json_null (ActJsonWriter *json)
{
  before_item (json);
  g_string_append (json->out, "null");
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

/* The fewest digits that give the value back, the nearest among those. */
static guint64
shortest_digits (double value, int *n_digits, int *exponent)
{
  char text[24];
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
    /* a one above nines has a digit more than asked for */
    snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, digits);
    *exponent += (int) strlen (text) - n;
    n = strlen (text);
    while (n > 1 && digits % 10 == 0) {
      digits /= 10;
      n--;
    }
    *n_digits = n;
    return digits;
  }
}

void
act_double_to_string (double value, char *buffer)
{
  char digits[24];
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
  snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT,
      shortest_digits (value, &n, &exponent));
  if (exponent < -4 || exponent >= 16) {
    sprintf (buffer, "%c%s%se%c%02d", digits[0], n > 1 ? "." : "", digits + 1,
        exponent < 0 ? '-' : '+', abs (exponent));
  } else if (exponent < 0) {
    sprintf (buffer, "0.%.*s%s", -exponent - 1, "0000", digits);
  } else if (n <= exponent + 1) {
    sprintf (buffer, "%s%.*s.0", digits, exponent + 1 - n, "0000000000000000");
  } else {
    sprintf (buffer, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
  }
}
