/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reductions.h"

#include <string.h>

#include <gst/activations/activations.h>

#include "toolerror.h"

/* on the CPU, and on a CUDA device */
static const char *const prefixes[] = { "actcluster", "cudaactcluster" };

static gboolean
is_reduction (GstPluginFeature *feature, gpointer prefix)
{
  g_autoptr (GstPluginFeature) loaded = NULL;

  if (!GST_IS_ELEMENT_FACTORY (feature)
      || !g_str_has_prefix (GST_OBJECT_NAME (feature), prefix))
    return FALSE;
  loaded = gst_plugin_feature_load (feature);
  return loaded != NULL
      && g_type_is_a (
          gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (loaded)),
          GST_TYPE_ACT_CLUSTER_BASE);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (GST_OBJECT_NAME (a), GST_OBJECT_NAME (b));
}

/* "max, mean, sum" */
static char *
list_reductions (const char *prefix)
{
  GList *features = gst_registry_feature_filter (
      gst_registry_get (), is_reduction, FALSE, (gpointer) prefix);
  GString *out = g_string_new (NULL);

  features = g_list_sort (features, compare_names);
  for (GList *l = features; l != NULL; l = l->next)
    g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "",
        GST_OBJECT_NAME (l->data) + strlen (prefix));
  gst_plugin_feature_list_free (features);
  return g_string_free (out, FALSE);
}

/* the prefix of an element's name, NULL: it has none, or is no name */
static const char *
prefix_of (const char *word)
{
  if (strspn (word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-")
      != strlen (word))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (word, prefixes[i]))
      return prefixes[i];
  return NULL;
}

gboolean
act_reductions_check (const char *const *words, GError **error)
{
  for (guint i = 0; words[i] != NULL; i++) {
    g_autoptr (GstElementFactory) factory = NULL;
    g_autofree char *all = NULL;
    const char *prefix = prefix_of (words[i]);

    /* behind what no value can be */
    if (prefix == NULL || (i > 0 && !g_str_equal (words[i - 1], "!")))
      continue;
    factory = gst_element_factory_find (words[i]);
    if (factory != NULL)
      continue;
    all = list_reductions (prefix);
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "no reduction '%s' (no element %s), expected one of %s",
        words[i] + strlen (prefix), words[i],
        *all != '\0' ? all : "none: no plugin has one");
    return FALSE;
  }
  return TRUE;
}
