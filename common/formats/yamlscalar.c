/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/yamlscalar.h"

#include <math.h>
#include <string.h>

#define DIGITS "0123456789"
#define DIGITS_ "0123456789_"

/* --- what the parts of a number look like --- */

static const char *
skip_sign (const char *text)
{
  return text + (*text == '-' || *text == '+' ? 1 : 0);
}

static gboolean
all_of (const char *text, const char *set)
{
  return *text != '\0' && text[strspn (text, set)] == '\0';
}

/* behind groups of ":", 0 to 59; NULL: there is none */
static const char *
skip_sixtieths (const char *text)
{
  const char *at = text;

  while (*at == ':' && g_ascii_isdigit (at[1])) {
    if (at[1] <= '5' && g_ascii_isdigit (at[2]))
      at++;
    at += 2;
  }
  return at > text ? at : NULL;
}

/* "", or an exponent: it must have a sign */
static gboolean
is_exponent (const char *text)
{
  return *text == '\0'
      || ((*text == 'e' || *text == 'E') && (text[1] == '-' || text[1] == '+')
          && all_of (text + 2, DIGITS));
}

/* digits that may have "_" between them: as they are without, (transfer full)
 */
static char *
without_marks (const char *text)
{
  GString *plain = g_string_new (text);

  g_string_replace (plain, "_", "", 0);
  return g_string_free (plain, FALSE);
}

/* --- whole numbers --- */

/* 0: it is none in one piece; *digits: what comes behind sign and prefix */
static guint
base_of (const char *text, const char **digits)
{
  const char *plain = skip_sign (text);

  *digits = plain;
  if (plain[0] == '0' && plain[1] == 'b' && all_of (plain + 2, "01_")) {
    *digits = plain + 2;
    return 2;
  }
  if (plain[0] == '0' && plain[1] == 'x'
      && all_of (plain + 2, "0123456789abcdefABCDEF_")) {
    *digits = plain + 2;
    return 16;
  }
  if (plain[0] == '0' && plain[1] != '\0')
    return all_of (plain + 1, "01234567_") ? 8 : 0;
  return g_ascii_isdigit (plain[0]) && all_of (plain, DIGITS_) ? 10 : 0;
}

static JsonNode *
new_integer (gboolean negative, guint64 value)
{
  JsonNode *node = json_node_alloc ();

  if (value <= (guint64) G_MAXINT64 + (negative ? 1 : 0))
    return json_node_init_int (
        node, negative ? (gint64) (0 - value) : (gint64) value);
  return json_node_init_double (
      node, negative ? -(double) value : (double) value);
}

/* digits of a base, without marks: one at least */
static JsonNode *
new_in_base (gboolean negative, const char *digits, guint base)
{
  guint64 value = 0;
  double real = 0;
  gboolean fits = TRUE;
  JsonNode *node;

  for (; *digits != '\0'; digits++) {
    guint64 digit = (guint64) g_ascii_xdigit_value (*digits);

    fits = fits && g_uint64_checked_mul (&value, value, base)
        && g_uint64_checked_add (&value, value, digit);
    real = real * base + (double) digit;
  }
  if (fits)
    return new_integer (negative, value);
  node = json_node_alloc ();
  return json_node_init_double (node, negative ? -real : real);
}

/* "3:25:45", hours or degrees */
static gboolean
is_sexagesimal (const char *text)
{
  const char *plain = skip_sign (text);
  const char *end = plain + strspn (plain, DIGITS_);

  if (!g_ascii_isdigit (*plain) || *plain == '0')
    return FALSE;
  end = skip_sixtieths (end);
  return end != NULL && *end == '\0';
}

static JsonNode *
new_sexagesimal (const char *text)
{
  g_autofree char *plain = without_marks (skip_sign (text));
  g_auto (GStrv) parts = g_strsplit (plain, ":", -1);
  guint64 value = 0;
  double real = 0;
  gboolean fits = TRUE;

  for (guint i = 0; parts[i] != NULL; i++) {
    guint64 part;

    fits =
        g_ascii_string_to_unsigned (parts[i], 10, 0, G_MAXUINT64, &part, NULL)
        && fits && g_uint64_checked_mul (&value, value, 60)
        && g_uint64_checked_add (&value, value, part);
    real = real * 60 + g_ascii_strtod (parts[i], NULL);
  }
  if (fits)
    return new_integer (*text == '-', value);
  return json_node_init_double (
      json_node_alloc (), *text == '-' ? -real : real);
}

