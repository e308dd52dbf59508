/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launchwords.h"

#include <string.h>

#include "checkvalues.h"
#include "launch.h"
#include "launchquote.h"

GStrv
act_words_add (
    const char *const *words, const char *property, const char *value)
{
  g_autoptr (GStrvBuilder) changed = g_strv_builder_new ();
  g_autofree char *quoted = act_launch_quote (value);
  g_autofree char *word = g_strdup_printf ("%s=%s", property, quoted);

  act_launch_add_plugins ();
  for (guint i = 0; words[i] != NULL; i++) {
    gpointer element = act_find_element_class (words[i]);

    g_strv_builder_add (changed, words[i]);
    if (element == NULL)
      continue;
    if (g_object_class_find_property (element, property) != NULL)
      g_strv_builder_add (changed, word);
    g_type_class_unref (element);
  }
  return g_strv_builder_end (changed);
}

char *
act_words_find (
    const char *const *words, const char *element, const char *property)
{
  g_autofree char *prefix = g_strconcat (property, "=", NULL);
  const char *value = NULL;
  gboolean is_its = FALSE;
  gsize size;

  for (guint i = 0; words[i] != NULL; i++) {
    if (strchr (words[i], '=') == NULL)
      is_its = g_str_equal (words[i], element);
    else if (is_its && g_str_has_prefix (words[i], prefix))
      value = words[i] + strlen (prefix);
  }
  size = value != NULL ? strlen (value) : 0;
  if (size >= 2 && value[0] == '"' && value[size - 1] == '"')
    return g_strndup (value + 1, size - 2);
  return g_strdup (value);
}

/* --- from a device to the CPU --- */

#define CUDA "cuda"

static gboolean
is_cuda (const char *word)
{
  return g_str_has_prefix (word, CUDA "act") && strchr (word, '=') == NULL;
}

/* the two that go between memories have nothing to do there */
static const char *
name_on_cpu (const char *word)
{
  const char *name = word + strlen (CUDA);

  return g_str_equal (name, "actupload") || g_str_equal (name, "actdownload")
      ? "identity"
      : name;
}

/* whether a word that follows an element's name sets what it does not have */
static gboolean
is_unknown (gpointer element, const char *word)
{
  const char *equals = strchr (word, '=');
  g_autofree char *property =
      equals != NULL ? g_strndup (word, equals - word) : NULL;

  return property != NULL && *property != '\0'
      && g_object_class_find_property (element, property) == NULL;
}

GStrv
act_words_on_cpu (const char *const *words)
{
  g_autoptr (GStrvBuilder) changed = g_strv_builder_new ();
  gpointer element = NULL; /* that took the place of another */

  act_launch_add_plugins ();
  for (guint i = 0; words[i] != NULL; i++) {
    const char *word = is_cuda (words[i]) ? name_on_cpu (words[i]) : words[i];

    if (element != NULL && is_unknown (element, word))
      continue;
    if (word != words[i] || strchr (word, '=') == NULL)
      g_clear_pointer (&element, g_type_class_unref);
    if (word != words[i])
      element = act_find_element_class (word);
    g_strv_builder_add (changed, word);
  }
  g_clear_pointer (&element, g_type_class_unref);
  return g_strv_builder_end (changed);
}
