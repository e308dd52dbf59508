/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text/jsonline.h"

#include <string.h>

#include "acterror.h"

#define MAX_DEPTH 200

typedef struct {
  const char *start, *p, *end;
  gboolean replace;
  guint depth;
  GError **error;
} Scanner;

static gboolean
fail (Scanner *scanner, const char *what)
{
  g_set_error (scanner->error, ACT_ERROR, ACT_ERROR_FORMAT,
      "no valid JSON: %s at byte %" G_GSIZE_FORMAT " of the line", what,
      (gsize) (scanner->p - scanner->start));
  return FALSE;
}

static void
skip_space (Scanner *scanner)
{
  while (scanner->p < scanner->end && strchr (" \t\r\n", *scanner->p) != NULL
      && *scanner->p != '\0')
    scanner->p++;
}

/* skips blanks and the character, if it comes next */
static gboolean
take (Scanner *scanner, char c)
{
  skip_space (scanner);
  if (scanner->p == scanner->end || *scanner->p != c)
    return FALSE;
  scanner->p++;
  return TRUE;
}

static gboolean
scan_hex4 (Scanner *scanner, gunichar *unit)
{
  *unit = 0;
  if (scanner->end - scanner->p < 4)
    return fail (scanner, "unfinished escape");
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (scanner->p[i]);

    if (digit < 0)
      return fail (scanner, "expected four hexadecimal digits");
    *unit = *unit << 4 | (gunichar) digit;
  }
  scanner->p += 4;
  return TRUE;
}

/* after the "u"; out may be NULL */
static gboolean
scan_unicode_escape (Scanner *scanner, GString *out)
{
  gunichar c, low;

  if (!scan_hex4 (scanner, &c))
    return FALSE;
  if (c >= 0xd800 && c < 0xdc00 && scanner->end - scanner->p >= 2
      && memcmp (scanner->p, "\\u", 2) == 0) {
    const char *before = scanner->p;

    scanner->p += 2;
    if (!scan_hex4 (scanner, &low))
      return FALSE;
    if (low >= 0xdc00 && low <= 0xdfff)
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    else
      scanner->p = before;
  }
  if (c >= 0xd800 && c <= 0xdfff) {
    if (!scanner->replace)
      return fail (scanner, "half a surrogate pair");
    c = 0xfffd;
  }
  if (out != NULL)
    g_string_append_unichar (out, c);
  return TRUE;
}

static gboolean
scan_escape (Scanner *scanner, GString *out)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *found;

  scanner->p++;
  if (scanner->p == scanner->end)
    return fail (scanner, "unfinished string");
  if (*scanner->p == 'u') {
    scanner->p++;
    return scan_unicode_escape (scanner, out);
  }
  found = *scanner->p == '\0' ? NULL : strchr (from, *scanner->p);
  if (found == NULL)
    return fail (scanner, "unknown escape");
  if (out != NULL)
    g_string_append_c (out, to[found - from]);
  scanner->p++;
  return TRUE;
}

/* out may be NULL */
static gboolean
scan_string (Scanner *scanner, GString *out)
{
  if (!take (scanner, '"'))
    return fail (scanner, "expected a string");
  if (out != NULL)
    g_string_truncate (out, 0);
  for (;;) {
    const char *plain = scanner->p;

    while (scanner->p < scanner->end && *scanner->p != '"'
        && *scanner->p != '\\' && (guchar) *scanner->p >= 0x20)
      scanner->p++;
    if (out != NULL)
      g_string_append_len (out, plain, scanner->p - plain);
    if (scanner->p == scanner->end)
      return fail (scanner, "unfinished string");
    if (*scanner->p == '"') {
      scanner->p++;
      return TRUE;
    }
    if (*scanner->p != '\\')
      return fail (scanner, "control character in a string");
    if (!scan_escape (scanner, out))
      return FALSE;
  }
}

static gboolean
scan_digits (Scanner *scanner)
{
  const char *first = scanner->p;

  while (scanner->p < scanner->end && g_ascii_isdigit (*scanner->p))
    scanner->p++;
  return scanner->p > first || fail (scanner, "expected a digit");
}

