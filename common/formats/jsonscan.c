/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/jsonscan.h"

#include <math.h>
#include <string.h>

#include "acterror.h"

#define MAX_DEPTH 200
#define MAX_FIELDS 64

void
act_json_scan_init (ActJsonScan *scan, const char *data, gsize length,
    gboolean replace, GError **error)
{
  *scan = (ActJsonScan){ .start = data,
    .p = data,
    .end = data + length,
    .replace = replace,
    .key = g_string_new (NULL),
    .error = error };
}

void
act_json_scan_clear (ActJsonScan *scan)
{
  if (scan->key != NULL)
    g_string_free (scan->key, TRUE);
  scan->key = NULL;
}

gboolean
act_json_scan_fail (ActJsonScan *scan, const char *what)
{
  g_set_error (scan->error, ACT_ERROR, ACT_ERROR_FORMAT,
      "no valid JSON: %s at byte %" G_GSIZE_FORMAT, what,
      (gsize) (scan->p - scan->start));
  return FALSE;
}

static void
skip_space (ActJsonScan *scan)
{
  while (scan->p < scan->end
      && (*scan->p == ' ' || *scan->p == '\t' || *scan->p == '\r'
          || *scan->p == '\n'))
    scan->p++;
}

char
act_json_scan_peek (ActJsonScan *scan)
{
  skip_space (scan);
  return scan->p < scan->end ? *scan->p : '\0';
}

/* skips blanks and the character, if it comes next */
static gboolean
take (ActJsonScan *scan, char c)
{
  skip_space (scan);
  if (scan->p == scan->end || *scan->p != c)
    return FALSE;
  scan->p++;
  return TRUE;
}

/* --- strings --- */

static gboolean
scan_hex4 (ActJsonScan *scan, gunichar *unit)
{
  *unit = 0;
  if (scan->end - scan->p < 4)
    return act_json_scan_fail (scan, "unfinished escape");
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (scan->p[i]);

    if (digit < 0)
      return act_json_scan_fail (scan, "expected four hexadecimal digits");
    *unit = *unit << 4 | (gunichar) digit;
  }
  scan->p += 4;
  return TRUE;
}

/* after the "u"; out may be NULL */
static gboolean
scan_unicode_escape (ActJsonScan *scan, GString *out)
{
  gunichar c, low;

  if (!scan_hex4 (scan, &c))
    return FALSE;
  if (c >= 0xd800 && c < 0xdc00 && scan->end - scan->p >= 2
      && memcmp (scan->p, "\\u", 2) == 0) {
    const char *before = scan->p;

    scan->p += 2;
    if (!scan_hex4 (scan, &low))
      return FALSE;
    if (low >= 0xdc00 && low <= 0xdfff)
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    else
      scan->p = before;
  }
  if (c >= 0xd800 && c <= 0xdfff) {
    if (!scan->replace)
      return act_json_scan_fail (scan, "half a surrogate pair");
    c = 0xfffd;
  }
  if (out != NULL)
    g_string_append_unichar (out, c);
  return TRUE;
}

static gboolean
scan_escape (ActJsonScan *scan, GString *out)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *found;

  scan->p++;
  if (scan->p == scan->end)
    return act_json_scan_fail (scan, "unfinished string");
  if (*scan->p == 'u') {
    scan->p++;
    return scan_unicode_escape (scan, out);
  }
  found = *scan->p == '\0' ? NULL : strchr (from, *scan->p);
  if (found == NULL)
    return act_json_scan_fail (scan, "unknown escape");
  if (out != NULL)
    g_string_append_c (out, to[found - from]);
  scan->p++;
  return TRUE;
}

/* out may be NULL */
static gboolean
scan_string (ActJsonScan *scan, GString *out)
{
  if (!take (scan, '"'))
    return act_json_scan_fail (scan, "expected a string");
  if (out != NULL)
    g_string_truncate (out, 0);
  for (;;) {
    const char *plain = scan->p;

    while (scan->p < scan->end && *scan->p != '"' && *scan->p != '\\'
        && (guchar) *scan->p >= 0x20)
      scan->p++;
    if (out != NULL)
      g_string_append_len (out, plain, scan->p - plain);
    if (scan->p == scan->end)
      return act_json_scan_fail (scan, "unfinished string");
    if (*scan->p == '"') {
      scan->p++;
      return TRUE;
    }
    if (*scan->p != '\\')
      return act_json_scan_fail (scan, "control character in a string");
    if (!scan_escape (scan, out))
      return FALSE;
  }
}

gboolean
act_json_scan_string (ActJsonScan *scan, gpointer to)
{
  return scan_string (scan, to);
}

/* --- numbers and words --- */

static gboolean
scan_digits (ActJsonScan *scan)
{
  const char *first = scan->p;

  while (scan->p < scan->end && g_ascii_isdigit (*scan->p))
    scan->p++;
  return scan->p > first || act_json_scan_fail (scan, "expected a digit");
}

