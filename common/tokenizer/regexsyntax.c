/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/regexsyntax.h"

#include <string.h>

#include "acterror.h"
#include "tokenizer/charset.h"

typedef struct {
  const char *regex, *p; /* all of it, and where we are */
  const char *name;
  GString *out;
  gsize atom; /* where in out the last one begins, what a quantifier is for */
  GArray *groups; /* those that are open */
  gboolean caseless;
  gunichar last; /* literal that has just come, 0 for anything else */
} Parser;

typedef struct {
  gsize from; /* where in out it begins */
  gboolean caseless;
} Group;

static gboolean
refuse (Parser *self, const char *what, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': the pattern '%s' is not supported, %s at '%.8s'", self->name,
      self->regex, what, self->p);
  return FALSE;
}

static void
append_literal (GString *out, gunichar c)
{
  if (c == 0)
    g_string_append (out, "\\x{0}");
  else if (c < 0x80 && !g_ascii_isalnum ((char) c) && c > 0x20)
    g_string_append_printf (out, "\\%c", (char) c);
  else
    g_string_append_unichar (out, c);
}

/* Oniguruma folds some characters to several, as sharp s to ss; PCRE2 never
 * does. Of ASCII letters these are parts of such. */
static gboolean
check_caseless (Parser *self, gunichar c, GError **error)
{
  static const char *const folds[] = { "ss", "ff", "fi", "fl", "st" };
  gunichar last = self->last;

  self->last = c;
  if (!self->caseless)
    return TRUE;
  if (c >= 0x80)
    return refuse (self, "(?i) with characters beyond ASCII", error);
  for (gsize i = 0; i < G_N_ELEMENTS (folds); i++) {
    if (g_ascii_tolower ((char) last) == folds[i][0]
        && g_ascii_tolower ((char) c) == folds[i][1])
      return refuse (self, "(?i) with ss, ff, fi, fl or st", error);
  }
  return TRUE;
}

/* the character at p; U+0000 stands there as C0 80 (formats/json.h) */
static gunichar
next_char (Parser *self)
{
  gunichar c = 0;

  if ((guint8) self->p[0] == 0xc0) {
    self->p += 2;
    return c;
  }
  c = g_utf8_get_char (self->p);
  self->p = g_utf8_next_char (self->p);
  return c;
}

/* ---- escapes ---- */

/* \p{Lu}, \P{Lu}, \p{^Lu}, \p{Han}; p is behind the p or P. Outside of a class
 * what is appended needs [ and ] round it. */
