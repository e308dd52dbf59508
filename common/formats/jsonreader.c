/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/json.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/keyguard.h"

/* json-glib's own parser takes comments, "var x =" and repeated keys (the
 * last wins), cuts strings at U+0000 and follows nesting until the stack is
 * full. What is read here decides what a run means, so this one builds the
 * same nodes from strict JSON (RFC 8259) alone. */

#define MAX_DEPTH 200

typedef struct {
  const char *name;
  const char *start, *p, *end;
  guint depth;
  gboolean keep_nul;
  GString *scratch;
  GError **error;
} Parser;

/* U+0000 in a node's string */
#define NUL "\xc0\x80"

static JsonNode *parse_value (Parser *parser);

static gboolean G_GNUC_PRINTF (2, 3)
    fail (Parser *parser, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (parser->error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is no valid JSON: %s at byte %" G_GSIZE_FORMAT, parser->name, what,
      (gsize) (parser->p - parser->start));
  return FALSE;
}

static void
skip_space (Parser *parser)
{
  while (parser->p < parser->end
      && (*parser->p == ' ' || *parser->p == '\n' || *parser->p == '\r'
          || *parser->p == '\t'))
    parser->p++;
}

/* skips blanks and the character, if it comes next */
static gboolean
take (Parser *parser, char c)
{
  skip_space (parser);
  if (parser->p >= parser->end || *parser->p != c)
    return FALSE;
  parser->p++;
  return TRUE;
}

static gboolean
expect (Parser *parser, char c)
{
  if (take (parser, c))
    return TRUE;
  return fail (parser, "expected '%c'", c);
}

static gboolean
parse_hex4 (Parser *parser, gunichar *unit)
{
  *unit = 0;
  if (parser->end - parser->p < 4)
    return fail (parser, "unfinished escape");
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (parser->p[i]);

    if (digit < 0)
      return fail (parser, "expected four hexadecimal digits");
    *unit = *unit << 4 | digit;
  }
  parser->p += 4;
  return TRUE;
}

static gboolean
parse_unicode_escape (Parser *parser)
{
  gunichar c, low;

  if (!parse_hex4 (parser, &c))
    return FALSE;
  if (c == 0 && !parser->keep_nul)
    return fail (parser, "a string holds U+0000, which is not supported");
  if (c == 0) {
    g_string_append (parser->scratch, NUL);
    return TRUE;
  }
  if (c >= 0xd800 && c < 0xdc00) {
    if (parser->end - parser->p < 2 || memcmp (parser->p, "\\u", 2) != 0)
      return fail (parser, "half a surrogate pair");
    parser->p += 2;
    if (!parse_hex4 (parser, &low))
      return FALSE;
    if (low < 0xdc00 || low > 0xdfff)
      return fail (parser, "half a surrogate pair");
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  } else if (c >= 0xdc00 && c <= 0xdfff) {
    return fail (parser, "half a surrogate pair");
  }
  g_string_append_unichar (parser->scratch, c);
  return TRUE;
}

static gboolean
parse_escape (Parser *parser)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *found;

  parser->p++;
  if (parser->p >= parser->end)
    return fail (parser, "unfinished string");
  if (*parser->p == 'u') {
    parser->p++;
    return parse_unicode_escape (parser);
  }
  found = *parser->p ? strchr (from, *parser->p) : NULL;
  if (found == NULL)
    return fail (parser, "unknown escape");
  g_string_append_c (parser->scratch, to[found - from]);
  parser->p++;
  return TRUE;
}

/* into parser->scratch; the opening quote is taken */
static gboolean
parse_string (Parser *parser)
{
  g_string_truncate (parser->scratch, 0);
  for (;;) {
    const char *plain = parser->p;

    while (parser->p < parser->end && *parser->p != '"' && *parser->p != '\\'
        && (guchar) *parser->p >= 0x20)
      parser->p++;
    g_string_append_len (parser->scratch, plain, parser->p - plain);
    if (parser->p >= parser->end)
      return fail (parser, "unfinished string");
    if (*parser->p == '"') {
      parser->p++;
      return TRUE;
    }
    if (*parser->p != '\\')
      return fail (parser, "control character in a string");
    if (!parse_escape (parser))
      return FALSE;
  }
}

static gsize
skip_digits (Parser *parser)
{
  const char *start = parser->p;

  while (parser->p < parser->end && g_ascii_isdigit (*parser->p))
    parser->p++;
  return parser->p - start;
}

