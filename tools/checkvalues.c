/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checkvalues.h"

#include <string.h>

#include <gst/gst.h>

#include "toolerror.h"

/* "1 to 4096", "one of auto, plain, lines, jsonl", or NULL */
static char *
describe_choices (GParamSpec *spec)
{
  g_autoptr (GTypeClass) type = g_type_class_ref (spec->value_type);
  GEnumClass *choices = (GEnumClass *) type;
  GString *out = g_string_new ("one of ");

  for (guint i = 0; i < choices->n_values; i++)
    g_string_append_printf (
        out, "%s%s", i > 0 ? ", " : "", choices->values[i].value_nick);
  return g_string_free (out, FALSE);
}

static char *
describe_reals (double minimum, double maximum)
{
  char low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (low, sizeof low, "%g", minimum);
  g_ascii_formatd (high, sizeof high, "%g", maximum);
  return g_strdup_printf ("a number from %s to %s", low, high);
}

#define DESCRIBE_INTEGERS(TYPE, spec, format)                                  \
  g_strdup_printf ("a whole number from %" format " to %" format,              \
      G_PARAM_SPEC_##TYPE (spec)->minimum,                                     \
      G_PARAM_SPEC_##TYPE (spec)->maximum)

/* what a property takes; NULL for types that are not checked here */
static char *
describe_range (GParamSpec *spec)
{
  switch (G_TYPE_FUNDAMENTAL (spec->value_type)) {
  case G_TYPE_BOOLEAN:
    return g_strdup ("true or false");
  case G_TYPE_ENUM:
    return describe_choices (spec);
  case G_TYPE_INT:
    return DESCRIBE_INTEGERS (INT, spec, "d");
  case G_TYPE_UINT:
    return DESCRIBE_INTEGERS (UINT, spec, "u");
  case G_TYPE_INT64:
    return DESCRIBE_INTEGERS (INT64, spec, G_GINT64_FORMAT);
  case G_TYPE_UINT64:
    return DESCRIBE_INTEGERS (UINT64, spec, G_GUINT64_FORMAT);
  case G_TYPE_FLOAT:
    return describe_reals (
        G_PARAM_SPEC_FLOAT (spec)->minimum, G_PARAM_SPEC_FLOAT (spec)->maximum);
  case G_TYPE_DOUBLE:
    return describe_reals (G_PARAM_SPEC_DOUBLE (spec)->minimum,
        G_PARAM_SPEC_DOUBLE (spec)->maximum);
  default:
    return NULL;
  }
}

/* quotes and backslashes off, as gst_parse_launch () does */
static char *
unquote (const char *text)
{
  gsize length = strlen (text);
  GString *out = g_string_new (NULL);

  if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
    text++;
    length -= 2;
  }
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '\\' && i + 1 < length)
      i++;
    g_string_append_c (out, text[i]);
  }
  return g_string_free (out, FALSE);
}

static gboolean
is_in_range (GParamSpec *spec, const char *text)
{
  g_auto (GValue) value = G_VALUE_INIT;

  /* an empty text would be read as zero */
  g_value_init (&value, spec->value_type);
  return *text != '\0' && gst_value_deserialize (&value, text)
      && !g_param_value_validate (spec, &value);
}

static gboolean
check_value (GObjectClass *object, const char *element, const char *name,
    const char *quoted, GError **error)
{
  GParamSpec *spec = g_object_class_find_property (object, name);
  g_autofree char *range = spec ? describe_range (spec) : NULL;
  g_autofree char *text = unquote (quoted);

  if (range == NULL || is_in_range (spec, text))
    return TRUE;
  g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
      "%s: property '%s' is '%s', expected %s", element, name, text, range);
  return FALSE;
}

gpointer
act_find_element_class (const char *word)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (word);
  g_autoptr (GstPluginFeature) loaded = NULL;

  if (factory != NULL)
    loaded = gst_plugin_feature_load (GST_PLUGIN_FEATURE (factory));
  if (loaded == NULL)
    return NULL;
  return g_type_class_ref (
      gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (loaded)));
}

static gsize
name_length (const char *word)
{
  return strspn (word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-");
}

/* The value of an assignment, which may stand in up to three words: "a=b",
 * "a= b", "a =b", "a = b"; *index moves to its last. NULL: it is none. */
static const char *
find_assigned (const char *const *words, guint *index)
{
  const char *equals = words[*index] + name_length (words[*index]);

  if (equals == words[*index])
    return NULL;
  if (*equals == '\0' && words[*index + 1] && words[*index + 1][0] == '=')
    equals = words[++*index];
  if (*equals != '=')
    return NULL;
  if (equals[1] == '\0' && words[*index + 1] != NULL
      && !g_str_equal (words[*index + 1], "!"))
    return words[++*index];
  return equals + 1;
}

gboolean
act_check_values (const char *const *words, GError **error)
{
  gpointer object = NULL;
  const char *element = NULL;
  gboolean ok = TRUE;

  for (guint i = 0; ok && words[i] != NULL; i++) {
    const char *word = words[i], *value = find_assigned (words, &i);
    g_autofree char *name = g_strndup (word, name_length (word));

    if (value != NULL) {
      if (object != NULL)
        ok = check_value (object, element, name, value, error);
      continue;
    }
    g_clear_pointer (&object, g_type_class_unref);
    object = act_find_element_class (word);
    element = word;
  }
  g_clear_pointer (&object, g_type_class_unref);
  return ok;
}
