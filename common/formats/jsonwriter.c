/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/json.h"

#include "formats/jsonnumber.h"

#include <math.h>
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

/* Where n bytes more can be written at the end; end_room () then says up to
 * where they were. Numbers are many, and short. */
static inline char *
make_room (GString *out, gsize n)
{
  if (out->allocated_len - out->len <= n) {
    gsize before = out->len;

    g_string_set_size (out, before + n);
    g_string_truncate (out, before);
  }
  return out->str + out->len;
}

static inline void
end_room (GString *out, char *end)
{
  *end = '\0';
  out->len = end - out->str;
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
    g_string_append_len (json->out, ", ", json->indent == 0 ? 2 : 1);
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

/* the character after the backslash, where that is all */
static char
short_escape (gunichar c)
{
  switch (c) {
  case '"':
  case '\\':
    return c;
  case '\n':
    return 'n';
  case '\r':
    return 'r';
  case '\t':
    return 't';
  case '\b':
    return 'b';
  case '\f':
    return 'f';
  default:
    return '\0';
  }
}

/* one of UTF-16's units */
static char *
write_unit (char *to, guint unit)
{
  static const char digits[] = "0123456789abcdef";

  *to++ = '\\';
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4)
    *to++ = digits[unit >> shift & 15];
  return to;
}

static char *
write_escape (char *to, gunichar c)
{
  char escape = short_escape (c);

  if (escape != '\0') {
    *to++ = '\\';
    *to++ = escape;
    return to;
  }
  if (c < 0x10000)
    return write_unit (to, c);
  to = write_unit (to, 0xd800 + ((c - 0x10000) >> 10));
  return write_unit (to, 0xdc00 + (c & 0x3ff));
}

void
act_json_escape (GString *out, const char *value, gsize length)
{
  const char *end = value + length;
  gsize before = out->len;
  char *to;

  /* a byte becomes six at most */
  g_string_set_size (out, before + 6 * length);
  to = out->str + before;
  while (value < end) {
    if (*value >= ' ' && *value <= '~' && *value != '"' && *value != '\\') {
      *to++ = *value++;
    } else {
      to = write_escape (to, g_utf8_get_char (value));
      value = g_utf8_next_char (value);
    }
  }
  g_string_truncate (out, to - out->str);
}

static void
append_string (GString *out, const char *value, gsize length)
{
  g_string_append_c (out, '"');
  act_json_escape (out, value, length);
  g_string_append_c (out, '"');
}

void
act_json_key (ActJsonWriter *json, const char *key)
{
  g_return_if_fail (json->levels->len > 0 && !json->after_key);
  before_item (json);
  append_string (json->out, key, strlen (key));
  g_string_append_len (json->out, ": ", 2);
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

static void
append_digits (GString *out, guint64 value)
{
  char *to = make_room (out, ACT_UINT_DIGITS);

  end_room (out, to + act_uint_to_digits (value, to));
}

void
act_json_string_escaped (ActJsonWriter *json, const char *text, gsize length)
{
  before_item (json);
  g_string_append_c (json->out, '"');
  g_string_append_len (json->out, text, length);
  g_string_append_c (json->out, '"');
}

void
act_json_int (ActJsonWriter *json, gint64 value)
{
  before_item (json);
  if (value < 0)
    g_string_append_c (json->out, '-');
  append_digits (json->out, value < 0 ? -(guint64) value : (guint64) value);
}

void
act_json_uint (ActJsonWriter *json, guint64 value)
{
  before_item (json);
  append_digits (json->out, value);
}

void
act_json_double (ActJsonWriter *json, double value)
{
  char *to;

  g_return_if_fail (isfinite (value));
  before_item (json);
  to = make_room (json->out, 32);
  end_room (json->out, to + act_double_to_string (value, to));
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

void
act_json_add_string (ActJsonWriter *json, const char *key, const char *value)
{
  act_json_key (json, key);
  if (value != NULL)
    act_json_string (json, value);
  else
    act_json_null (json);
}

void
act_json_add_uint (ActJsonWriter *json, const char *key, guint64 value)
{
  act_json_key (json, key);
  act_json_uint (json, value);
}

void
act_json_add_double (ActJsonWriter *json, const char *key, double value)
{
  act_json_key (json, key);
  act_json_double (json, value);
}