/* the grammar of a number; *whole: no fraction, no exponent */
static gboolean
scan_number (Parser *parser, gboolean *whole)
{
  const char *first;

  *whole = TRUE;
  if (*parser->p == '-')
    parser->p++;
  first = parser->p;
  if (skip_digits (parser) == 0)
    return fail (parser, "expected a value");
  if (*first == '0' && parser->p - first > 1)
    return fail (parser, "a number begins with 0");
  if (parser->p < parser->end && *parser->p == '.') {
    *whole = FALSE;
    parser->p++;
    if (skip_digits (parser) == 0)
      return fail (parser, "expected a digit");
  }
  if (parser->p < parser->end && (*parser->p == 'e' || *parser->p == 'E')) {
    *whole = FALSE;
    parser->p++;
    if (parser->p < parser->end && (*parser->p == '+' || *parser->p == '-'))
      parser->p++;
    if (skip_digits (parser) == 0)
      return fail (parser, "expected a digit");
  }
  return TRUE;
}

static JsonNode *
parse_number (Parser *parser)
{
  const char *start = parser->p;
  JsonNode *node;
  gboolean whole;
  gint64 number;
  double real;

  if (!scan_number (parser, &whole))
    return NULL;
  g_string_truncate (parser->scratch, 0);
  g_string_append_len (parser->scratch, start, parser->p - start);
  if (whole
      && g_ascii_string_to_signed (
          parser->scratch->str, 10, G_MININT64, G_MAXINT64, &number, NULL)) {
    node = json_node_alloc ();
    return json_node_init_int (node, number);
  }
  real = g_ascii_strtod (parser->scratch->str, NULL);
  if (!isfinite (real)) {
    fail (parser, "a number is too large");
    return NULL;
  }
  node = json_node_alloc ();
  return json_node_init_double (node, real);
}

static JsonNode *
parse_word (Parser *parser)
{
  static const char *const words[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize length = strlen (words[i]);

    if ((gsize) (parser->end - parser->p) >= length
        && memcmp (parser->p, words[i], length) == 0) {
      JsonNode *node = json_node_alloc ();

      parser->p += length;
      return i == 2 ? json_node_init_null (node)
                    : json_node_init_boolean (node, i == 0);
    }
  }
  fail (parser, "expected a value");
  return NULL;
}

static JsonNode *
parse_array (Parser *parser)
{
  g_autoptr (JsonArray) array = json_array_new ();

  if (!take (parser, ']')) {
    do {
      JsonNode *node = parse_value (parser);

      if (node == NULL)
        return NULL;
      json_array_add_element (array, node);
    } while (take (parser, ','));
    if (!expect (parser, ']'))
      return NULL;
  }
  return json_node_init_array (json_node_alloc (), array);
}

static gboolean
parse_member (Parser *parser, JsonObject *object, ActKeyGuard **guard)
{
  g_autofree char *key = NULL;
  JsonNode *node;

  if (!expect (parser, '"') || !parse_string (parser))
    return FALSE;
  key = g_strdup (parser->scratch->str);
  if (json_object_has_member (object, key))
    return fail (parser, "the key \"%s\" comes twice", key);
  if (!expect (parser, ':'))
    return FALSE;
  node = parse_value (parser);
  if (node == NULL)
    return FALSE;
  json_object_set_member (object, key, node);
  return act_key_guard_add (guard, object, key)
      || fail (parser, "more than %d keys collide", ACT_KEY_GUARD_MAX);
}

static JsonNode *
parse_object (Parser *parser)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (ActKeyGuard) guard = NULL;

  if (!take (parser, '}')) {
    do {
      if (!parse_member (parser, object, &guard))
        return NULL;
    } while (take (parser, ','));
    if (!expect (parser, '}'))
      return NULL;
  }
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
parse_value (Parser *parser)
{
  JsonNode *node = NULL;

  skip_space (parser);
  if (parser->p >= parser->end) {
    fail (parser, "expected a value");
    return NULL;
  }
  if (++parser->depth > MAX_DEPTH) {
    fail (parser, "nested deeper than %d levels", MAX_DEPTH);
    return NULL;
  }
  switch (*parser->p) {
  case '{':
    parser->p++;
    node = parse_object (parser);
    break;
  case '[':
    parser->p++;
    node = parse_array (parser);
    break;
  case '"':
    parser->p++;
    if (parse_string (parser))
      node = json_node_init_string (json_node_alloc (), parser->scratch->str);
    break;
  case 't':
  case 'f':
  case 'n':
    node = parse_word (parser);
    break;
  default:
    node = parse_number (parser);
  }
  parser->depth--;
  return node;
}

static JsonNode *
parse (const char *data, gsize length, const char *name, gboolean keep_nul,
    GError **error)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  Parser parser = { .name = name,
    .start = data,
    .p = data,
    .end = data + length,
    .keep_nul = keep_nul,
    .scratch = scratch,
    .error = error };
  const char *invalid;
  JsonNode *root;

  if (!g_utf8_validate_len (data, length, &invalid)) {
    parser.p = invalid;
    fail (&parser, "invalid UTF-8");
    return NULL;
  }
  root = parse_value (&parser);
  if (root == NULL)
    return NULL;
  skip_space (&parser);
  if (parser.p < parser.end) {
    fail (&parser, "expected the end");
    json_node_unref (root);
    return NULL;
  }
  return root;
}

