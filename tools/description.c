/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "description.h"
#include "toolerror.h"

#include <string.h>

#include "launchquote.h"

#define MAX_DEPTH 8

typedef struct {
  char *text; /* as written, without comments */
  guint line;
  gboolean has_variable;
} Word;

struct _ActDescription {
  char *name;
  char *title;
  GPtrArray *words;     /* of Word */
  GPtrArray *variables; /* of ActVariable */
};

static void
word_free (Word *word)
{
  g_free (word->text);
  g_free (word);
}

static void
variable_free (ActVariable *variable)
{
  g_free (variable->name);
  g_free (variable->fallback);
  g_free (variable);
}

void
act_description_free (ActDescription *self)
{
  g_free (self->name);
  g_free (self->title);
  g_ptr_array_unref (self->words);
  g_ptr_array_unref (self->variables);
  g_free (self);
}

static ActVariable *
find_variable (const ActDescription *self, const char *name)
{
  for (guint i = 0; i < self->variables->len; i++) {
    ActVariable *variable = g_ptr_array_index (self->variables, i);

    if (g_str_equal (variable->name, name))
      return variable;
  }
  return NULL;
}

static gboolean
is_name_char (char c, gboolean first)
{
  return g_ascii_isalpha (c) || c == '_'
      || (!first && (g_ascii_isdigit (c) || c == '-'));
}

/* text is at "${"; gives the name, the default's text or NULL, and what comes
 * after the closing brace; NULL if it is not well formed */
static const char *
scan_variable (const char *text, char **name, char **fallback)
{
  const char *p = text + 2, *start = p;
  guint depth = 1;

  while (is_name_char (*p, p == start)) {
    if (p[0] == '-' && p[-1] == ':')
      break;
    p++;
  }
  if (p == start || (*p != '}' && !g_str_has_prefix (p, ":-")))
    return NULL;
  if (name)
    *name = g_strndup (start, p - start);
  if (fallback)
    *fallback = NULL;
  if (*p == '}')
    return p + 1;

  start = p += 2;
  for (; *p != '\0'; p++) {
    if (p[0] == '\\' && p[1] != '\0')
      p++;
    else if (p[0] == '$' && p[1] == '{')
      depth++;
    else if (p[0] == '}' && --depth == 0)
      break;
  }
  if (*p == '\0') {
    if (name)
      g_clear_pointer (name, g_free);
    return NULL;
  }
  if (fallback)
    *fallback = g_strndup (start, p - start);
  return p + 1;
}

/* notes the variables in a text, those in defaults too */
static gboolean
collect_variables (
    ActDescription *self, const char *text, guint line, GError **error)
{
  for (const char *p = text; *p != '\0';) {
    g_autofree char *name = NULL, *fallback = NULL;
    ActVariable *known;

    if (p[0] == '\\' && p[1] != '\0') {
      p += 2;
      continue;
    }
    if (p[0] != '$' || p[1] != '{') {
      p++;
      continue;
    }
    p = scan_variable (p, &name, &fallback);
    known = find_variable (self, name);
    if (known == NULL) {
      known = g_new0 (ActVariable, 1);
      known->name = g_strdup (name);
      g_ptr_array_add (self->variables, known);
    }
    if (fallback != NULL && known->fallback != NULL
        && !g_str_equal (fallback, known->fallback)) {
      g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
          "'%s' line %u: ${%s} has the default '%s' here and '%s' before",
          self->name, line, name, fallback, known->fallback);
      return FALSE;
    }
    if (fallback != NULL && known->fallback == NULL)
      known->fallback = g_strdup (fallback);
    if (fallback != NULL && !collect_variables (self, fallback, line, error))
      return FALSE;
  }
  return TRUE;
}

/* p is at a word's first character; gives its end, or NULL and an error */
static const char *
scan_word (ActDescription *self, const char *p, guint line,
    gboolean *has_variable, GError **error)
{
  gboolean quoted = FALSE;

  *has_variable = FALSE;
  while (*p != '\0' && (quoted || !g_ascii_isspace (*p))) {
    if (p[0] == '\\' && p[1] != '\0') {
      p += 2;
    } else if (p[0] == '$' && p[1] == '{') {
      const char *end = scan_variable (p, NULL, NULL);

      if (end == NULL) {
        g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
            "'%s' line %u: expected ${name} or ${name:-default} at '%.20s'",
            self->name, line, p);
        return NULL;
      }
      p = end;
      *has_variable = TRUE;
    } else {
      if (*p == '"')
        quoted = !quoted;
      p++;
    }
  }
  if (quoted) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "'%s' line %u: a quote is opened here and not closed", self->name,
        line);
    return NULL;
  }
  return p;
}