static gboolean
parse_property (Parser *self, gboolean negated, GError **error)
{
  const char *from = self->p + 1, *to;
  g_autofree char *property = NULL;

  to = self->p[0] == '{' ? strchr (from, '}') : NULL;
  if (to == NULL)
    return refuse (self, "a property without {}", error);
  if (*from == '^') {
    negated = !negated;
    from++;
  }
  property = g_strndup (from, (gsize) (to - from));
  if (self->caseless)
    return refuse (self, "(?i) with a property", error);
  if (!act_charset_append_category (self->out, property, negated)) {
    if (strspn (property,
            "abcdefghijklmnopqrstuvwxyz_"
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            != strlen (property)
        || strlen (property) < 3)
      return refuse (
          self, "a property that is no category and no script", error);
    /* a script, not what else is written with it; another is PCRE2's error */
    g_string_append_printf (
        self->out, "\\%c{sc:%s}", negated ? 'P' : 'p', property);
  }
  self->p = to + 1;
  return TRUE;
}

/* \xHH, \uHHHH, \x{H...}; p is behind the letter */
static gboolean
parse_hex (Parser *self, gboolean is_u, GError **error)
{
  const char *digits = self->p;
  gsize max = is_u ? 4 : 2, n = 0;
  gunichar c = 0;

  if (!is_u && *digits == '{') {
    digits++;
    max = 6;
  }
  for (; n < max && g_ascii_isxdigit (digits[n]); n++)
    c = c << 4 | (gunichar) g_ascii_xdigit_value (digits[n]);
  if (n == 0 || (is_u && n < 4) || (max == 6 && digits[n] != '}')
      || !g_unichar_validate (c) || (max == 2 && c >= 0x80))
    return refuse (self, "a code point that is none", error);
  g_string_append_printf (self->out, "\\x{%x}", c);
  if (!check_caseless (self, c, error))
    return FALSE;
  self->p = digits + n + (max == 6 ? 1 : 0);
  return TRUE;
}

/* What stands for the same in a class and outside of it, where is_set says
 * that it needs [ and ]. FALSE without an error: not one of these. */
static gboolean
parse_escape (Parser *self, gboolean in_class, gboolean *is_set, GError **error)
{
  char c = self->p[1];
  gunichar escaped;

  *is_set = c != '\0' && strchr ("sSwWdDhHpP", c) != NULL;
  self->p += 2;
  switch (c) {
  case 's':
  case 'S':
    act_charset_append_space (self->out, c == 'S');
    return TRUE;
  case 'w':
  case 'W':
    act_charset_append_word (self->out, c == 'W', in_class);
    return TRUE;
  case 'd':
  case 'D':
    return act_charset_append_category (self->out, "Nd", c == 'D');
  case 'h':
    g_string_append (self->out, "0-9a-fA-F");
    return TRUE;
  case 'H':
    g_string_append (self->out,
        "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{47}-\\x{60}\\x{67}-\\x{10ffff}");
    return TRUE;
  case 'p':
  case 'P':
    return parse_property (self, c == 'P', error);
  case 'x':
  case 'u':
    return parse_hex (self, c == 'u', error);
  case 'v':
    g_string_append (self->out, "\\x{b}");
    return TRUE;
  case 'n':
  case 'r':
  case 't':
  case 'f':
  case 'a':
  case 'e':
    g_string_append_printf (self->out, "\\%c", c);
    return TRUE;
  default:
    break;
  }
  self->p -= 2;
  if (c == '\0' || g_ascii_isalnum (c))
    return FALSE;
  self->p++;
  escaped = next_char (self);
  append_literal (self->out, escaped);
  return check_caseless (self, escaped, error);
}

static void
append_boundary (GString *out, gboolean negated)
{
  g_autoptr (GString) word = g_string_new ("[");

  act_charset_append_word (word, FALSE, FALSE);
  g_string_append_c (word, ']');
  if (negated)
    g_string_append_printf (out, "(?:(?<=%s)(?=%s)|(?<!%s)(?!%s))", word->str,
        word->str, word->str, word->str);
  else
    g_string_append_printf (out, "(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))", word->str,
        word->str, word->str, word->str);
}

static gboolean
parse_outer_escape (Parser *self, GError **error)
{
  gsize before = self->out->len;
  GError *inner = NULL;
  gboolean is_set;

  if (parse_escape (self, FALSE, &is_set, &inner)) {
    if (is_set) {
      g_string_insert_c (self->out, (gssize) before, '[');
      g_string_append_c (self->out, ']');
    }
    return TRUE;
  }
  if (inner != NULL) {
    g_propagate_error (error, inner);
    return FALSE;
  }
  switch (self->p[1]) {
  case 'A':
  case 'z':
  case 'Z':
    g_string_append_len (self->out, self->p, 2);
    break;
  case 'b':
  case 'B':
    append_boundary (self->out, self->p[1] == 'B');
    break;
  default:
    return refuse (self, "an escape that is not known", error);
  }
  self->p += 2;
  return TRUE;
}

/* ---- classes ---- */

static gboolean parse_members (Parser *self, guint depth, GError **error);

static gboolean
parse_member_escape (Parser *self, GError **error)
{
  GError *inner = NULL;
  gboolean is_set;

  if (self->p[1] == 'b') { /* a backspace here */
    self->p += 2;
    g_string_append (self->out, "\\x{8}");
    return TRUE;
  }
  if (!parse_escape (self, TRUE, &is_set, &inner)) {
    if (inner == NULL)
      return refuse (self, "an escape that is not known", error);
    g_propagate_error (error, inner);
    return FALSE;
  }
  /* it makes no range with what its last one happens to be */
  if (is_set && self->p[0] == '-' && self->p[1] != ']') {
    g_string_append (self->out, "\\-");
    self->p++;
  }
  return TRUE;
}

/* up to the ] */
static gboolean
parse_members (Parser *self, guint depth, GError **error)
{
  if (*self->p == ']')
    return refuse (self, "an empty class", error);
  while (*self->p != ']') {
    if (*self->p == '\0')
      return refuse (self, "a class without an end", error);
    if (g_str_has_prefix (self->p, "&&"))
      return refuse (self, "an intersection of classes", error);
    if (*self->p == '\\') {
      if (!parse_member_escape (self, error))
        return FALSE;
    } else if (*self->p == '[') { /* the union of both */
      if (self->p[1] == ':' || self->p[1] == '^' || depth >= 8)
        return refuse (self, "a POSIX or negated class in a class", error);
      self->p++;
      if (!parse_members (self, depth + 1, error))
        return FALSE;
      self->p++;
    } else if (*self->p == '-') { /* a range, or itself at an end */
      gboolean at_end = self->p[1] == ']' || self->p[-1] == '['
          || (self->p[-1] == '^' && self->p[-2] == '[');

      g_string_append (self->out, at_end ? "\\-" : "-");
      self->p++;
    } else {
      gunichar c = next_char (self);

      self->last = 0;
      if (!check_caseless (self, c, error))
        return FALSE;
      append_literal (self->out, c);
    }
  }
  return TRUE;
}

static gboolean
parse_class (Parser *self, GError **error)
{
  g_string_append_c (self->out, '[');
  self->p++;
  if (*self->p == '^') {
    g_string_append_c (self->out, '^');
    self->p++;
  }
  if (!parse_members (self, 0, error))
    return FALSE;
  g_string_append_c (self->out, ']');
  self->p++;
  return TRUE;
}

/* ---- groups ---- */

/* (?i) is for the rest of the group, alternatives too, only where it begins
 * the pattern in both syntaxes; m is what others call s */
static gboolean
parse_options (Parser *self, GError **error)
{
  const char *from = self->p;

  g_string_append (self->out, "(?");
  for (self->p += 2; *self->p != ')' && *self->p != ':'; self->p++) {
    if (*self->p == '\0' || strchr ("im-", *self->p) == NULL)
      return refuse (self, "an option that is not known", error);
    if (*self->p == 'i')
      self->caseless = self->p[-1] != '-';
    g_string_append_c (self->out, *self->p == 'm' ? 's' : *self->p);
  }
  if (*self->p == ')') {
    if (from != self->regex)
      return refuse (self, "options that are not at the beginning", error);
    g_string_append_c (self->out, ')');
    self->p++;
    g_array_set_size (self->groups, self->groups->len - 1);
    return TRUE;
  }
  g_string_append_c (self->out, ':');
  self->p++;
  return TRUE;
}

static gboolean
parse_group (Parser *self, GError **error)
{
  static const char *const openings[] = { "(?:", "(?=", "(?!", "(?<=", "(?<!",
    "(?>" };
  Group group = { self->out->len, self->caseless };

  g_array_append_val (self->groups, group);
  for (gsize i = 0; i < G_N_ELEMENTS (openings); i++) {
    if (g_str_has_prefix (self->p, openings[i])) {
      g_string_append (self->out, openings[i]);
      self->p += strlen (openings[i]);
      return TRUE;
    }
  }
  if (self->p[1] == '?' && self->p[2] != '\0'
      && strchr ("im-", self->p[2]) != NULL)
    return parse_options (self, error);
  if (self->p[1] == '?' || self->p[1] == '*')
    return refuse (self, "a group of a kind that is not known", error);
  /* what it captures plays no part */
  g_string_append (self->out, "(?:");
  self->p++;
  return TRUE;
}

static gboolean
close_group (Parser *self, GError **error)
{
  const Group *group;

  if (self->groups->len == 0)
    return refuse (self, "a ) without its (", error);
  group = &g_array_index (self->groups, Group, self->groups->len - 1);
  self->atom = group->from;
  self->caseless = group->caseless;
  g_array_set_size (self->groups, self->groups->len - 1);
  g_string_append_c (self->out, ')');
  self->p++;
  return TRUE;
}

/* ---- quantifiers ---- */

/* {n}, {n,}, {,m}, {n,m}: its end, NULL if it is none */
static const char *
interval_end (const char *p)
{
  const char *q = p + 1;
  gboolean digits = g_ascii_isdigit (*q);

  while (g_ascii_isdigit (*q))
    q++;
  if (*q == ',') {
    q++;
    digits = digits || g_ascii_isdigit (*q);
    while (g_ascii_isdigit (*q))
      q++;
  }
  return digits && *q == '}' ? q + 1 : NULL;
}

static gboolean
parse_interval (Parser *self, const char *end, GError **error)
{
  gboolean lower = g_ascii_isdigit (self->p[1]);
  gboolean comma = memchr (self->p, ',', (gsize) (end - self->p)) != NULL;

  g_string_append (self->out, lower ? "{" : "{0");
  g_string_append_len (self->out, self->p + 1, end - self->p - 1);
  self->p = end;
  if (*end == '?' && !comma)
    return refuse (self, "a quantifier {n}?", error);
  if (*end == '+') { /* one of what is repeated, not a possessive one */
    g_string_insert (self->out, (gssize) self->atom, "(?:");
    g_string_append (self->out, ")+");
    self->p++;
  }
  return TRUE;
}

static gboolean
parse_one (Parser *self, GError **error)
{
  const char *end;
  gunichar last = self->last, c;

  self->last = 0;
  switch (*self->p) {
  case '*':
  case '+':
  case '?':
  case '|':
  case '^':
  case '$':
  case '.':
    if (strchr ("*+?", *self->p) == NULL)
      self->atom = self->out->len;
    g_string_append_c (self->out, *self->p++);
    return TRUE;
  case '{':
    end = interval_end (self->p);
    if (end != NULL)
      return parse_interval (self, end, error);
    break;
  case '(':
    return parse_group (self, error);
  case ')':
    return close_group (self, error);
  case '[':
    self->atom = self->out->len;
    return parse_class (self, error);
  case '\\':
    self->atom = self->out->len;
    return parse_outer_escape (self, error);
  default:
    break;
  }
  self->atom = self->out->len;
  self->last = last;
  c = next_char (self);
  append_literal (self->out, c);
  return check_caseless (self, c, error);
}

GString *
act_regex_translate (const char *regex, const char *name, GError **error)
{
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (Group));
  g_autoptr (GString) out = g_string_new (NULL);
  Parser self = { regex, regex, name, out, 0, groups, FALSE, 0 };

  while (*self.p != '\0') {
    if (!parse_one (&self, error))
      return NULL;
  }
  if (groups->len > 0) {
    refuse (&self, "a ( without its )", error);
    return NULL;
  }
  return g_steal_pointer (&out);
}