/* --- real numbers --- */

static gboolean
is_decimal (const char *text)
{
  const char *plain = skip_sign (text), *point;

  if (g_ascii_isdigit (*plain)) {
    point = plain + strspn (plain, DIGITS_);
    return *point == '.'
        && is_exponent (point + 1 + strspn (point + 1, DIGITS_));
  }
  /* without a digit before the point there is no sign either */
  return text[0] == '.' && g_ascii_isdigit (text[1])
      && is_exponent (text + 1 + strspn (text + 1, DIGITS_));
}

static JsonNode *
new_decimal (const char *text)
{
  g_autofree char *plain = without_marks (text);

  return json_node_init_double (
      json_node_alloc (), g_ascii_strtod (plain, NULL));
}

static gboolean
is_sexagesimal_decimal (const char *text)
{
  const char *plain = skip_sign (text), *point;

  if (!g_ascii_isdigit (*plain))
    return FALSE;
  point = skip_sixtieths (plain + strspn (plain, DIGITS_));
  return point != NULL && *point == '.'
      && point[1 + strspn (point + 1, DIGITS_)] == '\0';
}

/* added up from the last part on, so the same bits come out */
static JsonNode *
new_sexagesimal_decimal (const char *text)
{
  g_autofree char *plain = without_marks (skip_sign (text));
  g_auto (GStrv) parts = g_strsplit (plain, ":", -1);
  double value = 0, base = 1;

  for (guint i = g_strv_length (parts); i-- > 0; base *= 60)
    value += g_ascii_strtod (parts[i], NULL) * base;
  return json_node_init_double (
      json_node_alloc (), *text == '-' ? -value : value);
}

static gboolean
is_infinity (const char *text)
{
  static const char *const words[] = { ".inf", ".Inf", ".INF", NULL };

  return g_strv_contains (words, skip_sign (text));
}

/* --- all of them --- */

static JsonNode *
new_number (const char *text, const char **problem)
{
  static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };
  g_autofree char *digits = NULL;
  const char *first;
  guint base;

  if (is_decimal (text))
    return new_decimal (text);
  if (is_sexagesimal_decimal (text))
    return new_sexagesimal_decimal (text);
  if (is_infinity (text))
    return json_node_init_double (
        json_node_alloc (), *text == '-' ? -INFINITY : INFINITY);
  if (g_strv_contains (nans, text))
    return json_node_init_double (json_node_alloc (), NAN);
  if (is_sexagesimal (text))
    return new_sexagesimal (text);
  base = base_of (text, &first);
  if (base == 0)
    return NULL;
  digits = without_marks (first);
  if (*digits != '\0')
    return new_in_base (*text == '-', digits, base);
  *problem = "a number has no digits";
  return NULL;
}

JsonNode *
act_yaml_scalar_new (const char *text, const char **problem)
{
  static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
  static const char *const trues[] = { "true", "True", "TRUE", "yes", "Yes",
    "YES", "on", "On", "ON", NULL };
  static const char *const falses[] = { "false", "False", "FALSE", "no", "No",
    "NO", "off", "Off", "OFF", NULL };
  JsonNode *node;

  *problem = NULL;
  if (g_strv_contains (nulls, text))
    return json_node_init_null (json_node_alloc ());
  if (g_strv_contains (trues, text))
    return json_node_init_boolean (json_node_alloc (), TRUE);
  if (g_strv_contains (falses, text))
    return json_node_init_boolean (json_node_alloc (), FALSE);
  if (strcmp (text, "<<") == 0 || strcmp (text, "=") == 0) {
    *problem = "a merge (<<) or a default value (=) is not supported";
    return NULL;
  }
  node = new_number (text, problem);
  if (node != NULL || *problem != NULL)
    return node;
  return json_node_init_string (json_node_alloc (), text);
}