/* p is at the '#'; gives the line's end */
static const char *
skip_comment (ActDescription *self, const char *p)
{
  const char *end = p + strcspn (p, "\n");

  if (self->title == NULL && self->words->len == 0
      && !g_str_has_prefix (p, "# SPDX")) {
    g_autofree char *line = g_strndup (p + 1, end - p - 1);

    g_strstrip (line);
    if (*line != '\0')
      self->title = g_steal_pointer (&line);
  }
  return end;
}

static gboolean
split_words (ActDescription *self, const char *text, GError **error)
{
  guint line = 1;

  for (const char *p = text; *p != '\0';) {
    gboolean has_variable;
    const char *end;
    Word *word;

    if (g_ascii_isspace (*p)) {
      line += *p++ == '\n';
      continue;
    }
    if (*p == '#') {
      p = skip_comment (self, p);
      continue;
    }
    end = scan_word (self, p, line, &has_variable, error);
    if (end == NULL)
      return FALSE;
    word = g_new0 (Word, 1);
    word->text = g_strndup (p, end - p);
    word->line = line;
    word->has_variable = has_variable;
    g_ptr_array_add (self->words, word);
    if (has_variable && !collect_variables (self, word->text, line, error))
      return FALSE;
    for (; p < end; p++)
      line += *p == '\n';
  }
  return TRUE;
}

ActDescription *
act_description_new (const char *text, const char *name, GError **error)
{
  g_autoptr (ActDescription) self = g_new0 (ActDescription, 1);

  self->name = g_strdup (name);
  self->words = g_ptr_array_new_with_free_func ((GDestroyNotify) word_free);
  self->variables =
      g_ptr_array_new_with_free_func ((GDestroyNotify) variable_free);
  if (!g_utf8_validate (text, -1, NULL)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "'%s' is not UTF-8 text", name);
    return NULL;
  }
  if (!split_words (self, text, error))
    return NULL;
  if (self->words->len == 0) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "'%s' describes no pipeline", name);
    return NULL;
  }
  return g_steal_pointer (&self);
}

ActDescription *
act_description_load (const char *filename, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;
  gsize length;

  if (!g_file_get_contents (filename, &text, &length, &local)) {
    g_set_error (
        error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED, "%s", local->message);
    return NULL;
  }
  if (strlen (text) != length) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "'%s' is not UTF-8 text: it holds a zero byte", filename);
    return NULL;
  }
  return act_description_new (text, filename, error);
}

const char *
act_description_get_title (const ActDescription *self)
{
  return self->title;
}

const char *
act_description_get_default (const ActDescription *self, const char *name)
{
  const ActVariable *variable = find_variable (self, name);

  return variable != NULL ? variable->fallback : NULL;
}

char *
act_description_list_variables (const ActDescription *self)
{
  GString *out = g_string_new (NULL);
  int width = 0;

  if (self->variables->len == 0)
    return g_string_free (g_string_append (out, "  (none)\n"), FALSE);
  for (guint i = 0; i < self->variables->len; i++) {
    ActVariable *variable = g_ptr_array_index (self->variables, i);

    width = MAX (width, (int) strlen (variable->name));
  }
  for (guint i = 0; i < self->variables->len; i++) {
    ActVariable *variable = g_ptr_array_index (self->variables, i);

    if (variable->fallback)
      g_string_append_printf (out, "  %-*s  default: %s\n", width,
          variable->name, variable->fallback);
    else
      g_string_append_printf (
          out, "  %-*s  must be given\n", width, variable->name);
  }
  return g_string_free (out, FALSE);
}

/* Expansion */

typedef struct {
  const ActDescription *description;
  GHashTable *values;
  guint line;
  gboolean plain; /* not in a property's value: plain words only */
} Expansion;

/* what may stand in for an element's name or a part of caps */
static gboolean
is_plain_word (const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_-.:/+", *p) == NULL)
      return FALSE;
  return *value != '\0';
}

static gboolean expand_text (const Expansion *x, const char *text, guint depth,
    GString *out, GError **error);