JsonNode *
act_json_parse (
    const char *data, gsize length, const char *name, GError **error)
{
  return parse (data, length, name, FALSE, error);
}

JsonNode *
act_json_parse_with_nul (
    const char *data, gsize length, const char *name, GError **error)
{
  JsonNode *root = parse (data, length, name, TRUE, error);

  if (root == NULL)
    act_json_show_nul (error);
  return root;
}

void
act_json_append_bytes (GString *to, const char *string)
{
  const char *nul;

  while ((nul = strstr (string, NUL)) != NULL) {
    g_string_append_len (to, string, nul - string);
    g_string_append_c (to, '\0');
    string = nul + strlen (NUL);
  }
  g_string_append (to, string);
}

void
act_json_show_nul (GError **error)
{
  GString *message;

  if (error == NULL || *error == NULL)
    return;
  message = g_string_new ((*error)->message);
  g_string_replace (message, NUL, "\\u0000", 0);
  g_free ((*error)->message);
  (*error)->message = g_string_free (message, FALSE);
}

JsonNode *
act_json_read_file (const char *filename, gsize max_size, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_read (filename, max_size, error);
  const char *data;
  gsize size;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  return act_json_parse (data ? data : "", size, filename, error);
}

static void
set_field_error (const char *name, const char *field, JsonNode *node,
    const char *expected, GError **error)
{
  g_autofree char *found = NULL;

  if (node != NULL)
    found = json_to_string (node, FALSE);
  if (found != NULL && strlen (found) > 60)
    strcpy (g_utf8_find_prev_char (found, found + 56), "...");
  if (found != NULL)
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"%s\" is %s, expected %s", name, field, found, expected);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"%s\" is missing, expected %s", name, field, expected);
}

static JsonNode *
get_typed (JsonObject *object, const char *field, GType type)
{
  JsonNode *node = json_object_get_member (object, field);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != type)
    return NULL;
  return node;
}

gboolean
act_json_get_uint (JsonObject *object, const char *field, const char *name,
    guint64 max, guint64 *value, GError **error)
{
  JsonNode *node = get_typed (object, field, G_TYPE_INT64);

  if (node == NULL || json_node_get_int (node) < 0
      || (guint64) json_node_get_int (node) > max) {
    g_autofree char *expected =
        g_strdup_printf ("a whole number from 0 to %" G_GUINT64_FORMAT, max);

    set_field_error (
        name, field, json_object_get_member (object, field), expected, error);
    return FALSE;
  }
  *value = json_node_get_int (node);
  return TRUE;
}

gboolean
act_json_get_double (JsonObject *object, const char *field, const char *name,
    double *value, GError **error)
{
  JsonNode *node = get_typed (object, field, G_TYPE_DOUBLE);

  if (node != NULL) {
    *value = json_node_get_double (node);
    return TRUE;
  }
  node = get_typed (object, field, G_TYPE_INT64);
  if (node != NULL) {
    *value = (double) json_node_get_int (node);
    return TRUE;
  }
  set_field_error (
      name, field, json_object_get_member (object, field), "a number", error);
  return FALSE;
}

const char *
act_json_get_string (
    JsonObject *object, const char *field, const char *name, GError **error)
{
  JsonNode *node = get_typed (object, field, G_TYPE_STRING);

  if (node == NULL) {
    set_field_error (
        name, field, json_object_get_member (object, field), "a string", error);
    return NULL;
  }
  return json_node_get_string (node);
}

gboolean
act_json_get_boolean (JsonObject *object, const char *field, const char *name,
    gboolean *value, GError **error)
{
  JsonNode *node = get_typed (object, field, G_TYPE_BOOLEAN);

  if (node == NULL) {
    set_field_error (name, field, json_object_get_member (object, field),
        "true or false", error);
    return FALSE;
  }
  *value = json_node_get_boolean (node);
  return TRUE;
}

gboolean
act_json_check_format (JsonObject *object, const char *format, guint version,
    const char *path, GError **error)
{
  const char *found = act_json_get_string (object, "format", path, error);
  guint64 number;

  if (found == NULL)
    return FALSE;
  if (strcmp (found, format) != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"format\" is \"%s\", expected \"%s\"", path, found, format);
    return FALSE;
  }
  if (!act_json_get_uint (object, "version", path, G_MAXINT32, &number, error))
    return FALSE;
  if (number == version)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': \"version\" is %" G_GUINT64_FORMAT ", expected %u", path, number,
      version);
  return FALSE;
}