static gboolean
scan_number (ActJsonScan *scan)
{
  if (*scan->p == '-')
    scan->p++;
  if (scan->p < scan->end && *scan->p == '0')
    scan->p++;
  else if (!scan_digits (scan))
    return FALSE;
  if (scan->p < scan->end && *scan->p == '.') {
    scan->p++;
    if (!scan_digits (scan))
      return FALSE;
  }
  if (scan->p < scan->end && (*scan->p == 'e' || *scan->p == 'E')) {
    scan->p++;
    if (scan->p < scan->end && (*scan->p == '+' || *scan->p == '-'))
      scan->p++;
    return scan_digits (scan);
  }
  return TRUE;
}

static gboolean
take_word (ActJsonScan *scan, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (scan->end - scan->p) < length
      || memcmp (scan->p, word, length) != 0)
    return FALSE;
  scan->p += length;
  return TRUE;
}

gboolean
act_json_scan_null (ActJsonScan *scan)
{
  skip_space (scan);
  return take_word (scan, "null");
}

static gboolean
is_number (ActJsonScan *scan)
{
  skip_space (scan);
  return scan->p < scan->end && (*scan->p == '-' || g_ascii_isdigit (*scan->p));
}

gboolean
act_json_scan_uint (ActJsonScan *scan, gpointer to)
{
  guint64 value = 0;
  const char *first;

  if (!is_number (scan))
    return act_json_scan_fail (scan, "expected a whole number");
  first = scan->p;
  if (!scan_number (scan))
    return FALSE;
  for (const char *p = first; p < scan->p; p++)
    if (!g_ascii_isdigit (*p) || !g_uint64_checked_mul (&value, value, 10)
        || !g_uint64_checked_add (&value, value, (guint64) (*p - '0'))) {
      scan->p = first;
      return act_json_scan_fail (
          scan, "expected a whole number from 0 to 2^64 - 1");
    }
  *(guint64 *) to = value;
  return TRUE;
}

gboolean
act_json_scan_int (ActJsonScan *scan, gpointer to)
{
  gboolean negative = act_json_scan_peek (scan) == '-';
  guint64 value, limit = (guint64) G_MAXINT64 + (negative ? 1 : 0);
  const char *first = scan->p;

  scan->p += negative ? 1 : 0;
  if (scan->p == scan->end || !g_ascii_isdigit (*scan->p)) {
    scan->p = first;
    return act_json_scan_fail (scan, "expected a whole number");
  }
  if (!act_json_scan_uint (scan, &value))
    return FALSE;
  if (value > limit) {
    scan->p = first;
    return act_json_scan_fail (
        scan, "expected a whole number from -2^63 to 2^63 - 1");
  }
  *(gint64 *) to = negative ? (gint64) (0 - value) : (gint64) value;
  return TRUE;
}

gboolean
act_json_scan_double (ActJsonScan *scan, gpointer to)
{
  char digits[64];
  const char *first;
  double value;

  if (!is_number (scan))
    return act_json_scan_fail (scan, "expected a number");
  first = scan->p;
  if (!scan_number (scan))
    return FALSE;
  if ((gsize) (scan->p - first) >= sizeof digits) {
    scan->p = first;
    return act_json_scan_fail (scan, "a number of too many digits");
  }
  memcpy (digits, first, (gsize) (scan->p - first));
  digits[scan->p - first] = '\0';
  value = g_ascii_strtod (digits, NULL);
  if (!isfinite (value)) {
    scan->p = first;
    return act_json_scan_fail (scan, "a number is too large");
  }
  *(double *) to = value;
  return TRUE;
}

/* --- values of any kind --- */

static gboolean
skip_member (ActJsonScan *scan)
{
  if (!scan_string (scan, NULL))
    return FALSE;
  if (!take (scan, ':'))
    return act_json_scan_fail (scan, "expected ':'");
  return act_json_scan_skip (scan);
}

static gboolean
enter (ActJsonScan *scan)
{
  if (++scan->depth > MAX_DEPTH)
    return act_json_scan_fail (scan, "nested too deep");
  return TRUE;
}

static gboolean
leave (ActJsonScan *scan, char end)
{
  scan->depth--;
  return take (scan, end)
      || act_json_scan_fail (
          scan, end == '}' ? "expected '}'" : "expected ']'");
}

static gboolean
skip_list (ActJsonScan *scan, char end)
{
  if (!enter (scan))
    return FALSE;
  skip_space (scan);
  if (scan->p < scan->end && *scan->p == end)
    return leave (scan, end);
  do {
    if (!(end == '}' ? skip_member (scan) : act_json_scan_skip (scan)))
      return FALSE;
  } while (take (scan, ','));
  return leave (scan, end);
}