static gboolean
scan_number (Scanner *scanner)
{
  if (*scanner->p == '-')
    scanner->p++;
  if (scanner->p < scanner->end && *scanner->p == '0')
    scanner->p++;
  else if (!scan_digits (scanner))
    return FALSE;
  if (scanner->p < scanner->end && *scanner->p == '.') {
    scanner->p++;
    if (!scan_digits (scanner))
      return FALSE;
  }
  if (scanner->p < scanner->end && (*scanner->p == 'e' || *scanner->p == 'E')) {
    scanner->p++;
    if (scanner->p < scanner->end && (*scanner->p == '+' || *scanner->p == '-'))
      scanner->p++;
    return scan_digits (scanner);
  }
  return TRUE;
}

static gboolean
scan_word (Scanner *scanner)
{
  static const char *const words[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize length = strlen (words[i]);

    if ((gsize) (scanner->end - scanner->p) >= length
        && memcmp (scanner->p, words[i], length) == 0) {
      scanner->p += length;
      return TRUE;
    }
  }
  return fail (scanner, "expected a value");
}

static gboolean scan_value (Scanner *scanner);

static gboolean
scan_list (Scanner *scanner, char end)
{
  if (take (scanner, end))
    return TRUE;
  do {
    if (end == '}'
        && (!scan_string (scanner, NULL)
            || (!take (scanner, ':') && !fail (scanner, "expected ':'"))))
      return FALSE;
    if (!scan_value (scanner))
      return FALSE;
  } while (take (scanner, ','));
  return take (scanner, end)
      || fail (scanner, end == '}' ? "expected '}'" : "expected ']'");
}

static gboolean
scan_value (Scanner *scanner)
{
  gboolean ok;

  skip_space (scanner);
  if (scanner->p == scanner->end)
    return fail (scanner, "expected a value");
  switch (*scanner->p) {
  case '{':
  case '[':
    if (++scanner->depth > MAX_DEPTH)
      return fail (scanner, "nested too deep");
    ok = scan_list (scanner, *scanner->p++ == '{' ? '}' : ']');
    scanner->depth--;
    return ok;
  case '"':
    return scan_string (scanner, NULL);
  case '-':
  case '0' ... '9':
    return scan_number (scanner);
  default:
    return scan_word (scanner);
  }
}

/* the members of the line's object; *found: one was the field */
static gboolean
scan_members (
    Scanner *scanner, const char *field, GString *value, gboolean *found)
{
  g_autoptr (GString) key = g_string_new (NULL);
  gsize field_length = strlen (field);

  if (take (scanner, '}'))
    return TRUE;
  do {
    if (!scan_string (scanner, key))
      return FALSE;
    if (!take (scanner, ':'))
      return fail (scanner, "expected ':'");
    skip_space (scanner);
    if (key->len != field_length || memcmp (key->str, field, key->len) != 0) {
      if (!scan_value (scanner))
        return FALSE;
      continue;
    }
    if (scanner->p == scanner->end || *scanner->p != '"') {
      g_set_error (scanner->error, ACT_ERROR, ACT_ERROR_FORMAT,
          "field '%s' is no string", field);
      return FALSE;
    }
    if (!scan_string (scanner, value))
      return FALSE;
    *found = TRUE;
  } while (take (scanner, ','));
  return take (scanner, '}') || fail (scanner, "expected '}'");
}

gboolean
act_json_line_get_string (const char *line, gsize length, const char *field,
    gboolean replace, GString *value, GError **error)
{
  Scanner scanner = { line, line, line + length, replace, 0, error };
  gboolean found = FALSE;

  if (!take (&scanner, '{')) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "no JSON object, expected one with a field '%s'", field);
    return FALSE;
  }
  if (!scan_members (&scanner, field, value, &found))
    return FALSE;
  skip_space (&scanner);
  if (scanner.p < scanner.end)
    return fail (&scanner, "expected the end");
  if (!found)
    g_set_error (
        error, ACT_ERROR, ACT_ERROR_FORMAT, "field '%s' is missing", field);
  return found;
}