static gboolean
expand_variable (const Expansion *x, const char *name, guint depth,
    GString *out, GError **error)
{
  const char *given = g_hash_table_lookup (x->values, name);
  g_autoptr (GString) value = g_string_new (given);

  if (given == NULL) {
    ActVariable *variable = find_variable (x->description, name);

    if (depth >= MAX_DEPTH) {
      g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
          "'%s' line %u: the default of ${%s} leads back to itself",
          x->description->name, x->line, name);
      return FALSE;
    }
    if (!expand_text (x, variable->fallback, depth + 1, value, error))
      return FALSE;
  }
  if (x->plain && !is_plain_word (value->str)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "variable '%s' stands outside a property's value in '%s' (line %u) "
        "and must be one plain word, not '%s'",
        name, x->description->name, x->line, value->str);
    return FALSE;
  }
  g_string_append (out, value->str);
  return TRUE;
}

/* Text with its variables filled in. In a property's value backslashes and
 * quotes are taken off as gst-launch does; elsewhere they stay. */
static gboolean
expand_text (const Expansion *x, const char *text, guint depth, GString *out,
    GError **error)
{
  for (const char *p = text; *p != '\0';) {
    if (p[0] == '\\' && p[1] != '\0') {
      g_string_append_len (out, x->plain ? p : p + 1, x->plain ? 2 : 1);
      p += 2;
    } else if (p[0] == '$' && p[1] == '{') {
      g_autofree char *name = NULL;

      p = scan_variable (p, &name, NULL);
      if (!expand_variable (x, name, depth, out, error))
        return FALSE;
    } else {
      g_string_append_c (out, *p++);
    }
  }
  return TRUE;
}

/* where a property's value begins in the word "name=value", or NULL */
static const char *
find_value (const char *word)
{
  const char *p = word;

  if (!g_ascii_isalpha (*p) && *p != '_' && *p != '=')
    return NULL;
  while (g_ascii_isalnum (*p) || (*p != '\0' && strchr ("_-%:", *p)))
    p++;
  return *p == '=' ? p + 1 : NULL;
}

static char *
expand_word (
    const Expansion *x, const char *word, gboolean after_equals, GError **error)
{
  const char *value = after_equals ? word : find_value (word);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *inner = NULL, *quoted = NULL;
  Expansion local = *x;
  gsize length;

  local.plain = value == NULL || strstr (value, "${") == NULL;
  if (local.plain) {
    if (!expand_text (&local, word, 0, out, error))
      return NULL;
    return g_strdup (out->str);
  }
  length = strlen (value);
  if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
    inner = g_strndup (value + 1, length - 2);
  else
    inner = g_strdup (value);
  if (!expand_text (&local, inner, 0, out, error))
    return NULL;
  quoted = act_launch_quote (out->str);
  return g_strdup_printf ("%.*s%s", (int) (value - word), word, quoted);
}

static gboolean
check_values (const ActDescription *self, GHashTable *values, GError **error)
{
  GHashTableIter iter;
  const char *name, *value;

  g_hash_table_iter_init (&iter, values);
  while (
      g_hash_table_iter_next (&iter, (gpointer *) &name, (gpointer *) &value)) {
    g_autofree char *list = NULL;

    if (find_variable (self, name) == NULL) {
      list = act_description_list_variables (self);
      g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
          "'%s' has no variable '%s'; its variables:\n%s", self->name, name,
          list);
      return FALSE;
    }
    if (!g_utf8_validate (value, -1, NULL)) {
      g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
          "the value of '%s' is not UTF-8", name);
      return FALSE;
    }
  }
  for (guint i = 0; i < self->variables->len; i++) {
    ActVariable *variable = g_ptr_array_index (self->variables, i);
    g_autofree char *list = NULL;

    if (variable->fallback || g_hash_table_contains (values, variable->name))
      continue;
    list = act_description_list_variables (self);
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "'%s' needs %s=VALUE; its variables:\n%s", self->name, variable->name,
        list);
    return FALSE;
  }
  return TRUE;
}

GStrv
act_description_expand (
    const ActDescription *self, GHashTable *values, GError **error)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  gboolean after_equals = FALSE;

  if (!check_values (self, values, error))
    return NULL;
  for (guint i = 0; i < self->words->len; i++) {
    Word *word = g_ptr_array_index (self->words, i);
    Expansion x = { self, values, word->line, FALSE };
    g_autofree char *expanded = NULL;

    if (word->has_variable)
      expanded = expand_word (&x, word->text, after_equals, error);
    else
      expanded = g_strdup (word->text);
    if (expanded == NULL)
      return NULL;
    g_strv_builder_add (words, expanded);
    /* gst-launch allows blanks round the equals sign */
    after_equals = word->text[strlen (word->text) - 1] == '=';
  }
  return g_strv_builder_end (words);
}