gboolean
act_json_scan_skip (ActJsonScan *scan)
{
  skip_space (scan);
  if (scan->p == scan->end)
    return act_json_scan_fail (scan, "expected a value");
  switch (*scan->p) {
  case '{':
    scan->p++;
    return skip_list (scan, '}');
  case '[':
    scan->p++;
    return skip_list (scan, ']');
  case '"':
    return scan_string (scan, NULL);
  case '-':
  case '0' ... '9':
    return scan_number (scan);
  default:
    return take_word (scan, "true") || take_word (scan, "false")
        || take_word (scan, "null")
        || act_json_scan_fail (scan, "expected a value");
  }
}

gboolean
act_json_scan_end (ActJsonScan *scan)
{
  skip_space (scan);
  return scan->p == scan->end || act_json_scan_fail (scan, "expected the end");
}

/* --- objects and arrays --- */

static gboolean
scan_member (ActJsonScan *scan, ActJsonMember func, gpointer data)
{
  if (!scan_string (scan, scan->key))
    return FALSE;
  if (!take (scan, ':'))
    return act_json_scan_fail (scan, "expected ':'");
  return func (scan, scan->key, data);
}

gboolean
act_json_scan_members (ActJsonScan *scan, ActJsonMember func, gpointer data)
{
  if (!take (scan, '{'))
    return act_json_scan_fail (scan, "expected an object");
  if (!enter (scan))
    return FALSE;
  skip_space (scan);
  if (scan->p < scan->end && *scan->p == '}')
    return leave (scan, '}');
  do {
    if (!scan_member (scan, func, data))
      return FALSE;
  } while (take (scan, ','));
  return leave (scan, '}');
}

gboolean
act_json_scan_elements (ActJsonScan *scan, ActJsonRead func, gpointer data)
{
  if (!take (scan, '['))
    return act_json_scan_fail (scan, "expected a list");
  if (!enter (scan))
    return FALSE;
  skip_space (scan);
  if (scan->p < scan->end && *scan->p == ']')
    return leave (scan, ']');
  do {
    if (!func (scan, data))
      return FALSE;
  } while (take (scan, ','));
  return leave (scan, ']');
}

static gboolean
append_string (ActJsonScan *scan, gpointer to)
{
  GString *string = g_string_new (NULL);

  g_ptr_array_add (to, string);
  return scan_string (scan, string);
}

gboolean
act_json_scan_strings (ActJsonScan *scan, gpointer to)
{
  g_ptr_array_set_size (to, 0);
  return act_json_scan_elements (scan, append_string, to);
}

static gboolean
append_uint (ActJsonScan *scan, gpointer to)
{
  guint64 value;

  if (!act_json_scan_uint (scan, &value))
    return FALSE;
  g_array_append_val ((GArray *) to, value);
  return TRUE;
}

gboolean
act_json_scan_uints (ActJsonScan *scan, gpointer to)
{
  g_array_set_size (to, 0);
  return act_json_scan_elements (scan, append_uint, to);
}

static gboolean
append_double (ActJsonScan *scan, gpointer to)
{
  double value;

  if (!act_json_scan_double (scan, &value))
    return FALSE;
  g_array_append_val ((GArray *) to, value);
  return TRUE;
}

gboolean
act_json_scan_doubles (ActJsonScan *scan, gpointer to)
{
  g_array_set_size (to, 0);
  return act_json_scan_elements (scan, append_double, to);
}

/* --- fields --- */

typedef struct {
  const ActJsonField *fields;
  guint n_fields;
  gpointer structure;
  guint64 seen;
} Fields;

static gboolean
scan_field (ActJsonScan *scan, const GString *key, gpointer data)
{
  Fields *self = data;
  guint i;

  for (i = 0; i < self->n_fields; i++)
    if (strlen (self->fields[i].key) == key->len
        && memcmp (self->fields[i].key, key->str, key->len) == 0)
      break;
  if (i == self->n_fields)
    return act_json_scan_skip (scan);
  self->seen |= (guint64) 1 << i;
  {
    const ActJsonField *field = &self->fields[i];
    gpointer to = (char *) self->structure + field->offset;

    if (field->read (scan, field->indirect ? *(gpointer *) to : to))
      return TRUE;
    g_prefix_error (scan->error, "\"%s\": ", field->key);
    return FALSE;
  }
}

gboolean
act_json_scan_fields (ActJsonScan *scan, const ActJsonField *fields,
    guint n_fields, gpointer structure)
{
  Fields self = { fields, n_fields, structure, 0 };

  g_return_val_if_fail (n_fields <= MAX_FIELDS, FALSE);
  if (!act_json_scan_members (scan, scan_field, &self))
    return FALSE;
  for (guint i = 0; i < n_fields; i++)
    if (!fields[i].optional && !(self.seen >> i & 1)) {
      g_set_error (scan->error, ACT_ERROR, ACT_ERROR_FORMAT,
          "\"%s\" is missing", fields[i].key);
      return FALSE;
    }
  return TRUE;
}
